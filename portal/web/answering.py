"""Answering the plan's question: the same form, filled with what was sent, and a note. An answer is a new revision."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import build, refill
from portal.web.access import office_page
from portal.web.editing import posted_version
from portal.web.intake import Intake, form_of
from portal.web.rows import Raw
from priorauth.models import Case, InformationRequest
from priorauth.posting import PUT_BACK
from priorauth.services import information
from priorauth.services.base import clock
from priorauth.services.errors import Conflict, Incomplete
from priorauth.tenancy import get_for

LONGEST_NOTE = 2000
CHANGED = (
    "A colleague changed this request while you were answering. What you typed is below; send it again if it fits."
)


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    rows = Case.objects.for_actor(request.actor).select_related("member", "clinician", "facility")
    case = get_for(request.actor, Case, rows=rows, reference=reference)
    question = get_for(request.actor, InformationRequest, case=case, number=min(number, 1000))
    if question.answered_at is not None:
        return redirect("request", reference)
    latest = case.revisions.order_by("-number")[0]
    sent = refill.from_revision(case, latest)
    if request.method != "POST":
        return _page(request, case, question, sent)
    response = _receive(request, case, question, sent)
    question.refresh_from_db()
    mine = question.answered_by_id == request.actor.user_id  # the first press of a button that was pressed twice
    return redirect("request", reference) if mine else response


def _receive(request: HttpRequest, case: Case, question: InformationRequest, sent: Raw) -> HttpResponse:
    """Take files and buttons; send on the send button, else show the page again with everything typed."""
    fresh = posted_version(request) == case.version
    intake = Intake(request, timezone.now())
    intake.take_files(case)
    intake.press()
    intake.drop_unwanted(case)
    raw = _with_fixed(intake.raw, sent)
    shown: dict[str, Any] = {"problem": intake.problem, "file_problems": intake.file_problems}
    sending = request.POST.get("action") == "send" and PUT_BACK not in request.POST
    if not sending or intake.problem or intake.file_problems:
        return _page(request, case, question, raw, **shown)
    if not fresh:
        return _page(request, case, question, raw, problem=CHANGED, status=409)
    form = form_of(raw, case, timezone.localdate(intake.at), whole=True)
    if form.problems:
        return _page(request, case, question, raw, whole=True)
    note = _note(request)
    if len(note) > LONGEST_NOTE:
        problem = f"The note can have {LONGEST_NOTE:,} characters. This has {len(note):,}: shorten it."
        return _page(request, case, question, raw, note_problem=problem)
    try:
        information.answer(
            case,
            by=request.actor,
            at=intake.at,
            facts=build.facts(form, form.today),
            details=build.details(form),
            note=note,
        )
    except Incomplete as incomplete:
        return _page(request, case, question, raw, note_problem=str(incomplete))
    except Conflict as conflict:
        return _page(request, case, question, raw, problem=str(conflict), status=409)
    messages.success(request, f"Answer sent {clock(intake.at)}. The request is with the plan again.", extra_tags="good")
    return redirect("request", case.reference)


def _with_fixed(raw: Raw, sent: Raw) -> Raw:
    """The typed form with what an answer cannot change, as it was sent."""
    typed = {name: values for name, values in raw.items() if not refill.is_fixed(name)}
    return typed | {name: values for name, values in sent.items() if refill.is_fixed(name)}


def _note(request: HttpRequest) -> str:
    return request.POST.get("note_to_answer", "").replace("\x00", "").strip()


def _page(
    request: HttpRequest,
    case: Case,
    question: InformationRequest,
    raw: Raw,
    *,
    problem: str = "",
    note_problem: str = "",
    status: int = 200,
    **options: Any,
) -> HttpResponse:
    context = {
        "case": case,
        "question": question,
        "form": form_of(raw, case, timezone.localdate(), **options),
        "problem": problem,
        "note": _note(request),
        "note_problem": note_problem,
        "fixed": True,
        "action": reverse("request-answer", args=[case.reference, question.number]),
    }
    return render(request, "requests/answer.html", context, status=status)
