"""Taking a request back, on a page of its own that asks why."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web.access import office_page
from portal.web.editing import posted_version
from portal.web.unsent import keeps_words, went_out, words_on
from priorauth.models import Case
from priorauth.posting import PUT_BACK, typed_text
from priorauth.services import withdraw as service
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.reopen import withdrawn
from priorauth.statuses import TRANSITIONS, Act, Status
from priorauth.tenancy import get_for


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_words
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    case = get_for(request.actor, Case, reference=reference)
    if case.status not in TRANSITIONS[Act.WITHDRAW].sources:
        went_out(request)
        return redirect("request", reference)
    if request.method != "POST":
        return _page(request, case, words_on(request, request.path, "reason"))
    reason = typed_text(request, "reason")
    if PUT_BACK in request.POST:
        return _page(request, case, reason)
    now = timezone.now()
    try:
        service.withdraw(case, by=request.actor, at=now, reason=reason, version=posted_version(request))
    except Incomplete as problem:
        return _page(request, case, reason, str(problem))
    except Conflict as conflict:
        if case.status == Status.WITHDRAWN:
            went_out(request)
            return redirect("request", reference)  # the second press of one withdrawal
        if case.status not in TRANSITIONS[Act.WITHDRAW].sources:
            raise
        return _page(request, case, reason, str(conflict), status=409)
    went_out(request)
    messages.success(request, f"Withdrawn {moment(now)}.", extra_tags="good")
    return redirect("request", reference)


def _page(request: HttpRequest, case: Case, reason: str = "", problem: str = "", status: int = 200) -> HttpResponse:
    former = case.decisions.order_by("-round").first()
    context = {"case": case, "reason": reason, "problem": problem, "stays": withdrawn(former) if former else ""}
    if case.received_at:
        context["held"] = list(case.attachments.filter(revision=None))
    return render(request, "requests/withdraw.html", context, status=status)
