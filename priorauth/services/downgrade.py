"""An expedited request that a physician finds can wait: decided in the standard time, from where its clock began."""

import datetime as dt

from priorauth.models import Case, ClockChange
from priorauth.roles import Actor
from priorauth.services import change_clock, clock_rules
from priorauth.statuses import Act, Urgency


def downgrade(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> ClockChange:
    """Make an expedited request a standard one, and write the letter.

    For a physician with an active licence who took no part in the request. Raises NotPermitted, which the trail
    keeps, Incomplete, or Conflict.
    """
    turning = change_clock.begin(case, Act.DOWNGRADE, by=by, at=at)
    turning.urgency = Urgency.STANDARD
    turning.turn(clock_rules.Kind.DOWNGRADED, by=by, at=at, reason=clock_rules.reason_of(reason))
    return change_clock.finish(turning, Act.DOWNGRADE, by=by, at=at, version=version, ground="")
