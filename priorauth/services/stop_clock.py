"""Stopping a case's clock and setting it running again, where the rule allows it."""

import datetime as dt

from priorauth.models import Case, ClockChange
from priorauth.roles import Actor
from priorauth.services import change_clock, clock_rules
from priorauth.services.base import moment, refuse
from priorauth.services.errors import Incomplete
from priorauth.statuses import Act

BEFORE_THE_ANSWER = (
    "The case would be due {due}, but the office can answer until {answer_by}, and nobody can decide before. The clock"
    " runs again when it answers, or when that time is over."
)


def stop(
    case: Case, *, by: Actor, at: dt.datetime, ground: str, reason: str, version: int | None = None
) -> ClockChange:
    """Stop the clock, on one of the rule's grounds (by its key), and write the letter. It runs again when the office
    sends something, when a person says so, or by itself after the longest stop that the rule knows.

    Raises NotPermitted, which the trail keeps, where the rule does not allow it, Incomplete, or Conflict.
    """
    turning = change_clock.begin(case, Act.STOP_CLOCK, by=by, at=at)
    rule = turning.rule.stop(turning.urgency)
    if ground not in rule.grounds:
        raise Incomplete("ground", "Choose why the clock is stopped.")
    chosen = rule.grounds[ground]
    turning.turn(
        clock_rules.Kind.STOPPED,
        by=by,
        at=at,
        until=at + rule.most - turning.stood_still(at),
        ground=chosen.label,
        reason=clock_rules.reason_of(reason),
    )
    return change_clock.finish(turning, Act.STOP_CLOCK, by=by, at=at, version=version, ground=chosen.member)


def resume(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> ClockChange:
    """Set a stopped clock running again: what was left when it stopped is left now. The office is told by its page
    and by mail. Raises NotPermitted, which the trail keeps, where it runs, or where the case would be due while the
    office still has time to answer and nobody can decide; Incomplete; or Conflict."""
    turning = change_clock.begin(case, Act.RESUME_CLOCK, by=by, at=at)
    row = turning.turn(clock_rules.Kind.RESUMED, by=by, at=at, reason=clock_rules.reason_of(reason))
    question = case.information_requests.filter(answered_at=None, expired_at=None, answer_by__gt=row.due_after).first()
    if question:
        why = BEFORE_THE_ANSWER.format(due=moment(row.due_after), answer_by=moment(question.answer_by))
        refuse(case, Act.RESUME_CLOCK, why, by=by, at=at)
    return change_clock.finish(turning, Act.RESUME_CLOCK, by=by, at=at, version=version)
