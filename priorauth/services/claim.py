"""Claiming a case for review, and giving it back. A claim keeps two people from deciding the same case."""

import datetime as dt

from django.db import transaction
from django.db.models import Q, QuerySet

from priorauth.models import Case
from priorauth.roles import Actor, Role
from priorauth.selectors import reviewable_by
from priorauth.services.base import acting, clock, permit, refuse
from priorauth.services.errors import Conflict
from priorauth.statuses import Act, Status

CLAIM = dt.timedelta(minutes=30)


def claim(case: Case, *, by: Actor, at: dt.datetime, version: int | None = None) -> Case:
    """Hold the case for 30 minutes; claiming one's own case again renews it. Raises Conflict if somebody holds it."""
    permit(case, Act.CLAIM, by=by, at=at)
    if case.status == Status.WITH_PHYSICIAN and by.role == Role.NURSE:
        refuse(case, Act.CLAIM, "This case waits for a physician, so a nurse cannot claim it.", by=by, at=at)
    if case.claimed_by_id not in (None, by.user_id) and case.claimed_until > at:
        raise Conflict(f"{case.claimed_by} holds this case until {clock(case.claimed_until)}.")
    with acting(case, Act.CLAIM, by=by, at=at, version=version, claimed_by_id=by.user_id, claimed_until=at + CLAIM):
        pass
    return case


def claim_next(*, by: Actor, at: dt.datetime) -> Case | None:
    """Claim the first case that `by` may decide and nobody holds: expedited first, then by due time. None if none."""
    with transaction.atomic():
        case = free(reviewable_by(by), at).select_for_update(skip_locked=True, of=("self",)).first()
        return claim(case, by=by, at=at) if case else None


def free(cases: QuerySet[Case], at: dt.datetime) -> QuerySet[Case]:
    return cases.filter(Q(claimed_by__isnull=True) | Q(claimed_until__lte=at))


def release(case: Case, *, by: Actor, at: dt.datetime, version: int | None = None) -> Case:
    """Give the case back. Only its holder or a lead may. Raises Conflict for anybody else's claim."""
    permit(case, Act.RELEASE, by=by, at=at)
    if case.claimed_by_id != by.user_id and by.role != Role.LEAD:
        raise Conflict("You do not hold this case, so there is nothing to release.")
    with acting(case, Act.RELEASE, by=by, at=at, version=version, claimed_by=None, claimed_until=None):
        pass
    return case
