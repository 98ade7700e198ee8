// Amounts as people type them, in whole cents: 1,234.5 is 123450; what is no amount is NaN, nothing is 0.
export function cents(text) {
  const clean = (text || "").trim().replace(/,/g, "").replace("−", "-");
  const found = /^(-?)(\d{0,9})(?:\.(\d{0,2}))?$/.exec(clean);
  if (!clean || !found) return clean ? NaN : 0;
  return (found[1] ? -1 : 1) * (Number(found[2] || 0) * 100 + Number((found[3] || "").padEnd(2, "0")));
}

export function money(value) {
  const whole = Math.floor(Math.abs(value) / 100).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return (value < 0 ? "-" : "") + whole + "." + String(Math.abs(value) % 100).padStart(2, "0");
}
