"""The office corrects or adds facts before a decision: a new revision, scored again (decision 26)."""

import datetime as dt
from typing import Any

from priorauth.models import Case, Draft, Revision
from priorauth.roles import Actor
from priorauth.services import answer_time, clock_rules
from priorauth.services.base import acting, permit
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.score import UNSCORED
from priorauth.services.submit import carried, columns_of, essence, revise, stamped
from priorauth.statuses import Act, Status


def amend(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    facts: dict[str, Any],
    details: dict[str, Any],
    version: int | None = None,
    draft_version: int | None = None,
) -> Revision:
    """Replace what the office sent last, until the case is decided. Its status and its claim stay. A clock that stood
    still runs again, but not while the office has time to answer a question: until then nobody could decide. For the
    same reason that time is cut where another plan's rule has the case due before it ends.

    `draft_version` is the version of the kept correction that is sent, and so used up; None leaves what is kept.

    Raises Incomplete where nothing changed, and for facts outside facts v1; Conflict where somebody kept another
    correction since.
    """
    permit(case, Act.AMEND, by=by, at=at)
    latest = case.revisions.order_by("-number").first()
    if latest is None:
        raise Conflict("This request was not sent yet: change its draft.")
    document, details = stamped(facts, case, at), carried(latest, details)
    if essence(document) == essence(latest.facts) and details == latest.details:
        raise Incomplete("facts", "Nothing was changed, so nothing was sent. Change an answer or add a file.")
    turning = clock_rules.with_facts(case, document.get("product"), by=by, at=at)
    if case.status != Status.INFORMATION_NEEDED:
        turning.running(by=by, at=at)
    columns = columns_of(document) | turning.columns | UNSCORED
    with acting(case, Act.AMEND, by=by, at=at, version=version, **columns) as change:
        _use_up(case, draft_version)
        turning.write(change)
        answer_time.bring_forward(change, turning, at)
        return revise(change, document, details, number=latest.number + 1, by=by, at=at)


def _use_up(case: Case, draft_version: int | None) -> None:
    """Take the correction that is being sent. One statement: nobody keeps another between."""
    if draft_version is None:
        return
    rows = Draft.objects.unscoped("the case's own correction").filter(case=case, version=draft_version)
    if not rows.delete()[0]:
        raise Conflict("A colleague changed this correction while you were sending it. Look at it again.")
