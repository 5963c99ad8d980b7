"""Opening a decided case again: a new round begins, the former decision and its letter stay."""

import datetime as dt

from priorauth.clock import first_due, rule_of
from priorauth.models import Case, Reopening
from priorauth.roles import Actor
from priorauth.services import notify
from priorauth.services.barred import barred
from priorauth.services.base import acting, long_enough, permit, refuse
from priorauth.statuses import Act

WHY = "Write in at least 20 characters why the case is opened again."


def reopen(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> Reopening:
    """For a lead. The clock starts anew: the time limit of the same rule, counted from now. Whoever decided before does
    not decide again (services/barred.py)."""
    permit(case, Act.REOPEN, by=by, at=at)
    if why := barred(case, by=by, at=at):
        refuse(case, Act.REOPEN, why, by=by, at=at)
    reason = long_enough(reason, "reason", WHY)
    due_at = first_due(at, rule_of(case), case.urgency)
    with acting(
        case, Act.REOPEN, by=by, at=at, version=version, round=case.round + 1, decided_at=None, due_at=due_at
    ) as change:
        reopening = Reopening(
            case=case,
            round=case.round,
            reason=reason,
            reopened_by_id=by.user_id,
            reopened_role=by.role,
            reopened_at=at,
        )
        reopening.save(force_insert=True)
        change.rows.append(reopening)
        change.entities["round"] = reopening.round
        change.fields["reason"] = reason
        notify.enqueue(case, f"reopened:{reopening.pk}", at)
    return reopening
