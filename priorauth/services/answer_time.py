"""Until when an office may answer a question."""

import datetime as dt

from django.utils import timezone

from priorauth.deadlines import is_business_day
from priorauth.models import Case
from priorauth.services.base import clock
from priorauth.services.errors import Incomplete
from priorauth.statuses import Urgency

EXPEDITED = dt.timedelta(hours=8)
SHORTEST = dt.timedelta(minutes=30)


def usual(case: Case, at: dt.datetime) -> dt.datetime:
    """Eight hours for an expedited request, one business day for any other, and never beyond what may be given: whole
    minutes, as a person types them."""
    wanted = at + EXPEDITED if case.urgency == Urgency.EXPEDITED else _next_business_day(at)
    return min(wanted, latest(case, at)).replace(second=0, microsecond=0)


def latest(case: Case, at: dt.datetime) -> dt.datetime:
    """The last instant that may be given: when the decision is due, since the clock runs on. Where that is past, or
    almost, one business day: the case is late already, and its facts still lack."""
    due = case.due_at
    return due if due and due >= at + 2 * SHORTEST else _next_business_day(at)


def check(case: Case, answer_by: dt.datetime, at: dt.datetime) -> dt.datetime:
    """The instant. Raises Incomplete for one that leaves less than half an hour, or is later than may be given."""
    if answer_by < at + SHORTEST:
        raise Incomplete("answer_by", "Give the office at least half an hour to answer.")
    if answer_by > (last := latest(case, at)):
        raise Incomplete("answer_by", f"The time to answer must end by {clock(last)}: the clock runs on meanwhile.")
    return answer_by


def _next_business_day(at: dt.datetime) -> dt.datetime:
    """The same time of day on the next business day, in the plan's zone."""
    local = timezone.localtime(at)
    day = local.date() + dt.timedelta(days=1)
    while not is_business_day(day):
        day += dt.timedelta(days=1)
    return dt.datetime.combine(day, local.time(), timezone.get_default_timezone()).astimezone(dt.UTC)
