"""Handing a case to a physician."""

import datetime as dt

from priorauth.models import Case, Escalation
from priorauth.roles import Actor
from priorauth.services.base import acting, needed, permit
from priorauth.statuses import Act


def escalate(case: Case, *, by: Actor, at: dt.datetime, question: str, version: int | None = None) -> Escalation:
    """Ask a physician. The nurse's claim ends; the case waits in the physicians' queue."""
    permit(case, Act.ESCALATE, by=by, at=at)
    question = needed(question, "question", "Write what the physician should decide.")
    with acting(case, Act.ESCALATE, by=by, at=at, version=version, claimed_by=None, claimed_until=None) as change:
        escalation = Escalation(case=case, question=question, escalated_by_id=by.user_id, escalated_at=at)
        escalation.save(force_insert=True)
        change.rows.append(escalation)
        change.fields["question"] = question
    return escalation
