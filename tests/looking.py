"""A browser that goes from page to page as one person and notes what is wrong with each, in both widths."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from playwright.sync_api import BrowserContext, Locator, Page

from priorauth.roles import Actor
from tests.factories import browser
from tests.seeing import axe, faint, stops
from tests.slow_line import SlowLine

WIDTHS = (1280, 320)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
ALL_BUT_CONTRAST = RULES | {"rules": {"color-contrast": {"enabled": False}}}
REFUSED = "Content Security Policy"
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")].filter(e => {
    const box = e.getBoundingClientRect(), inline = getComputedStyle(e).display === "inline";
    const shown = box.width > 2 && box.height > 2;
    return shown && !e.closest("label") && !(e.tagName === "A" && inline) && (box.width < 24 || box.height < 24);
}).map(e => e.outerHTML.slice(0, 100))"""
EMPTY = """form => { for (const e of form.elements) {
    if (e.type === "checkbox" || e.type === "radio") e.checked = false;
    else if (e.tagName === "TEXTAREA" || /^(text|search|email|date|number)$/.test(e.type)) e.value = "";
    else if (e.tagName === "SELECT" && e.querySelector("option[value='']")) e.value = "";
} HTMLFormElement.prototype.submit.call(form); }"""
FORM = 'main form[method=post][action="{path}"]:not(#claim-one)'
ASKING = "main form[method=post]:has(input:not([type=hidden]), textarea, select)"
# In which width axe reckons contrast: that takes three quarters of its time, and `faint` does it in both widths.
AT = {WIDTHS[0]: RULES, WIDTHS[1]: ALL_BUT_CONTRAST}
ONE_ROW = 48  # pixels of the masthead at the wider width


def problem_of(page: Page, path: str, width: int, rules: dict[str, Any] = RULES) -> tuple[Any, ...] | None:
    """What is wrong with the page, or nothing.

    The window becomes as high as the page and stays so: what sticks to the foot of a lower one covers some target until
    one scrolls.
    """
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": max(900, height)})
    broken = [(rule["id"], rule["nodes"][0]["target"]) for rule in axe(page, rules)]
    overflow = page.evaluate("document.documentElement.scrollWidth") - width
    small = [tag for tag in page.evaluate(SMALL_TARGETS) if not re.search('aria-hidden="tru', tag)]
    headings = page.locator("h1").count()
    dim = faint(page)
    wrong = broken or overflow > 0 or small or headings != 1 or dim
    return (path, broken, overflow, small, headings, dim) if wrong else None


@dataclass
class Look:
    """A browser that goes from page to page and notes what is wrong."""

    page: Page
    line: SlowLine
    found: list[Any] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)
    tabbed: int = 0

    def at(self, path: str, name: str) -> None:
        """Go to a page, unless it was seen, and look at it."""
        self.line.forget()
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        self.page.goto(path)
        if self.page.url in self.seen:
            return
        self.seen.add(self.page.url)
        self.weights[name] = sum(self.line.sizes)
        if (self.page.evaluate("document.querySelector('[data-keys] .masthead')?.offsetHeight") or 0) > ONE_ROW:
            self.found.append((name, "the masthead has more than one row"))
        if self.page.locator(FORM.format(path=path)).count():
            self.forms.add(path)
        self.by_tab(name)
        self.closely(name)

    def by_tab(self, name: str) -> None:
        """Go through the page that is open by Tab."""
        count, faults = stops(self.page)
        self.tabbed += count
        self.found += [(name, fault) for fault in faults]

    def closely(self, name: str, widths: Collection[int] = WIDTHS) -> None:
        """Axe reckons no contrast here: that takes half of its time, and `faint` does it."""
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.found.append(problem_of(self.page, f"{name} at {width}", width, ALL_BUT_CONTRAST))

    def send(self, form: Locator, *, empty: bool) -> None:
        """Post a form as it stands, or with nothing in it."""
        with self.page.expect_navigation():
            form.evaluate(EMPTY if empty else "form => HTMLFormElement.prototype.submit.call(form)")


def looking(context: BrowserContext, actor: Actor) -> Look:
    """A look through the eyes of this person, which keeps nothing of an earlier page."""
    value = browser(actor).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "domain": "localhost", "path": "/"}])
    page = context.new_page()
    wire = context.new_cdp_session(page)
    look = Look(page, SlowLine(wire))
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.on("console", lambda said: look.found.append(said.text) if REFUSED in said.text else None)
    return look
