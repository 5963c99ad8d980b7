"""Bad input: each gets a message at its field that says what would be right, and everything typed is kept."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.web import rows
from tests.factories import browser, clerk, day, draft_of, level_row, post_edit, saved_draft, treatment_row, valid_form

pytestmark = pytest.mark.django_db

LONG = "x" * 10_000
TWO_LEVELS = {"levels-count": "2", **level_row(1, "L2")}

WRONG = [
    ("member_id", "AB1", "6 to 20 letters and digits"),
    ("member_id", LONG, "6 to 20 letters and digits"),
    ("member_id", "ÄÖÜ123456", "6 to 20 letters and digits"),
    ("birth_date", day(-1), "in the past"),
    ("birth_date", day(0), "must be in the past"),
    ("birth_date", "1/1/1901", "120 years at most"),
    ("birth_date", "2/30/1948", "February 1948 has 29 days"),
    ("birth_date", "Mar 1948", "Give the day, too"),
    ("first_name", LONG, "First name can have 60 characters. This has 10,000"),
    ("last_name", "y" * 61, "can have 60 characters. This has 61"),
    ("service_date", "12/31/2100", "within 180 days"),
    ("first_name", "Al\x07ma", "cannot be seen"),
    ("first_name", "\u200b", "cannot be seen"),
    ("last_name", "\u202eAlma", "cannot be seen"),
    ("note", "a\x1bb", "cannot be seen"),
    ("product", "gold", "Choose one of the answers"),
    ("setting", "garage", "Choose one of the answers"),
    ("service_date", "soon", "Write it like 9/27/2026"),
    ("service_date", "1/1/1940", "after the date of birth (Mar 14, 1948)"),
    ("lines-0-code", "2251", "5 characters, like 22511"),
    ("lines-0-code", "22511X", "5 characters, like 22511"),
    ("lines-0-code", "99999", "Policy 484 does not read 99999. It reads 0200T, 0201T, 22510, 22511, 22512"),
    ("lines-0-code", "0QU03JX", "does not read 0QU03JX"),
    ("lines-0-levels", "L9", "C1 to C7"),
    ("lines-0-levels", "L1 L1", "L1 is given twice"),
    ("lines-0-levels", "L2", "L2 has no entry under “Fracture or lesion”"),
    ("lines-0-units", "0", "whole number from 1 to 10"),
    ("lines-0-units", "1.5", "whole number from 1 to 10"),
    ("lines-0-units", "eleven", "whole number from 1 to 10"),
    ("lines-0-technique", "magic", "Choose one of the answers"),
    ("diagnosis_codes", "M80.08XA, hello", "M80.08XA"),
    ("diagnosis_codes", " ".join(f"M{n}.0" for n in range(10, 24)), "at most 12"),
    ("clinician_npi", "123456789", "exactly 10 digits"),
    ("clinician_npi", "12345678AB", "exactly 10 digits"),
    ("clinician_npi", "1234567890", "check digit"),
    ("facility_npi", "1003000127", "check digit"),
    ("clinician_name", LONG, "can have 120 characters"),
    ("clinician_phone", "call me", "area code, like 617-555-0123"),
    ("clinician_phone", LONG, "phone: This answer can have"),
    ("facility_name", LONG, "can have 120 characters"),
    ("urgency", "yesterday", "Standard, Expedited"),
    ("urgency_reason", LONG, "“Why is it expedited?” can have 500 characters"),
    ("t_score", "low", "from -10 to 10"),
    ("t_score", "-11", "from -10 to 10"),
    ("t_score", "nan", "from -10 to 10"),
    ("levels-0-name", "L6", "A level is C1 to C7"),
    ("levels-0-name", "L1, L2", "A level is C1 to C7"),
    ("levels-0-etiology", "bad luck", "Choose one of the answers"),
    ("levels-0-onset", day(-1), "in the past"),
    ("levels-0-onset", "1/1/1940", "after the date of birth"),
    ("levels-0-onset", "last spring", "or only the month, like Sep 2026"),
    ("levels-0-exam_date", day(-2), "in the past"),
    ("levels-0-other_source_name", LONG, "can have 200 characters"),
    ("pain_score", "11", "Pain score must be a whole number from 0 to 10."),
    ("pain_score", "-1", "whole number from 0 to 10"),
    ("pain_score", "7.5", "whole number from 0 to 10"),
    ("pain_score", "\uff18", "whole number from 0 to 10"),
    ("pain_date", day(-1), "in the past"),
    ("analgesia_hours", "two days", "whole number from 0 to 9,999"),
    ("admit_date", day(-1), "in the past"),
    ("imaging-0-modality", "psychic", "Choose one of the answers"),
    ("imaging-0-date", day(-1), "in the past"),
    ("imaging-0-findings-0", ["edema", "sparkles"], "Tick only findings of the list"),
    ("imaging-0-impression", LONG, "can have 4,000 characters"),
    ("treatments-0-modality", "prayer", "Choose one of the answers"),
    ("treatments-0-start", day(-3), "in the past"),
    ("treatments-0-end", day(200), "end on or after its start"),
    ("treatments-0-end", day(1), "Leave the end blank if the treatment is still going on"),
    ("treatments-0-duration", "a month", "whole number from 0 to 9,999"),
    ("treatments-0-visits", "201", "whole number from 0 to 200"),
    ("stated_weeks", "many", "from 0 to 520"),
    ("treated", "no", "Answer Yes, or remove"),
    ("contact_phone", "555-0100", "area code"),
    ("contact_email", "casey at example", "like name@example.org"),
    ("note", LONG, "can have 2,000 characters"),
]


# Answers that speak of each other.
TOGETHER = (
    {"lines-0-levels", "levels-0-name"},
    {"treated", "treatments-0-modality", "treatments-0-start", "treatments-0-end"},
)


def touch(one, other):
    """Whether one of two wrong answers may change what is said of the other."""
    names = {one[0], other[0]}
    of_birth = "birth_date" in names and "date of birth" in one[2] + other[2]
    return len(names) == 1 or of_birth or any(names <= some for some in TOGETHER)


def forms():
    """The wrong answers, each in a form with others that it does not touch: most of the time goes into the page."""
    found = []
    for row in WRONG:
        form = next((form for form in found if not any(touch(row, other) for other in form)), None)
        if form is None:
            found.append(form := [])
        form.append(row)
    return found


@pytest.mark.parametrize("wrong", forms(), ids=len)
def test_a_wrong_value_gets_a_message_that_says_what_would_be_right(wrong):
    changes = {name: value for name, value, _ in wrong}
    messages, page = messages_after(**changes)
    for name, value, words in wrong:
        message = messages[f"id_{name}"]
        assert words in message
        assert "invalid" not in message.lower()
        assert not re.search(r"[a-z]_[a-z]|[a-z]-[0-9]", message), "no field name stands in a message"
        fields = [*messages.values()].count(message)
        assert page.count(escaped(message)) == 2 * fields, "the same words stand in the summary and at the field"
        kept = value if isinstance(value, list) else [value]
        assert page_keeps(page, name, kept)


CROSSED = [
    ("lines-0-levels", {"lines-0-code": "22510"}, "22510 is for C1 to C7 and T1 to T12. For L1 the code is 22511"),
    ("lines-0-levels", {"lines-0-code": "0200T"}, "0200T is for S1 to S5 and the coccyx. For L1 the code is 22511"),
    ("lines-0-levels", {"lines-0-code": "0PU43JZ"}, "0PU43JZ is for T1 to T12. For L1 the code is 0QU03JZ"),
    ("lines-0-levels", {"lines-0-levels": "", **TWO_LEVELS}, "Say which of the levels this line is for: L1, L2"),
    ("levels-1-name", {"levels-count": "2", **level_row(1, "L1")}, "L1 has its own entry above"),
    ("discharge_date", {"admit_date": day(10), "discharge_date": day(20)}, "on or after the admission"),
    ("discharge_date", {"discharge_date": day(-500)}, "within a year from today"),
    ("treatments-0-end", {"treatments-0-ongoing": "no", "treatments-0-end": "Jan 2020"}, "on or after its start"),
]


@pytest.mark.parametrize(("name", "changes", "words"), CROSSED)
def test_answers_that_cannot_both_be_right_get_a_message(name, changes, words):
    message = message_at(name, **changes)
    assert words in message


FINE = [
    {"lines-0-code": "22511", "lines-0-levels": "S1", "levels-0-name": "S1"},
    {"lines-0-code": "22513"},
    {"lines-0-code": "22520"},
    {"lines-0-code": "0qu03jz"},
    {"t_score": "-2,7"},
    {"clinician_npi": "1234 567-893"},
    {"lines-0-levels": "l1"},
    {"levels-0-onset": "Sep 2026"},
]


@pytest.mark.parametrize("changes", FINE)
def test_what_is_only_unusual_passes(changes):
    client = browser(clerk())
    case = saved_draft(client, **changes)
    assert client.get(f"/requests/{case.reference}/edit/?problems=all").context["form"].problems == []


NEEDED = {
    "member_id": "Enter the member ID",
    "birth_date": "Enter the date of birth",
    "first_name": "first name",
    "last_name": "last name",
    "lines-0-code": "Enter the procedure code",
    "clinician_npi": "NPI",
    "clinician_name": "clinician's name",
    "facility_npi": "NPI",
    "facility_name": "facility's name",
    "urgency": "standard or expedited",
    "contact_name": "person we can ask",
    "contact_phone": "phone number or an e-mail",
}


def test_an_empty_form_can_be_saved_and_says_only_when_checked_what_a_sending_needs():
    client = browser(clerk())
    case = saved_draft(client, **{name: "" for name in valid_form() if not name.endswith("count")})
    edit = f"/requests/{case.reference}/edit/"
    assert client.get(edit).context["form"].problems == []
    response = post_edit(client, case, {"action": "check"})
    assert response["Location"] == f"{edit}?problems=all"
    problems = client.get(response["Location"]).context["form"].problems
    assert [problem.input_id.removeprefix("id_") for problem in problems] == list(NEEDED)
    for problem in problems:
        assert NEEDED[problem.input_id.removeprefix("id_")] in problem.message


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("urgency_reason", {"urgency": "expedited"}),
        ("levels-0-name", {"levels-0-name": "", "lines-0-levels": ""}),
        ("imaging-0-modality", {"imaging-0-modality": ""}),
        ("treatments-0-modality", {"treatments-0-modality": ""}),
        ("lines-0-code", {"lines-0-code": ""}),
    ],
)
def test_a_half_answered_row_or_reason_is_asked_for_when_checked(name, changes):
    client = browser(clerk())
    case = saved_draft(client, **changes)
    problems = client.get(f"/requests/{case.reference}/edit/?problems=all").context["form"].problems
    assert [problem.input_id for problem in problems] == [f"id_{name}"]


# Any field of the form, and its neighbours, with any text: never an error of the server.
NAMES = sorted(
    {*valid_form(), "levels-count", "imaging-9-findings-7", "lines-01-code", "add", "remove", "remove_file", "version"}
)
POSTS = st.dictionaries(
    st.sampled_from(NAMES), st.one_of(st.text(max_size=40), st.from_regex(r"[0-9/\-.]{0,12}")), max_size=8
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(POSTS, st.sampled_from(["save", "check", ""]))
def test_no_posted_garbage_breaks_the_page(post, action):
    client = browser(clerk())
    case = saved_draft(client)
    payload = {**valid_form(), "version": draft_of(case).version, **post, "action": action}
    response = client.post(f"/requests/{case.reference}/edit/", payload)
    assert response.status_code in (200, 302, 409)
    for page in ("edit/", "edit/?problems=all", "edit/check/"):
        assert client.get(f"/requests/{case.reference}/{page}").status_code in (200, 302)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20)), st.sampled_from(sorted(rows.GROUPS)))
def test_no_typed_form_breaks_adding_and_removing(typed, group):
    raw = {name: [value] for name, value in typed.items()}
    added, index = rows.add(raw, group)
    assert rows.count(rows.remove(added, group, index), group) == rows.count(raw, group)


def messages_after(**changes):
    """The messages after a save, by the field's id, and the page."""
    client = browser(clerk())
    case = saved_draft(client, **changes)
    response = client.get(f"/requests/{case.reference}/edit/")
    found = {problem.input_id: problem.message for problem in response.context["form"].problems}
    return found, response.content.decode()


def message_at(name, **changes):
    """The message at a field after a save."""
    found, _ = messages_after(**changes)
    assert f"id_{name}" in found, found
    return found[f"id_{name}"]


def escaped(text):
    return text.replace("&", "&amp;").replace("'", "&#x27;").replace('"', "&quot;")


def page_keeps(page, name, values):
    """Whether what was typed stands in the page again; a choice that is none cannot be shown."""
    field = re.search(rf'<(?:input|textarea|select|fieldset)[^>]*name="{re.escape(name)}"[^>]*>', page)[0]
    if "<select" in field or 'type="radio"' in field or 'type="checkbox"' in field:
        return True
    return all(escaped(value) in page for value in values)


def test_treatment_rows_beyond_the_first_are_named_in_their_message():
    message = message_at("treatments-1-start", **treatment_row(1, start="soon"))
    assert message.startswith("Treatment 2, start: ")
