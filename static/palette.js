// Command palette: a <dialog> with a combobox. Empty, it offers the places; with two letters it posts q to data-url for <li role=option>.
export function palette(dialog) {
  if (!dialog) return;
  const input = dialog.querySelector("input"), list = dialog.querySelector("ul"), none = dialog.querySelector(".nothing"), first = list.innerHTML;
  let timer, asked = null;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const pick = (o) => {
    options().forEach((x, k) => { x.id = `opt-${k}`; x.setAttribute("aria-selected", x === o); });
    o ? input.setAttribute("aria-activedescendant", o.id) : input.removeAttribute("aria-activedescendant");
    o?.scrollIntoView({ block: "nearest" });
  };
  const show = (html, words) => {
    list.innerHTML = html;   // our own server's markup, escaped there
    none.hidden = options().length > 0;
    none.textContent = words;
    pick(options()[0]);
  };
  const ask = async () => {
    const q = input.value.trim();
    asked?.abort();
    if (q.length < 2) { show(first, ""); return; }
    asked = new AbortController();
    try {
      const answer = await fetch(dialog.dataset.url, { method: "POST", body: new URLSearchParams({ q }), headers: { "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers:inherited")) }, signal: asked.signal, credentials: "same-origin" });
      show(answer.ok ? await answer.text() : "", answer.ok ? `Nothing is called “${q}”. Try a claim number, a check number or part of a name.` : "Search does not answer just now. Try again in a moment.");
    } catch (e) { if (e.name !== "AbortError") show("", "Search does not answer just now. Try again in a moment."); }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
  input.addEventListener("keydown", (e) => {
    const all = options(), k = all.findIndex((o) => o.getAttribute("aria-selected") === "true");
    if ((e.key === "ArrowDown" || e.key === "ArrowUp") && all.length) { e.preventDefault(); pick(all[(k + (e.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]); }
    if (e.key === "Enter") { e.preventDefault(); if (all[k]) location.href = all[k].dataset.href; }
  });
  list.addEventListener("click", (e) => { const o = e.target.closest("[role=option]"); if (o) location.href = o.dataset.href; });
  // What was asked last is selected for the next time now, not when it opens: that is told late, and would swallow the first letters.
  dialog.addEventListener("close", () => { input.select(); pick(options()[0]); });
  pick(options()[0]);
}
