"""A new draft from a past request of the office: for the same patient, or for another with the same people and places.

What must be found out anew is not copied: a fact that was true then is no fact now.
"""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import member, refill
from portal.web.access import case_of, office_page, refused
from portal.web.editing import heading, posted_token
from portal.web.rows import Raw
from priorauth.models import Case, Draft
from priorauth.roles import Actor
from priorauth.services import drafts

# The names of the form, or how they begin.
FRESH = (
    *(
        "service_date",
        "retrospective_reason",
        "urgency",
        "note",
        "treated",
        "treatments-",
        "response",
        "stated_weeks",
        "imaging-",
    ),
    *("pain_", "walking", "analgesia_hours", "hospital", "admit_date", "discharge_date"),
)
FRESH_OF_A_LEVEL = ("onset", "onset_source", "exam", "exam_date", "other_source", "other_source_name")
OF_THE_PATIENT = (
    *("member_id", "birth_date", "first_name", "last_name", "product", "diagnosis_codes"),
    *("lines-", "levels-", "t_score", "osteoporosis_dx", "safety_notes"),
)
NOT_COPIED = (
    "files and imaging studies, treatments, when the pain started, pain scores, walking and hospital, the examination,"
    " the planned date, how soon a decision is needed, and your note"
)
NOTHING = "There is nothing to copy: this request was withdrawn before it was sent."


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: HttpRequest, reference: str) -> HttpResponse:
    """Say what a copy takes along; a post starts it, the same token once."""
    case = case_of(request.actor, reference)
    typed = _typed(case, request.actor)
    if typed is None:
        return refused(request, NOTHING, status=409)
    if request.method != "POST":
        context = {"case": case, "token": uuid.uuid4(), "not_copied": NOT_COPIED, "heading": heading(typed)}
        return render(request, "requests/copy.html", context)
    same_patient = request.POST.get("patient") != "another"
    draft = _start(request, case, copied(typed, same_patient=same_patient))
    also = "" if same_patient else ", and all about the patient"
    messages.success(request, f"Copied from {reference}. Not copied: {NOT_COPIED}{also}.", extra_tags="good")
    return redirect("request-edit", draft.reference)


def copied(typed: Raw, *, same_patient: bool) -> Raw:
    """What a copy takes along of a form as it was typed."""
    left_out = FRESH if same_patient else (*FRESH, *OF_THE_PATIENT)
    return {
        name: values
        for name, values in typed.items()
        if not name.startswith(left_out) and not (name.startswith("levels-") and name.endswith(FRESH_OF_A_LEVEL))
    }


def _typed(case: Case, actor: Actor) -> Raw | None:
    """The form of the latest revision, or of the draft; None where neither is left."""
    if case.received_at is not None:
        return refill.from_revision(case, case.revisions.order_by("-number")[0])
    draft = Draft.objects.for_actor(actor).filter(case=case).first()
    return draft.fields if draft else None


def _start(request: HttpRequest, case: Case, fields: Raw) -> Case:
    now = timezone.now()
    draft = drafts.start(by=request.actor, at=now, token=posted_token(request), fields=fields, copy_of=case)
    member.settle(fields, draft, request.actor, now)
    return draft
