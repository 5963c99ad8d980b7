"""The office corrects or adds facts before a decision: a new revision, scored again (decision 26)."""

import datetime as dt
from typing import Any

from priorauth.models import Case, Revision
from priorauth.roles import Actor
from priorauth.services.base import acting, permit
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.reopen import clock_from
from priorauth.services.submit import carried, columns_of, essence, revise, stamped
from priorauth.statuses import Act


def amend(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    facts: dict[str, Any],
    details: dict[str, Any],
    version: int | None = None,
) -> Revision:
    """Replace what the office sent last, until the case is decided. Its status, its claim and its clock stay.

    Raises Incomplete where nothing changed, and for facts outside facts v1.
    """
    permit(case, Act.AMEND, by=by, at=at)
    latest = case.revisions.order_by("-number").first()
    if latest is None:
        raise Conflict("This request was not sent yet: change its draft.")
    document, details = stamped(facts, case, at), carried(latest, details)
    if essence(document) == essence(latest.facts) and details == latest.details:
        raise Incomplete("facts", "Nothing was changed, so nothing was sent. Change an answer or add a file.")
    columns = columns_of(document, clock_from(case), case.urgency) | {"determination": "", "score": None}
    with acting(case, Act.AMEND, by=by, at=at, version=version, **columns) as change:
        return revise(change, document, details, number=latest.number + 1, by=by, at=at)
