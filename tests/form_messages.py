"""What the portal says to each answer that it questions, as the specification of the form lists it (UX.md 2.5).

Each row: what the specification asks for, what was typed, where the words stand, and the words.
"""

import re

from django.utils import timezone

from portal.web import doubts
from portal.web.panel import panel_of
from portal.web.ticks import BOTH
from portal.web.words import NOT_RECORDED
from tests.factories import day, form_of, level_row, treatment_row

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
    ("Impression: 4,000", {"imaging-0-impression": "x" * 4001}, "field", "can have 4,000 characters. This has 4,001"),
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


def messages(payload, at) -> list[str]:
    form = form_of(payload, timezone.localdate(), whole=at == "sending")
    if at == "mistake":
        return [doubt.words for doubt in doubts.find(form)]
    if at == "panel":
        return [ask["ask"] for ask in panel_of(form).asks]
    return [problem.message for problem in form.problems]


def plain(message):
    """A sentence that says what would be right, in words of people."""
    assert "invalid" not in message.lower()
    assert not CODE_NAME.search(message), f"the name of a field: {message}"
    assert message.endswith((".", "?")), message


CODE_NAME = re.compile(r"\b[a-z]+_[a-z_]+|\b[a-z]+-[0-9]+\b")
