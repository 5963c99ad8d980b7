"""Until when an office may answer a question."""

import datetime as dt

from priorauth.clock import next_business_day
from priorauth.services.base import clock
from priorauth.services.clock import Turning
from priorauth.services.errors import Incomplete
from priorauth.statuses import Urgency

EXPEDITED = dt.timedelta(hours=8)
SHORTEST = dt.timedelta(minutes=30)


def usual(turning: Turning, at: dt.datetime) -> dt.datetime:
    """Eight hours for an expedited request, one business day for any other, and never beyond what may be given: whole
    minutes, as a person types them. `turning` is the clock as the question leaves it."""
    wanted = at + EXPEDITED if turning.urgency == Urgency.EXPEDITED else next_business_day(at, turning.rule)
    return min(wanted, latest(turning, at)).replace(second=0, microsecond=0)


def latest(turning: Turning, at: dt.datetime) -> dt.datetime:
    """The last instant that may be given: when a clock that stands still runs again, and of one that runs on when the
    decision is due. Where that is past, or almost, one business day: the case is late already, and its facts still
    lack."""
    still = turning.stop_at(at)
    last = still.until if still else turning.case.due_at
    return last if last >= at + 2 * SHORTEST else next_business_day(at, turning.rule)


def check(turning: Turning, answer_by: dt.datetime, at: dt.datetime) -> dt.datetime:
    """The instant. Raises Incomplete for one that leaves less than half an hour, or is later than may be given."""
    if answer_by < at + SHORTEST:
        raise Incomplete("answer_by", "Give the office at least half an hour to answer.")
    if answer_by > (last := latest(turning, at)):
        raise Incomplete("answer_by", f"The time to answer must end by {clock(last)}, by the rule of this plan.")
    return answer_by
