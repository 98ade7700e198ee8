// Work lists: <table data-list="id of the bulk bar">. j/k move, x or Space chooses, Shift-click takes a range, Enter opens
// the row's detail or its link. Also gives tables the roles that CSS takes away on a narrow screen.
const seen = new WeakSet();

export function worklists(where, typing, keysOff) {
  (where === document ? document : where).querySelectorAll("table[data-list]").forEach((table) => {
    roles(table);
    if (seen.has(table)) return;
    seen.add(table);
    begin(table, typing, keysOff);
  });
}

function roles(table) {   // display:grid drops the table meaning in some browsers
  const set = (s, role) => table.querySelectorAll(s).forEach((x) => { if (!x.hasAttribute("role")) x.setAttribute("role", role); });
  if (!table.hasAttribute("role")) table.setAttribute("role", "table");
  set(":scope>thead,:scope>tbody,:scope>tfoot", "rowgroup");
  set(":scope>*>tr", "row");
  set(":scope>*>tr>td", "cell");
  set(":scope>thead th", "columnheader");
  set(":scope>tbody th", "rowheader");
}

function begin(table, typing, keysOff) {
  const rows = () => [...table.tBodies].flatMap((b) => [...b.rows]).filter((r) => r.dataset.row !== undefined && r.offsetParent);
  const box = (r) => r?.querySelector("td.check input[type=checkbox]");
  const bulk = document.getElementById(table.dataset.list);
  let at = rows().findIndex((r) => r.hasAttribute("aria-current")), last = null, all = false;
  if (at < 0 && rows().length) rows()[0].tabIndex = 0;

  const go = (i) => {
    const list = rows();
    if (!list.length) return;
    at = Math.max(0, Math.min(list.length - 1, i));
    list.forEach((r, k) => { r.tabIndex = k === at ? 0 : -1; if (k === at) r.setAttribute("aria-current", "true"); else r.removeAttribute("aria-current"); });
    list[at].focus();
    const url = list[at].dataset.aside;   // a row may fill the panel beside the list
    if (url && window.htmx) window.htmx.ajax("GET", url, { target: "#aside", swap: "innerHTML" });
  };

  const count = () => {
    const list = rows(), on = list.filter((r) => box(r)?.checked);
    list.forEach((r) => r.classList.toggle("picked", on.includes(r)));
    const head = table.querySelector("thead .check input");
    if (head) { head.checked = on.length > 0 && on.length === list.length; head.indeterminate = on.length > 0 && on.length < list.length; }
    if (!bulk) return;
    if (on.length < list.length) all = false;
    const button = bulk.querySelector("[data-all]"), field = bulk.querySelector("[name=all]");
    bulk.hidden = !on.length;
    button?.setAttribute("aria-pressed", all);
    if (button) button.hidden = !all && on.length < list.length && list.length >= Number(button.dataset.all);
    if (field) field.value = all ? "1" : "";
    const cents = on.reduce((s, r) => s + Math.round(Number(r.dataset.amount || 0) * 100), 0);
    const n = bulk.querySelector("[data-n]"), sum = bulk.querySelector("[data-sum]");
    if (n) n.textContent = all ? Number(button.dataset.all).toLocaleString("en-US") : on.length;
    if (sum) sum.textContent = all ? "all of this filter" : (cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 }).replace("-", "\u2212");
  };

  const toggle = (button) => {
    const show = button.getAttribute("aria-expanded") !== "true", row = button.closest("tr");
    const below = document.getElementById(button.getAttribute("aria-controls"));
    button.setAttribute("aria-expanded", show);
    row.classList.toggle("opened", show);
    if (!below) return;
    below.hidden = !show;
    const lazy = below.querySelector("[data-fetch]");
    if (show && lazy && window.htmx) {
      window.htmx.ajax("GET", lazy.dataset.fetch, { target: lazy, swap: "innerHTML" });
      lazy.removeAttribute("data-fetch");
    }
  };

  document.addEventListener("keydown", (e) => {
    if (!table.isConnected || typing(e) || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]") || keysOff()) return;
    const mine = e.target.closest?.("table[data-list]");
    if (mine ? mine !== table : document.querySelector("table[data-list]") !== table) return;   // one list answers at a time
    if (e.key === "j") go(at + 1);
    else if (e.key === "k") go(at - 1);
    else if ((e.key === "x" || (e.key === " " && e.target.tagName === "TR")) && box(rows()[at])) { e.preventDefault(); box(rows()[at]).checked ^= 1; last = at; count(); }
    else if (e.key === "Enter" && e.target.tagName === "TR") (e.target.querySelector("[aria-expanded]") || e.target.querySelector("a.name,td a"))?.click();
  });
  table.addEventListener("focusin", (e) => { const i = rows().indexOf(e.target.closest("tr")); if (i >= 0) at = i; });
  table.addEventListener("click", (e) => {
    const opener = e.target.closest("[aria-expanded]");
    if (opener && table.contains(opener) && opener.closest("table") === table && opener.hasAttribute("aria-controls")) toggle(opener);
    if (e.target.matches("thead input[type=checkbox]")) { rows().forEach((r) => { if (box(r)) box(r).checked = e.target.checked; }); count(); return; }
    if (!e.target.matches("td.check input[type=checkbox]")) return;
    const list = rows(), i = list.indexOf(e.target.closest("tr"));
    if (e.shiftKey && last !== null) list.slice(Math.min(last, i), Math.max(last, i) + 1).forEach((r) => { if (box(r)) box(r).checked = e.target.checked; });
    last = i;
    count();
  });
  bulk?.addEventListener("click", (e) => {
    const asks = e.target.closest("[data-needs]");  // an act that wants words is not sent without them
    if (asks) { const field = document.getElementById(asks.dataset.needs); field.required = true; if (!field.reportValidity()) e.preventDefault(); field.required = false; }
    if (e.target.closest("[data-clear]")) { all = false; rows().forEach((r) => { if (box(r)) box(r).checked = false; }); count(); }
    if (e.target.closest("[data-all]")) { all = !all; if (all) rows().forEach((r) => { if (box(r)) box(r).checked = true; }); count(); }
  });
  count();
}
