// The one script: it swaps the part of the page that changes when the event stream says so.
// Everything works without it.
"use strict";
(() => {
  for (const form of document.querySelectorAll("form[data-auto]")) form.requestSubmit();

  const region = document.querySelector("[data-live]");
  if (!region) return;
  const offline = document.querySelector(".offline");
  const age = offline?.querySelector(".age");
  let busy = false, again = false, shown = "", source = null, at = Date.now();

  // What people opened, ticked and stand on stays so.
  function swap(html) {
    if (html === shown) return;
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && region.contains(selection.anchorNode)) return;
    const next = document.createElement("template");
    next.innerHTML = html;
    for (const old of region.querySelectorAll("details[id]")) {
      const fresh = next.content.getElementById(old.id);
      if (fresh) fresh.open = old.open;
    }
    for (const old of region.querySelectorAll("input[type=checkbox][id]")) {
      const fresh = next.content.getElementById(old.id);
      if (fresh) fresh.checked = old.checked;
    }
    const focused = document.activeElement;
    const path = region.contains(focused) ? place(focused) : null;
    region.replaceChildren(next.content);
    shown = html;
    if (path) find(path)?.focus({ preventScroll: true });
  }

  // An element by its nearest id and its number among the things that can be focused below it.
  const focusable = "a, button, input, summary";
  function place(element) {
    const anchor = element.closest("[id]");
    if (!anchor || !region.contains(anchor)) return null;
    return [anchor.id, element === anchor ? -1 : [...anchor.querySelectorAll(focusable)].indexOf(element)];
  }
  function find([id, number]) {
    const anchor = document.getElementById(id);
    return number < 0 ? anchor : anchor?.querySelectorAll(focusable)[number];
  }

  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(region.dataset.live, { cache: "no-store" });
      if (answer.redirected) location.reload();
      else if (answer.ok) { swap(await answer.text()); at = Date.now(); }
    } catch { /* The stream says when the connection is lost. */ }
    busy = false;
    if (again) { again = false; refresh(); }
  }

  function connect() {
    if (source || document.hidden) return;
    source = new EventSource(region.dataset.events);
    source.addEventListener("open", () => { offline.hidden = true; });
    source.addEventListener("changed", refresh);
    source.addEventListener("error", () => {
      offline.hidden = false;
      if (source.readyState === EventSource.CLOSED) { disconnect(); setTimeout(connect, 5000); }
    });
  }
  function disconnect() {
    source?.close();
    source = null;
  }

  // Browsers allow few connections to one host: pages that nobody sees hold none.
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  // Times age even when nothing changes; what is shown while the connection is lost says how old it is.
  setInterval(() => { if (age) age.textContent = Math.round((Date.now() - at) / 1000); }, 1000);
  setInterval(() => { if (!document.hidden && Date.now() - at > 10000) refresh(); }, 5000);
  connect();
})();
