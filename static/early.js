// What a quick hand does before the page's scripts are there is kept, and done when they are.
// Loaded before the body, alone and small; the scripts themselves come deferred, so that the page shows at once.
{
  const field = "input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]";
  const kept = [];
  const keep = (e, act) => { e.stopImmediatePropagation(); kept.push(act); };   // nothing that is there already acts too
  const hands = {
    keydown(e) {   // single keys only: Tab, Enter and Space act without a script
      if (e.key.length > 1 || e.key === " " || e.ctrlKey || e.metaKey || e.altKey || e.target.matches(field)) return;
      keep(e, () => (document.activeElement || document.body).dispatchEvent(new KeyboardEvent("keydown", { key: e.key, bubbles: true, cancelable: true })));
    },
    click(e) {   // links and sending buttons need no script, nor do menus
      const button = e.target.closest?.("button[type=button]:not([popovertarget])");
      if (button) keep(e, () => button.click());
    },
    input: (e) => keep(e, () => e.target.dispatchEvent(new Event("input", { bubbles: true }))),     // a search begun
    change: (e) => keep(e, () => e.target.dispatchEvent(new Event("change", { bubbles: true }))),   // a filter chosen
  };
  const hear = (act) => Object.entries(hands).forEach(([name, hand]) => document[act](name, hand, true));
  hear("addEventListener");
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => {   // deferred scripts and modules have run
    hear("removeEventListener");
    kept.forEach((act) => act());
  }));
}
