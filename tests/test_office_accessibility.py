"""Every office page, found by walking the routes: axe finds nothing, nothing overflows, is faint or too small, its
outline is the kept one, each stop of Tab is in sight, and what an empty form brings is no worse.
"""

import datetime as dt
import re

import pytest
from django.conf import settings
from django.utils import timezone

from portal.permissions import MATRIX
from priorauth.models import Invitation, Membership, OfficeClinician, OfficeFacility, PlanMember
from priorauth.roles import Role
from priorauth.services import directory, information, invitations
from tests import cases, outlines
from tests.factories import browser, day, level_row, saved_draft, sent_through_the_page, study_row, valid_form
from tests.looking import ASKING, AT, RULES, WIDTHS, looking, problem_of
from tests.office_helpers import asked
from tests.seeing import axe, faint, stops
from tests.slow_line import BUDGET, SlowLine
from tests.soak import report
from tests.walking import World, every_route

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RIVERA = {"npi": "1205804119", "name": "Alex Rivera MD"}
HELP = ("/help/", "/glossary/", "/accessibility/")
MOST_BYTES, MOST_REQUESTS = 60 * 1024, 6
# What answers with a file or with JSON, and what belongs to somebody who is not signed in, or to both sides.
NO_PAGES = {"request-file", "request-letter-pdf", "session", "livez", "readyz", "sign-in", "admin:login"}
NO_PAGES |= {"invitation", "invitation-link", "api:browser", "api:document"}
PRESS_TO_SEND = """form => {
    const buttons = [...form.querySelectorAll("button[name]:not([formaction])")];
    const button = buttons.find(one => ["send", "check"].includes(one.value)) || buttons[0];
    if (button) form.insertAdjacentHTML("beforeend", `<input type=hidden name=${button.name} value=${button.value}>`);
}"""
# The pages whose empty form brings an error. A form with nothing to fail, like that of notices, is not among them.
SENT_EMPTY = """account office-clinician office-clinician-new office-facility office-facility-new office-invite
office-person request request-amend request-answer request-check request-edit request-new request-versions
request-withdraw"""
WRONG = {
    "birth_date": "13/45/1948",
    "clinician_npi": "1234567890",
    "levels-0-onset": "soon",
    "pain_score": "eleven",
    "service_date": day(2),
}


@pytest.fixture
def pages():
    """Who is signed in, and the address of every office page: empty, filled, with mistakes."""
    by = cases.person(Role.OFFICE_ADMIN)
    client = browser(by)
    blank = {name: "" for name in valid_form() if not name.endswith("count")}
    studies = study_row(1, **{"findings-0": ["edema"], "findings-1": ["healed"]})
    two = {"levels-count": "2", **level_row(1, "L2"), "imaging-count": "2", **studies, "lines-0-levels": "L1, L2"}
    two |= {"urgency": "expedited", "urgency_signs": ["in_hospital"], "pain_score": ["", "not_recorded"]}
    keep_lists(by)
    filled, wrong, empty, wide = (saved_draft(client, **changes) for changes in ({}, WRONG, blank, two))
    doubtful = saved_draft(client, **{"imaging-0-date": day(215)})
    missing = saved_draft(client, **{"imaging-0-findings-0": []})
    fresh = sent_through_the_page(client)
    cases.score_all(timezone.now())
    asked = sent_through_the_page(client, **{"imaging-0-findings-0": []})
    cases.score_all(timezone.now())
    asked.refresh_from_db()
    nurse = cases.person(Role.NURSE)
    cases.claimed(asked, nurse, timezone.now())
    items = asked.assessments.get().result["missing"]
    information.ask(asked, by=nurse, at=timezone.now(), question="Please send the MRI report.", items=items)
    repeated = saved_draft(client, clinician="")
    waiting = sent_through_the_page(client)
    paths = ["", "?show=decided", "new/", "PA-0000-0000-0000/"]
    paths += [f"{case.reference}/edit/" for case in (filled, wrong, wide)]
    paths += [f"{empty.reference}/edit/?problems=all", f"{filled.reference}/edit/check/"]
    paths += [f"{case.reference}/edit/missing/" for case in (empty, missing)]
    paths += [f"{wrong.reference}/edit/missing/", f"{doubtful.reference}/edit/possible-mistakes/"]
    paths += [f"{missing.reference}/edit/check/", f"{fresh.reference}/submitted/", f"{waiting.reference}/submitted/"]
    paths += [f"{case.reference}/" for case in (filled, fresh, asked, waiting)]
    paths += [
        f"{asked.reference}/letter/1/",
        f"{asked.reference}/answer/1/",
        f"{fresh.reference}/withdraw/",
        f"{fresh.reference}/amend/",
    ]
    paths += [f"{fresh.reference}/copy/", f"{repeated.reference}/edit/check/"]
    office_pages = [f"/office/{path}" for path in own_pages(by)]
    return client, [*office_pages, "/api/", *(f"/requests/{path}" for path in paths), *HELP]


def keep_lists(by):
    """The office's lists, twins in the member file, and a link."""
    directory.add(OfficeClinician, RIVERA | {"specialty": "Radiology", "phone": ""}, by=by, at=timezone.now())
    retired = directory.add(OfficeFacility, RIVERA | {"name": "Harbor Surgery"}, by=by, at=timezone.now())
    directory.retire(retired, by=by, at=timezone.now())
    for first_name in ("Anna", "Arthur"):
        row = {"member_id": "XYZ123456", "first_name": first_name, "last_name": "Synthetic", "product": "hmo"}
        PlanMember.objects.create(birth_date=dt.date(1948, 3, 14), covered_from=dt.date(2026, 1, 1), **row)
    invitations.invite("colleague@harbor.example", cases.office(), Role.CLERK, by=by, at=timezone.now())


def own_pages(by):
    clinician = OfficeClinician.objects.for_actor(by).get().pk
    facility = OfficeFacility.objects.for_actor(by).get().pk
    person, invitation = Membership.objects.get(user=by.user_id).pk, Invitation.objects.get().pk
    return [
        *("", "notices/", "clinicians/new/", f"clinicians/{clinician}/", f"facilities/{facility}/"),
        *("people/invite/", f"people/{person}/", f"invitations/{invitation}/"),
    ]


def test_every_office_page_is_accessible(pages, chrome, live_server):
    """A page is loaded once: none of our scripts asks how wide it is. The second look is at open folds."""
    client, paths = pages
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    context = chrome.new_context()
    page, weights, times, frames = context.new_page(), [], [], {width: [] for width in WIDTHS}
    weighed, found = weighing(context, page, weights, times), []

    def look(path):
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.goto(live_server.url + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            frames[width].append((path, outlines.outline(page.locator("body").aria_snapshot())))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found.append(problem_of(page, path, width, AT[width]))
        found.append(weighed(path))

    look("/sign-in/")
    look("/help/")
    context.add_cookies([cookie | {"url": live_server.url}])
    for path in paths:
        look(path)
    report("G7, G11", f"{len(paths)} pages at 1280 and 320 px", f"axe 0; the heaviest {max(weights) / 1024:.0f} KB")
    report("G13", "DOM ready of them, computed", f"the latest {max(times):.0f} ms (at most {BUDGET})")
    assert list(filter(None, found)) == []
    for shown in frames.values():
        assert not (difference := outlines.changed("office", shown[2:])), difference


def office_routes():
    """The routes that answer somebody of an office with a page."""
    for route in every_route():
        row = MATRIX.get(route.name)
        readers = row.allowed.get("GET", ()) if row and not row.scopes else ()
        if Role.OFFICE_ADMIN in readers and route.name not in NO_PAGES and row.answers.get("GET") != (302,):
            yield route


def two_versions(page):
    """Save a draft as from a page that is older than it."""
    page.locator("[name=version]").evaluate("field => { field.value = 0 }")
    name = page.get_by_label("First name")
    name.fill(name.input_value() + "a")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    assert page.locator("h1").inner_text() == "Two versions of this request"


def test_each_stop_of_tab_and_each_form_that_was_sent_empty(chrome, live_server):
    """Every page is gone through by Tab; what an empty form brings has a summary, and is as accessible as the rest."""
    world = World()
    whole = saved_draft(browser(world.clerk))
    question = asked(browser(world.clerk), cases.person(Role.NURSE))
    context = chrome.new_context(base_url=live_server.url)
    look, empty = looking(context, world.actors["office_admin"]), set()
    routes = {route.name: route.path(world.values(route, "office_admin")) for route in office_routes()}
    routes["request-edit"] += "?problems=all"
    routes["request-check"] = f"/requests/{whole.reference}/edit/check/"
    routes["request-answer"] = f"/requests/{question.reference}/answer/1/"
    for name, path in routes.items():
        look.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        look.page.goto(routes["request-edit"] if name == "request-versions" else path)
        if name == "request-versions":
            two_versions(look.page)
        for width in WIDTHS:
            look.page.set_viewport_size({"width": width, "height": 900})
            look.by_tab(f"{name} at {width}")
    for name, path in routes.items():
        look.page.goto(path)
        for number in range(look.page.locator(ASKING).count()):
            if number:
                look.page.goto(path)
            form = look.page.locator(ASKING).nth(number)
            form.evaluate(PRESS_TO_SEND)
            look.send(form, empty=name != "request-answer")  # to empty what was sent is an answer
            if look.page.locator("[data-errors]").count():
                empty.add(name)
                look.closely(f"{name}, form {number + 1} sent empty")
    report(
        "G8", f"Tab through {len(routes)} office pages at 1280 and 320 px", f"{look.tabbed} stops in sight and in order"
    )
    report("G7", f"{len(empty)} office pages after an empty form", "axe 0")

    assert list(filter(None, look.found)) == []
    assert sorted(empty) == SENT_EMPTY.split()


POOR = """<main><h1 style="color: #999">Grey</h1><p style="font-size: 9px">Small</p><p>Good</p>
<input aria-label="one" style="border: 1px solid #ddd">
<input aria-label="two" style="border: 1px solid #333; outline: none">
<button tabindex="2">Late</button><a href="#x" style="position: absolute; left: 9px; top: 300px">Under</a>
<div style="position: absolute; left: 0; top: 290px; width: 300px; height: 60px; background: #fff"></div>
<svg viewBox="0 0 100 50" width="100" height="50"><rect width="9" height="9" fill="#ddd"/>
<rect y="20" width="100" height="20" fill="#222"/><text x="5" y="35" font-size="14">Dark on dark</text>
<path d="M0 15H99" stroke="#ddd"/><path d="M0 18H99" stroke="#222"/></svg></main>"""


def test_the_measures_see_what_is_poor(chrome):
    page = chrome.new_page()
    page.set_content(POOR)
    seen = [(kind, re.sub("[ >].*", "", tag, flags=re.DOTALL)) for kind, tag, _ in faint(page)]
    count, unseen = stops(page)
    page.locator("[tabindex]").evaluate("button => button.removeAttribute('tabindex')")
    again, unseen_again = stops(page)
    page.locator("button").evaluate("button => button.tabIndex = 2")
    twice = [{rule["id"] for rule in axe(page, rules)} for rules in (RULES, None)]
    assert all({"color-contrast", "tabindex"} <= rules for rules in twice)
    expected = [("text", "<h1"), ("size", "<p"), ("border", "<input")]
    assert seen == [*expected, ("shape", "<rect"), ("text", "<text"), ("shape", "<path")]
    assert count == again == 4
    assert [stop[1:] for stop in unseen_again] == [stop[1:] for stop in unseen[1:]]  # all but what is not in order
    assert [(tag[:7], dim, bool(covered), back) for tag, dim, covered, back in unseen] == [
        ("<input ", False, False, True),
        ("<input ", True, False, False),
        ("<a href", False, True, False),
    ]


OVERLAP = """<main><h1>One</h1><p>First</p>
<div style="height: 30px; margin-bottom: -32px; background: #555"></div><p>Second</p></main>"""


def test_axe_reckons_the_contrast_of_a_second_text_of_a_kind_where_something_overlaps_it(chrome):
    page, told = chrome.new_page(), []
    for shown in (OVERLAP, OVERLAP.replace("-32px", "0")):
        page.set_content(shown)
        told.append(any(rule["id"].startswith("color-contrast") for rule in axe(page, RULES)))
        asked = page.locator("p").evaluate_all("all => all.map(one => 'firstOfKind' in one.dataset)")
        assert asked == [True, "-32px" in shown]
    assert told == [True, False]


def test_the_measure_of_the_slow_line_sees_what_makes_a_page_late(chrome):
    """Each request that waits for another one counts, and a script that stops the parser is no page at all."""
    pages = {
        "/plain": "<p>",
        "/chain": "<link rel=stylesheet href=/a.css>",
        "/a.css": "@import '/b.css';",
        "/b.css": "p { color: red }",
        "/heavy": "<p>" + "x" * 300_000,
        "/many": "<p>" * 3000,
        "/blocking": "<script src=/none.js></script>",
    }
    context = chrome.new_context()
    kind = {"css": "text/css"}
    context.route(
        "**/*",
        lambda route: route.fulfill(
            body=pages.get(path := route.request.url.removeprefix("http://localhost:4999"), ""),
            content_type=kind.get(path[-3:], "text/html"),
        ),
    )
    page = context.new_page()
    wire = context.new_cdp_session(page)
    line, found = SlowLine(wire), {}
    wire.send("Network.enable")
    for path in ("/plain", "/chain", "/heavy", "/many", "/blocking"):
        page.goto(f"http://localhost:4999{path}")
        page.wait_for_load_state("networkidle")
        found[path] = line.ready(page)
        line.forget()
    assert found["/plain"] < 300
    assert found["/chain"] > found["/plain"] + 2 * 150 - 10
    assert min(found[path] for path in ("/heavy", "/many", "/blocking")) > BUDGET


def weighing(context, page, weights, times):
    """A function that says of what came since it was last asked whether a page of the office's is too heavy (G11) or
    too late on a slow line (G13).

    The cache is empty; the reader of the API's document is no page of an office's day.
    """
    wire = context.new_cdp_session(page)
    line = SlowLine(wire)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def weighed(path):
        sizes, ready = list(line.sizes), line.ready(page)
        line.forget()
        if not path.startswith(("/requests/", *HELP)):
            return None
        weights.append(sum(sizes))
        times.append(ready)
        heavy = sum(sizes) > MOST_BYTES or len(sizes) > MOST_REQUESTS or ready > BUDGET
        return (path, sizes, ready) if heavy else None

    return weighed
