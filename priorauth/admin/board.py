"""The work board: the one thing to do next, my cases, and the numbers that lead to a list."""

import datetime as dt
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet

from priorauth import jobs
from priorauth.admin.base import COUNTED_ROWS
from priorauth.admin.whole_trail import alarm
from priorauth.admin.words import time_left
from priorauth.models import Case, Job
from priorauth.roles import CASE_READER_ROLES, REVIEWER_ROLES, TRAIL_READER_ROLES, Actor, Role
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
    if actor.role in TRAIL_READER_ROLES:
        context["broken_trail"] = alarm()
    if actor.role in (Role.LEAD, Role.ADMINISTRATOR):
        context["failed_jobs"] = Job.objects.filter(state=Job.State.FAILED).count()
    return context


def _numbers(actor: Actor, now: dt.datetime) -> list[tuple[str, str, str]]:
    """(words, how many, which view of the queue lists them), each counted out of an index and not past COUNTED_ROWS."""
    cases = Case.objects.for_actor(actor).order_by("urgency", "due_at", "id")
    free = Q(claimed_by__isnull=True) | Q(claimed_until__lte=now)
    open_ = Q(status__in=sorted(OPEN))
    conditions = {
        "late": open_ & Q(due_at__lt=now),
        "soon": open_ & Q(due_at__gte=now, due_at__lt=now + SOON),
        "unassigned": Q(status=Status.IN_REVIEW) & free,
        "physician": Q(status=Status.WITH_PHYSICIAN),
        "information": Q(status=Status.INFORMATION_NEEDED),
        "messages": open_ & Q(message_waits=True),
    }
    words = {
        "late": "Late",
        "soon": "Due within 8 hours",
        "unassigned": "In review, unassigned",
        "physician": "With a physician",
        "information": "Waiting for the office",
        "messages": "Messages to answer",
    }
    counts = dict(zip(conditions, _at_most(*map(cases.filter, conditions.values())), strict=True))
    return [(label, f"{counts[view]:,}{'+' * (counts[view] == COUNTED_ROWS)}", view) for view, label in words.items()]


def _at_most(*lists: QuerySet[Case]) -> list[int]:
    """How many rows each list has, counted in its order and no further than COUNTED_ROWS, in one statement."""
    found = [rows.values("pk")[:COUNTED_ROWS].query.sql_with_params() for rows in lists]
    counts = ", ".join(f"(SELECT count(*) FROM ({sql}) counted)" for sql, _ in found)  # noqa: S608 - Django's own SQL
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}", [value for _, values in found for value in values])
        return list(cursor.fetchone())
