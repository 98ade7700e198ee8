// Claim review: from a finding to its field, from the field to the next finding (keys alone).
const list = [...document.querySelectorAll("[data-fix]")];

function go(link) {
  const field = document.getElementById(link.hash.slice(1));
  if (!field) return false;
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
  const here = list.findIndex((link) => link.hash === "#" + event.target.id);
  if (here < 0) return;
  event.preventDefault();
  const next = list[here + 1];
  if (next) go(next); else document.querySelector('[form="review"][data-ctrl]')?.focus();
});
