"""Every form of every page that an office has, found by walking the routes and reading the pages: nonsense, too many
rows, foreign ids, twice, half and out of order. Refused at the field or 404; nothing is stored by halves (issue 5)."""

import json
import logging
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.conf import settings

from portal.permissions import MATRIX
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from priorauth.statuses import TRANSITIONS, Act
from priorauth.tenancy import TenantModel
from tests.factories import browser, draft_of, report, saved_draft, sent_through_the_page, valid_form
from tests.forms_in_pages import Form, forms_of
from tests.soak import SOAK
from tests.test_hostile_input import BAD_WORDS, CORE, FORM, NONSENSE, body
from tests.walking import World, every_route, undone

CODE_NAME = re.compile(r"\b[a-z]+_[a-z_]+\b")
TAGS = re.compile(r"<(script|style|textarea|select|option)\b.*?</\1>|<[^>]*>", re.DOTALL)
WITHOUT_A_PAGE = {"sign-in", "sign-out", "session", "sign-out-everywhere", "kept", "invitation"}
# The form of the list's file stands on the list; one form saves itself as `request-edit` does; one sends files alone;
# one asks about doubts, which these answers raise none of.
WITHOUT_A_PAGE |= {"requests-file", "request-missing", "request-upload", "request-amend-file", "request-doubts"}
WITHOUT_A_PAGE |= {"request-amend-versions"}  # only two versions bring it (test_corrections.py)
BEGIN_A_DRAFT = {"request-new", "request-copy"}
CHOSEN = {"clinician": ["other"], "facility": ["other"]}  # what a save notes where the office keeps lists
ELSEWHERE = {"/account/sign-out-everywhere/"}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    with django_db_blocker.unblock(), undone():
        yield World()


@pytest.fixture(scope="module")
def client(world, django_db_blocker):
    with django_db_blocker.unblock():
        return browser(world.clerk)


@pytest.fixture(scope="module")
def forms(world, client, django_db_blocker) -> list[tuple[str, str, Form]]:
    with django_db_blocker.unblock(), undone():
        return forms_of_pages(world, client)


def forms_of_pages(world, client):
    """The name of its route, where it is sent, and the form, with what the page filled in and its last button."""
    found = []
    for route in every_route():
        row = MATRIX.get(route.name)
        if row is None or row.scopes or Role.CLERK not in row.allowed.get("POST", ()) or route.name in WITHOUT_A_PAGE:
            continue
        path = route.path(world.values(route, "clerk of A"))
        page = page_with_the_form(client, route.name, path)
        posting = [form for form in forms_of(page) if form.method == "post" and form.action not in ELSEWHERE]
        assert posting, f"{route.name}: no form on {path}; say in WITHOUT_A_PAGE why, or give it an object in World"
        for form in posting:
            form.fields |= {name: [value] for name, value in form.buttons[-1:]}
            found.append((route.name, form.action or path, form))
    return found


def page_with_the_form(client, name, path):
    if name == "request-versions":
        return stale_save(client, path)
    return client.get(path.removesuffix("message/") if name == "request-message" else path)


def stale_save(client, path):
    """The page with two versions, which only a post brings."""
    stale = valid_form(first_name="Mine") | {"version": "1", "action": "save"}
    return client.post(path.replace("versions/", ""), stale)


def names_of(form: Form) -> list[str]:
    return sorted({*form.kinds, *form.fields} - {"csrfmiddlewaretoken"})


def sent(client, where, fields):
    answer = client.post(where, body(fields), content_type=FORM)
    assert not answer.headers.get("Location", "").startswith("/sign-in/"), f"{where}: signed out"
    return answer


def rows(drafts=True) -> str:
    """Every row of every office as text; without what a draft says, which may be anything."""
    models = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    found = {
        model.__name__: list(model.objects.unscoped("a test compares").order_by("pk").values()) for model in models
    }
    if not drafts:
        del found["AnswerDraft"]
        found["Draft"] = [row for row in found["Draft"] if row["corrects"] is None]
    for row in [] if drafts else found["Draft"]:
        for name in ("fields", "record", "replaced", "version", "saved_at", "saved_by_id"):
            row[name] = None
    for row in [] if drafts else found["Case"]:
        row["updated_at"] = None
    return json.dumps(found, default=str, sort_keys=True)


def words_of(page) -> str:
    """What a person reads on a page, but for what they typed themselves."""
    return unescape(TAGS.sub(" ", page.content.decode()))


def acts(since: int) -> list[str]:
    """The acts on cases that the trail holds since an event."""
    events = AuditEvent.objects.filter(pk__gt=since).order_by("pk").values_list("action", flat=True)
    return [action for action in events if action in set(Act)]


def latest() -> int:
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True)[0]


pytestmark = pytest.mark.django_db


def test_the_walk_finds_the_forms_of_the_office(forms):
    assert {name for name, _, _ in forms} >= {
        *("requests", "request-new", "request-edit", "request-check", "request-versions"),
        *("request-answer", "request-withdraw", "account"),
    }
    assert max(len(names_of(form)) for _, _, form in forms) > 60


@pytest.mark.parametrize("text", CORE.values(), ids=CORE)
def test_nonsense_in_every_field_is_told_in_words_and_stores_nothing_but_a_draft(forms, client, text):
    before = rows(drafts=False)
    for name, where, form in forms:
        with undone():
            answer = sent(client, where, dict.fromkeys(names_of(form), text))
            told = f"{name}: {text[:20]!a}"
            assert answer.status_code < 500, told
            if name in BEGIN_A_DRAFT:  # with anything
                continue
            assert rows(drafts=False) == before, told
            page = client.get(answer["Location"]) if answer.status_code == 302 else answer
            said = words_of(page).replace(text, "")
            assert not BAD_WORDS.search(said), f"{told}: {BAD_WORDS.search(said)}"
            assert not CODE_NAME.search(said), f"{told}: {CODE_NAME.search(said)}"


def test_nonsense_in_one_typed_field_alone_is_told_or_taken_as_the_text_that_it_is(forms, client):
    """Each field once by default, with texts in turn; `make soak` sends all of them."""
    texts, asked = list(NONSENSE.values()), 0
    for name, where, form in forms:
        alone = form.typed if SOAK or len(form.typed) < 12 else form.typed[::6]
        for number, field in enumerate(alone):
            for text in texts if SOAK else [texts[(7 * number) % len(texts)]]:
                with undone():
                    answer = sent(client, where, form.fields | {field: [text]})
                    assert answer.status_code < 500, f"{name}.{field}: {text[:20]!a}"
                    if answer.status_code == 200:
                        assert not BAD_WORDS.search(words_of(answer).replace(text, "")), f"{name}.{field}"
                asked += 1
    assert asked > 20


@pytest.mark.parametrize("number", [10_000, 5_000])
def test_thousands_of_rows_posted_raw_are_refused_or_cut_to_the_limit(forms, client, world, number):
    """10,000 are more fields than any form of ours has; of 5,000 nothing beyond what the form can show is kept."""
    before = rows(drafts=False)
    for name, where, form in forms:
        many = {f"{group}-{index}-name": ["x"] for group in ("levels", "treatments") for index in range(number // 2)}
        counts = {f"{group}-count": [str(number)] for group in ("lines", "levels", "imaging", "treatments")}
        with undone():
            answer = sent(client, where, form.fields | many | counts)
            if number > settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
                assert answer.status_code == 400, name
                assert rows(drafts=False) == before, name
            assert answer.status_code < 500, name
            if name == "request-edit" and answer.status_code == 302:
                kept = draft_of(world.draft).fields
                assert len(kept) < 400
                assert len(client.get(where).context["form"].treatments) <= 40


def test_ids_of_another_office_in_every_field_reach_nothing(forms, client, world):
    """Those of office B, in all fields at once and in each that may hold an id."""
    other = browser(world.actors["clerk of B"])
    own = {name: f"Only of Bay, {name[:8]}" for name in ("clinician_name", "contact_name")}
    paper = {"imaging-0-file": report("only-of-bay.pdf")}
    draft, case = saved_draft(other, **own), sent_through_the_page(other, **own, **paper)
    file = case.attachments.get()
    ids = [str(file.pk), case.reference, str(case.pk), str(draft.pk), str(case.started_with), str(case.member_id)]
    theirs = rows_of_office(world.b.pk)
    may_hold = re.compile(r"attachment|file|token|version|put_back|discard|replaced|_id$|member$|clinician$|facility$")
    for name, where, form in forms:
        posts = [dict.fromkeys([*names_of(form), "remove_file", "imaging-0-attachment"], value) for value in ids[:3]]
        posts += [form.fields | {field: [value]} for field in names_of(form) if may_hold.search(field) for value in ids]
        for fields in posts if SOAK else [*posts[:1], *posts[3::4]]:
            with undone():
                answer = sent(client, where, fields)
                assert answer.status_code < 500, name
                assert file.name not in answer.content.decode(), name
                assert rows_of_office(world.b.pk) == theirs, name


def rows_of_office(office: int) -> str:
    models = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    found = {
        model.__name__: list(
            model.objects.unscoped("a test compares").filter(**{model.tenant_path: office}).order_by("pk").values()
        )
        for model in models
    }
    return json.dumps(found, default=str, sort_keys=True)


def test_a_form_sent_twice_does_its_act_once(forms, client):
    for name, where, form in forms:
        with undone():
            start, fields = latest(), form.fields | {"reason": ["Sent twice."], "statement": ["yes"]}
            first = sent(client, where, fields)
            done, stands = acts(start), rows(drafts=False)
            again = sent(client, where, fields)
            assert max(first.status_code, again.status_code) < 500, name
            assert len(done) <= 1, name
            assert acts(start) == done, name
            assert rows(drafts=False) == stands, name


def test_half_a_form_acts_on_nothing_that_it_does_not_say(forms, client):
    """Without its second half, without its version or token, and without anything."""
    before, start = rows(drafts=False), latest()
    for name, where, form in forms:
        names = names_of(form)
        halves = ([*names[: len(names) // 2]], [*names[len(names) // 2 :]], [n for n in names if n != "version"], [])
        for half in halves:
            with undone():
                answer = sent(client, where, {field: form.fields.get(field, []) for field in half})
                assert answer.status_code < 500, f"{name}: {half[:3]}"
                if name not in BEGIN_A_DRAFT and "statement" not in half:
                    assert acts(start) == [], f"{name}: {half[:3]}"
                    assert rows(drafts=False) == before, f"{name}: {half[:3]}"


def test_a_form_out_of_order_acts_only_where_its_request_allows_it(world, client, forms):
    """Each form posted to a request in each state, with the version that stands there and with the one before."""
    tails = {name: where.split("/", 3)[3] for name, where, _ in forms if "/PA-" in where}
    fields = {name: form.fields for name, _, form in forms}
    assert len(tails) >= 5
    tried = 0
    for case in (world.draft, world.sent, world.asked, world.withdrawable):
        for name, tail in tails.items():
            for back in (0, 1):
                with undone():
                    now = Case.objects.unscoped("a test reads it").get(pk=case.pk)
                    of_draft = now.status == "draft" and name != "request-withdraw"
                    version = draft_of(now).version if of_draft else now.version
                    start, filled = latest(), {"reason": ["A reason."], "statement": ["yes"]}
                    posted = fields[name] | filled | {"version": [str(version - back)]}
                    answer = sent(client, f"/requests/{now.reference}/{tail}", posted)
                    told = f"{name} of a request that is {now.status}, {back} back"
                    assert answer.status_code in (200, 302, 400, 404, 409), told
                    for act in set(acts(start)) - {Act.CREATE}:  # a copy begins a draft of its own
                        assert now.status in TRANSITIONS[Act(act)].sources, told
                        assert not back, f"{told}: {act}"
                    tried += 1
    assert tried >= 40


def test_the_fields_of_a_form_may_come_in_any_order(world, client):
    fields = [(name, text) for name, texts in draft_of(world.draft).fields.items() for text in texts]
    fields += [("version", str(draft_of(world.draft).version)), ("action", "save")]
    with undone():
        before = draft_of(world.draft).fields
        answer = client.post(f"/requests/{world.draft.reference}/edit/", urlencode(fields[::-1]), content_type=FORM)
        assert answer.status_code == 302
        assert draft_of(world.draft).fields == before | CHOSEN
