"""The questions of the request form, section by section (DESIGN.md 3.1, UX.md 2.5)."""

import datetime as dt
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from portal.web import words
from portal.web.fields import (
    Choice,
    Date,
    Decimal,
    Diagnoses,
    Email,
    LevelName,
    LevelNames,
    LongText,
    MemberId,
    NpiNumber,
    Phone,
    Pick,
    Procedure,
    Text,
    Whole,
)
from portal.web.part import Part
from portal.web.rows import MOST_LEVELS, Raw
from portal.web.ticks import Findings, Ticks

EXAMPLE_DAY = "For example 9/27/2026"
EXAMPLE_MONTH = "For example 9/27/2026, or Sep 2026 if the day is not known"
WHERE = "Where is that written? (optional)"
SEVERAL_LEVELS = "For example T12, L1 or T11-L1. Their entries and codes below follow"
WHERE_HINT = "Name the file and the page, like: MRI.pdf, page 2. Or: not in a record"
FILES = "file-names"  # what the page offers there (requests/parts/file_names.html)


class MemberPart(Part):
    member_id = MemberId("Member ID", hint="As on the card, with the prefix", size="short", autocapitalize="characters")
    birth_date = Date("Date of birth", birth=True, hint="For example 9/27/1948")
    first_name = Text("First name", most=60)
    last_name = Text("Last name", most=60)
    product = Choice("Member's plan", words.PRODUCT)


class PlanPart(Part):
    """`asked_on` is the day of the request: a planned date before it asks for a reason."""

    def __init__(self, raw: Raw, *, today: dt.date, asked_on: dt.date, **options: Any) -> None:
        super().__init__(raw, today=today, **options)
        self.asked_on = asked_on

    levels_named = LevelNames(
        "Which levels will be treated?", most=MOST_LEVELS, hint=SEVERAL_LEVELS, autocapitalize="characters"
    )
    setting = Choice("Where will it be done?", words.SETTING)
    service_date = Date(
        "Planned date",
        hint=f"{EXAMPLE_DAY}. If it is not booked, give the earliest date",
        past=False,
        or_not_recorded=True,
    )
    retrospective_reason = LongText(
        "Why is it asked after the procedure?", most=500, hint="The planned date has passed: say what happened"
    )


class PeoplePart(Part):
    internal = frozenset({"clinician", "facility"})

    clinician = Pick("Treating clinician")
    clinician_npi = NpiNumber("Treating clinician's NPI", hint="10 digits", inputmode="numeric")
    clinician_name = Text("Treating clinician's name", most=120)
    clinician_specialty = Text("Specialty (optional)", most=80)
    clinician_phone = Phone("Clinician's phone (optional)", most=40)
    facility = Pick("Facility")
    facility_npi = NpiNumber("Facility's NPI", hint="10 digits", inputmode="numeric")
    facility_name = Text("Facility's name", most=120)
    urgency = Choice(
        "How soon is a decision needed?",
        words.URGENCY,
        not_recorded=False,
        hint="Expedited: waiting the standard time could seriously harm the patient's life, health or recovery",
    )
    urgency_signs = Ticks("Which of these is happening?", words.URGENCY_SIGNS, hint="Only for an expedited request")
    urgency_reason = LongText(
        "Why is it expedited?",
        most=500,
        hint="In your words, where none of these or “Something else” is ticked: what happens to the patient",
    )


class LinePart(Part):
    code = Procedure(
        "Procedure code", hint="22511, or in a hospital stay 0QU03JZ", autocapitalize="characters", list="codes"
    )
    levels = LevelNames("Levels of this line", hint="T12, L1", autocapitalize="characters")
    units = Whole("Units", least=1, most=10, hint="1 to 10", or_not_recorded=True)
    technique = Choice("What does the note describe?", words.TECHNIQUE, kind="select")


class BonePart(Part):
    t_score = Decimal(
        "Lowest T-score (optional)", least=-10, most=10, example="-2.7", hint="Bone density, for example -2.7"
    )
    osteoporosis_dx = Choice("Is osteoporosis diagnosed in the record?", words.YES_NO)


class LevelPart(Part):
    name = LevelName(
        "Level", called="name of the level", hint="One vertebra, for example L1", autocapitalize="characters"
    )
    etiology = Choice("What caused it, as recorded by the clinician?", words.ETIOLOGY, kind="select")
    mechanism = Choice("How did it happen?", words.MECHANISM)
    onset = Date(
        "When did this pain start?", called="start of the pain", months=True, hint=EXAMPLE_MONTH, or_not_recorded=True
    )
    onset_source = Text(WHERE, most=200, hint=WHERE_HINT, list=FILES)
    purpose = Choice("What is the procedure for?", words.PURPOSE)
    lesion_pattern = Choice("Lesion on imaging", words.LESION_PATTERN)
    lesion_source = Choice("If there is a lesion, from which cancer or tumor?", words.LESION_SOURCE, kind="select")

    @property
    def typed_name(self) -> str:
        """The level, before the part is read: what is wrong in it begins with its name."""
        try:
            return str(self.fields["name"].clean(self["name"].value()))
        except forms.ValidationError:
            return ""


class DiagnosisPart(Part):
    diagnosis_codes = Diagnoses("ICD-10-CM codes (optional)", hint="The main one first: M80.08XA, C79.51")


class PainPart(Part):
    pain_present = Choice("Is there pain from this now?", words.YES_NO)
    pain_score = Whole(
        "Worst pain in the last 24 hours",
        least=0,
        most=10,
        called="Pain score",
        hint="0 is none, 10 the worst imaginable. As the patient said it",
        or_not_recorded=True,
    )
    pain_word = Choice("The pain in the clinician's word", words.PAIN_WORD)
    pain_date = Date("Date of this score", called="Date of the pain score", hint=EXAMPLE_DAY, or_not_recorded=True)
    walking = Choice("Walking now", words.WALKING, hint="What the patient can do now")
    walking_cause = Choice("Why is walking limited?", words.WALKING_CAUSE)
    walking_before = Choice("Before this pain, the patient", words.WALKING_BEFORE)
    analgesia_hours = Whole(
        "Hours of pain medicine tried while unable to walk (optional)", least=0, most=9999, hint="For example 24"
    )
    hospital = Choice("Admitted to a hospital because of this fracture?", words.HOSPITAL)
    hospital_reason = Choice("Why was the patient admitted?", words.HOSPITAL_REASON)
    admit_date = Date("Admitted on", hint=EXAMPLE_DAY, or_not_recorded=True)
    discharge_date = Date("Discharged on (optional)", hint="Leave blank if still in the hospital", past=False)


class ExamPart(Part):
    """Of one level; it shares the numbers of the level rows."""

    exam = Choice("Tenderness on examination", words.EXAM)
    exam_date = Date(
        "Date of the examination", called="date of the examination", hint=EXAMPLE_DAY, or_not_recorded=True
    )
    other_source = Choice("Another source of the pain", words.OTHER_PAIN_SOURCE, hint="Facet joint, disc, hip, nerve")
    other_source_name = Text("Which other source? (optional)", most=200)


class SafetyPart(Part):
    safety_notes = LongText(
        "Anything in the record that speaks against the procedure (optional)",
        most=2000,
        hint="One to a line, for example: active infection",
    )


class StudyPart(Part):
    internal = frozenset({"attachment"})
    modality = Choice("Type of study", words.IMAGING, not_recorded=False, kind="select")
    date = Date(
        "Date of the study", called="date", hint=f"{EXAMPLE_DAY}. Of the study, not of the report", or_not_recorded=True
    )
    sequence = Text("Sequence (optional)", most=60, hint="MRI only, for example STIR", size="short")
    impression = LongText("The report's own words (optional)", most=4000, hint="Copy the impression")
    page = Text("Page of the report file (optional)", most=20, size="tiny")
    attachment = Text("Report file", most=36)

    def __init__(self, raw: Raw, *, level_names: list[str], **options: Any) -> None:
        super().__init__(raw, **options)
        for index, name in enumerate(level_names):
            label = f"What does the report say about {name}?"
            self.fields[f"findings-{index}"] = Findings(label, words.FINDING)

    @property
    def file_name(self) -> str:
        """The name of the input for the report file."""
        return self.add_prefix("file")

    @property
    def findings(self) -> list[BoundField]:
        return [self[name] for name in self.fields if name.startswith("findings-")]


class TreatmentPart(Part):
    modality = Choice("What was tried?", words.TREATMENT, not_recorded=False, kind="select")
    name = Text("Name (optional)", most=200, hint="Drug and dose, or the clinic")
    start = Date("Started", called="start", months=True, hint=EXAMPLE_MONTH, or_not_recorded=True)
    ongoing = Choice("Still going on?", words.ONGOING)
    end = Date("Ended (if it has)", called="end", months=True, hint=EXAMPLE_MONTH, or_not_recorded=True)
    duration = Whole("Length in days, if it has no dates (optional)", least=0, most=9999)
    visits = Whole("Number of visits or injections (optional)", least=0, most=200)
    stopped = Choice("Stopped for side effects?", words.YES_NO)
    source = Text(WHERE, most=200, hint=WHERE_HINT, list=FILES)


class TreatedPart(Part):
    treated = Choice("Was conservative treatment of this fracture tried?", words.TREATED)


class ResponsePart(Part):
    response = Choice("Did the treatment help?", words.RESPONSE)
    stated_weeks = Decimal(
        "Weeks of treatment that the letter claims (optional)", least=0, most=520, example="6", hint="For example 6"
    )


class ContactPart(Part):
    contact_name = Text("Name of the person we can ask", most=120, autocomplete="name")
    contact_phone = Phone(
        "Direct phone", most=40, hint="617-555-0123. Not needed where you give an e-mail", autocomplete="tel"
    )
    contact_extension = Text("Extension (optional)", most=10, size="tiny")
    contact_email = Email("E-mail", most=120, autocomplete="email")
    contact_times = Text("Best times (optional)", most=120)
    peer_phone = Phone(
        "Clinician's own number (optional)", most=40, hint="In case a physician of the plan wants to talk"
    )
    note = LongText(
        "Note to the reviewer (optional)", most=2000, hint="This does not change the score; a person reads it"
    )
