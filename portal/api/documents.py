"""What the office sends: the bodies of the API, and the Submission made of one."""

import datetime as dt
import re
from typing import Any

from rest_framework import serializers

from policies.codes import Icd10Cm
from portal.api.fields import Asked, Day, Facts, Listed, Number, Object, OneOf, Sources
from portal.web import fields as ask
from priorauth.models.member import age_on
from priorauth.services.submit import Submission
from priorauth.statuses import Urgency

OLDEST = 120
LONGEST_ANSWER = 2000


def _text(label: str, most: int) -> ask.Text:
    return ask.Text(label, most=most)


class DiagnosisCode(ask.Question):
    """One ICD-10-CM code."""

    blank = ""

    def read(self, text: str) -> str:
        return str(Icd10Cm.parse(text))


class Member(Object):
    """The insured person, as on the card."""

    member_id = Asked(ask.MemberId("Member ID"), most=40, example="XYZ123456")
    first_name = Asked(_text("First name", 60), example="Alma")
    last_name = Asked(_text("Last name", 60), example="Synthetic")
    birth_date = Day()


class Clinician(Object):
    """The treating clinician."""

    npi = Asked(ask.NpiNumber("NPI"), most=20, format_name="npi", example="1205804119")
    name = Asked(_text("Name", 120), example="Alex Rivera MD")
    specialty = Asked(_text("Specialty", 80), required=False)
    phone = Asked(ask.Phone("Phone", most=40), required=False, format_name="phone")


class Facility(Object):
    """Where the procedure is planned."""

    npi = Asked(ask.NpiNumber("NPI"), most=20, format_name="npi", example="1316905227")
    name = Asked(_text("Name", 120), example="Harbor General Hospital")


class Contact(Object):
    """A person of the office whom the plan can ask: a name, and a phone number or an e-mail address."""

    name = Asked(_text("Name", 120), example="Casey Morgan")
    phone = Asked(ask.Phone("Phone", most=40), required=False, format_name="phone", example="617-555-0142")
    extension = Asked(_text("Extension", 10), required=False)
    email = Asked(ask.Email("E-mail", most=120), required=False, format_name="email")
    times = Asked(_text("Best times", 120), required=False)
    peer_phone = Asked(ask.Phone("Clinician's own number", most=40), required=False, format_name="phone")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values["phone"] and not values["email"]:
            raise serializers.ValidationError({"phone": ["Enter a phone number or an e-mail address."]})
        return values


class Details(Object):
    """What the engine does not read (DESIGN.md 3.1)."""

    urgency = OneOf(Urgency.values)
    urgency_reason = Asked(ask.LongText("Why is it expedited?", most=500), required=False)
    diagnosis_codes = Listed(
        child=Asked(DiagnosisCode("Diagnosis code"), most=20, format_name="icd-10-cm", example="M80.08XA"),
        max_length=12,
        default=list,
    )
    contact = Contact()
    note = Asked(ask.LongText("Note", most=2000), required=False)
    sources = Sources(default=dict)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["urgency"] == Urgency.EXPEDITED and not values["urgency_reason"]:
            why = "Say why waiting the standard time would harm the patient."
            raise serializers.ValidationError({"urgency_reason": [why]})
        return values


class NewRequest(Object):
    """A request. `request_date`, `case_id` and `patient.age` of the facts are set by the receipt, whatever they say."""

    facts = Facts()
    details = Details()
    member = Member()
    clinician = Clinician()
    facility = Facility()


class Check(Object):
    """Facts to check without sending them."""

    facts = Facts()


class NewAnswer(Object):
    """An answer to the open question: a text, new facts that replace those sent before, or both."""

    question = Number(1, 32767, required=False, help_text="the question's number; another one open answers 409")
    text = Asked(ask.LongText("Text", most=LONGEST_ANSWER), required=False)
    facts = Facts(required=False)


class Withdrawal(Object):
    reason = Asked(ask.LongText("Reason", most=500), example="The patient goes to another clinic.")


def submission(values: dict[str, Any], today: dt.date) -> Submission:
    """The Submission of a validated NewRequest. Raises serializers.ValidationError for an impossible date of birth."""
    born = values["member"]["birth_date"]
    if born >= today or today.year - born.year > OLDEST:
        message = f"must be in the past, and at most {OLDEST} years ago"
        raise serializers.ValidationError({"member": {"birth_date": [message]}})
    details = values["details"]
    return Submission(
        facts=aged(values["facts"], born, today),
        details={
            "urgency_reason": details["urgency_reason"],
            "diagnosis_codes": list(dict.fromkeys(details["diagnosis_codes"])),
            "note": details["note"],
            "contact": {_form_name(name): value for name, value in details["contact"].items()},
            "sources": details["sources"],
        },
        member=values["member"],
        clinician=values["clinician"],
        facility=values["facility"],
        urgency=Urgency(details["urgency"]),
    )


def aged(facts: dict[str, Any], born: dt.date, today: dt.date) -> dict[str, Any]:
    """The facts with the patient's age on the day of the receipt."""
    return facts | {"patient": {**(facts.get("patient") or {}), "age": age_on(born, today)}}


def _form_name(name: str) -> str:
    """The name that a part of the contact has on the form, where an answer starts from it."""
    return name if re.match("peer_", name) else f"contact_{name}"
