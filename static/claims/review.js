// Claim review: from a finding to its field, from the field to the next finding (keys alone).
const list = [...document.querySelectorAll("[data-fix]")];

function go(link) {
  const field = document.getElementById(link.hash.slice(1));
  if (!field) return false;
  for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  document.querySelectorAll(".box.cur").forEach((box) => box.classList.remove("cur"));
  field.closest(".box")?.classList.add("cur");
  field.focus();
  field.scrollIntoView({ block: "center" });
  return true;
}

for (const link of list) {
  link.addEventListener("click", (event) => { if (go(link)) event.preventDefault(); });
}
document.getElementById("review")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.target.tagName === "TEXTAREA") return;
  const at = "#" + event.target.id, here = list.findLastIndex((link) => link.hash === at);   // several findings may share a field
  if (here < 0) return;
  event.preventDefault();
  const next = list.slice(here + 1).find((link) => list.findIndex((x) => x.hash === link.hash) > here);   // a field not walked yet
  if (next) go(next); else document.querySelector('[form="review"][data-ctrl]')?.focus();
});
