"""The work board: the one thing to do next, my cases, and the numbers that lead to a list."""

import datetime as dt
from typing import Any

from django.db.models import Count, Min, Q

from priorauth import jobs
from priorauth.admin.deadlines import deadlines_for_lead
from priorauth.admin.whole_trail import alarm
from priorauth.admin.words import time_left
from priorauth.models import Case, Job
from priorauth.roles import CASE_READER_ROLES, REVIEWER_ROLES, TRAIL_READER_ROLES, Actor, Role
from priorauth.selectors import with_last_message
from priorauth.statuses import OPEN, Status

SOON = dt.timedelta(hours=8)


def board(actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """What the board shows to this role, in a constant number of queries."""
    context: dict[str, Any] = {"may_claim": actor.role in REVIEWER_ROLES}
    if actor.role in CASE_READER_ROLES:
        context["numbers"] = _numbers(actor, now)
    if actor.role in REVIEWER_ROLES:
        mine = Case.objects.for_actor(actor).filter(claimed_by=actor.user_id, claimed_until__gt=now)
        mine = mine.select_related("member").order_by("urgency", "due_at", "id")[:20]
        context["mine"] = [(case, time_left(case.due_at, now)) for case in mine]
    if actor.role in REVIEWER_ROLES | {Role.ADMINISTRATOR}:
        behind = jobs.overdue(now).filter(kind=Job.Kind.SCORE)
        context["behind"] = behind.aggregate(count=Count("pk"), since=Min("created_at"))
    context["deadlines"] = deadlines_for_lead(actor, now)
    if actor.role in TRAIL_READER_ROLES:
        context["broken_trail"] = alarm()
    if actor.role in (Role.LEAD, Role.ADMINISTRATOR):
        context["failed_jobs"] = Job.objects.filter(state=Job.State.FAILED).count()
    return context


def _numbers(actor: Actor, now: dt.datetime) -> list[tuple[str, int, str]]:
    """(words, how many, which view of the queue lists them)."""
    cases = Case.objects.for_actor(actor).filter(status__in=sorted(OPEN))
    free = Q(claimed_by__isnull=True) | Q(claimed_until__lte=now)
    counts = with_last_message(cases, actor).aggregate(
        late=Count("pk", filter=Q(due_at__lt=now)),
        soon=Count("pk", filter=Q(due_at__gte=now, due_at__lt=now + SOON)),
        unassigned=Count("pk", filter=Q(status=Status.IN_REVIEW) & free),
        physician=Count("pk", filter=Q(status=Status.WITH_PHYSICIAN)),
        information=Count("pk", filter=Q(status=Status.INFORMATION_NEEDED)),
        messages=Count("pk", filter=Q(office_wrote_last=True)),
    )
    words = {
        "late": "Late",
        "soon": "Due within 8 hours",
        "unassigned": "In review, unassigned",
        "physician": "With a physician",
        "information": "Waiting for the office",
        "messages": "Messages to answer",
    }
    return [(label, counts[view], view) for view, label in words.items()]
