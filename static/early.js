// What a quick hand does before the page's scripts are there is kept, and done when they are.
// Loaded before the body, alone and small; the scripts themselves come deferred, so that the page shows at once.
{
  const field = "input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]";
  const kept = [];
  const keep = (e, act) => { e.stopImmediatePropagation(); kept.push(act); };   // nothing that is there already acts too
  const key = (e) => {   // single keys only: Tab, Enter and Space act without a script
    if (e.key.length > 1 || e.key === " " || e.ctrlKey || e.metaKey || e.altKey || e.target.matches(field)) return;
    keep(e, () => (document.activeElement || document.body).dispatchEvent(new KeyboardEvent("keydown", { key: e.key, bubbles: true, cancelable: true })));
  };
  const click = (e) => {   // links and sending buttons need no script, nor do menus
    const button = e.target.closest?.("button[type=button]:not([popovertarget])");
    if (button) keep(e, () => button.click());
  };
  const hear = (act) => { document[act]("keydown", key, true); document[act]("click", click, true); };
  hear("addEventListener");
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => {   // after htmx, which begins on the same event
    hear("removeEventListener");
    kept.forEach((act) => act());
  }));
}
