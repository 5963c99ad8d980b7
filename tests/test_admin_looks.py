"""Every page of the admin, found by walking the routes, so that a new one is looked at too, at 1280 and 320 pixels; and
at 320 with what an empty post brings. Axe and our own measures find nothing, Tab shows where it is, the browser refuses
nothing, no page is heavy.
"""

import re
from collections.abc import Iterator

import pytest
from django.utils import timezone

from portal.permissions import MATRIX
from priorauth.roles import Role
from priorauth.services import keys
from tests.cases import person
from tests.looking import FORM, WIDTHS, Look, looking
from tests.soak import report
from tests.test_admin_browser import context  # noqa: F401
from tests.walking import World, every_route

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HEAVIEST = 350 * 1024
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


def with_errors(look: Look, path: str, name: str) -> None:
    """Post the page's form, where it had one, with nothing in it, and look at what it says, unless that leads
    elsewhere.
    """
    if path not in look.forms or name in DONE_BY_A_CLICK:
        return
    look.page.goto(path)
    form = look.page.locator(FORM.format(path=path))
    if not form.count():
        return
    look.send(form.last, empty=True)
    if look.page.url.endswith(path):
        look.closely(f"{name}, empty post", WIDTHS[1:])


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
            with_errors(look, path, name)
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
