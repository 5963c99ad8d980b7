"""Another office's objects look like none: on every route (T2), in every field, choice and filter (T3); and nothing
that a form does not ask for is taken from a post (T7)."""

import json
import logging
import re
import uuid
from collections.abc import Callable, Collection, Iterator
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F, Value
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.api.problems import MOST_ERRORS
from priorauth.models import Case, Draft, Organization, Revision, User
from priorauth.roles import Role
from priorauth.services import information
from priorauth.tenancy import TenantModel
from tests.admin_helpers import act, held_by, typed
from tests.api_helpers import REQUESTS, new_request, office_program
from tests.cases import person, score_all
from tests.factories import browser, draft_of, saved_draft, sent_through_the_page, token_of, valid_form
from tests.lightly import lightly
from tests.soak import figure, report
from tests.walking import NEVER, World, absent, ask, every_route, names_a_patient, session_of, undone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def light() -> Iterator[None]:
    with lightly():
        yield


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Made once; each test's own transaction is undone inside this one."""
    with django_db_blocker.unblock(), undone():
        yield World()


# T2: by id, on every route


def objects_of_a(world: World) -> Iterator[dict[str, Any]]:
    """What a route's parameters may name, for each request of office A in turn."""
    for case in (world.draft, world.sent, world.asked, world.withdrawable):
        keys = dict.fromkeys(("pk", "object_id"), case.pk)
        files = dict.fromkeys(("file", "file_id"), world.file.pk)
        people = {"person": User.objects.get(pk=world.clerk.user_id).membership.pk, "invitation": world.invitation.pk}
        yield {
            **absent_values(),
            **keys,
            **files,
            **people,
            "entry": world.clinician.pk,
            "reference": case.reference,
            "number": 1,
        }


def absent_values() -> dict[str, Any]:
    return absent(every_route()[0])


def told(response: HttpResponse) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer tells, without what is drawn anew for each."""
    body = re.sub(rb'(csrfmiddlewaretoken" value=")\w+', rb"\1", response.body)
    body = re.sub(rb"\b[0-9a-f]{32}\b", b"request-id", body)
    body = re.sub(rb"(<span data-until>)[^<]+", rb"\1", body)  # when the session ends
    passing = {"Date", "Expires", "Set-Cookie", "Server-Timing"}
    return response.status_code, body, {name: text for name, text in response.headers.items() if name not in passing}


NAMES_AN_OBJECT = {"reference", "pk", "object_id", "entry", "person", "invitation"}
WHO_SEES_NONE = ("clerk of B", "office_admin of B", "payer", "administrator")


def test_every_object_of_another_office_answers_like_one_that_never_was(world, light):
    world.actors["office_admin of B"] = person(Role.OFFICE_ADMIN, world.b)
    different, compared, hidden_ones = [], 0, 0
    _, sent, *_ = objects_of_a(world)
    for who in WHO_SEES_NONE:
        cookie = session_of(world.actors[who])
        for route in every_route():
            if not NAMES_AN_OBJECT & set(route.parameters) or about_people(route.name):
                continue
            for method in ("GET", "POST"):
                never = told(ask(method, route.path(absent_values()), cookie))
                for values in objects_of_a(world) if "of B" in who else [sent]:
                    seen = told(ask(method, route.path(values), cookie))
                    compared += 1
                    hidden_ones += seen[0] == 404
                    if same(seen, values) != same(never, absent_values()):
                        different.append(f"{method} {route.path(values)} as {who}: {seen[0]}, absent {never[0]}")
    assert different == [], "\n".join(different)
    assert compared > 400
    report("T2", f"{compared} answers compared", "each equal to that for an object that never was")
    assert hidden_ones > 60


def same(answer: tuple[int, bytes, dict[str, str]], values: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
    """The answer with the address that was asked for taken out of it: whoever asks knows that already."""
    status, body, headers = answer
    for value in sorted({str(value) for value in values.values()}, key=len, reverse=True):
        body = body.replace(f"/{value}".encode(), b"/asked")
        headers = {name: text.replace(f"/{value}", "/asked") for name, text in headers.items()}
    return status, body, headers


def about_people(name: str) -> bool:
    """Rows that are no office's: accounts, organizations, the trail, the jobs."""
    return name.startswith("admin:") and not name.startswith("admin:priorauth_case")


def test_a_draft_is_hidden_from_the_plan_like_one_that_never_was(world, light):
    cookie = session_of(world.actors["nurse"])
    for route in every_route():
        if not route.name.startswith("admin:priorauth_case_") or not {"pk", "object_id"} & set(route.parameters):
            continue
        keys = dict.fromkeys(("pk", "object_id"), world.draft.pk)
        for method in ("GET", "POST"):
            hidden = ask(method, route.path({**absent_values(), **keys}), cookie)
            never = ask(method, route.path(absent_values()), cookie)
            values = {**absent_values(), **keys}
            assert same(told(hidden), values) == same(told(never), absent_values()), f"{method} {route.name}"


# T3: in every field, choice, filter and body


class Controls(HTMLParser):
    """The names of a page's form controls, and the values that its choices offer."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.values: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("input", "select", "textarea", "button") and found.get("name"):
            self.names.add(found["name"])
        if tag in ("option", "input", "button", "a") and (value := found.get("value") or found.get("href")):
            self.values.add(value)


def ids_of_a(world: World) -> list[str]:
    """Everything by which a row of office A can be named."""
    draft = Draft.objects.unscoped("a test names it").get(case=world.draft)
    case = world.sent
    rows = (case.pk, case.member_id, case.clinician_id, case.facility_id, draft.pk, world.a.pk, world.clerk.user_id)
    return [str(world.file.pk), case.reference, world.draft.reference, str(case.started_with), *map(str, rows)]


def rows_of(office: Organization, tables: Collection[str] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Every tenant row of an office, by model; of these tables alone where some are named."""
    return {
        model.__name__: list(
            model.objects.unscoped("a test compares").filter(**{model.tenant_path: office}).order_by("pk").values()
        )
        for model in tenant_models()
        if tables is None or model._meta.db_table in tables
    }


def written() -> dict[str, int]:
    """How many rows this transaction has written so far, by table, as PostgreSQL counts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


def tenant_models() -> list[type[TenantModel]]:
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def crossings() -> list[str]:
    """The foreign keys that lead from a row of one office to a row of another."""
    with connection.cursor() as cursor:
        cursor.execute(*all_crossings())
        return [name for (name,) in cursor.fetchall()]


@cache
def all_crossings() -> tuple[str, tuple[Any, ...]]:
    """One statement, made once: it is asked after each post."""
    found = []
    for model in tenant_models():
        rows = model.objects.unscoped("a test looks for crossings")
        for field in model._meta.concrete_fields:
            target = field.related_model
            if target and issubclass(target, TenantModel):
                theirs = f"{field.name}__{target.tenant_path}"
                across = rows.filter(**{f"{theirs}__isnull": False}).exclude(**{model.tenant_path: F(theirs)})
                found.append(across.values_list(Value(f"{model.__name__}.{field.name}")))
    first, *others = found
    return first.union(*others, all=True).query.sql_with_params()


@pytest.fixture
def neighbour(world) -> Client:
    """A clerk of office B, with a draft and a question to answer of their own."""
    client = browser(world.actors["clerk of B"])
    client.draft = saved_draft(client)
    client.asked = sent_through_the_page(client)
    score_all(timezone.now())
    client.asked.refresh_from_db()
    held = held_by(world.actors["nurse"], client.asked)
    information.ask(held, by=world.actors["nurse"], at=timezone.now(), question="Which imaging was done?", items=[])
    return client


def pages_with_forms(client: Client) -> dict[str, Callable[[], dict[str, Any]]]:
    """The office's pages that take a post, each with what a person posts there."""
    draft, asked = f"/requests/{client.draft.reference}", f"/requests/{client.asked.reference}"
    case = Case.objects.unscoped("a test posts its version").get(pk=client.asked.pk)
    return {
        "/requests/": lambda: {"sought": "Synthetic"},
        "/requests/new/": lambda: valid_form() | {"action": "save", "token": token_of(client)},
        f"{draft}/edit/": lambda: valid_form() | {"action": "save", "version": draft_of(client.draft).version},
        f"{draft}/edit/check/": lambda: {"version": draft_of(client.draft).version, "statement": "yes"},
        f"{asked}/answer/1/": lambda: (
            valid_form() | {"action": "send", "version": case.version, "note_to_answer": "Here it is."}
        ),
        f"{asked}/copy/": lambda: {"token": str(uuid.uuid4()), "patient": "same"},
        "/office/notices/": lambda: {"notify": "1"},
        f"{asked}/withdraw/": lambda: {"version": case.version, "reason": "Sent twice."},
    }


def test_ids_of_another_office_in_any_field_reach_nothing(world, neighbour):
    before, posts, compared = rows_of(world.a), 0, set()
    for page, payload in pages_with_forms(neighbour).items():
        names = Controls(neighbour.get(page).content.decode()).names | {"imaging-0-attachment", "remove_file", "file"}
        for changes in with_ids(names - {"csrfmiddlewaretoken"}, ids_of_a(world)):
            with undone():
                posted, counted = payload() | changes, written()
                response = neighbour.post(page, posted)
                posts += 1
                touched = {table for table, count in written().items() if count != counted.get(table)}
                now = rows_of(world.a, touched)
                compared |= {*now}
                where = f"{page} {list(changes)[:1]}"
                assert crossings() == [], where
                assert str(world.file.pk) not in json.dumps(list(files_named_by(world.b))), where
                assert not names_a_patient(response.content), where
                assert now == {name: before[name] for name in now}, where
    assert posts > 20
    assert {"Case", "Draft", "Revision"} <= compared, "what a post writes is seen"
    report("T3", f"{posts} posts with ids of another office", "0 of its rows taken, shown or changed")


def with_ids(names: set[str], ids: list[str]) -> Iterator[dict[str, Any]]:
    """Posts with foreign ids: in every field at once, then in each field alone (of these a tenth by default)."""
    for value in ids[:3]:
        yield dict.fromkeys(sorted(names), value)
    alone = [{name: value} for name in sorted(names) for value in ids]
    may_be_ids = [post for post in alone if re.search("attachment|file|token", next(iter(post)))]
    yield from may_be_ids[:: max(1, len(may_be_ids) // figure(len(may_be_ids) or 1))]
    yield from alone[:: max(1, len(alone) // figure(40))]


def files_named_by(office: Organization) -> Iterator[Any]:
    """The parts of what an office sent that name files."""
    revisions = Revision.objects.unscoped("a test reads them").filter(case__office=office)
    for details in revisions.values_list("details", flat=True):
        yield details.get("files"), details.get("studies")


def test_no_choice_or_link_of_a_page_offers_a_row_of_another_office(world, neighbour):
    foreign = {str(world.file.pk), world.sent.reference, world.draft.reference, str(world.sent.started_with)}
    for page in [*pages_with_forms(neighbour), f"/requests/{neighbour.asked.reference}/"]:
        body = neighbour.get(page).content
        assert [word for word in foreign if word.encode() in body] == [], page
        assert not names_a_patient(body)


def parameters() -> list[str]:
    """Query parameters that some framework or library reads, and lookups for every field of a case."""
    known = "show page sought q search o ordering order_by expand include fields cursor limit offset format office view"
    fields = [field.name for field in Case._meta.concrete_fields]
    lookups = [f"{name}{suffix}" for name in fields for suffix in ("", "__in", "__exact")]
    deeper = ["office__id", "member__last_name__startswith", "draft__id", "id__gte", "pk", "all", "limit", "status"]
    return [*known.split(), *lookups, *deeper]


def asked_with(value: Any) -> Iterator[dict[str, Any]]:
    """All parameters at once, then each alone (a tenth of them by default, the known ones always)."""
    names = parameters()
    yield dict.fromkeys(names, value)
    yield from ({name: value} for name in [*names[:18], *names[18 :: max(1, len(names) // figure(len(names)))]])


@pytest.mark.parametrize("place", ["/requests/", REQUESTS])
def test_no_filter_or_ordering_of_a_list_brings_a_row_of_another_office(world, neighbour, light, place):
    cookie = session_of(world.actors["clerk of B"])
    for value, twin in (
        (world.sent.reference, NEVER),
        (world.file.pk, uuid.UUID(int=7)),
        ("Quillfeather", "Nobodyatall"),
    ):
        for query, twins in zip(asked_with(value), asked_with(twin), strict=True):
            found, none = (ask("GET", f"{place}?{urlencode(part)}", cookie) for part in (query, twins))
            assert found.status_code == none.status_code < 500, query
            assert same_page(found, value) == same_page(none, twin), query


def same_page(response: HttpResponse, value: Any) -> bytes:
    return told(response)[1].replace(str(value).encode(), b"asked")


def test_no_filter_of_the_queue_brings_a_draft(world, light):
    cookie, queue = session_of(world.actors["nurse"]), reverse("admin:priorauth_case_changelist")
    for query, twins in zip(asked_with(world.draft.reference), asked_with(NEVER), strict=True):
        found, none = (ask("GET", f"{queue}?{urlencode(part)}", cookie) for part in (query, twins))
        assert found.status_code == none.status_code, query
        assert same_page(found, world.draft.reference) == same_page(none, NEVER), query


@pytest.mark.parametrize("lookup", ["member__last_name", "member__last_name__startswith", "member__birth_date__year"])
def test_an_address_is_no_query_language_over_patients(world, lookup):
    queue = reverse("admin:priorauth_case_changelist")
    answer = ask("GET", f"{queue}?{lookup}=1948", session_of(world.actors["nurse"]))
    assert answer.status_code in (302, 400)


def test_the_api_takes_no_row_of_another_office(world):
    program, before = office_program("Bay Pain Clinic"), rows_of(world.a)
    for part in ("facts", "details", "member", "clinician", "facility"):
        for name in ("id", "office", "case", "member", "file", "attachment", "files"):
            body = new_request()
            body[part] = {**body[part], name: ids_of_a(world)[0]}
            response = program.send(REQUESTS, body)
            assert response.status_code in (201, 400, 422), f"{part}.{name}: {response.status_code}"
            assert not names_a_patient(response.content)
    for address in (f"{REQUESTS}/{world.sent.reference}", f"{REQUESTS}/{world.draft.reference}"):
        assert program.get(address).status_code == 404
    assert rows_of(world.a) == before
    assert crossings() == []


# T7: nothing but what is asked for

HOSTILE = {
    "status": "approved",
    "decided_at": "2026-01-01",
    "determination": "meets",
    "score": "100",
    "role": "administrator",
    "is_superuser": "on",
    "is_staff": "on",
    "is_active": "on",
    "is_machine": "on",
    "regime": "none",
    "scan": "clean",
    "received_at": "2026-01-01",
    "due_at": "2030-01-01",
}


def every_field() -> dict[str, str]:
    """A value for every column of every model, and for the usual names of relations."""
    models = [model for model in apps.get_models() if model._meta.app_label in ("priorauth", "auth")]
    names = {name for model in models for f in model._meta.concrete_fields for name in (f.name, f.attname)}
    return {name: HOSTILE.get(name, "1") for name in sorted(names)}


def everything() -> str:
    """Every row of the portal as text, but for keys, times and what is drawn at random."""
    passing = {"id", "pk", "reference", "started_with", "request_id", "hash", "previous", "change_digest", "digest"}
    passing |= {"last_login", "password", "stream", "entities", "token", "prefix", "sealed", "run_after", "dedupe_key"}
    passing |= {"authorization_number", "content"}  # a letter's content holds the number, and the minute
    rows = {}
    for model in apps.get_models():
        if model._meta.app_label != "priorauth" or model.__name__ == "ApiKey":
            continue
        manager = model.objects.unscoped("a test compares") if issubclass(model, TenantModel) else model.objects.all()
        rows[model.__name__] = [
            {
                name: value
                for name, value in row.items()
                if name not in passing and not name.endswith(("_at", "_id", "_until"))
            }
            for row in manager.order_by("pk").values()
        ]
    text = json.dumps(rows, default=str, sort_keys=True)
    return re.sub(r"PA-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}|\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9a-f]{32,64}", "*", text)


def outcome(post: Callable[[dict[str, Any]], HttpResponse], payload: dict[str, Any]) -> tuple[int, str]:
    with undone():
        response = post(payload)
        return response.status_code, everything()


OFFICE_FORMS = (
    ("/office/clinicians/new/", {"npi": "1205804119", "name": "A. Rivera MD", "specialty": "", "phone": ""}),
    ("/office/facilities/new/", {"npi": "1316905227", "name": "Bay Surgery"}),
    ("/office/people/invite/", {"email": "new.colleague@example.test", "role": "clerk"}),
)


def forms(world: World, neighbour: Client) -> Iterator[tuple[str, Client, str, dict[str, Any]]]:
    """Every form of the portal that changes rows: whose it is, where, and what a person posts."""
    for page, payload in pages_with_forms(neighbour).items():
        yield page, neighbour, page, payload()
    nurse, physician, lead = (browser(world.actors[who]) for who in ("nurse", "physician", "lead"))
    for slug, client, who in (
        ("claim", lead, None),
        ("approve", nurse, "nurse"),
        ("ask", nurse, "nurse"),
        ("escalate", nurse, "nurse"),
        ("release", nurse, "nurse"),
        ("not-approve", physician, "physician"),
    ):
        case = world.held[who]["act"] if who else world.withdrawable
        yield slug, client, act(case, slug), typed(slug, case)
    case = world.held["nurse"]["clock"]
    yield "extend", nurse, act(case, "extend"), typed("extend", case)
    case = world.held["physician"]["clock"]
    yield "downgrade", physician, act(case, "downgrade"), typed("downgrade", case)
    case = world.held["nurse"]["close"]
    yield "close", nurse, act(case, "close"), typed("close", case)
    yield from (("office", browser(person(Role.OFFICE_ADMIN, world.b)), *form) for form in OFFICE_FORMS)
    administrator = browser(world.actors["administrator"])
    for model, values in {
        "organization": {"kind": "office", "name": "Third Office", "npi": "1234567893"},
        "user": {"email": "new@example.test", "first_name": "New", "last_name": "Person"},
    }.items():
        yield model, administrator, reverse(f"admin:priorauth_{model}_add"), values
    person_of_b = User.objects.get(pk=world.actors["clerk of B"].user_id)
    change = reverse("admin:priorauth_user_change", args=[person_of_b.pk])
    yield "user change", administrator, change, {"email": "renamed@example.test", "first_name": "R", "last_name": "N"}


def test_no_form_takes_a_field_that_it_does_not_ask_for(world, neighbour):
    checked = []
    for name, client, page, payload in forms(world, neighbour):
        controls = Controls(client.get(page).content.decode()).names
        asked = controls | set(payload) | {"action", "add", "remove", "remove_file", "note"}
        extra = {field: value for field, value in every_field().items() if field not in asked}
        assert len(extra) > 60
        plain = outcome(lambda data, c=client, p=page: c.post(p, data), payload)
        stuffed = outcome(lambda data, c=client, p=page: c.post(p, data), {**extra, **payload})
        assert without_typed(stuffed, extra) == without_typed(plain, extra), name
        checked.append(name)
    assert len(checked) >= 15


def without_typed(found: tuple[int, str], extra: dict[str, str]) -> tuple[int, str]:
    """A draft keeps what was typed under names that the form may use; they are read by nobody else."""
    rows = json.loads(found[1])
    for row in rows["Draft"]:
        row["fields"] = {name: value for name, value in row["fields"].items() if name not in extra}
        for step in row["replaced"]:
            step["was"] = {name: value for name, value in step["was"].items() if name not in extra}
    for row in rows["Revision"]:
        kept = row["details"].get("form") or {}
        row["details"]["form"] = {name: value for name, value in kept.items() if name not in extra}
    return found[0], json.dumps(rows, sort_keys=True)


def test_the_api_takes_no_field_that_its_document_does_not_name(world):
    program, body = office_program("Bay Pain Clinic"), new_request()
    extra = {name: value for name, value in every_field().items() if name not in body}
    before = everything()
    names = sorted(extra)
    for start in range(0, len(names), MOST_ERRORS):
        some = names[start : start + MOST_ERRORS]
        response = program.send(REQUESTS, {**body, **{name: extra[name] for name in some}})
        assert response.status_code == 422
        assert {error["path"] for error in response.json()["errors"]} == set(some)
    for part in ("facts", "details", "member", "clinician", "facility"):
        known = {*body[part], "npi", "specialty", "phone", "policy", "case_id"}
        inner = {name: value for name, value in every_field().items() if name not in known}
        response = program.send(REQUESTS, {**body, part: {**body[part], **inner}})
        assert response.status_code == 422, part
    assert everything() == before
