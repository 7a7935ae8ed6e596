// The conversation page with scripts: lines arrive by themselves, what is typed is kept here and on the server, a reply
// is sent without leaving the page, and colleagues see who looks and who writes. Without scripts plain forms do it all.
"use strict";
(() => {
  const talk = document.querySelector(".talk");
  if (!talk) return;
  const { path } = talk.dataset;
  let { keyOf } = talk.dataset;
  const at = (id) => document.getElementById(id);
  const [log, box, form, state, told] = ["talk-log", "reply", "reply-form", "reply-state", "told"].map(at);
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");
  const digits = new Intl.NumberFormat(document.documentElement.lang === "ar" ? "ar-SA-u-nu-arab" : "en", { useGrouping: false }).format;
  const list = () => document.querySelector("#talk-lines .talk-lines");
  talk.classList.add("scripted");

  // Lines: what is new, and ticks that moved

  let fetching = null, again = false, soon = 0, patience = 2000;
  function renewLines() {
    if (fetching) { again = true; return fetching; }
    fetching = fetchLines().catch(() => {}).finally(() => {
      fetching = null;
      if (again) { again = false; renewLines(); }
    });
    return fetching;
  }
  async function fetchLines() {
    const answer = await fetch(`${path}/lines?after=${list().dataset.last}`, { headers: { "X-Part": "1" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = read(await answer.text());
    merge(fresh);
    clearTimeout(soon);
    if (fresh.dataset.unsettled) {
      patience = Math.min(patience * 1.5, 15000);
      soon = setTimeout(renewLines, patience);
    } else patience = 2000;
  }
  function read(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.querySelector(".talk-lines");
  }
  function merge(fresh) {
    const lines = list(), near = Math.abs(log.scrollTop) < 140;
    let next = null, came = false;
    for (const item of [...fresh.children].reverse()) {
      const known = at(item.id);
      if (!known) {
        item.classList.add("fresh");
        lines.insertBefore(item, next);
        came ||= item.classList.contains("in");
        next = item;
      } else if (!item.dataset.day || item.className !== "day") {
        if (known.dataset.mark !== item.dataset.mark) { known.replaceWith(item); next = item; } else next = known;
      }
    }
    if (Number(fresh.dataset.last) > Number(lines.dataset.last)) lines.dataset.last = fresh.dataset.last;
    if (form && !at("over").value) at("seen").value = lines.dataset.last;
    if (came && !near) offerNew(); else if (near) log.scrollTop = 0;
  }
  function offerNew() {
    if (at("to-new")) return;
    const button = document.createElement("button");
    button.type = "button"; button.id = "to-new"; button.className = "button to-new"; button.textContent = talk.dataset.new;
    button.addEventListener("click", () => { log.scrollTop = 0; button.remove(); });
    log.after(button);
  }
  log.addEventListener("scroll", () => { if (Math.abs(log.scrollTop) < 60) at("to-new")?.remove(); }, { passive: true });
  document.addEventListener("renewed", (event) => { if (event.target.id === "status") renewLines(); });
  if (list().dataset.unsettled) soon = setTimeout(renewLines, patience);

  at("older")?.addEventListener("click", async (event) => {
    event.preventDefault();
    const link = event.currentTarget;
    const answer = await fetch(`${path}/lines?before=${link.dataset.before}`, { headers: { "X-Part": "1" } }).catch(() => null);
    if (!answer?.ok) { location.assign(link.href); return; }
    const fresh = read(await answer.text()), first = list().firstElementChild;
    for (const item of [...fresh.children]) {
      if (item.className === "day" && at(item.id)) at(item.id).remove();
      if (!at(item.id)) list().insertBefore(item, first?.isConnected ? first : list().firstElementChild);
    }
    if (Number(fresh.dataset.older)) link.dataset.before = fresh.dataset.older; else link.closest("p").remove();
  });

  // Who looks, who writes

  let version = document.querySelector("[data-version]")?.dataset.version, typedAt = 0, beatAt = 0, toldTyping = false;
  async function post(where, fields) {
    return fetch(`${path}/${where}`, { method: "POST", headers: { "X-Part": "1" }, body: new URLSearchParams({ key: keyOf, ...fields }) });
  }
  async function beat() {
    if (document.hidden) return;
    beatAt = Date.now();
    toldTyping = beatAt - typedAt < 6000;
    try {
      const answer = await post("here", { typing: toldTyping ? "yes" : "" });
      if (!answer.ok) return;
      const company = at("company");
      const html = await answer.text();
      if (company && company.innerHTML.trim() !== html.trim()) company.innerHTML = html;
      const now = document.querySelector("#company [data-version]")?.dataset.version;
      if (now && now !== version) { version = now; renewLines(); ["status", "waiting"].forEach(refetch); }
    } catch { /* the next one */ }
  }
  async function refetch(id) {
    const piece = at(id);
    if (!piece) return;
    const answer = await fetch(piece.dataset.from, { headers: { "X-Part": "1" } });
    if (answer.ok && !answer.redirected) piece.innerHTML = await answer.text();
  }
  setInterval(beat, 12000);
  beat();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { beat(); renewLines(); } });

  // WhatsApp's window

  const open = at("window");
  function countDown() {
    const minutes = Math.floor((Number(open.dataset.until) - Date.now()) / 60000);
    const words = minutes < 0 ? open.dataset.over : minutes < 60 ? open.dataset.minutes : open.dataset.hours;
    open.querySelector("span").textContent = words.replace("{hours}", digits(Math.floor(minutes / 60))).replace("{minutes}", digits(minutes % 60));
    open.classList.toggle("amber", minutes >= 0 && minutes < 180);
    open.classList.toggle("urgent", minutes < 0);
  }
  if (open) { countDown(); setInterval(countDown, 20000); }
  if (!form) return;

  // The box: kept on this device at once, on the server soon

  let limit = Number(form.dataset.limit);
  const place = `reply:${document.querySelector("form[data-staff]")?.dataset.staff}:${path}`;
  const keep = (value) => { try { value ? localStorage.setItem(place, JSON.stringify(value)) : localStorage.removeItem(place); } catch { /* private mode */ } };
  try {
    const mine = JSON.parse(localStorage.getItem(place));
    if (mine && !mine.saved && mine.text && !box.value.includes(mine.text)) box.value = mine.text;
  } catch { /* nothing kept */ }
  let saving = 0;
  function typed() {
    typedAt = Date.now();
    keep(box.value && { text: box.value, saved: false });
    if (!toldTyping || Date.now() - beatAt > 5000) beat();
    count();
    clearTimeout(saving);
    saving = setTimeout(save, 1200);
  }
  async function save() {
    const text = box.value;
    try {
      const answer = await post("draft", { text });
      if (answer.ok && box.value === text) { keep(text && { text, saved: true }); say(text ? talk.dataset.saved : ""); }
    } catch { /* this device has it */ }
  }
  function count() {
    const left = limit - [...box.value.trim()].length, over = left < 0;
    form.classList.toggle("over", over);
    at("reply-count").textContent = over ? form.dataset.overBy.replace("{count}", digits(-left)) : left < limit / 5 ? form.dataset.left.replace("{count}", digits(left)) : "";
    box.toggleAttribute("aria-invalid", over);
    return over;
  }
  function say(words) { state.textContent = words; }
  box.addEventListener("input", typed);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); submitBy(); }
    else if (event.key === "/" && !box.value && at("canned")) { event.preventDefault(); openCanned(); }
    else if (event.key === "Escape") box.blur();
  });
  function submitBy() {
    const buttons = [...form.querySelectorAll("button:not([type=button])")];
    form.requestSubmit(buttons[buttons.length - 1]);
  }
  count();

  // Replies at hand

  const canned = at("canned");
  function openCanned() { canned.open = true; canned.querySelector("a")?.focus(); }
  canned?.addEventListener("toggle", () => { if (canned.open) canned.querySelector("a")?.focus(); });
  canned?.addEventListener("click", (event) => {
    const link = event.target.closest("[data-text]");
    if (!link) return;
    event.preventDefault();
    canned.open = false;
    box.focus();
    const from = box.selectionStart;
    box.setRangeText(link.dataset.text, from, box.selectionEnd, "end");
    typed();
    toGap(from);
  });
  // What a reply at hand leaves to its sender: chosen, so that the next letter fills it.
  function toGap(from = 0) {
    const { gap } = talk.dataset, start = box.value.indexOf(gap, from);
    if (start < 0) return false;
    box.focus();
    box.setSelectionRange(start, start + gap.length);
    return true;
  }
  if (location.search.includes("canned=")) toGap();
  canned?.addEventListener("keydown", (event) => {
    const links = [...canned.querySelectorAll("a")], here = links.indexOf(document.activeElement);
    if (event.key === "Escape") { event.stopPropagation(); canned.open = false; box.focus(); }
    else if (event.key === "ArrowDown" && links.length) { event.preventDefault(); links[(here + 1) % links.length].focus(); }
    else if (event.key === "ArrowUp" && links.length) { event.preventDefault(); links[(here - 1 + links.length) % links.length].focus(); }
  });
  document.addEventListener("click", (event) => { if (canned?.open && !canned.contains(event.target)) canned.open = false; });

  // Documents of the library

  const papers = at("papers");
  papers?.addEventListener("toggle", () => { if (papers.open) papers.querySelector("input")?.focus(); });
  papers?.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || (event.key === "Enter" && event.target.matches("input"))) { event.preventDefault(); event.stopPropagation(); papers.open = false; box.focus(); }
  });
  document.addEventListener("click", (event) => { if (papers?.open && !papers.contains(event.target)) papers.open = false; });

  // Files and voice

  const chooser = at("reply-file"), shown = at("reply-files"), most = Number(chooser.dataset.most);
  let files = [];
  function add(file, voice = false) {
    if (file.size > Number(chooser.dataset.mb) * 1048576) { say(`${file.name}: ${talk.dataset.tooBig}`); return; }
    if (files.length >= most || (voice && files.some((one) => one.voice))) { say(talk.dataset.tooMany); return; }
    files.push({ file, voice });
    show();
  }
  function show() {
    shown.querySelectorAll("audio").forEach((one) => URL.revokeObjectURL(one.src));
    shown.replaceChildren(...files.map((one, number) => {
      const item = document.createElement("li"), name = document.createElement("bdi"), off = document.createElement("button");
      name.textContent = one.file.name;
      off.type = "button"; off.className = "quiet"; off.textContent = talk.dataset.remove;
      off.setAttribute("aria-label", `${talk.dataset.remove}: ${one.file.name}`);
      off.addEventListener("click", () => { files.splice(number, 1); show(); box.focus(); });
      if (one.voice) {
        const sound = document.createElement("audio");
        sound.controls = true; sound.src = URL.createObjectURL(one.file);
        item.append(sound, off);
      } else item.append(name, off);
      return item;
    }));
  }
  chooser.addEventListener("change", () => { [...chooser.files].forEach((file) => add(file)); chooser.value = ""; });
  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("dragged"); });
  form.addEventListener("dragleave", () => form.classList.remove("dragged"));
  form.addEventListener("drop", (event) => { event.preventDefault(); form.classList.remove("dragged"); [...event.dataTransfer.files].forEach((file) => add(file)); });
  box.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length) { event.preventDefault(); pasted.forEach((file) => add(file)); }
  });

  const SOUNDS = { ogg: ["audio/ogg;codecs=opus", "ogg"], mp4: ["audio/mp4;codecs=mp4a.40.2", "m4a"], webm: ["audio/webm;codecs=opus", "webm"] };
  const record = at("reply-record"), recordTitle = record.getAttribute("aria-label");
  const canRecord = window.MediaRecorder && navigator.mediaDevices?.getUserMedia
    && record.dataset.sounds.split(" ").map((one) => SOUNDS[one]).find(([kind]) => MediaRecorder.isTypeSupported(kind));
  let recorder = null;
  record.hidden = !canRecord;
  record.addEventListener("click", async () => {
    if (recorder) { recorder.stop(); return; }
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { say(talk.dataset.denied); return; }
    const [kind, ending] = canRecord, parts = [];
    recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: 32000 });
    const tooLong = setTimeout(() => recorder?.stop(), 300000);
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.addEventListener("stop", () => {
      clearTimeout(tooLong);
      stream.getTracks().forEach((track) => track.stop());
      recorder = null;
      record.setAttribute("aria-pressed", "false");
      record.setAttribute("aria-label", recordTitle);
      say("");
      const sound = new File(parts, `voice.${ending}`, { type: kind.split(";")[0] });
      if (sound.size) add(sound, true);
    });
    recorder.start();
    record.setAttribute("aria-pressed", "true");
    record.setAttribute("aria-label", talk.dataset.stop);
    say(talk.dataset.recording);
  });

  // Sending: the words stay in the box until the server has them

  let sending = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending) return;
    if (count()) { box.focus(); return; }
    if (toGap()) { told.replaceChildren(Object.assign(document.createElement("p"), { textContent: talk.dataset.gapLeft })); return; }
    send(event.submitter);
  });
  async function send(button) {
    sending = true;
    clearTimeout(saving);
    const buttons = [...form.querySelectorAll("button:not([type=button])")];
    buttons.forEach((one) => { one.disabled = true; });
    box.readOnly = true;
    say(talk.dataset.sending);
    const text = box.value, body = new FormData(form);
    body.delete("file");
    if (button?.name) body.set(button.name, button.value);
    files.forEach((one) => body.append(one.voice ? "voice" : "file", one.file, one.file.name));
    let answer = await deliver(body);
    if (answer.status === 403 && await renewKey()) {
      body.set("key", keyOf);
      answer = await deliver(body);
    }
    form.elements.once.value = newId();
    buttons.forEach((one) => { one.disabled = false; });
    box.readOnly = false;
    sending = false;
    say("");
    if (answer.status === 204) { sent(); return; }
    if (answer.status === 409 || answer.status === 422) {
      const html = await answer.text();
      if (!html.includes("<html")) {
        told.innerHTML = html;
        const warned = told.querySelector(".warned");
        if (warned) {
          at("seen").value = warned.dataset.seen;
          at("over").value = "yes";
          name("anyway");
        }
        await renewLines();
        if (told.querySelector("[data-replayed]") && isThere(text)) { sent(); return; }
        box.focus();
        return;
      }
    }
    told.replaceChildren(Object.assign(document.createElement("p"), { textContent: talk.dataset[answer.status === 401 ? "signedOut" : answer.status === 413 ? "tooBig" : "away"] }));
    box.focus();
  }
  async function renewKey() {
    // Signed in anew in another window: the forms of this page carry the key of a sign-in that is over.
    const answer = await fetch(path).catch(() => null);
    if (!answer?.ok || answer.redirected) return false;
    const key = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".talk")?.dataset.keyOf;
    if (!key || key === keyOf) return false;
    keyOf = key;
    document.querySelectorAll("input[name=key]").forEach((one) => { one.value = key; });
    return true;
  }
  async function deliver(body) {
    for (let wait = 2000; ; wait = Math.min(wait * 2, 20000)) {
      try {
        return await fetch(form.action, { method: "POST", headers: { "X-Part": "1" }, body });
      } catch {
        say(talk.dataset.lost);
        await new Promise((resolve) => { setTimeout(resolve, wait); addEventListener("online", resolve, { once: true }); });
      }
    }
  }
  const sendTitle = at("send")?.textContent;
  function name(how) {
    const button = at("send");
    if (button) button.textContent = how ? button.dataset[how] : sendTitle;
  }
  function isThere(text) {
    return [...document.querySelectorAll(".line.staff .text")].slice(-5).some((one) => one.textContent.trim().endsWith(text.trim()));
  }
  function sent() {
    box.value = "";
    files = [];
    show();
    papers?.querySelectorAll("input").forEach((one) => { one.checked = false; });
    keep(null);
    at("opening")?.remove();
    told.replaceChildren();
    at("over").value = "";
    name("");
    limit = Number(form.dataset.limit) + Number(form.dataset.joins);
    count();
    patience = 600;
    log.scrollTop = 0;
    renewLines();
    ["status", "waiting"].forEach(refetch);
    box.focus();
  }
  addEventListener("pagehide", () => { if (box.value && !sending) navigator.sendBeacon?.(`${path}/draft`, new URLSearchParams({ key: keyOf, text: box.value })); });
})();
