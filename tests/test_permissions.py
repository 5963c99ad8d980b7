"""T1: every route, as everybody, with every method, answers what permissions.yaml says, and nothing is left out.

One walk is taken and looked at from several sides: the statuses, what a reading writes (A7, T10), the headers (P5).
"""

import re
import zlib
from contextlib import nullcontext
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.urls import path

from portal import urls
from portal.permissions import MATRIX as MATRIX_IN_USE
from priorauth.admin.trail import WORDS
from priorauth.models import AuditEvent, User
from priorauth.roles import ADMIN_SITE_ROLES, CASE_READER_ROLES, EXPORT_ROLES, OFFICE_ROLES, REVIEWER_ROLES, Role
from tests.cases import person
from tests.lightly import lightly
from tests.soak import figure, report
from tests.test_help import FOOTER
from tests.walking import (
    MATRIX,
    METHODS,
    Route,
    World,
    ask,
    every_route,
    names_a_patient,
    session_of,
    undone,
    written_tables,
)

pytestmark = pytest.mark.django_db

NOBODY, STRANGER = "nobody signed in", "no membership"
ROLES = {role.value for role in Role} - {"system"}
GROUPS = {
    "everyone": ROLES | {NOBODY, STRANGER},
    "members": ROLES,
    "office": set(OFFICE_ROLES),
    "reviewers": set(REVIEWER_ROLES),
    "case_readers": set(CASE_READER_ROLES),
    "exporters": set(EXPORT_ROLES),
    "admin_site": set(ADMIN_SITE_ROLES),
    "nobody": set(),
}
NO_READERS = ("administrator", STRANGER, NOBODY)
ANSWERS = {"GET": [200], "POST": [200, 302, 400, 409]}
RARE = ["PUT", "PATCH", "DELETE", "TRACE"]
TRAIL = "priorauth_auditevent"


def readings(route: str) -> dict[str, str]:
    """By method, the event that the matrix names for answers that can show patients."""
    row = MATRIX[route]
    names = row.get("shows", {})
    return dict.fromkeys([method for method in METHODS if method in row], names) if isinstance(names, str) else names


READINGS = {event for route in MATRIX for event in readings(route).values()}


@dataclass(frozen=True)
class Step:
    """One request of the walk and what came of it; `events` are the actions written to the trail."""

    route: Route
    who: str
    role: str
    method: str
    response: HttpResponse
    tables: frozenset[str]
    events: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.route.name} as {self.who}: {self.response.status_code}"


def people(world: World) -> dict[str, tuple[str, str]]:
    """Who walks: a name, the role in which the matrix should see them, and their cookie."""
    known = {who: (actor.role.value, session_of(actor)) for who, actor in world.actors.items()}
    stranger, deactivated = Client(), person(Role.CLERK, world.a)
    stranger.force_login(User.objects.create_user("stranger@example.test"))
    gone = session_of(deactivated)
    User.objects.filter(pk=deactivated.user_id).update(is_active=False)
    return known | {
        NOBODY: (NOBODY, ""),
        "deactivated": (NOBODY, gone),
        STRANGER: (STRANGER, stranger.cookies.output(attrs=[], header="").strip()),
    }


@pytest.fixture(scope="module")
def walk(django_db_setup, django_db_blocker) -> list[Step]:
    """Every route as everybody with every method, each from the same state."""
    with django_db_blocker.unblock(), undone(), lightly() as portal:
        world = World()
        walkers = people(world)
        return [
            step(portal, route, who, role, method, route.path(world.values(route, who)), cookie)
            for route in every_route()
            for who, (role, cookie) in walkers.items()
            for method in methods(route, who)
        ]


def methods(route: Route, who: str) -> list[str]:
    """All of them under `make soak`; else of the four that no page knows one, each in its turn."""
    turn = zlib.crc32(f"{route.name} {who}".encode()) % 4
    rare = (RARE[turn:] + RARE[:turn])[: figure(4)]
    return [method for method in METHODS if method not in RARE or method in rare]


def step(portal: ClientHandler, route: Route, who: str, role: str, method: str, where: str, cookie: str) -> Step:
    refused = expected(route, role, method)[0] in (401, 403, 405)
    reaches_the_view = not refused or not {"told_why", "scopes"}.isdisjoint(MATRIX[route.name])
    with undone() if reaches_the_view else nullcontext(), written_tables() as tables:
        before = last_event() if reaches_the_view else 0
        response = ask(method, where, cookie, portal)
        events = AuditEvent.objects.filter(pk__gt=before).order_by("pk") if TRAIL in tables else ()
        return Step(route, who, role, method, response, frozenset(tables), tuple(event.action for event in events))


def last_event() -> int:
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True)[0]


def allowed(row: dict, method: str) -> set[str]:
    who = row.get(method, [])
    return set().union(*(GROUPS.get(name, {name}) for name in ([who] if isinstance(who, str) else who)))


def read(method: str) -> str:
    return "GET" if method == "HEAD" else method


def expected(route: Route, role: str, method: str) -> list[int]:
    """The statuses that the matrix's words mean for an object in reach."""
    row, method = MATRIX[route.name], read(method)
    if role in allowed(row, method):
        answers = row.get("answers", {}).get(method) or ANSWERS[method]
        return answers if isinstance(answers, list) else [answers]
    if role == NOBODY and route.template.startswith("api/") and "scopes" in row:
        return [401]
    if method not in row and any(role in allowed(row, other) for other in METHODS):
        return [405]
    return [302] if role == NOBODY else [403]


# The statuses


def test_every_cell_of_the_matrix_is_what_the_portal_answers(walk):
    wrong = []
    for step in walk:
        wanted = expected(step.route, step.role, step.method)
        if step.who == "clerk of B" and {*step.route.parameters} - {"policy"} and wanted[0] in (200, 302):
            wanted = [404]
        if step.response.status_code not in wanted or not well_refused(step):
            wrong.append(f"{step}, not {wanted}")
    assert wrong == [], "\n".join(wrong)
    assert len(walk) == len(every_route()) * 12 * (4 + figure(4))
    report("T1", f"{len(every_route())} routes, 12 people, {len(walk):,} requests", "each as the matrix says")


def well_refused(step: Step) -> bool:
    """A refusal of the method names those that there are; whoever is not signed in is sent to the sign-in page."""
    if step.response.status_code == 405:
        row = MATRIX[step.route.name]
        known = {*row} & {*METHODS} | ({"HEAD"} if "GET" in row else set())
        return set(step.response.headers["Allow"].split(", ")) == known
    target = step.response.headers.get("Location", "")
    return "next=" not in target or target.startswith("/sign-in/")


def test_a_line_without_a_route_stops_the_start(monkeypatch):
    call_command("check", tags=["portal"])
    monkeypatch.setitem(MATRIX_IN_USE, "no-such-route", MATRIX_IN_USE["home"])
    with pytest.raises(SystemCheckError, match="no-such-route is no route"):
        call_command("check", tags=["portal"])


def test_a_route_without_a_line_stops_the_start():
    urls.urlpatterns.append(path("new/", lambda _: HttpResponse("open"), name="forgotten"))
    try:
        with pytest.raises(SystemCheckError, match="forgotten has no line"):
            call_command("check", tags=["portal"])
    finally:
        urls.urlpatterns.pop()


def test_a_route_without_a_line_is_refused_to_everybody(monkeypatch):
    cookies = ["", *(session_of(person(role)) for role in (Role.CLERK, Role.LEAD, Role.ADMINISTRATOR))]
    assert {ask("GET", "/livez", cookie).status_code for cookie in cookies} == {200}
    monkeypatch.delitem(MATRIX_IN_USE, "livez")
    answers = [
        (ask("GET", "/livez", cookie).status_code, ask("PUT", "/livez", cookie).status_code) for cookie in cookies
    ]
    assert answers == [(302, 302), (403, 403), (403, 403), (403, 403)]


# The weighty rules, written out once more by hand

OFFICE_AREAS, PAYER_AREA, ADMIN_AREA = (
    ("requests/", "office/", "api/v1/requests", "api/v1/check"),
    ("payer/",),
    ("admin/",),
)
OPEN_TO_ALL = {"admin:login"}
OWN = {"sign-out", "account-keys", "sign-out-everywhere", "account", "sign-in", "invitation"}
ASKS_FOR_A_CHECK = "admin:priorauth_auditevent_check"  # a job of the portal then reads the whole trail


def entered(walk: list[Step], role: str, areas: tuple[str, ...]) -> list[str]:
    """The routes below `areas` that gave a person in `role` anything but a refusal."""
    return [
        str(step)
        for step in walk
        if step.role == role
        and step.route.template.startswith(areas)
        and step.route.name not in OPEN_TO_ALL
        and step.response.status_code not in (401, 403)
        and not step.response.headers.get("Location", "").startswith("/sign-in/")
    ]


@pytest.mark.parametrize("role", ["clerk", "office_admin", "payer", STRANGER, NOBODY])
def test_offices_payers_and_strangers_never_enter_the_admin(walk, role):
    assert entered(walk, role, ADMIN_AREA) == []


@pytest.mark.parametrize("role", ["nurse", "physician", "lead", "payer", "auditor", "administrator", STRANGER, NOBODY])
def test_nobody_but_offices_enters_the_offices_pages(walk, role):
    assert entered(walk, role, OFFICE_AREAS) == []


@pytest.mark.parametrize("role", [*sorted(ROLES - {"payer", "lead"}), STRANGER, NOBODY])
def test_nobody_but_the_payer_and_the_lead_enters_the_payers_pages(walk, role):
    assert entered(walk, role, PAYER_AREA) == []


@pytest.mark.parametrize(("role", "but"), [("payer", {"payer-letter"}), *((who, set()) for who in NO_READERS)])
def test_administrators_and_strangers_never_see_a_patient_and_payer_operations_in_letters_alone(walk, role, but):
    assert {step.route.name for step in walk if step.role == role and names_a_patient(step.response.body)} == but


def test_the_walk_does_see_patients_where_it_should(walk):
    seen = {step.route.name for step in walk if names_a_patient(step.response.body)}
    assert {"requests", "request", "admin:priorauth_case_change", "admin:priorauth_case_changelist"} <= seen


def test_an_auditor_writes_nothing(walk):
    steps = [step for step in walk if step.role == "auditor" and step.route.name not in {*OWN, ASKS_FOR_A_CHECK}]
    assert [str(step) for step in steps if step.tables - {TRAIL, "django_session"}] == []
    assert {event for step in steps for event in deeds(step)} <= READINGS


def test_only_a_physician_reaches_the_form_that_does_not_approve(walk):
    steps = [step for step in walk if step.route.name == "admin:priorauth_case_not-approve"]
    reached = {step.role for step in steps if step.response.status_code in (200, 400, 409)}
    assert reached == {"physician"}


KEPT_BY = {
    **dict.fromkeys(("organization", "membership", "credential", "user", "invitation", "apikey"), "administrator"),
    **dict.fromkeys(("lettertext", "job"), "administrator lead"),
    "auditevent": "administrator auditor lead",
}


@pytest.mark.parametrize("what", KEPT_BY)
def test_people_keys_texts_jobs_and_trail_are_for_few_and_nobody_deletes_one(walk, what):
    steps = [step for step in walk if step.route.name.startswith(f"admin:priorauth_{what}_")]
    assert {step.role for step in steps if step.response.status_code in (200, 400)} == {*KEPT_BY[what].split()}
    gone = [step for step in steps if step.route.name.endswith("_delete") and step.response.status_code in (200, 400)]
    assert gone == []


# What a reading writes


def written_when_read(step: Step) -> set[str]:
    """A page that shows the letter of a decision makes it by the act itself, in a transaction that is taken back."""
    rehearsed = (
        {"case", "decision", "decisionline", "letter"} if step.route.name == "admin:priorauth_case_approve" else ()
    )
    return {TRAIL, "django_session", "priorauth_opening", *(f"priorauth_{name}" for name in rehearsed)}


def test_every_page_has_help_at_the_same_place(walk):
    """WCAG 3.2.6, for everybody on each page that the walk sees: first in the footer."""
    read = [(str(step), getattr(step.response, "content", b"")) for step in walk if step.method == "GET"]
    pages = [(step, page) for step, page in read if page.startswith(b"<!doctype html>")]
    assert len(pages) > len(MATRIX)
    where = re.compile(FOOTER.replace(" ", r"\s+").encode())
    assert [step for step, page in pages if not where.search(page)] == []


def test_no_safe_method_writes_anything_but_the_event_of_a_reading(walk):
    wrong = [
        f"{step} wrote {sorted(step.tables)} {step.events}"
        for step in walk
        if step.method in ("GET", "HEAD", "OPTIONS", "TRACE")
        and (step.tables - written_when_read(step) or set(deeds(step)) - {shown(step)})
    ]
    assert wrong == [], "\n".join(wrong)


def test_whoever_tries_an_act_of_a_case_that_is_not_theirs_leaves_an_event(walk):
    """Also the roles that the wall refuses, before the view: the trail of the person has it, in words."""
    outside = {NOBODY, "no membership"}
    acts = [step for step in walk if step.method == "POST" and "told_why" in MATRIX[step.route.name]]
    tried = [step for step in acts if step.response.status_code == 403 and step.role not in outside]
    assert {"payer", "clerk", "administrator", "auditor"} <= {step.role for step in tried}
    assert [str(step) for step in tried if sum(one.startswith("refused_") for one in step.events) != 1] == []


def test_every_answer_that_shows_what_its_line_says_is_exactly_one_event(walk):
    steps = [step for step in walk if shown(step) and step.response.status_code == 200 and step.method != "HEAD"]
    assert {shown(step) for step in steps} >= READINGS - {"export_decisions"}
    assert [f"{step} wrote {step.events}" for step in steps if deeds(step) != [shown(step)]] == []


def test_every_answer_that_names_a_patient_is_an_event(walk):
    steps = [step for step in walk if names_a_patient(step.response.body)]
    assert [f"{step} wrote {step.events}" for step in steps if not {*deeds(step)} & READINGS] == []


def test_every_reading_has_words_for_the_people_who_read_the_trail():
    assert {"read_case", "read_file", "read_list", "search", "export_decisions"} <= READINGS
    assert set(WORDS) >= READINGS


def shown(step: Step) -> str:
    """The event that the matrix names for the answers of this route to this method, or nothing."""
    return readings(step.route.name).get(read(step.method), "")


def deeds(step: Step) -> list[str]:
    """The events, without those of refused attempts."""
    return [event for event in step.events if not event.startswith("refused_")]


# Headers (P5)


def test_every_answer_to_somebody_signed_in_stays_private(walk):
    steps = [step for step in walk if step.role != NOBODY]
    wrong = [f"{step}: {fault}" for step in steps for fault in faults_of_headers(step.response)]
    assert wrong == [], "\n".join(sorted(set(wrong))[:40])


def faults_of_headers(response: HttpResponse) -> list[str]:
    headers = response.headers
    policy = headers.get("Content-Security-Policy", "")
    wanted = {
        "no-store": "no-store" in headers.get("Cache-Control", ""),
        "nosniff": headers.get("X-Content-Type-Options") == "nosniff",
        "referrer": headers.get("Referrer-Policy") in ("same-origin", "no-referrer"),
        "default-src 'none'": "default-src 'none'" in policy,
        "no unsafe-inline, no unsafe-eval": "unsafe" not in policy,
        "in no frame": "frame-ancestors 'none'" in policy or headers.get("X-Frame-Options") == "DENY",
    }
    return [name for name, held in wanted.items() if not held]
