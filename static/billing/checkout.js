// Check-out: methods as keys, change in whole cents, the button says what will be taken. The server works it all out again.
const form = document.querySelector("#take");
const cents = (text) => { const m = /^(\d{1,9})(?:\.(\d{0,2}))?$/.exec(String(text).replaceAll(",", "").trim()); return m ? Number(m[1]) * 100 + Number((m[2] || "").padEnd(2, "0")) : null; };
const words = (n) => `${n < 0 ? "\u2212" : ""}${Math.floor(Math.abs(n) / 100).toLocaleString("en-US")}.${String(Math.abs(n) % 100).padStart(2, "0")}`;
const el = (name) => form.querySelector(`[name="${name}"]`);
const chosen = (end = "") => form.querySelector(`[name="method${end}"]:checked, select[name="method${end}"] option:checked`);

function show(jump) {
  const split = el("split").checked;
  form.querySelector("#second").hidden = !split;
  const more = ["_3", "_4"].filter((end, place) => cents(el(`amount${["_2", "_3"][place]}`).value || "0") > 0 || el(`amount${end}`).value);
  form.querySelectorAll("[data-part]").forEach((x) => { x.hidden = x.dataset.part !== "_2" && !more.includes(x.dataset.part); });
  const parts = split ? ["", "_2", ...more] : [""];
  let taken = 0, ok = true;
  for (const end of parts) {
    const method = chosen(end), reference = form.querySelector(`#ref${end}`), handed = form.querySelector(`#hand${end}`);
    reference.hidden = !("reference" in (method?.dataset ?? {}));
    if (handed) handed.hidden = !("change" in (method?.dataset ?? {}));
    const amount = cents(el(`amount${end}`).value || "0");
    if (amount === null) ok = false; else taken += amount;
    if (handed && !handed.hidden) {
      const got = cents(el(`handed${end}`).value || "0"), out = form.querySelector("output");
      const back = got && amount !== null ? got - amount : 0;
      out.textContent = got === null ? "\u2013" : back < 0 ? `${words(-back)} short` : words(back);
      out.classList.toggle("warn", back < 0);
    }
    if (jump && end === "" && !reference.hidden) el("reference").focus();
  }
  const memo = el("memo");
  if (!memo.dataset.typed) memo.value = suggest(taken);
  form.querySelector("#go-words").textContent = ok && taken > 0 ? `Take ${words(taken)} and check out` : ok ? "Check out, take nothing" : "Check out";
  form.querySelector("#over").textContent = ok ? over(taken) : "An amount has at most two decimals, such as 25.00.";
}
const copay = () => Number(form.dataset.copay), due = () => Number(form.dataset.due);
const suggest = (taken) => (taken <= 0 ? "" : taken === copay() ? "copay" : taken === due() ? form.dataset.all : copay() > 0 ? form.dataset.memo || "payment" : "balance");
const over = (taken) => (taken > due() ? `${words(taken - due())} more than is due: it becomes credit.` : taken < due() && taken > 0 ? `${words(due() - taken)} stays due.` : taken <= 0 && due() > 0 ? `${words(due())} stays due.` : "");

if (form) {
  if (el("memo").value && el("memo").value !== suggest(cents(el("amount").value) ?? 0)) el("memo").dataset.typed = "1";
  form.addEventListener("input", (e) => { if (e.target.name === "memo") e.target.dataset.typed = "1"; });
  form.addEventListener("input", (e) => show(false));
  form.addEventListener("change", (e) => {
    if (e.target.name === "split" && e.target.checked) {
      const rest = due() - (cents(el("amount").value) ?? 0);
      if (!el("amount_2").value) el("amount_2").value = rest > 0 ? words(rest) : "";
    }
    show(e.target.name === "method");
    if (e.target.name === "split" && e.target.checked) el("amount").select();
  });
  show(false);
}
