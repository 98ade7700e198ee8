"""Looking at pages as a strict reader: nothing in the console, no broken policy, axe clean, no sideways scroll."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Response

AXE = (Path(__file__).resolve().parent.parent / "vendor" / "axe.min.js").read_text()
RUN_AXE = """async (rules) => {
    const tags = {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']};
    const asked = rules.length ? {type: 'rule', values: rules} : tags;
    const found = await axe.run(document, {runOnly: asked, resultTypes: ['violations']});
    return found.violations.map(v => `axe ${v.id} (${v.impact}): ${v.help}: `
        + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join(' | '));
}"""
# In front of everything else: what the policy refuses is counted even before the page's own code runs.
LISTEN = """window.__refused = [];
document.addEventListener('securitypolicyviolation',
    e => window.__refused.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));"""
# Nothing may be wider than the window; what scrolls inside its own box is fine.
WIDER = """() => {
    const width = document.documentElement.clientWidth, found = [];
    if (document.scrollingElement.scrollWidth <= width) return [];
    const clips = e => { for (let a = e.parentElement; a && a !== document.body; a = a.parentElement)
        if (getComputedStyle(a).overflowX !== 'visible') return true; return false; };
    for (const e of document.body.querySelectorAll('*:not(svg *)')) {
        const box = e.getBoundingClientRect();
        if (box.right > width + 0.5 && box.width && !clips(e))
            found.push(`${e.tagName.toLowerCase()}.${e.getAttribute('class')} `
                + `"${e.textContent.trim().slice(0, 30)}" to ${Math.round(box.right)} px`);
    }
    return [`sideways scroll: ${document.scrollingElement.scrollWidth} > ${width} px: ${found.slice(0, 3).join(', ')}`];
}"""
COLOURS = ["color-contrast", "link-in-text-block"]
DESKTOP, PHONE = (1440, 900), (390, 844)
PATIENCE = (
    30_000  # milliseconds until something that should come has not come; the machine may have more to do
)


@dataclass(frozen=True, slots=True)
class Form:
    """One of the three forms a page is looked at in."""

    name: str
    theme: str
    size: tuple[int, int]


LIGHT = Form("light", "light", DESKTOP)
DARK = Form("dark", "dark", DESKTOP)
NARROW = Form("phone", "light", PHONE)
FORMS = (LIGHT, DARK, NARROW)


@dataclass
class Reader:
    """A page with somebody who watches it. ``problems`` is emptied by ``told()``."""

    page: Page
    role: str
    form: Form
    problems: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)  # statuses a test asks for on purpose

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("response", self._on_response)
        self.page.on("requestfailed", self._on_failed)

    def open(self, path: str) -> Response:
        """Go there; the answer is returned and must be no server error."""
        response = self.page.goto(path, wait_until="load")
        assert response is not None, path
        return response

    def turn(self, form: Form) -> None:
        """Show the open page in another form, as a person turns a tablet or switches the theme.

        The server writes the same markup for every form but for the theme's name on the root, and no script asks for
        the width, so a page need not be loaded again for each.
        """
        self.form = form
        self.page.set_viewport_size({"width": form.size[0], "height": form.size[1]})
        self.page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme; }", form.theme)

    def axe(self) -> list[str]:
        """Violations of WCAG 2.2 AA. Dark differs from light by its colours, so they are looked at alone."""
        if not self.page.evaluate("() => typeof axe === 'object'"):
            self.page.evaluate(AXE)
        width, height = self.form.size
        if self.form.size == PHONE:
            # A window as tall as the page: what lies under the bottom bar is only scrolled there.
            whole = int(self.page.evaluate("() => document.documentElement.scrollHeight"))
            self.page.set_viewport_size({"width": width, "height": max(whole, height)})
        found = list(self.page.evaluate(RUN_AXE, COLOURS if self.form.theme == "dark" else []))
        if self.form.size == PHONE:
            self.page.set_viewport_size({"width": width, "height": height})
        return found

    def sideways(self) -> list[str]:
        """What makes the page wider than its window."""
        return list(self.page.evaluate(WIDER))

    def told(self) -> list[str]:
        """Everything noticed since the last call, with what the policy refused on this page."""
        refused = [] if self.page.is_closed() else self.page.evaluate("() => window.__refused || []")
        found, self.problems = [*self.problems, *(f"policy refused: {item}" for item in refused)], []
        return found

    def _on_console(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        if any(f"status of {status}" in message.text for status in self.expected):
            return
        self.problems.append(f"console {message.type}: {message.text}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 500 and response.status not in self.expected:
            self.problems.append(f"{response.status} from {urlsplit(response.url).path}")

    def _on_failed(self, request: Any) -> None:
        # A request that the next page cuts off is no trouble, nor is a download.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.problems.append(f"{request.failure} for {urlsplit(request.url).path}")


@dataclass
class Visitors:
    """Signs each person in once through the real page and hands out readers."""

    browser: Browser
    url: str
    password: str
    states: dict[str, Any] = field(default_factory=dict)
    readers: dict[tuple[str, Form], Reader] = field(default_factory=dict)

    def reader(self, email: str, form: Form = LIGHT, *, fresh: bool = False) -> Reader:
        """A page as this person in this form; kept for the next one who asks, unless ``fresh``."""
        kept = self.readers.get((email, form))
        if kept is not None and not fresh and not kept.page.is_closed():
            return kept
        context = self._context(form, self._state(email) if email else None)
        reader = Reader(context.new_page(), email, form)
        if not fresh:
            self.readers[email, form] = reader
        return reader

    def close(self) -> None:
        """Every window."""
        for context in list(self.browser.contexts):
            context.close()

    def _context(self, form: Form, state: Any) -> BrowserContext:
        width, height = form.size
        context = self.browser.new_context(
            base_url=self.url,
            storage_state=state,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            locale="en-US",
            timezone_id="America/Chicago",
        )
        context.set_default_timeout(PATIENCE)
        context.add_init_script(LISTEN)
        context.add_cookies([{"name": "theme", "value": form.theme, "url": self.url}])
        return context

    def _state(self, email: str) -> Any:
        if email not in self.states:
            context = self._context(LIGHT, None)
            page = context.new_page()
            page.goto("/accounts/login/")
            page.get_by_label("Email").fill(email)
            page.get_by_label("Password").fill(self.password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/accounts/login" not in url)
            self.states[email] = context.storage_state()
            context.close()
        return self.states[email]
