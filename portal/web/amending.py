"""Correcting or adding facts of a request that was sent and is not decided: the whole form, filled with what was sent
last. Nothing is sent before the send button; what is sent is a new revision, scored again."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import answered, build, refill
from portal.web.access import office_page
from portal.web.editing import posted_version
from portal.web.intake import Intake, form_of
from portal.web.rows import Raw
from priorauth.clock import Clock
from priorauth.models import Case
from priorauth.posting import PUT_BACK
from priorauth.services.amend import amend as service
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.submit import carried
from priorauth.statuses import TRANSITIONS, Act
from priorauth.tenancy import get_for

CHANGED = "This request changed while you were correcting it. What you typed is below; send it again if it fits."


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def amend(request: HttpRequest, reference: str) -> HttpResponse:
    rows = Case.objects.for_actor(request.actor).select_related("member", "clinician", "facility")
    case = get_for(request.actor, Case, rows=rows, reference=reference)
    if case.status not in TRANSITIONS[Act.AMEND].sources:
        return redirect("request", reference)
    sent = refill.from_revision(case, case.revisions.order_by("-number")[0])
    return _receive(request, case, sent) if request.method == "POST" else _page(request, case, sent)


def _receive(request: HttpRequest, case: Case, sent: Raw) -> HttpResponse:
    """Take files and buttons; send on the send button, else show the page again with everything typed."""
    fresh = posted_version(request) == case.version
    intake = Intake(request, timezone.now())
    intake.take_files(case)
    intake.press()
    intake.tick()
    intake.drop_unwanted(case)
    raw = answered.whole(intake.raw, {}, sent, ())
    shown: dict[str, Any] = {"problem": intake.problem, "file_problems": intake.file_problems, "sought": intake.sought}
    shown["level_problem"] = intake.level_problem
    sending = request.POST.get("action") == "send" and PUT_BACK not in request.POST
    if not sending or intake.problem or intake.file_problems or intake.level_problem:
        return _page(request, case, raw, **shown)
    form = form_of(raw, case, timezone.localdate(intake.at), whole=True)
    if form.problems:
        return _page(request, case, raw, whole=True)
    facts, details = build.facts(form, form.today), build.details(form)
    if not fresh:
        return _second_press(request, case, details) or _page(request, case, raw, problem=CHANGED, status=409)
    try:
        service(case, by=request.actor, at=intake.at, facts=facts, details=details)
    except Incomplete as incomplete:
        return _page(request, case, raw, problem=str(incomplete))
    except Conflict as conflict:
        again = _second_press(request, case, details)
        return again or _page(request, case, raw, problem=str(conflict), status=409)
    messages.success(request, f"Sent {moment(intake.at)}. The clock does not begin anew.", extra_tags="good")
    return redirect("request", case.reference)


def _second_press(request: HttpRequest, case: Case, details: dict[str, Any]) -> HttpResponse | None:
    """Where the same person sent the same just now, the case: a button that was pressed twice."""
    latest = case.revisions.order_by("-number")[0]
    mine = latest.created_by_id == request.actor.user_id and latest.number > 1
    return redirect("request", case.reference) if mine and latest.details == carried(latest, details) else None


def _page(
    request: HttpRequest, case: Case, raw: Raw, *, problem: str = "", status: int = 200, **options: Any
) -> HttpResponse:
    context = {
        "case": case,
        "still": Clock.of(case).stop_at(timezone.now()),
        "form": form_of(raw, case, timezone.localdate(), **options),
        "problem": problem,
        "fixed": True,
        "action": request.path,
    }
    return render(request, "requests/amend.html", context, status=status)
