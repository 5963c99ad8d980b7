"""What a person of an office posts, and a browser that is signed in as them. All synthetic. See also cases.py."""

import datetime as dt
import uuid
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from policies import registry
from portal.web.request_form import RequestForm
from priorauth.models import Case, Draft, PlanMember, User
from priorauth.roles import Actor, Role
from tests.cases import HARBOR, NOW, office, own_words, person

PDF = b"""%PDF-1.7
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources <</Font <</F 5 0 R>>>>>> endobj
4 0 obj <</Length 41>> stream
BT /F 24 Tf 72 600 Td (Edema of L1) Tj ET
endstream endobj
5 0 obj <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""
ON = NOW.date()
# Tests name days when they are collected, and what they ask of them is true on that day.
COLLECTED_ON = timezone.localdate()
PASSWORD = "seven synthetic herons"
Payload = dict[str, Any]


def day(days_ago: int) -> str:
    """The day so many days before today (in the plan's zone), as an office types it."""
    date = timezone.localdate() - dt.timedelta(days=days_ago)
    return f"{date.month}/{date.day}/{date.year}"


def report(name: str = "mri-report.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def clerk(name: str = "Harbor Spine Office") -> Actor:
    return person(Role.CLERK, office(name))


def browser(actor: Actor) -> Client:
    """A client that is signed in as `actor`."""
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    client.office_name = actor.organization_name
    return client


def with_password(actor: Actor) -> User:
    """The person, who can sign in with PASSWORD now."""
    user = User.objects.get(pk=actor.user_id)
    user.set_password(PASSWORD)
    user.save()
    return user


def valid_form(**changes: Any) -> Payload:
    """A whole request for one level that meets pathway A, as the form posts it."""
    return {
        "member_id": "XYZ 123-456",
        "birth_date": "3/14/1948",
        "first_name": "Alma",
        "last_name": "Synthetic",
        "product": "ppo",
        "setting": "outpatient",
        "service_date": day(-14),
        "lines-count": "1",
        "lines-0-code": "22511",
        "lines-0-levels": "L1",
        "lines-0-units": "1",
        "lines-0-technique": "vertebroplasty",
        "diagnosis_codes": "M80.08XA",
        "clinician_npi": "1234567893",
        "clinician_name": "A. Rivera MD",
        "clinician_specialty": "Interventional radiology",
        "clinician_phone": "617-555-0101",
        "facility_npi": "1003000126",
        "facility_name": "Harbor Hospital",
        "urgency": "standard",
        "urgency_reason": "",
        "t_score": "-2.9",
        "osteoporosis_dx": "yes",
        **level_row(0, "L1"),
        "levels-count": "1",
        "pain_present": "yes",
        "pain_score": "8",
        "pain_word": "severe",
        "pain_date": day(5),
        "walking": "with_aid",
        "walking_cause": "fracture_pain",
        "walking_before": "ambulatory",
        "hospital": "none",
        **study_row(0),
        "imaging-count": "1",
        "treated": "yes",
        **treatment_row(0, modality="analgesic", name="Acetaminophen 1 g"),
        **treatment_row(1, modality="physical_therapy", name="Harbor Physical Therapy"),
        "treatments-count": "2",
        "response": "inadequate",
        "contact_name": "Casey Clerk",
        "contact_phone": "617-555-0100",
        "contact_email": "casey@example.test",
        **changes,
    }


def form_of(payload: Payload, on: dt.date = ON, **options: Any) -> RequestForm:
    """The form as the portal reads what was posted on that day."""
    raw = {name: value if isinstance(value, list) else [value] for name, value in payload.items()}
    return RequestForm(raw, on, registry.governing("bcbsma-484", None), **options)


def on_file(first_name: str = "Alma", **changes: Any) -> PlanMember:
    """Somebody in the plan's list of members: as `valid_form` has them, but for the plan."""
    values = {
        "member_id": "XYZ123456",
        "birth_date": dt.date(1948, 3, 14),
        "first_name": first_name,
        "last_name": "Synthetic",
        "product": "hmo",
        "covered_from": timezone.localdate() - dt.timedelta(days=400),
        **changes,
    }
    return PlanMember.objects.create(**values)


def level_row(index: int, name: str, **changes: Any) -> Payload:
    row = {
        "name": name,
        "etiology": "osteoporosis",
        "mechanism": "low_energy",
        "onset": day(90),
        "onset_source": "",
        "purpose": "treat_pain",
        "lesion_pattern": "none",
        "exam": "focal_tenderness_at_level",
        "exam_date": day(10),
        "other_source": "none",
        **changes,
    }
    return {f"levels-{index}-{key}": value for key, value in row.items()}


def study_row(index: int, **changes: Any) -> Payload:
    row = {
        "modality": "MRI",
        "date": day(12),
        "sequence": "STIR",
        "impression": "Marrow edema of L1.",
        "findings-0": ["edema"],
        **changes,
    }
    return {f"imaging-{index}-{key}": value for key, value in row.items()}


def treatment_row(index: int, **changes: Any) -> Payload:
    row = {"modality": "rest", "start": day(80), "ongoing": "yes", "end": "", "stopped": "no", **changes}
    return {f"treatments-{index}-{key}": value for key, value in row.items()}


NEW = "/requests/new/"


def token_of(client: Client) -> str:
    """The token in the hidden field of a blank form."""
    return str(client.get(NEW).context["token"])


def saved_draft(client: Client, **changes: Any) -> Case:
    """A draft with the whole form, saved through the page. No blank form is asked for its token (`token_of`): it takes
    as long as to save the draft."""
    own = own_words(getattr(client, "office_name", HARBOR))
    payload = valid_form(**{**own, **changes}) | {"action": "save", "token": uuid.uuid4()}
    response = client.post(NEW, payload)
    reference = response["Location"].split("/")[2]
    return Case.objects.unscoped("a test reads what was saved").get(reference=reference)


def draft_of(case: Case) -> Draft:
    return Draft.objects.unscoped("a test reads what was saved").get(case=case)


def post_edit(client: Client, case: Case, payload: Payload, **extra: Any) -> Any:
    """Post the form of a draft with the version that stands now."""
    return client.post(
        f"/requests/{case.reference}/edit/", {"version": draft_of(case).version, "action": "save", **payload}, **extra
    )


def sent_through_the_page(client: Client, **changes: Any) -> Case:
    """A request that was filled, checked and sent by a person."""
    case = saved_draft(client, **changes)
    sent = {"version": draft_of(case).version, "statement": "yes", "second_because": "The tests send several."}
    response = client.post(f"/requests/{case.reference}/edit/check/", sent)
    assert response.status_code == 302, response.content.decode()
    case.refresh_from_db()
    return case
