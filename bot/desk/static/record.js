/* Recording what came by other ways, on a phone whose connection comes and goes.

   What depends on an answer shows with it (data-when). What is typed is kept on this phone until it is sent; a form that
   finds no connection waits in a queue, and goes by itself. Each form carries its own number, so that sending it twice
   files it once. Everything belongs to one worker, and signing out forgets it (desk.js). Works without: the page posts. */
"use strict";
(() => {
  const say = document.getElementById("queue").dataset;
  const worker = say.worker;
  const BASE = `record:${worker}`;

  // --- what depends on an answer ---------------------------------------------------------------------------------

  function shows(form) {
    const values = (name) => [...form.querySelectorAll(`[name="${CSS.escape(name)}"]:not(:disabled)`)]
      .filter((one) => !/radio|checkbox/.test(one.type) || one.checked).map((one) => one.value).filter(Boolean);
    for (const part of form.querySelectorAll("[data-when]")) {
      const holds = part.dataset.when.split(";").every((condition) => {
        const at = condition.indexOf("=");
        const among = condition.slice(at + 1);
        const given = values(condition.slice(0, at));
        return among === "*" ? given.length > 0 : given.some((one) => among.split(",").includes(one));
      });
      part.hidden = !holds;
      for (const one of part.querySelectorAll("input, select, textarea")) one.disabled = !holds;
    }
    for (const only of form.querySelectorAll(".only")) only.hidden = true;
    for (const part of form.querySelectorAll("section")) part.hidden = !part.querySelector(".field:not([hidden])");
  }

  // --- kept on this phone ----------------------------------------------------------------------------------------

  const open = () => new Promise((done, failed) => {
    const asked = indexedDB.open("wasl-record", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("queue", { keyPath: "once" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  async function store(mode, act) {
    const database = await open();
    try {
      return await new Promise((done, failed) => {
        const change = database.transaction("queue", mode);
        const asked = act(change.objectStore("queue"));
        change.oncomplete = () => done(asked.result);
        change.onabort = change.onerror = () => failed(change.error);
      });
    } finally { database.close(); }
  }
  const mine = async () => (await store("readonly", (queue) => queue.getAll())).filter((one) => one.worker === worker);
  async function count() {
    const waiting = await mine();
    if (waiting.length) localStorage.setItem(`${BASE}:unsent`, String(waiting.length));
    else localStorage.removeItem(`${BASE}:unsent`);
    return waiting.sort((one, other) => one.at - other.at);
  }

  const draftOf = (form) => `${BASE}:draft:${new URL(form.action).pathname}`;
  const typed = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "key");
  function keep(form) {
    try { localStorage.setItem(draftOf(form), JSON.stringify(typed(form))); } catch { /* the page holds it */ }
  }
  const drop = (form) => localStorage.removeItem(draftOf(form));
  function fill(form, fields) {
    for (const one of form.elements) if (/radio|checkbox/.test(one.type)) one.checked = false;
    for (const [name, value] of fields) {
      for (const one of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (/radio|checkbox/.test(one.type)) one.checked ||= one.value === value;
        else if (one.type !== "file") one.value = value;
      }
    }
    shows(form);
  }
  function attach(form, files) {
    for (const input of form.querySelectorAll("input[type=file]")) {
      const given = files.filter(([name]) => name === input.name).map(([, file]) => file);
      if (!given.length) continue;
      const moved = new DataTransfer();
      for (const file of given) moved.items.add(file);
      input.files = moved.files;
    }
  }
  const chosen = (form) => [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files].map((file) => [input.name, file]));

  // --- sending ---------------------------------------------------------------------------------------------------

  /* "filed" (with where), "wrong" (with the page), "away", "signed_out". */
  async function send(path, fields, files) {
    const form = new FormData();
    form.set("key", document.querySelector("input[name=key]")?.value || say.key);
    for (const [name, value] of fields) form.append(name, value);
    for (const [name, file] of files) form.append(name, file, file.name);
    let answer;
    try {
      answer = await fetch(path, { method: "POST", body: form, credentials: "same-origin", signal: AbortSignal.timeout?.(60000) });
    } catch { return { what: "away" }; }
    if (answer.ok && answer.redirected) return { what: answer.url.includes("/record/done/") ? "filed" : "signed_out", url: answer.url, text: await answer.text().catch(() => "") };
    if (answer.status === 422 || answer.status === 413) return { what: "wrong", text: await answer.text().catch(() => "") };
    return { what: answer.status === 401 || answer.status === 403 ? "signed_out" : "away" };
  }
  const read = (text) => new DOMParser().parseFromString(text, "text/html");

  let sending = false;
  async function flush() {
    if (sending || !navigator.onLine) return;
    sending = true;
    try {
      for (const one of await count()) {
        if (one.state === "wrong") continue;
        const sent = await send(one.path, one.fields, one.files);
        if (sent.what === "filed") {
          await store("readwrite", (queue) => queue.delete(one.once));
          done.push([read(sent.text).getElementById("reference")?.textContent || "", sent.url]);
        } else if (sent.what === "away") break;
        else await store("readwrite", (queue) => queue.put({ ...one, state: sent.what }));
        if (sent.what === "signed_out") break;
      }
    } catch { /* tried again */ } finally { sending = false; }
    await show();
  }

  const done = [];
  async function show() {
    const waiting = await count().catch(() => []);
    const box = document.getElementById("queue"); // a page that came back with what is wrong has its own
    const list = box.querySelector("ul");
    list.replaceChildren();
    for (const one of waiting) {
      const line = document.createElement("li");
      const title = document.createElement("span");
      title.textContent = `${one.title} — ${one.state === "wrong" ? say.wrong : one.state === "signed_out" ? say.signedOut : say.waiting}`;
      const button = document.createElement("a");
      button.className = "button second";
      button.href = `${one.path}#${one.once}`;
      button.textContent = say.open;
      line.append(title, button);
      list.append(line);
    }
    for (const [reference, url] of done) {
      const line = document.createElement("li");
      const link = document.createElement("a");
      link.href = url;
      link.textContent = say.sent.replace("{reference}", reference);
      line.append(link);
      list.append(line);
    }
    box.hidden = !list.children.length;
  }

  // --- the form at hand ------------------------------------------------------------------------------------------

  function tell(text) {
    const place = document.getElementById("kept");
    place.textContent = text;
    place.hidden = !text;
    if (text) place.scrollIntoView({ block: "center" });
  }

  async function submitted(event) {
    const form = event.target;
    event.preventDefault();
    const button = form.querySelector("button.button");
    button.disabled = true;
    keep(form);
    const fields = typed(form);
    const files = chosen(form);
    const path = new URL(form.action).pathname;
    const sent = navigator.onLine ? await send(path, fields, files) : { what: "away" };
    button.disabled = false;
    if (sent.what === "filed") {
      drop(form);
      await store("readwrite", (queue) => queue.delete(form.elements.once.value)).catch(() => {});
      await count().catch(() => {});
      location.assign(sent.url);
    } else if (sent.what === "wrong") {
      const page = read(sent.text);
      const again = page.getElementById("record");
      if (!again) return;
      document.querySelector("main").replaceChildren(...page.querySelector("main").childNodes);
      const next = document.getElementById("record");
      attach(next, files);
      for (const told of next.querySelectorAll("[data-again]")) { // here they are kept
        const field = told.closest(".field");
        const input = field.querySelector("input");
        if (!input.files.length) continue;
        told.remove();
        field.classList.remove("bad");
        input.removeAttribute("aria-invalid");
        document.querySelector(`#errors a[href="#${CSS.escape(input.id)}"]`)?.closest("li").remove();
      }
      ready(next);
      await show();
      (document.getElementById("errors") || next).scrollIntoView();
    } else if (form.reportValidity()) {
      const once = form.elements.once.value;
      try {
        await store("readwrite", (queue) => queue.put({
          once, worker, path, fields, files, title: form.dataset.title, at: Date.now(), state: sent.what,
        }));
      } catch { tell(document.getElementById("kept").dataset.full); return; }
      drop(form);
      empty(form);
      if (location.hash) history.replaceState(null, "", location.pathname);
      shows(form);
      tell(document.getElementById("kept").dataset.saved);
      await show();
    }
  }

  /* For the next person: of this one nothing stays, but that the next came the same way on the same day. */
  function empty(form) {
    for (const one of form.elements) {
      if (one.type === "hidden" || /^record-(source|came_on|language)$/.test(one.name)) continue;
      if (/radio|checkbox/.test(one.type)) one.checked = false;
      else one.value = "";
    }
    form.elements.once.value = crypto.randomUUID();
    document.getElementById("errors")?.remove();
    for (const told of form.querySelectorAll(".wrong, [name^='sure:']")) (told.closest("label") || told).remove();
    for (const field of form.querySelectorAll(".bad")) field.classList.remove("bad");
  }

  function ready(form) {
    shows(form);
    form.addEventListener("input", () => { shows(form); keep(form); });
    form.addEventListener("submit", submitted);
  }

  async function begin() {
    const form = document.getElementById("record");
    if (form) {
      const words = document.getElementById("kept").dataset;
      const waits = location.hash && (await mine().catch(() => [])).find((one) => one.once === location.hash.slice(1));
      const kept = localStorage.getItem(draftOf(form));
      if (waits) {
        fill(form, waits.fields);
        attach(form, waits.files);
      } else if (kept && !document.getElementById("errors")) {
        const fields = JSON.parse(kept);
        const blank = JSON.stringify(typed(form).filter(([name]) => name !== "once"));
        fill(form, fields);
        if (JSON.stringify(fields.filter(([name]) => name !== "once")) !== blank) tell(words.restored);
      }
      ready(form);
    }
    await show();
    await flush();
  }
  begin();
  addEventListener("online", flush);
  setInterval(flush, 20000);
})();
