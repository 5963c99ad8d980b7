"""What the office changed after the portal had shown it what is missing, in words."""

import datetime as dt
from typing import NamedTuple

from priorauth.models import Revision

NOT_GIVEN = "Not given"


class LateChange(NamedTuple):
    """One such change; `when` names the time between the two."""

    label: str
    before: str
    after: str
    when: str
    said: str


def late_changes(revision: Revision) -> list[LateChange]:
    """The changes that the draft of a revision kept (services/panel_record.py), oldest first."""
    return [
        LateChange(
            one["what"],
            one["before"] or NOT_GIVEN,
            one["after"] or NOT_GIVEN,
            f"{_between(one['shown_at'], one['at'])} after the portal showed it, by {one['by']}",
            one["said"],
        )
        for one in revision.details.get("changes_after_panel") or []
    ]


def _between(first: str, second: str) -> str:
    """`4 min`, `3 h` or `2 days` between two instants."""
    minutes = int((dt.datetime.fromisoformat(second) - dt.datetime.fromisoformat(first)).total_seconds() // 60)
    if minutes < 1:
        return "Less than 1 min"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
