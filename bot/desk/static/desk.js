/* The desk's only script: live pieces, drafts that survive, keys for everything. Pages work without it.

   <section data-live="inbox" data-from="/desk/…/inbox/part"> is fetched again when its topic changes.
   <body data-stream="/desk/…/live?topics=inbox"> names the stream.
   <textarea data-draft="name"> is kept on this device until its form is sent; the name is its own on the whole desk.
   <a data-key="j">, <button data-key="r"> answers to a key.
   <button data-copy="id" hidden> copies a field, and says so where [data-copied] is. */
"use strict";
(() => {
  const stream = document.querySelector("[data-stream]")?.dataset.stream;
  const pieces = () => [...document.querySelectorAll("[data-live]")];

  let asked = 0;
  async function renew(piece) {
    const turn = ++asked;
    try {
      const answer = await fetch(piece.dataset.from, { headers: { "X-Part": "1" }, credentials: "same-origin" });
      if (answer.redirected || !answer.ok) return;
      const text = await answer.text(), kept = document.activeElement?.id;
      if (turn < piece.shown) return;  // a later look was answered first
      piece.shown = turn;
      piece.innerHTML = text;
      if (kept && piece.querySelector(`#${CSS.escape(kept)}`)) document.getElementById(kept).focus();
      piece.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
    } catch { /* the next change fetches again */ }
  }
  if (stream && window.EventSource) {
    const source = new EventSource(stream);
    let missed = false;
    source.addEventListener("changed", (event) => pieces().filter((one) => one.dataset.live === event.data).forEach(renew));
    source.addEventListener("error", () => { missed = true; document.body.classList.add("offline"); });
    source.addEventListener("open", () => {
      document.body.classList.remove("offline");
      if (missed) pieces().forEach(renew);
      missed = false;
    });
  }

  const staff = document.querySelector("form[data-staff]")?.dataset.staff ?? "";
  // Kept until its own form was taken: another form of the page comes back too, and often at another address.
  const draftOf = (box) => `draft:${staff}:${box.dataset.draft}`;
  try {
    const sent = JSON.parse(sessionStorage.getItem("sent") || "[]");
    sessionStorage.removeItem("sent");
    if (document.querySelector(".told.good")) sent.forEach((name) => localStorage.removeItem(name));
    for (const box of document.querySelectorAll("[data-draft]")) {
      if (!box.value) box.value = localStorage.getItem(draftOf(box)) || "";
      box.addEventListener("input", () => localStorage.setItem(draftOf(box), box.value));
    }
    document.addEventListener("submit", ({ target }) => {
      sessionStorage.setItem("sent", JSON.stringify([...target.querySelectorAll("[data-draft]")].map(draftOf)));
    });
  } catch { /* no storage: the server keeps what it was sent */ }

  // Signing out forgets what this worker typed (here, conversation.js) and recorded (record.js) on this device, and asks
  // first where that was not sent.
  const mine = () => Object.keys(localStorage).filter((key) => {
    const [what, first, second] = key.split(":");
    return what === "record" ? second === staff : (what === "draft" || what === "reply") && first === staff;
  });
  async function forget() {
    mine().forEach((key) => localStorage.removeItem(key));
    const database = await new Promise((done) => {
      const asked = indexedDB.open("wasl-record", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("queue", { keyPath: "once" });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => done(null);
    });
    if (!database) return;
    await new Promise((done) => {
      const change = database.transaction("queue", "readwrite");
      change.oncomplete = change.onabort = done;
      change.objectStore("queue").openCursor().onsuccess = (event) => {
        const cursor = event.target.result;
        if (!cursor) return;
        if (cursor.value.worker.endsWith(`:${staff}`)) cursor.delete();
        cursor.continue();
      };
    });
    database.close();
  }
  document.querySelector("form[data-staff]")?.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!mine().length) return;
    event.preventDefault();
    if (mine().some((key) => key.endsWith(":unsent")) && !confirm(form.dataset.unsent)) return;
    await forget().catch(() => {});
    form.submit();
  });

  // The key by what it writes; where that is no Latin sign (an Arabic layout writes ت where j stands), by its place.
  const keyOf = ({ key, code, shiftKey }) => {
    if (key === "؟") return "?";
    if (!/^[^\u0000-\u007f]/.test(key)) return key;
    if (code === "Slash") return shiftKey ? "?" : "/";
    return /^(?:Key|Digit)(.)$/.exec(code)?.[1].toLowerCase() ?? key;
  };
  const isElsewhere = (event) => event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]");
  // Out of a box, to the keys of the page: what is typed stays.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && event.target.matches("textarea, input, select")) event.target.blur();
  });
  document.addEventListener("keydown", (event) => {
    if (isElsewhere(event)) return;
    const found = document.querySelector(`[data-key="${CSS.escape(keyOf(event))}"]`);
    if (!found) return;
    event.preventDefault();
    if (found.matches("a, button, summary, [type=checkbox]")) found.click(); else found.focus();
    if (found.matches("summary")) (found.parentElement.open && found.parentElement.querySelector("textarea, select, input:not([type=hidden])") || found).focus();
  });

  document.querySelector(".doors [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  for (const button of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      const told = button.parentElement.querySelector("[data-copied]");
      if (told) told.textContent = told.dataset.copied;
    });
  }

  // j and k walk through the rows of a list ([data-row]); Enter follows the one that has the focus.
  document.addEventListener("keydown", (event) => {
    const step = { j: 1, k: -1 }[keyOf(event)];
    if (!step || isElsewhere(event)) return;
    const rows = [...document.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    event.preventDefault();
    const at = rows.indexOf(document.activeElement.closest?.("li, tr")?.querySelector("[data-row]"));
    rows[Math.min(Math.max(at + step, 0), rows.length - 1)].focus();
  });

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button && !event.defaultPrevented) setTimeout(() => { button.disabled = true; }, 0);
  });
  addEventListener("pageshow", () => document.querySelectorAll("button:disabled[type=submit], form button:disabled").forEach((one) => { one.disabled = false; }));
})();
