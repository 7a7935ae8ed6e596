// The chat page with scripts: sends in the background, fetches what is new, keeps what could not be sent.
// The server renders every line; this only inserts them. One message at a time, in order, each with an id of its own,
// so that trying again never says a thing twice.
"use strict";
(() => {
  const { base, query, start, words: said, limit } = document.body.dataset;
  const words = JSON.parse(said);
  const at = (id) => document.getElementById(id);
  const [log, lines, state, composer, box, begin] = ["log", "lines", "state", "composer", "text", "begin"].map(at);
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");
  const url = (path, more = {}) => {
    const address = new URL(base + path + query, location.href);
    Object.entries(more).forEach(([name, value]) => address.searchParams.set(name, value));
    return address;
  };

  // What the person is told below the lines

  function tell(text = "", { bad = false, button = null } = {}) {
    state.className = bad ? "bad" : "";
    state.textContent = text;
    if (button) state.append(" ", button);
  }
  function action(title, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", act);
    return button;
  }
  function ownPage() {
    const link = document.createElement("a");
    link.href = base;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = words.new_window;
    return link;
  }

  // Fetching

  let last = Number(document.body.dataset.last), acknowledged = 0, fetching = null, again = false, ackLater = 0;

  function fetchNew() {
    if (fetching) { again = true; return fetching; }
    fetching = fetchOnce().catch(() => {}).finally(() => {
      fetching = null;
      if (again) { again = false; fetchNew(); }
    });
    return fetching;
  }
  async function fetchOnce() {
    const upto = last;
    const answer = await fetch(url("/messages", { after: upto, ...(upto > acknowledged && { seen: upto }) }));
    if (!answer.ok) return;
    acknowledged = Math.max(acknowledged, upto);
    insert(await answer.text());
    if (last > acknowledged) {
      clearTimeout(ackLater);
      ackLater = setTimeout(fetchNew, 1500);
    }
  }
  function insert(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const nearEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 160;
    let first = null, mine = false, some = false;
    for (const item of holder.content.querySelectorAll("li")) {
      if (item.dataset.seq ? Number(item.dataset.seq) <= last : item.dataset.day === lines.lastElementChild?.dataset.day) continue;
      item.classList.add("new");
      lines.append(item);
      prepare(item);
      some = true;
      if (item.classList.contains("in")) mine = true;
      else if (item.dataset.seq) first ??= item;
      if (item.dataset.seq) last = Number(item.dataset.seq);
    }
    if (!some) return;
    begin?.remove();
    if (nearEnd || mine) toEnd(first);
    else offerEnd();
  }
  function toEnd(first) {
    // The beginning of what is new stays in sight, however long it is.
    const end = log.scrollHeight - log.clientHeight;
    log.scrollTop = first ? Math.min(end, first.offsetTop - 12) : end;
    at("to-end")?.remove();
  }
  function offerEnd() {
    if (at("to-end")) return;
    const button = action(words.new_below, () => toEnd());
    button.id = "to-end";
    button.className = "button to-end";
    document.body.append(button);
  }
  log.addEventListener("scroll", () => {
    if (log.scrollHeight - log.scrollTop - log.clientHeight < 60) at("to-end")?.remove();
  }, { passive: true });

  let live = null, hears = false;
  function listen() {
    if (!window.EventSource || live) return;
    live = new EventSource(url("/live"));
    live.addEventListener("hello", () => { hears = true; fetchNew(); });
    live.addEventListener("changed", fetchNew);
    live.addEventListener("error", () => {
      hears = false;
      if (live?.readyState === EventSource.CLOSED) { live = null; setTimeout(listen, 10000); }
    });
  }
  function hush() { live?.close(); live = null; hears = false; }
  setInterval(() => { if (!hears && !document.hidden && (last || !begin?.isConnected)) fetchNew(); }, 4000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) fetchNew(); });
  addEventListener("pagehide", hush);
  addEventListener("pageshow", (event) => { if (event.persisted) { listen(); fetchNew(); } });

  // Sending: a queue of one thing at a time

  const queue = [];
  let sending = false, wakeUp = null;

  function enqueue(message) {
    queue.push(message);
    message.busy?.setAttribute("aria-busy", "true");
    if (!sending) work();
  }
  async function work() {
    sending = true;
    while (queue.length) {
      const message = queue[0];
      const outcome = await deliver(message);
      queue.shift();
      message.busy?.removeAttribute("aria-busy");
      if (outcome.ok) message.done?.();
      else if (outcome.error === "cookies") tell(words.cookies, { bad: true, button: ownPage() });
      else {
        tell(words[outcome.error] ?? words.unclear, { bad: true });
        message.refused?.();
      }
      await fetchNew();
    }
    sending = false;
  }
  async function deliver(message) {
    for (let tried = 0; ; tried++) {
      const slow = setTimeout(() => { if (!message.shows) tell(words.sending); }, 350);
      const outcome = await message.run();
      clearTimeout(slow);
      if (outcome.ok || (outcome.status >= 400 && outcome.status < 500 && outcome.status !== 429 && outcome.status !== 408)) {
        if (outcome.ok) tell();
        return outcome;
      }
      const why = !navigator.onLine ? words.offline : outcome.status === 503 ? words.away : words.not_sent;
      await new Promise((resolve) => {
        wakeUp = resolve;
        tell(why, { bad: true, button: action(words.retry, resolve) });
        setTimeout(resolve, Math.min(30, 2 ** (tried + 1)) * 1000);
      });
      wakeUp = null;
    }
  }
  addEventListener("online", () => { wakeUp?.(); fetchNew(); });

  async function postJson(said) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), 20000);
    try {
      const answer = await fetch(url("/send"), {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Requested-With": "wasl" },
        body: JSON.stringify(said),
        signal: stop.signal,
      });
      return { ok: answer.ok, status: answer.status, error: answer.ok ? "" : (await answer.json().catch(() => ({}))).error };
    } catch {
      return { ok: false, status: 0 };
    } finally {
      clearTimeout(timer);
    }
  }
  function say(said, more = {}) {
    const message = { id: newId(), ...said };
    enqueue({ run: () => postJson(message), ...more });
  }

  // Text: it stays in the box until it has arrived, over a reload too

  const kept = `wasl:${base}`;
  const keep = (value) => { try { value ? sessionStorage.setItem(kept, JSON.stringify(value)) : sessionStorage.removeItem(kept); } catch { /* private mode */ } };
  let draft = { id: newId(), text: "" };
  try { draft = JSON.parse(sessionStorage.getItem(kept)) ?? draft; } catch { /* private mode */ }
  if (draft.text && !box.value) box.value = draft.text;

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 150)}px`;
  }
  box.addEventListener("input", () => {
    if (box.value !== draft.text) draft = { id: newId(), text: box.value };
    keep(draft.text && draft);
    grow();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      sendText();
    }
  });
  composer.addEventListener("submit", (event) => { event.preventDefault(); sendText(); });
  function sendText() {
    const text = box.value.trim();
    if (!text || box.readOnly) return;
    if (box.value !== draft.text) draft = { id: newId(), text: box.value };
    box.readOnly = true;
    say({ id: draft.id, text }, {
      busy: composer,
      done() { box.value = ""; draft = { id: newId(), text: "" }; keep(null); box.readOnly = false; grow(); },
      refused() { box.readOnly = false; },
    });
  }

  // Choices, files, voice, place

  lines.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.getAttribute("aria-busy")) return;
    event.preventDefault();
    if (button.name === "press") say({ press: button.value }, { busy: button });
    else if (button.dataset.open === "file") at("file").click();
    else if (button.dataset.open === "voice") record();
    else if (button.dataset.open === "place") place(button);
  });
  function prepare(root) {
    root.querySelectorAll("[data-open]").forEach((button) => {
      const can = { file: true, voice: canRecord, place: "geolocation" in navigator }[button.dataset.open];
      button.hidden = !can;
    });
  }

  function upload(file, album = "", voice = false) {
    if (file.size > Number(limit)) { tell(words.too_big, { bad: true }); return; }
    const form = new FormData();
    Object.entries({ id: newId(), album, voice: voice ? "yes" : "" }).forEach(([name, value]) => form.append(name, value));
    form.append("file", file, file.name);
    enqueue({ run: () => postForm(form), shows: true, busy: at("attach") });
  }
  function postForm(form) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("POST", url("/file"));
      request.setRequestHeader("X-Requested-With", "wasl");
      request.responseType = "json";
      request.timeout = 180000;
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        const percent = new Intl.NumberFormat(document.documentElement.lang === "ar" ? "ar-SA-u-nu-arab" : "en", { style: "percent" });
        tell(`${words.uploading} ${total ? percent.format(loaded / total) : ""}`);
      });
      request.addEventListener("loadend", () => {
        const ok = request.status >= 200 && request.status < 300;
        resolve({ ok, status: request.status, error: ok ? "" : request.response?.error });
      });
      tell(words.uploading);
      request.send(form);
    });
  }
  const chooser = at("file");
  at("attach").addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    const files = [...chooser.files];
    const album = files.length > 1 ? newId() : "";
    files.forEach((file) => upload(file, album));
    chooser.value = "";
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => { event.preventDefault(); [...event.dataTransfer.files].forEach((file) => upload(file)); });
  box.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) { event.preventDefault(); files.forEach((file) => upload(file)); }
  });

  const SOUNDS = [["audio/ogg;codecs=opus", "ogg"], ["audio/mp4", "m4a"], ["audio/webm;codecs=opus", "webm"]];
  const FIVE_MINUTES = 300000;
  const canRecord = Boolean(window.MediaRecorder && navigator.mediaDevices?.getUserMedia && SOUNDS.some(([kind]) => MediaRecorder.isTypeSupported(kind)));
  const recordButton = at("record");
  const recordTitle = recordButton.getAttribute("aria-label");
  let recorder = null;
  async function record() {
    if (recorder) { recorder.stop(); return; }
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { tell(words.record_denied, { bad: true }); return; }
    const [kind, ending] = SOUNDS.find(([one]) => MediaRecorder.isTypeSupported(one));
    const parts = [];
    let dropped = false;
    recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: 32000 });
    const tooLong = setTimeout(() => recorder?.stop(), FIVE_MINUTES);
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.addEventListener("stop", () => {
      clearTimeout(tooLong);
      stream.getTracks().forEach((track) => track.stop());
      recorder = null;
      recordButton.setAttribute("aria-pressed", "false");
      recordButton.setAttribute("aria-label", recordTitle);
      tell();
      const sound = new File(parts, `voice.${ending}`, { type: kind.split(";")[0] });
      if (!dropped && sound.size) upload(sound, "", true);
    });
    recorder.start();
    recordButton.setAttribute("aria-pressed", "true");
    recordButton.setAttribute("aria-label", words.record_stop);
    tell(words.recording, { button: action(words.cancel, () => { dropped = true; recorder?.stop(); }) });
    recordButton.focus();
  }
  recordButton.addEventListener("click", record);

  function place(button) {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => say({ location: [coords.latitude, coords.longitude] }, { busy: button }),
      () => tell(words.place_denied, { bad: true }),
      { enableHighAccuracy: true, timeout: 15000 },
    );
  }

  // Beginning

  at("attach").hidden = false;
  recordButton.hidden = !canRecord;
  prepare(lines);
  grow();
  log.scrollTop = log.scrollHeight;
  if (begin) {
    begin.hidden = true;
    say({ id: begin.elements.id.value, opened: start }, {
      done() { begin.remove(); history.replaceState(null, "", base + query); listen(); },
      refused() { begin.hidden = false; },
    });
  } else {
    listen();
  }
  document.querySelector(".more")?.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.currentTarget.open) {
      event.stopPropagation();
      event.currentTarget.open = false;
      event.currentTarget.querySelector("summary").focus();
    }
  });
  if (window.parent !== window) {
    addEventListener("keydown", (event) => { if (event.key === "Escape") window.parent.postMessage({ wasl: "close" }, "*"); });
  }
})();
