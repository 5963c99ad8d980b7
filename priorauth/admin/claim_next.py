"""The one button of the work board: claim the case that comes first."""

import datetime as dt

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from priorauth.posting import posted_from
from priorauth.roles import REVIEWER_ROLES, Actor
from priorauth.selectors import reviewable_by
from priorauth.services import claim
from priorauth.services.base import moment
from priorauth.services.errors import NotPermitted


@posted_from("admin:priorauth_case_changelist")
def claim_next(request: HttpRequest) -> HttpResponse:
    """Claim the first case that waits, or say what the others hold."""
    if request.actor.role not in REVIEWER_ROLES:
        raise PermissionDenied
    now = timezone.now()
    try:
        case = claim.claim_next(by=request.actor, at=now)
    except NotPermitted as refused:
        messages.error(request, str(refused))
        return redirect("admin:index")
    if case:
        messages.success(request, "You hold this case now.")
        return redirect("admin:priorauth_case_change", case.pk)
    messages.info(request, _nothing_waits(request.actor, now))
    return redirect("admin:index")


def _nothing_waits(actor: Actor, now: dt.datetime) -> str:
    others = reviewable_by(actor).filter(claimed_until__gt=now).exclude(claimed_by=actor.user_id)
    count, due = others.aggregate(count=Count("pk"), due=Min("due_at")).values()
    if not count:
        return "Nothing waits for you."
    are = "1 case is with another reviewer" if count == 1 else f"{count:,} cases are with other reviewers"
    return f"Nothing waits for you. {are}; the next one is due {moment(due)}."
