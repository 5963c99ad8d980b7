"""Every page of the admin, found by walking the routes, so that a new one is looked at too, at 1280 and 320 pixels; and
at 320 with what an empty post brings. Axe and our own measures find nothing, Tab shows where it is, the browser refuses
nothing, no page is heavy.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page

from portal.permissions import MATRIX
from priorauth.roles import Actor, Role
from priorauth.services import keys
from tests.cases import person
from tests.factories import browser
from tests.seeing import stops
from tests.slow_line import SlowLine
from tests.soak import report
from tests.test_admin_browser import REFUSED, context  # noqa: F401
from tests.test_office_accessibility import RULES, problem_of
from tests.walking import World, every_route

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (1280, 320)
ALL_BUT_CONTRAST = RULES | {"rules": {"color-contrast": {"enabled": False}}}
HEAVIEST = 350 * 1024
ONE_ROW = 48  # pixels of the masthead at the wider width
# What answers with a file, with the image of a page, or with nothing that a browser shows.
NO_PAGES = {"admin:logout"} | {f"admin:priorauth_case_{name}" for name in ("file", "letter_pdf", "page")}
LOOKERS = ("nurse", "physician", "lead", "administrator", "auditor")
DONE_BY_A_CLICK = {
    "case_claim",
    "case_release",
}  # an empty post does it, and the case is no longer held as the rest asks
# By role, what one route shows in other states, and pages outside of the admin that the plan's people have.
BESIDES = {
    "nurse": ["/account/", "/admin/priorauth/case/?view=late&product=ppo&path=Z"],
    "lead": ["/admin/", "/admin/priorauth/case/?view=open&path=A&sort=-score"],
    "auditor": ["/admin/no-such-page/"],
    "administrator": ["/admin/"],
}
EMPTY = """form => { for (const e of form.elements) {
    if (e.type === "checkbox" || e.type === "radio") e.checked = false;
    else if (e.tagName === "TEXTAREA" || /^(text|search|email|date|number)$/.test(e.type)) e.value = "";
    else if (e.tagName === "SELECT" && e.querySelector("option[value='']")) e.value = "";
} HTMLFormElement.prototype.submit.call(form); }"""


FORM = 'main form[method=post][action="{path}"]:not(#claim-one)'


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
        count, faults = stops(self.page)
        self.tabbed += count
        self.found += [(name, fault) for fault in faults]
        self.closely(name)

    def closely(self, name: str, widths: Collection[int] = WIDTHS) -> None:
        """Axe reckons no contrast here: that takes half of its time, and `faint` does it."""
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.found.append(problem_of(self.page, f"{name} at {width}", width, ALL_BUT_CONTRAST))

    def with_errors(self, path: str, name: str) -> None:
        """Post the page's form, where it had one, with nothing in it, and look at what it says, unless that leads
        elsewhere.
        """
        if path not in self.forms or name in DONE_BY_A_CLICK:
            return
        self.page.goto(path)
        form = self.page.locator(FORM.format(path=path))
        if not form.count():
            return
        with self.page.expect_navigation():
            form.last.evaluate(EMPTY)
        if self.page.url.endswith(path):
            self.closely(f"{name}, empty post", WIDTHS[1:])


def looking(context, actor: Actor) -> Look:  # noqa: F811
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


def admin_pages(world: World) -> Iterator[tuple[str, str, str]]:
    """Who looks at which route's page, at which address: the first of LOOKERS who may."""
    by = world.actors["administrator"]
    key, _ = keys.issue(
        by=by, at=timezone.now(), organization=world.a, name="Scheduling", scopes=["requests:read"], days=9
    )
    rows = {"apikey": key.pk, "invitation": world.invitation.pk}
    for route in every_route():
        row = MATRIX.get(route.name)
        who = next((role for role in LOOKERS if row and role in row.allowed.get("GET", ())), None)
        if route.name.startswith("admin:") and who and route.name not in NO_PAGES and row.answers.get("GET") != (302,):
            kind = re.match(r"admin:priorauth_([a-z]+)_", route.name)
            own = {"object_id": rows[kind[1]]} if kind and kind[1] in rows else {}
            yield who, route.name.removeprefix("admin:priorauth_"), route.path(world.values(route, who) | own)


def test_every_page_of_the_admin_is_accessible_and_light(context):  # noqa: F811
    nurse = looking(context, person(Role.NURSE))
    nurse.at("/admin/", "the board, empty")
    nurse.at("/admin/priorauth/case/?view=open", "the queue, empty")
    world = World()
    pages = [*admin_pages(world), *((who, path, path) for who, paths in BESIDES.items() for path in paths)]
    looks = [nurse]
    for who in LOOKERS:
        mine = [page for page in pages if page[0] == who]
        looks.append(look := looking(context, world.actors[who]))
        for _, name, path in mine:
            look.at(path, name)
        for _, name, path in mine:
            look.with_errors(path, name)
    found = [fault for look in looks for fault in look.found if fault]
    assert found == [], "\n".join(map(str, found))
    weights = {name: weight for look in looks for name, weight in look.weights.items()}
    heaviest = max(weights, key=weights.__getitem__)
    assert weights[heaviest] < HEAVIEST, heaviest
    looked = sum(len(look.seen) for look in looks)
    assert looked > len(MATRIX) / 4
    report(
        "G7, G11", f"{looked} pages of the admin at 1280 and 320 px", f"axe 0; {heaviest}: {weights[heaviest]} bytes"
    )
    report("G8", f"Tab through {looked} pages of the admin", f"{sum(look.tabbed for look in looks)} stops in sight")
