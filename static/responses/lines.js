// An answer line by line: what each line leaves open, what the whole moves, and no sending while it does not add up.
import { cents, money } from "./cents.js";

const sheet = document.getElementById("hand-sheet");
const lines = sheet ? [...sheet.querySelectorAll("fieldset[data-charge]")] : [];
const usual = sheet ? (sheet.dataset.usual || "").split(" ").filter(Boolean) : [];
const field = (line, name) => line.querySelector(`[name$="-${name}"]`);
const codes = (line) => [...line.querySelectorAll('[name*="-code"]')].map((code) => {
  const n = /-code(\d+)$/.exec(code.name)[1];
  return { code, amount: field(line, `amount${n}`), goes: field(line, `goes${n}`) };
});

function left(line) {
  return codes(line).reduce((rest, one) => rest - cents(one.amount.value), cents(line.dataset.charge) - cents(field(line, "paid").value));
}

function show() {
  let open = 0, paid = 0;
  const sums = new Map();
  for (const line of lines) {
    const rest = left(line);
    const cell = line.querySelector("[data-left]");
    cell.textContent = Number.isNaN(rest) ? "not an amount" : money(rest);
    cell.classList.toggle("warn", rest !== 0);
    if (rest !== 0) open += 1;
    paid += cents(field(line, "paid").value);
    for (const one of codes(line)) {
      const words = one.goes.options[one.goes.selectedIndex].text;
      const amount = cents(one.amount.value);
      if (amount) sums.set(words, (sums.get(words) || 0) + amount);
    }
  }
  const wanted = cents(sheet.dataset.paid);
  const apart = paid !== wanted ? `; the check pays ${money(wanted)}` : "";
  const parts = [`Paid ${Number.isNaN(paid) ? "?" : money(paid)}${apart}`, ...[...sums].map(([words, amount]) => `${words} ${money(amount)}`)];
  if (open) parts.push(`${open} of ${lines.length} lines do not explain their charge yet`);
  document.getElementById("hand-said").textContent = parts.join(" · ");
  document.getElementById("hand-send").disabled = open > 0 || paid !== wanted;
}

function fill(input) {
  const line = input.closest("fieldset[data-charge]");
  const rest = line ? left(line) : 0;
  if (!rest || Number.isNaN(rest) || input.value.trim()) return;
  for (const one of codes(line)) {
    if (one.code === input) {
      const used = codes(line).map((each) => each.code.value.trim().toUpperCase());
      input.value = usual.find((code) => !used.includes(code)) || "";
      if (input.value.startsWith("PR-")) one.goes.value = "next";
      if (input.value === "CO-45") one.goes.value = "write_off";
    } else if (one.amount === input && one.code.value.trim()) {
      input.value = money(rest).replace(/,/g, "");
    }
  }
}

if (sheet) {
  sheet.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && !event.shiftKey && event.target.tagName === "INPUT") { fill(event.target); show(); }
  });
  for (const kind of ["input", "change"]) sheet.addEventListener(kind, show);
  show();
}
