// Hover card: a link with data-hover shows what its address answers, beside the pointer or at focus; Escape hides it.
const box = Object.assign(document.createElement("div"), { className: "menu hover-card", popover: "manual", id: "hover-card" });
document.body.append(box);
let asked = null;

async function show(link) {
  asked = link;
  const answer = await fetch(link.dataset.hover, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  if (asked !== link || !answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  page.querySelectorAll("[data-close],footer,[id]").forEach((x) => { if (x.matches("[id]")) x.removeAttribute("id"); else x.remove(); });
  box.replaceChildren(...page.body.childNodes);
  const at = link.getBoundingClientRect();
  box.style.setProperty("inset", `${Math.round(at.bottom + 4)}px auto auto ${Math.round(at.left)}px`);
  box.showPopover();
}
function hide() { asked = null; if (box.matches(":popover-open")) box.hidePopover(); }

for (const link of document.querySelectorAll("[data-hover]")) {
  link.addEventListener("pointerenter", () => show(link));
  link.addEventListener("focus", () => show(link));
  link.addEventListener("pointerleave", hide);
  link.addEventListener("blur", hide);
}
document.addEventListener("keydown", (e) => { if (e.key === "Escape") hide(); });
