// The chat on an association's own site, by one tag:
//   <script src="https://…/static/embed.js" data-association="harif" async></script>
// Optional: data-language="en". The site must be among those allowed to frame the chat (WASL_EMBED_ORIGINS, else
// the association's printed website). Nothing is loaded from us until the button is pressed.
"use strict";
(() => {
  const tag = document.currentScript;
  const association = tag?.dataset.association;
  if (!association || document.getElementById(`wasl-${association}`)) return;
  const english = tag.dataset.language === "en";
  const words = english
    ? { open: "Talk to us", close: "Close the chat" }
    : { open: "تحدّثوا معنا", close: "إغلاق المحادثة" };
  const home = new URL(tag.src).origin;

  const host = document.createElement("div");
  host.id = `wasl-${association}`;
  const root = host.attachShadow({ mode: "open" });
  const looks = `
    :host { all: initial; position: fixed; inset-block-end: 0; inset-inline-end: 0; z-index: 2147483000; direction: ${english ? "ltr" : "rtl"}; }
    button { font: 600 17px/1.4 "Segoe UI", Tahoma, system-ui, sans-serif; border: 0; cursor: pointer; }
    button:focus-visible { outline: 3px solid #b45309; outline-offset: 3px; }
    .open { margin: 16px; min-height: 52px; padding: 0 22px; border-radius: 26px; background: #0f5e56; color: #fff; box-shadow: 0 4px 18px rgb(0 0 0 / .28); }
    .panel { position: fixed; inset: 0; display: flex; flex-direction: column; background: #0f5e56; }
    .close { min-height: 44px; padding: 0 16px; background: none; color: #fff; text-align: start; }
    .close::before { content: "✕"; margin-inline-end: 10px; }
    iframe { flex: 1; width: 100%; border: 0; background: #f5f1ea; }
    [hidden] { display: none !important; }
    @media (min-width: 560px) {
      .panel { inset: auto; inset-block-end: 16px; inset-inline-end: 16px; width: 400px; height: min(680px, calc(100vh - 32px)); border-radius: 18px; overflow: hidden; box-shadow: 0 12px 44px rgb(0 0 0 / .35); }
    }
  `;
  try {
    const sheet = new CSSStyleSheet(); // allowed under a site's own policy, where a <style> may not be
    sheet.replaceSync(looks);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(Object.assign(document.createElement("style"), { textContent: looks }));
  }

  const make = (kind, values) => Object.assign(document.createElement(kind), values);
  const open = make("button", { type: "button", className: "open", textContent: words.open });
  const panel = make("div", { className: "panel", hidden: true });
  const close = make("button", { type: "button", className: "close", textContent: words.close });
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", words.open);
  open.setAttribute("aria-haspopup", "dialog");
  panel.append(close);
  root.append(open, panel);

  let frame = null;
  function show() {
    if (!frame) {
      frame = make("iframe", { title: words.open, allow: "microphone; camera; geolocation" });
      frame.src = `${home}/${encodeURIComponent(association)}/chat?embed=1&lang=${english ? "en" : "ar"}`;
      panel.append(frame);
    }
    panel.hidden = false;
    open.hidden = true;
    close.focus();
  }
  function hide() {
    panel.hidden = true;
    open.hidden = false;
    open.focus();
  }
  open.addEventListener("click", show);
  close.addEventListener("click", hide);
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("message", (event) => {
    if (frame && event.source === frame.contentWindow && event.origin === home && event.data?.wasl === "close") hide();
  });
  (document.body ?? document.documentElement).append(host);
})();
