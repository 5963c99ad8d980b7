"""Every message that the specification of the form lists (UX.md 2.5), and the answers that raise it.

Each row: what the specification asks for, what was typed, where the words stand, and the words.
"""

import re
from html import unescape

import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from portal.web import doubts, member, second_request
from portal.web.checking import STATEMENT
from portal.web.panel import look
from portal.web.ticks import BOTH
from portal.web.words import NOT_RECORDED
from priorauth.services import attach
from priorauth.services import look as pages
from tests import test_office_sending
from tests.factories import (
    PDF,
    browser,
    clerk,
    day,
    draft_of,
    level_row,
    post_edit,
    report,
    saved_draft,
    sent_through_the_page,
    treatment_row,
    valid_form,
)
from tests.test_member_lookup import on_file
from tests.test_office_build import form_of
from tests.test_page_checks import blank_third

pytestmark = pytest.mark.django_db

NAMED_L2 = {"levels-count": "2", **level_row(1, "L2")}
NOT_NAMED = {"levels-0-name": "", "lines-0-levels": ""}
NO_LINE = dict.fromkeys([f"lines-0-{name}" for name in ("code", "levels", "units", "technique")], "")
OLD_PAIN = {"levels-0-onset": day(300)}
ELEVEN = ", ".join(f"M{number}.0" for number in range(10, 23))
TWELVE_DAYS = {"treatments-0-ongoing": "no", "treatments-0-start": day(10), "treatments-0-end": day(22)}

# AT: where the words stand. "field": at the question, from the first save. "sending": at the question, once it is to be
# sent. "mistake": on the page of possible mistakes. "panel": in the list of what the policy still needs.
SAID = [
    # S1, the member
    ("Enter the member ID as on the card", {"member_id": ""}, "sending", "Enter the member ID as on the card."),
    ("Member ID: 6-20 letters or digits", {"member_id": "AB-1"}, "field", "Member ID has 6 to 20 letters and digits."),
    ("Date of birth must be in the past", {"birth_date": day(0)}, "field", "Date of birth must be in the past."),
    ("Date of birth, after today", {"birth_date": day(-9)}, "field", "Date of birth: This date must be today"),
    ("Date of birth: age of 120 at most", {"birth_date": "1/1/1901"}, "field", "the age may be 120 years at most"),
    ("Enter the date of birth", {"birth_date": ""}, "sending", "Enter the date of birth, like 9/27/1948."),
    ("Enter the member's first name", {"first_name": ""}, "sending", "Enter the member's first name."),
    ("Enter the member's last name", {"last_name": ""}, "sending", "Enter the member's last name."),
    ("Name: 60 characters", {"last_name": "y" * 61}, "field", "Last name can have 60 characters. This has 61"),
    ("Select a plan", {"product": ""}, "panel", "Please give the member's plan."),
    # S2, what is planned
    ("Select at least one level", NOT_NAMED, "panel", "Please say at which level the procedure is planned."),
    ("Select at least one level, in a row", NOT_NAMED, "sending", "Level 1: Enter the level, like L1, or remove it."),
    (
        "S1 is a sacral level: that is sacroplasty",
        {"levels-0-name": "S1", "lines-0-levels": "S1"},
        "mistake",
        "S1 is a sacral level: that is sacroplasty (0200T or 0201T), which this policy treats as investigational.",
    ),
    ("22512 is an add-on", {"lines-0-code": "22512"}, "mistake", "22512 is an add-on: add 22510 or 22511."),
    ("Levels that no code covers", NAMED_L2, "mistake", "2 levels are described but the codes cover 1: add L2"),
    ("0QU03JZ has 7 characters", {"lines-0-code": "0QU03J"}, "field", "or 7 in a hospital stay, like 0QU03JZ."),
    ("Enter the procedure code", NO_LINE, "sending", "Enter the procedure code, like 22511."),
    ("Units", {"lines-0-units": "0"}, "field", "Units must be a whole number from 1 to 10."),
    (
        "Planned date within 180 days",
        {"service_date": day(-181)},
        "field",
        "within 180 days from today. Check the year.",
    ),
    (
        "Planned date in the past asks why",
        {"service_date": day(1)},
        "sending",
        "the request comes after the procedure.",
    ),
    ("NPI must be 10 digits", {"clinician_npi": "12345"}, "field", "An NPI has exactly 10 digits."),
    ("NPI check digit", {"clinician_npi": "1234567890"}, "field", "check digit: one of its digits is mistyped."),
    (
        "Facility's NPI must be 10 digits",
        {"facility_npi": "ten digits"},
        "field",
        "Facility's NPI: An NPI has exactly 10",
    ),
    (
        "Facility's NPI check digit",
        {"facility_npi": "1234567890"},
        "field",
        "Facility's NPI: This NPI does not pass its",
    ),
    ("Clinician's phone", {"clinician_phone": "5550100"}, "field", "with its area code, like 617-555-0123."),
    ("Select one: standard or expedited", {"urgency": ""}, "sending", "standard or expedited."),
    ("Why expedited", {"urgency": "expedited"}, "sending", "Say why waiting the standard time would harm"),
    (
        "Select a setting",
        {"setting": "", "product": "indemnity"},
        "panel",
        "Please say where the procedure will be done",
    ),
    ("Which of these is happening?", {"urgency": "expedited"}, "sending", "or tick what is happening."),
    (
        "Which of these is happening: of the list",
        {"urgency": "expedited", "urgency_signs": ["dragon"]},
        "field",
        "Tick only answers of the list.",
    ),
    ("Not recorded, beside an answer", {"lines-0-units": ["1", NOT_RECORDED]}, "field", f"Line 1: Units: {BOTH}"),
    # S3, the fracture or lesion
    (
        "Onset: not after today",
        {"levels-0-onset": day(-1)},
        "field",
        "L1, start of the pain: This date must be today (",
    ),
    ("Onset: not before birth", {"levels-0-onset": "1/1/1940"}, "field", "after the date of birth (Mar 14, 1948)."),
    ("Diagnosis code pattern", {"diagnosis_codes": "80M"}, "field", "a letter, a digit and up to five more characters"),
    ("Diagnosis codes: up to 12", {"diagnosis_codes": ELEVEN}, "field", "Give at most 12 diagnosis codes"),
    (
        "Cause osteoporosis, code injury",
        {"diagnosis_codes": "S32.010A"},
        "mistake",
        "The code S32.010A says injury, the cause of L1 says osteoporosis. Which is right?",
    ),
    (
        "Cause injury, code osteoporosis",
        {"levels-0-etiology": "trauma"},
        "mistake",
        "The code M80.08XA says osteoporosis, the cause of L1 says injury. Which is right?",
    ),
    (
        "A code for another level",
        {"diagnosis_codes": "M80.08XA, S32.020A"},
        "mistake",
        "The code S32.020A is for L2, and the form names L1. Is the code right?",
    ),
    # S4, pain, walking and hospital
    ("Pain score", {"pain_score": "10.5"}, "field", "Pain score must be a whole number from 0 to 10."),
    ("Date of the score", {"pain_date": day(-1)}, "field", "Date of the pain score: This date must be today ("),
    ("Hospital: from, to", {"admit_date": day(4), "discharge_date": day(5)}, "field", "on or after the admission ("),
    # S5, the examination
    (
        "Exam before the pain",
        {"levels-0-exam_date": day(91)},
        "mistake",
        "on or after that day, or it is an earlier exam.",
    ),
    (
        "Exam not after today",
        {"levels-0-exam_date": day(-1)},
        "field",
        "date of the examination: This date must be today",
    ),
    # S6, imaging
    ("Select the type of study", {"imaging-0-modality": ""}, "sending", "Study 1: Select the type of study, or remove"),
    ("Study date", {"imaging-0-date": day(-1)}, "field", "Study 1, date: This date must be today ("),
    (
        "Tick at least one finding",
        {"imaging-0-findings-0": []},
        "mistake",
        "at least one finding for L1, or “Not mentioned”.",
    ),
    (
        "Not mentioned beside a finding",
        {"imaging-0-findings-0": ["edema", "not_mentioned"]},
        "field",
        "“Not mentioned” cannot stand beside a finding.",
    ),
    ("Impression: 1,000", {"imaging-0-impression": "x" * 1001}, "field", "can have 1,000 characters. This has 1,001"),
    ("Study older than 180 days", {"imaging-0-date": day(215)} | OLD_PAIN, "mistake", "This MRI is 7 months old. Is "),
    ("Study before the pain", {"imaging-0-date": day(95)}, "mistake", "was before the pain at L1 started ("),
    (
        "Edema and healed",
        {"imaging-0-findings-0": ["edema", "healed"]},
        "mistake",
        "Both bone marrow edema and an old or healed fracture are ticked for L1.",
    ),
    # S7, treatment
    (
        "Select what was tried",
        {"treatments-0-modality": ""},
        "sending",
        "Treatment 1: Select what was tried, or remove it.",
    ),
    ("End on or after the start", TWELVE_DAYS, "field", "The treatment must end on or after its start ("),
    ("Start in the past", {"treatments-0-start": day(-1)}, "field", "Treatment 1, start: This date must be today ("),
    ("Visits: 0 to 200", {"treatments-0-visits": "201"}, "field", "must be a whole number from 0 to 200."),
    ("Start before the pain", treatment_row(0, start=day(99)), "mistake", "It counts from the day of onset."),
    # S8, whom to ask
    ("Name of a person", {"contact_name": ""}, "sending", "Enter the name of a person we can ask."),
    (
        "Phone or e-mail",
        {"contact_phone": "", "contact_email": ""},
        "sending",
        "Enter a phone number or an e-mail address.",
    ),
    ("Direct phone", {"contact_phone": "123"}, "field", "Direct phone: Write the phone number with its area code"),
    ("E-mail", {"contact_email": "casey"}, "field", "E-mail: Write the e-mail address like name@example.org."),
    ("Note: 2,000", {"note": "x" * 2001}, "field", "can have 2,000 characters. This has 2,001"),
]

# What the specification words and the portal does not say.
NOT_ASKED = {
    "Select a plan, as an error": "a sending with missing items is always possible: the panel asks",
    "Select a setting, as an error": "the same; and the panel asks only where the plan's answer hangs on it",
    "Select at least one level, as an error": "a request whose level is not known yet can be sent: the panel asks",
    "Select a report": "a study may be told before its report is at hand: a reviewer asks for the paper",
}


def test_what_is_not_asked_for_stands_in_no_way():
    """The reasons are true of the form: all of these left out, and only what names a person is asked for."""
    silent = {name: "" for name in valid_form() if name.startswith(("levels-0", "imaging-0"))}
    silent |= {
        "setting": "",
        "product": "",
        "lines-0-levels": "",
        "urgency": "expedited",
        "urgency_reason": "Cannot walk.",
    }
    assert form_of(valid_form(**silent), timezone.localdate(), whole=True).problems == []
    assert {row[0] for row in SAID}.isdisjoint(NOT_ASKED)


@pytest.mark.parametrize(("asked", "changes", "at", "words"), SAID, ids=[row[0] for row in SAID])
def test_each_message_is_said_in_plain_words_where_it_belongs(asked, changes, at, words):
    said = messages(valid_form(**changes), at)
    fitting = [message for message in said if words in message]
    assert len(fitting) == 1, f"{asked}: {said}"
    assert words not in " ".join(messages(valid_form(), at)), "nothing is said of a form that is right"
    if at == "sending":
        assert fitting[0] not in messages(valid_form(**changes), "field"), "a draft may wait for it"
    for message in said:
        plain(message)


def messages(payload, at) -> list[str]:
    form = form_of(payload, timezone.localdate(), whole=at == "sending")
    if at == "mistake":
        return [doubt.words for doubt in doubts.find(form)]
    if at == "panel":
        return [ask["ask"] for ask in look(form).asks]
    return [problem.message for problem in form.problems]


def plain(message):
    """A sentence that says what would be right, in words of people."""
    assert "invalid" not in message.lower()
    assert not CODE_NAME.search(message), f"the name of a field: {message}"
    assert message.endswith((".", "?")), message


CODE_NAME = re.compile(r"\b[a-z]+_[a-z_]+|\b[a-z]+-[0-9]+\b")


def test_the_words_stand_in_the_summary_and_at_the_question():
    """The rows of the table on the page itself: as many at once as can be wrong together."""
    client = browser(clerk())
    case = saved_draft(client)
    waiting = [row for row in SAID if row[2] in ("field", "sending")]
    while waiting:
        changes = side_by_side(waiting)
        said = " ".join(messages(valid_form(**changes), "sending"))
        shown = [row for row in waiting if row[3] in said]
        assert shown
        post_edit(client, case, valid_form(**changes))
        page = unescape(client.get(f"/requests/{case.reference}/edit/?problems=all").content.decode())
        assert "<title>Error: " in page
        for asked, _, _, words in shown:
            assert page.count(words) >= 2, asked
        waiting = [row for row in waiting if row not in shown]


def side_by_side(table):
    """The changes of rows, each the first to change what it changes. One may still hide another's message."""
    changes = {}
    for row in table:
        if set(row[1]).isdisjoint(changes):
            changes |= row[1]
    return changes


FILES = [
    ("is empty", report(content=b""), "The file is empty. Choose the report again."),
    (
        "must be a PDF, JPG or PNG",
        report("report.docx"),
        "The file must be a PDF, JPG or PNG, with a name that ends so.",
    ),
    ("must be a PDF, JPG or PNG, by its bytes", report(content=b"GIF89a"), "The file must be a PDF, JPG or PNG"),
    ("is cut short", report(content=PDF[:40]), "The file is damaged or was cut short."),
    ("must be smaller than 25MB", report(), "The file must be 25 MB or smaller."),
    ("could not be uploaded - try again", report(), "The rest is kept: add the file again later."),
]


@pytest.mark.parametrize(("asked", "file", "words"), FILES, ids=[row[0] for row in FILES])
def test_each_message_about_a_report_file_stands_at_its_study(asked, file, words, monkeypatch):
    if asked.startswith("must be smaller"):
        monkeypatch.setattr(attach, "MAX_FILE_BYTES", len(PDF) - 1)
    if asked.startswith("could not be uploaded"):
        monkeypatch.setattr(FileSystemStorage, "_save", full)
    file.seek(0)
    client = browser(clerk())
    case = saved_draft(client)
    response = post_edit(client, case, valid_form() | {"imaging-0-file": file})
    page = unescape(response.content.decode())
    found = {problem.input_id: problem.message for problem in response.context["form"].problems}
    assert words in found["id_imaging-0-file"]
    assert page.count(found["id_imaging-0-file"]) == 2
    plain(found["id_imaging-0-file"])


def test_a_report_that_is_password_protected_is_asked_about_once():
    client = browser(clerk())
    case = saved_draft(client)
    locked = PDF.replace(b"trailer", b"trailer\n<</Encrypt 9 0 R>>")
    post_edit(client, case, valid_form() | {"imaging-0-file": report("mri.pdf", content=locked)})
    checked = post_edit(client, case, draft_of(case).fields | {"action": "check", "other_file": report("letter.pdf")})
    asked = client.get(checked["Location"]).content.decode()
    words = "mri.pdf says that it is password protected, and a reviewer has no password. Does it open without one?"
    assert asked.count("password protected") == 2  # the sentence, and what its link is about
    assert words in asked
    assert f"/requests/{case.reference}/edit/#id_imaging-0-file" in asked
    plain(words.removeprefix("mri.pdf"))


def test_a_report_that_could_not_be_read_is_told_at_its_study_and_asked_about_once():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report("mri.pdf", content=blank_third())})
    pages.run(timezone.now)
    told = unescape(client.get(f"/requests/{case.reference}/edit/").content.decode())
    assert "Could not be read: page 3 is blank" in told[told.index('id="imaging-0-report"') :]
    checked = post_edit(client, case, draft_of(case).fields | {"action": "check"})
    asked = client.get(checked["Location"]).content.decode()
    assert "mri.pdf could not be read: page 3 is blank. Is it the right file, and whole?" in asked
    assert f"/requests/{case.reference}/edit/#id_imaging-0-file" in asked


# Every message that the specification lists, by section: its words -> the row or the test that provokes it.
LISTED = {
    "S1": {
        "Enter the member ID as on the card": "Enter the member ID as on the card",
        "6-20 letters/digits": "Member ID: 6-20 letters or digits",
        "Date of birth must be in the past": "Date of birth must be in the past",
        "age <= 120": "Date of birth: age of 120 at most",
        "Enter the member's last name": "Enter the member's last name",
        "text <= 60": "Name: 60 characters",
        "Select a plan": "Select a plan",
        "Found: ... covered on": "test_what_is_said_about_the_member_and_before_sending",
        "Two people match: choose by first name": "test_what_is_said_about_the_member_and_before_sending",
        "We have no member with that ID": "test_what_is_said_about_the_member_and_before_sending",
    },
    "S2": {
        "Select at least one level": "Select at least one level",
        "S1 is a sacral level": "S1 is a sacral level: that is sacroplasty",
        "22512 is an add-on: add 22510 or 22511": "22512 is an add-on",
        "3 levels are ticked but the codes cover 2": "Levels that no code covers",
        "0QU03JZ has 7 characters": "0QU03JZ has 7 characters",
        "Select a setting": "Select a setting",
        "Planned date must be within 180 days": "Planned date within 180 days",
        "earlier = retrospective, asks why": "Planned date in the past asks why",
        "NPI must be 10 digits": "NPI must be 10 digits",
        "This NPI does not pass its check digit": "NPI check digit",
        "Facility, as above: 10 digits": "Facility's NPI must be 10 digits",
        "Facility, as above: check digit": "Facility's NPI check digit",
        "Select one": "Select one: standard or expedited",
        "Expedited asks: which of these is happening?": "Which of these is happening?",
    },
    "S3": {
        "onset <= today": "Onset: not after today",
        "onset >= DOB": "Onset: not before birth",
        "pattern letter-digit-alnum": "Diagnosis code pattern",
        "up to 12": "Diagnosis codes: up to 12",
        "The code says injury, the cause says osteoporosis": "Cause osteoporosis, code injury",
        "Same the other way round": "Cause injury, code osteoporosis",
    },
    "S4": {
        "Pain score must be a whole number from 0 to 10": "Pain score",
        "Date of this score <= today": "Date of the score",
        "Was in hospital: from, to": "Hospital: from, to",
    },
    "S5": {"Exam date must be on or after the day the pain started": "Exam before the pain"},
    "S6": {
        "Select the type of study": "Select the type of study",
        "Study date must be today or in the past": "Study date",
        "Tick at least one finding for L1, or Not mentioned": "Tick at least one finding",
        "Copy the impression (optional, 1,000)": "Impression: 1,000",
        "Select a report": "Select a report",
        "must be a PDF, JPG or PNG": "must be a PDF, JPG or PNG",
        "must be smaller than 25MB": "must be smaller than 25MB",
        "is empty": "is empty",
        "is password protected": "test_a_report_that_is_password_protected_is_asked_about_once",
        "could not be read: page 3 is blank": (
            "test_a_report_that_could_not_be_read_is_told_at_its_study_and_asked_about_once"
        ),
        "could not be uploaded - try again": "could not be uploaded - try again",
        "This MRI is 7 months old": "Study older than 180 days",
        "study before onset": "Study before the pain",
        "both edema and old or healed at the same level": "Edema and healed",
    },
    "S7": {
        "End date must be on or after the start date": "End on or after the start",
        "Start date must be today or in the past": "Start in the past",
        "0-200": "Visits: 0 to 200",
        "counts from the day of onset": "Start before the pain",
    },
    "S8": {"Note to the reviewer (optional, 2,000)": "Note: 2,000", "Direct phone": "Direct phone", "Email": "E-mail"},
    "Check": {
        "I have checked this against the patient's record": "test_what_is_said_about_the_member_and_before_sending",
        "Send a second request because ___": "test_what_is_said_about_the_member_and_before_sending",
        "Send with 2 items missing": "test_the_check_page_says_what_the_policy_misses_and_sends_all_the_same",
        "A nurse will ask for them; the clock keeps running": (
            "test_the_check_page_says_what_the_policy_misses_and_sends_all_the_same"
        ),
    },
}


def test_every_message_of_the_specification_is_provoked_or_left_out_for_a_reason():
    listed = [name for section in LISTED.values() for name in section.values()]
    tests = {name for name in [*globals(), *vars(test_office_sending)] if name.startswith("test_")}
    here = {row[0] for row in (*SAID, *FILES)} | NOT_ASKED.keys() | tests
    assert len(listed) > 55
    assert set(listed) <= here


def full(*_):
    raise OSError(28, "No space left on device")


def test_what_is_said_about_the_member_and_before_sending():
    """The notes of the member lookup, and the two questions of the check page."""
    client = browser(clerk())
    sent_through_the_page(client)
    on_file("Anna", member_id="ABC999999")
    case = saved_draft(client)
    check = f"/requests/{case.reference}/edit/check/"
    assert member.NOBODY in client.get(check).content.decode()
    page = client.post(check, {"version": draft_of(case).version}).content.decode()
    assert page.count(STATEMENT) == page.count(second_request.WHY) == 2
    assert "Send a second request because" in page
    for first_name, words in (("Alma", "Found: Alma Synthetic, born Mar 14, 1948,"), ("Anna", member.SEVERAL)):
        on_file(first_name)
        post_edit(client, case, valid_form(first_name=""))
        post_edit(client, case, valid_form(first_name="" if first_name == "Anna" else "Alma"))
        assert words in client.get(f"/requests/{case.reference}/edit/").content.decode()
    for message in (STATEMENT, second_request.WHY, second_request.TOO_LONG, member.NOBODY, member.LATER):
        plain(message)


ODD = ["\x07", "x" * 10_000, "-1", "1e9", "\u202ezz", "31/31/3131", "<b>", "not a choice"]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_no_question_answers_odd_text_with_code_names(text):
    """Every question of the form at once, found by walking it."""
    form = form_of({name: [text] for name in every_name()} | COUNTS)
    assert len(form.problems) > 30
    for problem in form.problems:
        plain(problem.message.replace(text, ""))


def every_name():
    parts = form_of(COUNTS).sections().values()
    return [part[name].html_name for those in parts for part in those for name in part.fields]


COUNTS = {"levels-count": "2", "lines-count": "2", "imaging-count": "2", "treatments-count": "2"}
