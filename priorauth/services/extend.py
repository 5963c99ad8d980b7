"""More time to decide: where the rule allows it, by as much, on its grounds, before the time is over."""

import datetime as dt

from priorauth.models import Case, ClockChange
from priorauth.roles import Actor
from priorauth.services import change_clock, clock_rules
from priorauth.services.errors import Incomplete
from priorauth.statuses import Act


def extend(
    case: Case, *, by: Actor, at: dt.datetime, count: int, ground: str, reason: str, version: int | None = None
) -> ClockChange:
    """Extend the time by `count` of the rule's units, on one of its grounds (by its key), and write the letter.

    Raises NotPermitted, which the trail keeps, where the rule does not allow it, Incomplete, or Conflict.
    """
    turning = change_clock.begin(case, Act.EXTEND, by=by, at=at)
    extension = turning.rule.extension(turning.urgency)
    if ground not in extension.grounds:
        raise Incomplete("ground", "Choose why the time is extended.")
    most = clock_rules.most_left(turning)
    if not 1 <= count <= most:
        raise Incomplete("count", f"Write a number of {extension.most.unit.value} from 1 to {most}.")
    chosen = extension.grounds[ground]
    turning.turn(
        clock_rules.Kind.EXTENDED,
        by=by,
        at=at,
        count=count,
        unit=extension.most.unit.value,
        ground=chosen.label,
        reason=clock_rules.reason_of(reason),
    )
    return change_clock.finish(turning, Act.EXTEND, by=by, at=at, version=version, ground=chosen.member)
