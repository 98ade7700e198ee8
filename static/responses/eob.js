// Paper EOB: each line shows what it does not explain yet; Tab fills the usual code, then what is left.
import { cents, money } from "./cents.js";

const sheet = document.getElementById("eob-sheet");
const rows = sheet ? [...sheet.querySelectorAll("tr[data-charge]")] : [];
const usual = sheet ? (sheet.dataset.usual || "").split(" ").filter(Boolean) : [];
const field = (row, name) => row.querySelector(`[name$="-${name}"]`);

function left(row) {
  let rest = cents(row.dataset.charge) - cents(field(row, "paid").value);
  for (let n = 1; n <= 4; n++) rest -= cents(field(row, `amount${n}`).value);
  return rest;
}

function show() {
  let open = 0, paid = 0;
  for (const row of rows) {
    const rest = left(row);
    const cell = row.querySelector("[data-left]");
    cell.textContent = Number.isNaN(rest) ? "not an amount" : money(rest);
    cell.classList.toggle("warn", rest !== 0);
    cell.classList.toggle("w6", rest !== 0);
    if (rest !== 0) open += 1;
    paid += cents(field(row, "paid").value);
  }
  const said = document.getElementById("eob-said");
  if (said) said.textContent = open ? `${open} of ${rows.length} lines do not explain their charge yet` : `Every line explains its charge; paid ${money(paid)}`;
  const send = document.getElementById("eob-send");
  if (send) send.disabled = open > 0;
}

function fill(input) {
  const row = input.closest("tr[data-charge]");
  const [, kind, n] = /-(code|amount)(\d)$/.exec(input.name) || [];
  const rest = row ? left(row) : 0;
  if (!kind || input.value.trim() || !rest || Number.isNaN(rest)) return;
  if (kind === "code") {
    const used = [1, 2, 3, 4].map((k) => field(row, `code${k}`).value.trim().toUpperCase());
    input.value = usual.find((code) => !used.includes(code)) || "";
  } else if (field(row, `code${n}`).value.trim()) {
    input.value = money(rest).replace(/,/g, "");
  }
}

if (sheet) {
  sheet.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && !event.shiftKey && event.target.tagName === "INPUT") { fill(event.target); show(); }
  });
  sheet.addEventListener("input", show);
  show();
}
