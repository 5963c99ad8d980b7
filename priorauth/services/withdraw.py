"""Taking a request back, sent or not."""

import datetime as dt

from priorauth.models import Case
from priorauth.roles import Actor
from priorauth.services.base import acting, needed, permit
from priorauth.services.errors import Incomplete
from priorauth.statuses import Act

LONGEST_REASON = 500


def withdraw(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> Case:
    """The office withdraws its request, with a reason. The trail and what was sent stay."""
    permit(case, Act.WITHDRAW, by=by, at=at)
    reason = needed(reason, "reason", "Write why you withdraw the request.")
    if len(reason) > LONGEST_REASON:
        raise Incomplete("reason", f"The reason can have {LONGEST_REASON} characters: shorten it.")
    columns = {"claimed_by": None, "claimed_until": None, "withdrawal_reason": reason}
    with acting(case, Act.WITHDRAW, by=by, at=at, version=version, **columns):
        pass
    return case
