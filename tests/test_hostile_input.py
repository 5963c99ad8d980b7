"""Texts and dates that no honest form holds, in every field of every form: a sentence at the field, never a fault, and
never a score from nonsense (B11)."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django import forms
from django.contrib.admin.utils import flatten
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.web import fields, parts, ticks
from portal.web.rows import GROUPS
from priorauth.admin import site
from priorauth.admin.ask_form import TIME_FORMATS, Instant
from priorauth.models import Case, Organization
from priorauth.roles import Role
from tests.admin_helpers import act, held_by, in_review, ready, ready_to_refuse, signed_in, typed, with_physician
from tests.cases import draft_case, person
from tests.factories import browser, day, draft_of, post_edit, saved_draft, sent_through_the_page, valid_form
from tests.soak import SOAK

pytestmark = pytest.mark.django_db

NONSENSE = {
    "year 1": "0001-01-01",
    "the last day of time": "9999-12-31",
    "February 29 of 2027": "2/29/2027",
    "day 0": "0/0/0000",
    "month 13": "13/13/2026",
    "a negative date": "-1/-1/-2026",
    "ten to the thirtieth": "1" + "0" * 30,
    "with an exponent": "1e30",
    "no number": "NaN",
    "infinity": "-Infinity",
    "hexadecimal": "0x1F",
    "full-width digits": "\uff11\uff12",
    "Arabic digits": "\u0661\u0662",
    "a superscript": "\u00b2",
    "combining marks": "e" + "\u0301" * 500,
    "right to left": "\u202e\u05d0\u05d1\u2066",
    "10,000 letters": "x" * 10_000,
    "10,000 digits": "9" * 10_000,
    "a null": "a\x00b",
    "half a character": "\ud800",
    "markup": "<script>alert(1)</script>",
    "a template": "{{ 7|add:7 }}{% now %}",
    "a quotation mark": "' OR 1=1 --",
    "a formula": "=HYPERLINK(1)",
    "lines": "a\r\nb\nc",
    "an emoji": "\U0001f9b4" * 40,
}
# Texts for whole pages by default; `make soak` sends all of them to every page.
CORE = {
    name: text
    for name, text in NONSENSE.items()
    if SOAK or name in ("the last day of time", "10,000 letters", "a null", "half a character")
}
# Kinds of question that take almost any text; all others must refuse all of the above.
FREE = (fields.Text,)
BAD_WORDS = re.compile(r"\b(in)?valid (choice|date|value|input|format|email)|Ensure this|\binvalid\b", re.IGNORECASE)


FORM = "application/x-www-form-urlencoded"


def body(given: dict[str, Any]) -> str:
    """The fields as a careless program would send them: half characters too."""
    pairs = [(name, text) for name, value in given.items() for text in (value if isinstance(value, list) else [value])]
    return urlencode([(name, str(text).encode("utf-8", "surrogatepass")) for name, text in pairs])


def by_value(values: dict[str, str] = NONSENSE) -> Any:
    return pytest.mark.parametrize("text", values.values(), ids=values)


def questions() -> Iterator[tuple[str, forms.Field]]:
    """Every question of the office's form, by the name of its part and its own."""
    for part in (part for part in vars(parts).values() if isinstance(part, type) and issubclass(part, parts.Part)):
        yield from ((f"{part.__name__}.{name}", field) for name, field in part.base_fields.items())


def names_of_the_form() -> list[str]:
    """The name of every input of the office's form, with one row of each group."""
    rows = {"LinePart": "lines", "LevelPart": "levels", "ExamPart": "levels", "StudyPart": "imaging"}
    rows["TreatmentPart"] = "treatments"
    names = []
    for name, _ in questions():
        part, field = name.split(".")
        names.append(f"{rows[part]}-0-{field}" if part in rows else field)
    return [*names, "imaging-0-findings-0", *(f"{group}-count" for group in GROUPS)]


def test_every_question_is_asked_about():
    assert len(list(questions())) >= 70
    assert {"birth_date", "levels-0-onset", "imaging-0-date", "treatments-0-duration"} <= set(names_of_the_form())


@by_value()
def test_each_question_says_what_would_be_right_or_takes_a_text_as_a_text(text):
    text = text.replace("\x00", "")  # the form never lets it in (portal.web.rows)
    for name, field in questions():
        field.today = timezone.localdate()
        try:
            answer = field.clean([text] if isinstance(field, ticks.Ticks) else text)
        except forms.ValidationError as error:
            words = " ".join(error.messages)
            assert len(words) > 15, name
            assert not BAD_WORDS.search(words), f"{name}: {words}"
        else:
            if isinstance(field, fields.MemberId):
                assert re.fullmatch("[A-Z0-9]{6,20}", answer)
                continue
            assert isinstance(field, FREE), f"{name} took {text[:30]!a} as {answer!a}"
            assert answer == text.strip()
            assert len(answer) <= field.most


@by_value(CORE)
def test_a_form_full_of_nonsense_is_kept_shown_and_never_sent(text):
    client = browser(person(Role.CLERK))
    case = draft_case(person(Role.CLERK))
    nonsense = dict.fromkeys(names_of_the_form(), text) | {"action": "check", "version": 1}
    response = client.post(f"/requests/{case.reference}/edit/", body(nonsense), content_type=FORM)
    assert response.status_code == 302
    shown = client.get(response["Location"])
    assert shown.status_code == 200
    assert len(shown.context["form"].problems) > 20
    sent = client.post(
        f"/requests/{case.reference}/edit/check/", {"version": draft_of(case).version, "statement": "yes"}
    )
    assert sent.status_code == 302
    case.refresh_from_db()
    assert case.status == "draft"
    assert client.get("/requests/").status_code == 200


@pytest.mark.parametrize("button", [{"remove": "treatments-77"}, {"copy": "levels-88"}])
def test_a_button_for_a_row_that_the_page_has_not_takes_nothing_away(button):
    client = browser(person(Role.CLERK))
    case = saved_draft(client)
    before = draft_of(case).fields
    assert post_edit(client, case, valid_form(**button)).status_code == 302
    assert draft_of(case).fields == before


@pytest.mark.parametrize("text", ["3/14/2027 2:30 AM", "11/7/2027 1:30 AM"])
def test_an_hour_in_which_the_clocks_are_set_is_told_in_plain_words(text):
    with pytest.raises(forms.ValidationError, match="The clocks are set in that hour"):
        Instant(input_formats=TIME_FORMATS).clean(text)


def years_ago(years: int) -> str:
    today = timezone.localdate()
    return f"{today.month}/1/{today.year - years}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"levels-0-onset": day(-1)}, "must be today"),
        ({"levels-0-onset": day(-400)}, "must be today"),
        ({"birth_date": day(-1)}, "must be today"),
        ({"birth_date": years_ago(131)}, "Give a year from 1900"),
        ({"birth_date": "2/29/1949"}, "February 1949 has 28 days"),
        ({"imaging-0-date": day(-3)}, "must be today"),
        ({"pain_date": "9999-12-31"}, "Give a year from 1900 to 2100"),
        ({"service_date": "0001-01-01"}, "Give a year from 1900 to 2100"),
        (
            {"treatments-0-start": day(10), "treatments-0-end": day(20), "treatments-0-ongoing": "no"},
            "on or after its start",
        ),
        ({"admit_date": day(10), "discharge_date": day(20), "hospital": "inpatient"}, "on or after the admission"),
        ({"stated_weeks": "1" + "0" * 30}, "must be a number from 0 to 520"),
        ({"stated_weeks": "NaN"}, "must be a number from 0 to 520"),
        ({"t_score": "-\uff12.\uff15"}, "must be a number from -10 to 10"),
        ({"pain_score": "\u0668"}, "whole number from 0 to 10"),
        ({"treatments-0-duration": "-1"}, "whole number from 0 to 9,999"),
        ({"lines-0-units": "1e1"}, "whole number from 1 to 10"),
    ],
    ids=str,
)
def test_one_date_or_number_out_of_place_stops_the_sending_with_its_sentence(changes, words):
    client = browser(person(Role.CLERK))
    case = saved_draft(client, **changes)
    page = client.get(f"/requests/{case.reference}/edit/?problems=all")
    messages = [problem.message for problem in page.context["form"].problems]
    assert any(words in message for message in messages), messages
    client.post(f"/requests/{case.reference}/edit/check/", {"version": draft_of(case).version, "statement": "yes"})
    case.refresh_from_db()
    assert (case.status, case.determination) == ("draft", "")


# The other forms: those of the admin, the payer, the accounts, and the office's small ones


@dataclass(frozen=True)
class Page:
    """A form at an address: who fills it, with what, and how it is sent."""

    client: Client
    address: str
    fields: dict[str, Any]
    case: Case | None = None
    get: bool = False

    def send(self, **changes: Any) -> HttpResponse:
        query = body({name: value for name, value in {**self.fields, **changes}.items() if value is not None})
        if self.get:
            return self.client.get(f"{self.address}?{query}")
        return self.client.post(self.address, query, content_type=FORM)


def forms_in(response: HttpResponse) -> list[forms.BaseForm]:
    contexts = flatten([list(context) for context in response.context or []]) if response.context else []
    found = [value for context in contexts for value in context.values()]
    found += [value.form for value in found if hasattr(value, "form")]
    return [value for value in found if isinstance(value, forms.BaseForm)]


def act_pages() -> Iterator[Page]:
    for slug in ("approve", "ask", "escalate", "close"):
        nurse, client = signed_in(Role.NURSE)
        case = ready(nurse, in_review())
        yield Page(client, act(case, slug), typed(slug, case), case)
    physician, client = signed_in(Role.PHYSICIAN)
    case = ready_to_refuse(physician, with_physician(in_review("B07")))
    yield Page(client, act(case, "not-approve"), typed("not-approve", case), case)


def admin_pages() -> Iterator[Page]:
    _, nurse = signed_in(Role.NURSE)
    yield Page(nurse, reverse("admin:priorauth_case_find"), {"text": "Synthetic"})
    _, administrator = signed_in(Role.ADMINISTRATOR)
    for model in site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        page = administrator.get(address)
        if page.status_code == 200:
            names = {name for form in forms_in(page) for name in form.fields}
            yield Page(administrator, address, dict.fromkeys(names, "1"))


def other_pages() -> Iterator[Page]:
    _, payer = signed_in(Role.PAYER)
    period = {"first": "9/1/2026", "last": "9/30/2026"}
    yield Page(payer, "/payer/exports/", period | {"status": None, "product": None}, get=True)
    yield Page(payer, "/payer/exports/download/", period | {"status": None, "product": None, "format": None})
    clerk = browser(person(Role.CLERK))
    case = sent_through_the_page(clerk)
    version = {"version": str(case.version)}
    yield Page(clerk, f"/requests/{case.reference}/withdraw/", version | {"reason": "Not needed."})
    yield Page(clerk, "/requests/", {"sought": "Synthetic"})
    yield Page(
        clerk, "/account/", dict.fromkeys(("old_password", "new_password", "new_password1", "new_password2"), "x")
    )
    yield Page(Client(), "/sign-in/", {"username": "a@example.test", "password": "x", "next": "/"})


def queries() -> Iterator[Page]:
    """What stands in an address: lists, filters, pages."""
    for role, names in {Role.LEAD: ("case", "job"), Role.AUDITOR: ("auditevent", "case")}.items():
        _, client = signed_in(role)
        for name in names:
            known = ("q", "p", "o", "view", "state", "status", "urgency", "product", "office", "from", "to", "all", "e")
            yield Page(client, f"/admin/priorauth/{name}/", dict.fromkeys(known), get=True)
    yield Page(browser(person(Role.CLERK)), "/requests/", {"show": None, "page": None}, get=True)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


KINDS = {"acts": act_pages, "admin": admin_pages, "others": other_pages, "queries": queries}


@pytest.mark.parametrize("kind", KINDS)
def test_every_other_form_answers_nonsense_with_a_page_and_clear_words(kind):
    """Each field alone and all at once; what is taken is taken as the text that it is."""
    asked = 0
    for page in KINDS[kind]():
        shown = page.client.get(page.address)
        assert shown.status_code < 500
        names = set(page.fields) | {name for form in forms_in(shown) for name in form.fields}
        for name, text in CORE.items():
            for chosen in ([name] for name in sorted(names)) if SOAK or name in ALONE else [sorted(names)]:
                with undone():
                    response = page.send(**dict.fromkeys(chosen, text))
                    told = f"{page.address} {chosen} {text[:20]!a}"
                    assert response.status_code < 500, told
                    for form in forms_in(response):
                        for message in flatten([list(errors) for errors in form.errors.values()]):
                            assert not BAD_WORDS.search(message), f"{told}: {message}"
                asked += 1
    assert asked >= 16


ALONE = ("a null",)


@pytest.mark.parametrize("text", ["-1", "101", "x"])
def test_a_number_out_of_its_range_is_told_in_our_words(text):
    for limits in ({"min_value": 0, "max_value": 100}, {"min_value": 0.0, "max_value": 100.0}):
        with pytest.raises(forms.ValidationError) as refused:
            forms.IntegerField(**limits).clean(text)
        assert not BAD_WORDS.search(refused.value.messages[0])
        assert re.match("Write a (whole )?number", refused.value.messages[0])


def test_numbers_without_end_and_addresses_that_grow_are_no_fault():
    """A capital dotted I is two small characters; Python reads no number of 5,000 digits and knows no year 10,000."""
    assert signed_in(Role.PAYER)[1].get("/payer/letters/", {"day": "9999-12-31"}).status_code == 200
    admin = browser(person(Role.OFFICE_ADMIN))
    assert admin.post("/office/notices/", {"notify": ["9" * 5000, "9" * 18]}).status_code == 302
    for email in ("\u0130" * 130 + "@example.test", "a" * 260 + "@example.test"):
        page = admin.post("/office/people/invite/", {"email": email, "role": "clerk"})
        assert (page.status_code, "like name@example.org" in page.content.decode()) == (400, True)
        _, administrator = signed_in(Role.ADMINISTRATOR)
        where = {"organization": Organization.objects.get(kind="office").pk, "role": "clerk"}
        page = administrator.post(reverse("admin:priorauth_invitation_add"), {"email": email, **where})
        assert page.status_code == 200
        assert forms_in(page)[0].errors


@by_value({name: text for name, text in NONSENSE.items() if SOAK or name in list(NONSENSE)[:3]})
def test_no_decision_comes_of_a_date_that_is_none(text):
    nurse, client = signed_in(Role.NURSE)
    case = ready(nurse, in_review())
    for name in ("valid_from", "valid_to"):
        response = client.post(act(case, "approve"), body(typed("approve", case, **{name: text})), content_type=FORM)
        assert response.status_code in (200, 400), name
        case.refresh_from_db()
        assert case.status == "in_review"


def test_an_answer_full_of_nonsense_is_kept_and_not_sent():
    nurse, reviewer = signed_in(Role.NURSE)
    clerk = browser(person(Role.CLERK))
    case = held_by(nurse, in_review())
    reviewer.post(act(case, "ask"), typed("ask", case))
    case.refresh_from_db()
    for text in CORE.values():
        nonsense = dict.fromkeys([*names_of_the_form(), "note_to_answer"], text)
        nonsense |= {"action": "send", "version": case.version}
        response = clerk.post(f"/requests/{case.reference}/answer/1/", body(nonsense), content_type=FORM)
        assert response.status_code == 200
        case.refresh_from_db()
        assert case.status == "information_needed"


def test_the_whole_form_is_sound_without_the_nonsense():
    """Else the refusals above would prove nothing."""
    client = browser(person(Role.CLERK))
    case = saved_draft(client, **valid_form())
    client.post(f"/requests/{case.reference}/edit/check/", {"version": draft_of(case).version, "statement": "yes"})
    case.refresh_from_db()
    assert case.status == "received"
    assert dt.timedelta(0) <= timezone.now() - case.received_at < dt.timedelta(minutes=5)
