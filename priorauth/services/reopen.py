"""Opening a decided case again: a new round begins. The former decision and its letter stay; nobody but a physician
takes an approval away, so it holds until somebody decides anew."""

import datetime as dt

from priorauth.clock import first_due, rule_of
from priorauth.models import Case, Decision, Reopening
from priorauth.roles import Actor
from priorauth.services import notify
from priorauth.services.barred import permit_unbarred
from priorauth.services.base import acting, long_enough
from priorauth.statuses import OPEN, Act, Status

WHY = "Write in at least 20 characters why the case is opened again."

HOLDS = {
    Status.APPROVED: "The approval holds, with its number and its days, until there is a new decision.",
    Status.PARTLY_APPROVED: "What was approved stays so, with its number and its days, until there is a new decision.",
}
STAYS = "The former decision stays until there is a new one."
STILL = {
    Status.APPROVED: "The approval still holds, with its number and its days.",
    Status.PARTLY_APPROVED: "What was approved still is, with its number and its days.",
}


def meanwhile(case: Case, last: Decision | None) -> str:
    """What the `last` decision of a case that is open again is until the next, or stays once the office withdrew it; ""
    where the case is neither."""
    if last is None:
        return ""
    if case.status == Status.WITHDRAWN:
        return withdrawn(last)
    return holds(last) if case.status in OPEN else ""


def withdrawn(decision: Decision) -> str:
    """What the former decision of a case is once the office has withdrawn it: nobody decides anew."""
    return STILL.get(Status(decision.outcome), "The former decision stays.")


def holds(decision: Decision) -> str:
    return HOLDS.get(Status(decision.outcome), STAYS)


def reopen(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> Reopening:
    """For a lead. The clock starts anew: the time limit of the same rule, counted from now. Whoever decided before does
    not decide again (services/barred.py)."""
    permit_unbarred(case, Act.REOPEN, by=by, at=at)
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
