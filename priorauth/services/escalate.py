"""Handing a case to a physician."""

import datetime as dt

from priorauth.models import Case, Escalation
from priorauth.roles import Actor
from priorauth.services.barred import keep_apart
from priorauth.services.base import acting, needed, permit
from priorauth.services.errors import Incomplete
from priorauth.statuses import Act

RECOMMEND = "Choose what you recommend."
ASK = "Write what the physician should decide."


def escalate(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    question: str,
    recommendation: str,
    because: str = "",
    version: int | None = None,
) -> Escalation:
    """Ask a physician, and say what one would do: approve, not_approve or ask, and why in words if one likes.

    The nurse's claim ends; the case waits in the physicians' queue. The physician reads the recommendation only after
    marking the criteria (services/recommendation.py).
    """
    permit(case, Act.ESCALATE, by=by, at=at)
    keep_apart(case, Act.ESCALATE, by=by, at=at)
    if recommendation not in Escalation.Recommendation.values:
        raise Incomplete("recommendation", RECOMMEND)
    question = needed(question, "question", ASK)
    with acting(case, Act.ESCALATE, by=by, at=at, version=version, claimed_by=None, claimed_until=None) as change:
        escalation = Escalation(
            case=case,
            question=question,
            recommendation=recommendation,
            because=because.strip(),
            escalated_by_id=by.user_id,
            escalated_at=at,
        )
        escalation.save(force_insert=True)
        change.rows.append(escalation)
        change.fields |= {"question": question, "recommendation": recommendation, "because": escalation.because}
    return escalation
