"""Until when an office may answer a question."""

import datetime as dt

from priorauth import audit
from priorauth.clock import next_business_day
from priorauth.services import notify
from priorauth.services.base import Change, moment
from priorauth.services.clock_rules import Turning
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
    return _or_a_day(still.until if still else turning.case.due_at, turning, at)


def _or_a_day(last: dt.datetime, turning: Turning, at: dt.datetime) -> dt.datetime:
    return last if last >= at + 2 * SHORTEST else next_business_day(at, turning.rule)


def check(turning: Turning, answer_by: dt.datetime, at: dt.datetime) -> dt.datetime:
    """The instant. Raises Incomplete for one that leaves less than half an hour, or is later than may be given."""
    if answer_by < at + SHORTEST:
        raise Incomplete("answer_by", "Give the office at least half an hour to answer.")
    if answer_by > (last := latest(turning, at)):
        raise Incomplete("answer_by", f"The time to answer must end by {moment(last)}, by the rule of this plan.")
    return answer_by


def bring_forward(change: Change, turning: Turning, at: dt.datetime) -> None:
    """Within an act that wrote a change of the clock, which may have the case due earlier, since another rule or
    urgency counts: the time of an open question ends with the time to decide, as it would if it were asked now. Nobody
    can decide before it ends."""
    if "clock_change" not in change.entities:
        return
    case, last = change.case, _or_a_day(change.case.due_at, turning, at)
    question = case.information_requests.filter(answered_at=None, expired_at=None, answer_by__gt=last).first()
    if question is None:
        return
    question.answer_by = last.replace(second=0, microsecond=0)
    question.save(update_fields=["answer_by"])
    change.rows.append(question)
    change.entities["information_request"] = question.number
    change.fields["answer_by"] = audit.utc_text(question.answer_by)
    notify.enqueue(case, f"clock:{turning.changes[-1].pk}", at)
