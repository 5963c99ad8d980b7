"""An expedited request that a physician finds can wait: decided in the standard time, from where its clock began."""

import datetime as dt

from priorauth.models import Case, ClockChange
from priorauth.roles import Actor
from priorauth.services import answer_time, clock, letters, notify
from priorauth.services.barred import barred
from priorauth.services.base import acting, permit, refuse
from priorauth.statuses import Act, Urgency


def downgrade(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> ClockChange:
    """Make an expedited request a standard one, and write the letter.

    For a physician with an active licence who took no part in the request. Raises NotPermitted, which the trail
    keeps, Incomplete, or Conflict.
    """
    permit(case, Act.DOWNGRADE, by=by, at=at)
    turning = clock.Turning.of_open(case)
    if why := barred(case, by=by, at=at) or clock.why_not_downgrade(turning, at):
        refuse(case, Act.DOWNGRADE, why, by=by, at=at)
    clock.unhindered(case, by=by, at=at)
    turning.urgency = Urgency.STANDARD
    row = turning.turn(clock.Kind.DOWNGRADED, by=by, at=at, reason=clock.reason_of(reason))
    with acting(case, Act.DOWNGRADE, by=by, at=at, version=version, **turning.columns) as change:
        turning.write(change)
        answer_time.bring_forward(change, turning, at)
        letters.of_clock(change, row, turning.rule, "", by=by)
        notify.enqueue(case, f"clock:{row.pk}", at)
    return row
