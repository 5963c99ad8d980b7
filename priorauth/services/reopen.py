"""Opening a decided case again: a new round begins, the former decision and its letter stay."""

import datetime as dt

from priorauth.models import Case, Reopening
from priorauth.roles import Actor
from priorauth.services import notify
from priorauth.services.barred import barred
from priorauth.services.base import acting, long_enough, permit, refuse
from priorauth.services.submit import columns_of
from priorauth.statuses import Act

WHY = "Write in at least 20 characters why the case is opened again."


def reopen(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> Reopening:
    """For a lead. The clock starts anew: the time limit of the same rule, counted from now. Whoever decided before does
    not decide again (services/barred.py)."""
    permit(case, Act.REOPEN, by=by, at=at)
    if why := barred(case, by=by, at=at):
        refuse(case, Act.REOPEN, why, by=by, at=at)
    reason = long_enough(reason, "reason", WHY)
    latest = case.revisions.order_by("-number")[0]
    due_at = columns_of(latest.facts, at, case.urgency)["due_at"]
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


def clock_from(case: Case) -> dt.datetime:
    """When the clock of a sent case began: at its first receipt, or when it was last opened again."""
    latest = case.reopenings.order_by("-round").first()
    return latest.reopened_at if latest else case.received_at
