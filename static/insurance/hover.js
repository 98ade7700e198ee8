// Hover card: a link with data-hover shows what its address answers, beside the pointer, at focus or by the first tap;
// the second tap follows the link; Escape or a tap elsewhere hides it. The pointer may move onto the card.
const box = Object.assign(document.createElement("div"), { className: "menu hover-card", popover: "manual", id: "hover-card" });
document.body.append(box);
let asked = null, later = 0, tap = null;

async function show(link) {
  clearTimeout(later);
  if (asked === link) return;
  asked = link;
  const answer = await fetch(link.dataset.hover, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  if (asked !== link || !answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  page.querySelectorAll("[data-close],footer,[id]").forEach((x) => { if (x.matches("[id]")) x.removeAttribute("id"); else x.remove(); });
  box.replaceChildren(...page.body.childNodes);
  box.showPopover();
  link.setAttribute("aria-describedby", box.id);
  const at = link.getBoundingClientRect(), room = document.documentElement.clientWidth - box.offsetWidth - 8;
  const below = at.bottom + 4 + box.offsetHeight <= innerHeight, top = below ? at.bottom + 4 : Math.max(8, at.top - box.offsetHeight - 4);
  box.style.setProperty("inset", `${Math.round(top)}px auto auto ${Math.round(Math.max(8, Math.min(at.left, room)))}px`);
}
function hide() {
  clearTimeout(later);
  asked?.removeAttribute("aria-describedby");
  asked = null;
  if (box.matches(":popover-open")) box.hidePopover();
}
const soon = (e) => { if (e.pointerType === "mouse") later = setTimeout(hide, 200); };

for (const link of document.querySelectorAll("[data-hover]")) {
  link.addEventListener("pointerenter", (e) => { if (e.pointerType === "mouse") show(link); });
  link.addEventListener("pointerleave", soon);
  link.addEventListener("pointerdown", (e) => { tap = e.pointerType === "mouse" ? null : { is_open: asked === link }; });
  link.addEventListener("focus", () => show(link));
  link.addEventListener("blur", hide);
  link.addEventListener("click", (e) => { if (tap && !tap.is_open) { e.preventDefault(); show(link); } tap = null; });
}
box.addEventListener("pointerenter", () => clearTimeout(later));
box.addEventListener("pointerleave", soon);
document.addEventListener("pointerdown", (e) => { if (asked && !e.target.closest?.("[data-hover],#hover-card")) hide(); });
document.addEventListener("keydown", (e) => { if (e.key === "Escape") hide(); });
