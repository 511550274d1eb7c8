// The one script: it swaps the part of the page that changes when the event stream says so.
// Everything works without it.
"use strict";
(() => {
  for (const form of document.querySelectorAll("form[data-auto]")) form.requestSubmit();

  pickOnCalendar(document.querySelector("input[name=start]")?.form);
  for (const area of document.querySelectorAll("textarea[data-most]")) measure(area);
  const password = document.querySelector("input[name=password_is][value=given]")?.form.elements.password;
  password?.addEventListener("input", () => { password.form.elements.password_is.value = password.value ? "given" : "made"; });
  setInterval(countDown, 1000);

  // Buttons that copy the text before them; on a plain http page browsers give scripts no clipboard, but copy a selection.
  document.documentElement.classList.add("scripted");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copier"), text = button?.previousElementSibling;
    if (!text) return;
    try {
      if (navigator.clipboard) await navigator.clipboard.writeText(text.textContent);
      else {
        const selection = document.getSelection();
        selection.selectAllChildren(text);
        document.execCommand("copy");
        selection.removeAllRanges();
      }
    } catch { return; }
    button.textContent = button.dataset.done;
  });

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
    for (const old of region.querySelectorAll("input[id]")) {
      const fresh = next.content.getElementById(old.id);
      if (!fresh) continue;
      if (old.type === "checkbox") fresh.checked = old.checked;
      else if (old.value !== old.defaultValue) fresh.value = old.value;
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
    const begun = performance.now();
    try {
      const answer = await fetch(region.dataset.live, { cache: "no-store" });
      if (answer.redirected) location.reload();
      else if (answer.ok) { swap(await answer.text()); at = Date.now(); }
    } catch { /* The stream says when the connection is lost. */ }
    // What is costly to make, or a machine that is busy, is asked less often: at most a fifth of the time.
    setTimeout(() => {
      busy = false;
      if (again) { again = false; refresh(); }
    }, Math.min(4 * (performance.now() - begun), 5000));
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

  // How long a script is, in bytes as pimaster counts them; one that is too long is not sent.
  function measure(area) {
    const [lines, bytes] = document.getElementById(area.dataset.measure).querySelectorAll("span");
    const count = () => {
      const size = new TextEncoder().encode(area.value).length;
      lines.textContent = area.value ? area.value.replace(/\n$/, "").split("\n").length : 0;
      bytes.textContent = size;
      area.setCustomValidity(size > area.dataset.most ? area.dataset.wrong : "");
    };
    area.addEventListener("input", count);
    count();
  }

  // Counts from the seconds that were left when the element came: the browser's clock may be wrong.
  function countDown() {
    for (const shown of document.querySelectorAll("[data-left]")) {
      shown.end ??= performance.now() + shown.dataset.left * 1000;
      const left = Math.max(0, Math.round((shown.end - performance.now()) / 1000));
      const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
      const from = left >= 172800 ? 0 : Math.max(1, units.findIndex(([, size]) => left >= size));
      const words = units.slice(from, from + 2).map(([unit, size], at, two) => [Math.floor((at ? left % two[0][1] : left) / size), unit]);
      shown.textContent = left ? words.filter(([number]) => number).map((word) => word.join(" ")).join(" ") : "0 s";
    }
  }

  // Dragging over free hours of the calendar ticks the rows and fills in start and hours.
  function pickOnCalendar(form) {
    if (!form) return;
    let from = null;
    const place = (event) => {
      const row = event.target.closest("tr[data-node]"), table = row?.closest("table.calendar");
      if (!table) return null;
      const left = row.cells[1].getBoundingClientRect().left, right = row.lastElementChild.getBoundingClientRect().right;
      const slots = Number(table.dataset.slots);
      const slot = Math.floor(((event.clientX - left) / (right - left)) * slots);
      return { table, row, slot: Math.max(0, Math.min(slots - 1, slot)) };
    };
    form.addEventListener("pointerdown", (event) => {
      from = event.pointerType !== "touch" && event.target.closest("td.free") ? place(event) : null;
      if (from) event.preventDefault();
    });
    form.addEventListener("pointerup", (event) => {
      const to = from && place(event);
      if (to) fill(to.table, from, to);
      from = null;
    });
    function fill(table, one, other) {
      const rows = [...table.querySelectorAll("tr[data-node]")];
      const [top, bottom] = [rows.findIndex((row) => row.dataset.node === one.row.dataset.node), rows.indexOf(other.row)].sort((a, b) => a - b);
      const boxes = rows.slice(Math.max(top, 0), bottom + 1).map((row) => row.querySelector("input:enabled"));
      boxes.forEach((box) => { if (box) box.checked = true; });
      const [first, last] = [Math.min(one.slot, other.slot), Math.max(one.slot, other.slot)];
      const hours = Number(table.dataset.slot);
      const begin = new Date(Date.parse(table.dataset.start + "Z") + first * hours * 3600000);
      form.elements.start.value = begin.toISOString().slice(0, 16);
      form.elements.hours.value = (last - first + 1) * hours;
    }
  }
})();
