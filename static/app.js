// Behaviour shared by every screen: theme, privacy, dialogs, single keys, forms sent once, leave warning, toasts.
// No state outside the DOM and four cookies (theme, density, privacy, keys) that the server reads, so nothing flashes.
import { worklists } from "./list.js";
import { palette } from "./palette.js";

const root = document.documentElement;
export const $ = (s, r = document) => r.querySelector(s);
export const typing = (e) => e.target.matches?.("input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]");
const keep = (name, value) => { document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`; };
const keysOff = () => root.dataset.keys === "off";

// ---- theme, density, privacy, single keys
const press = (id, on) => $(id)?.setAttribute("aria-pressed", on);
$("#theme")?.addEventListener("click", () => { keep("theme", root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark"); });
$("#density")?.addEventListener("click", () => {
  keep("density", root.dataset.density = root.dataset.density === "tight" ? "normal" : "tight");
  press("#density", root.dataset.density === "tight");
});
const hide = () => { const on = root.toggleAttribute("data-privacy"); keep("privacy", on ? "on" : "off"); press("#privacy", on); };
$("#privacy")?.addEventListener("click", hide);
$("#keys-off")?.addEventListener("click", (e) => {
  keep("keys", root.dataset.keys = keysOff() ? "on" : "off");
  e.target.textContent = keysOff() ? "they are off" : "they are on";
  e.target.setAttribute("aria-pressed", keysOff());
});

// ---- toasts: successes only, read aloud; trouble stays on the page
export function toast(words) {
  const t = Object.assign(document.createElement("div"), { className: "toast-x", textContent: words });
  $(".toasts")?.append(t);
  setTimeout(() => t.remove(), 6000);
}
const toastsIn = (where) => where.querySelectorAll("[data-toast-now]").forEach((t) => { toast(t.content.textContent.trim()); t.remove(); });
document.addEventListener("toast", (e) => toast(e.detail?.value ?? e.detail ?? ""));   // HX-Trigger: {"toast": "Posted 101.00"}

// ---- dialogs: data-open="id", data-close; fetched ones: data-sheet, data-dialog (GET), data-preview="/url/" (POST of the bulk form)
const open = (id) => { const d = document.getElementById(id); if (d?.tagName === "DIALOG" && !d.open) d.showModal(); return d; };
function put(id, html, from) {   // a part, or a whole page of which the part in <main> is taken
  const box = document.getElementById(id), page = new DOMParser().parseFromString(html, "text/html");
  const part = page.querySelector("main.trouble .blank")?.parentElement.cloneNode(true) || page.querySelector("main") || page.body;
  part.querySelector(".brand")?.remove();
  if (from) part.querySelectorAll("form").forEach((f) => { if (!f.getAttribute("action")) f.setAttribute("action", from); });   // it posts where it came from
  box.replaceChildren(...part.childNodes);
  if (!box.querySelector("[data-close]")) {
    const foot = document.createElement("footer"), close = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: "Close" });
    close.dataset.close = "";
    foot.append(close);
    box.append(foot);
  }
  const title = box.querySelector("h1,h2");
  if (title) { title.id ||= `${id}-t`; box.removeAttribute("aria-label"); box.setAttribute("aria-labelledby", title.id); }
  open(id);
  ready(box);
  box.querySelector("[autofocus]")?.focus();   // the browser does it only when a dialog opens, not when it is filled again
}
async function fill(id, url, form) {
  const box = document.getElementById(id);
  box.setAttribute("aria-busy", "true");
  try {
    const asked = form ? { method: "POST", body: new FormData(form) } : {};
    const answer = await fetch(url, { ...asked, headers: { "HX-Request": "true", "HX-Target": id }, credentials: "same-origin" });
    if (answer.redirected || !/html/.test(answer.headers.get("content-type") || "")) { location.href = answer.redirected ? answer.url : url; return; }
    put(id, await answer.text(), url);
  } catch { if (!form) location.href = url; else toast("The server does not answer just now. Nothing was sent."); } finally { box.removeAttribute("aria-busy"); }
}
document.addEventListener("click", (e) => {
  const at = (s) => e.target.closest?.(s);
  const o = at("[data-open]"), c = at("[data-close]"), sheet = at("a[data-sheet]"), dialog = at("a[data-dialog]"), preview = at("[data-preview]"), print = at("[data-print]"), more = at("[data-filters]"), t = at("[data-toast]");
  if ((sheet || dialog) && !e.ctrlKey && !e.metaKey && !e.shiftKey) {
    e.preventDefault();
    fill(sheet ? "sheet" : "dialog", (sheet || dialog).href);
    return;
  }
  if (preview && !preview.hasAttribute("aria-busy")) {   // thousands of claims take seconds to check: the button says so
    preview.setAttribute("aria-busy", "true");
    fill("dialog", preview.dataset.preview, preview.form || preview.closest("form")).finally(() => preview.removeAttribute("aria-busy"));
  }
  if (o) open(o.dataset.open);
  if (c) c.closest("dialog").close();
  if (t) toast(t.dataset.toast);
  if (print) window.print();
  if (more) more.setAttribute("aria-expanded", more.closest("form").classList.toggle("all"));
  if (e.target.tagName === "DIALOG") e.target.close();
});

// ---- forms: sent once (data-once), warn on leaving (data-warn), filters send themselves (data-auto)
let changed = false, sending = false;
document.addEventListener("input", (e) => {
  const form = e.target.form;
  if (form?.matches("[data-warn]")) { changed = true; form.classList.add("changed"); }
  if (e.target.id && e.target.getAttribute("aria-invalid")) e.target.classList.remove("is-invalid");
});
document.addEventListener("change", (e) => { if (e.target.form?.matches("[data-auto]") && e.target.matches("select,[type=date],[type=checkbox],[type=radio]")) e.target.form.requestSubmit(); });
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (e.defaultPrevented) return;
  if (form.method === "get") form.querySelectorAll("input,select").forEach((x) => { if (!x.value) x.disabled = true; });   // short addresses
  if (form.matches("[data-once]")) {
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "1";
    const b = e.submitter;
    if (b) setTimeout(() => { b.disabled = true; b.setAttribute("aria-busy", "true"); });
  }
  sending = true;
});
window.addEventListener("beforeunload", (e) => { if (changed && !sending) e.preventDefault(); });
window.addEventListener("pageshow", (e) => {   // back button: the form may be sent again, its key stays the same
  sending = false;
  if (!e.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach((f) => { delete f.dataset.sent; f.querySelectorAll("[aria-busy]").forEach((b) => { b.disabled = false; b.removeAttribute("aria-busy"); }); });
  document.querySelectorAll("form[method=get] :disabled").forEach((x) => { x.disabled = false; });
});

// ---- single keys press the button that carries them: <button data-key="a">; off in fields, in dialogs, and per person
// of several, the one in the row under the cursor goes first, then the bulk bar's, then the page's
const pressKey = (key, where) => {
  const near = (x) => (x.closest("tr[aria-current],tr[aria-current]+tr.detail") ? 0 : x.closest("tr") ? 3 : x.closest(".bulk") ? 1 : 2);
  const b = [...where.querySelectorAll("[data-key]")]
    .filter((x) => x.dataset.key === key && !x.disabled && x.getAttribute("aria-disabled") !== "true" && x.offsetParent)
    .sort((x, y) => near(x) - near(y))[0];
  b?.click();
  return b;
};
document.addEventListener("keydown", (e) => {
  const held = e.ctrlKey || e.metaKey;
  if (held && e.key === "k") { e.preventDefault(); open("palette"); return; }
  if (held && (e.key === "s" || e.key === "Enter")) {
    const b = $(`[data-ctrl="${e.key}"]`, $("dialog[open]") || document);
    if (b && !b.disabled) { e.preventDefault(); b.click(); }
    return;
  }
  if (e.altKey && e.key.toLowerCase() === "p") { e.preventDefault(); hide(); return; }
  if (held || e.altKey || typing(e) || $("dialog[open]") || keysOff()) return;
  if (e.key === "/") { e.preventDefault(); $("[data-search]")?.focus(); return; }
  if (pressKey(e.key, document)) e.preventDefault();
});
document.addEventListener("click", (e) => { if (e.target.closest?.("[aria-disabled=true]")) { e.preventDefault(); e.stopImmediatePropagation(); } }, true);

// ---- whatever comes in later (htmx, dialogs) gets the same treatment
function ready(where) {
  toastsIn(where);
  worklists(where, typing, keysOff);
  if (where !== document) window.htmx?.process(where);
}
document.addEventListener("htmx:after:swap", (e) => {
  const where = e.detail?.ctx?.target ?? e.target;
  changed = Boolean($("form[data-warn].changed"));
  if (where instanceof Element) ready(where.isConnected ? where.parentElement ?? where : document);
  if (where instanceof HTMLDialogElement && !where.open && where.childElementCount) where.showModal();
});
document.addEventListener("htmx:after:request", (e) => {   // a whole page came where a part was asked for: signed out, or trouble in plain words
  const { text, response } = e.detail.ctx;
  if (!/^\s*<!doctype/i.test(text || "")) return;
  e.preventDefault();
  if (response.raw.redirected) location.href = response.raw.url;
  else put("dialog", text);
});

ready(document);
palette($("#palette"));
const asked = new URLSearchParams(location.search).get("open");
if (asked) open(asked);
