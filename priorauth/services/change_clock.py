"""What the acts on a case's clock share: who may, whether the rule does, and what each leaves behind."""

import datetime as dt

from priorauth.models import Case, ClockChange
from priorauth.roles import Actor
from priorauth.services import answer_time, letters, notify
from priorauth.services.barred import keep_apart, permit_unbarred
from priorauth.services.base import acting, permit, refuse
from priorauth.services.clock_rules import WHY_NOT, Turning, unhindered
from priorauth.statuses import Act


def begin(case: Case, act: Act, *, by: Actor, at: dt.datetime) -> Turning:
    """The clock of an open case that `by` may change with `act` now. Raises NotPermitted, which the trail keeps, where
    the person or the rule may not, or Conflict."""
    if act == Act.DOWNGRADE:
        permit_unbarred(case, act, by=by, at=at)
    else:
        permit(case, act, by=by, at=at)
        keep_apart(case, act, by=by, at=at)
    turning = Turning.of_open(case)
    if why := WHY_NOT[act](turning, at):
        refuse(case, act, why, by=by, at=at)
    unhindered(case, by=by, at=at)
    return turning


def finish(
    turning: Turning, act: Act, *, by: Actor, at: dt.datetime, version: int | None, ground: str | None = None
) -> ClockChange:
    """Write the last change and tell the office: by a letter with the rule's reason in the member's words, the
    `ground`; without one (None) by its page and mail alone. Raises Conflict."""
    case, row = turning.case, turning.changes[-1]
    with acting(case, act, by=by, at=at, version=version, **turning.columns) as change:
        turning.write(change)
        answer_time.bring_forward(change, turning, at)
        if ground is not None:
            letters.of_clock(change, row, turning.rule, ground, by=by)
        notify.enqueue(case, f"clock:{row.pk}", at)
    return row
