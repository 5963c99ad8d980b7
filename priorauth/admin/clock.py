"""The clock on the case page: its rule, what changed it, what can be done to it, what no decision in time means."""

import datetime as dt
from typing import Any, Final

from django.urls import reverse

from priorauth.admin.clock_acts import PAGES
from priorauth.admin.obstacles import obstacle
from priorauth.admin.words import time_left
from priorauth.clock import Clock
from priorauth.models import Case, ClockChange
from priorauth.roles import REVIEWER_ROLES, Actor
from priorauth.services.base import clock as moment
from priorauth.statuses import OPEN

Kind = ClockChange.Kind
DEEMED: Final = "The time has passed without a decision. By this rule that may count as an approval:"
LATE: Final = "The time has passed without a decision. What that means by this rule:"
WAITS: Final = "Nothing is decided by the portal. The case waits for a person."


def clock_context(case: Case, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """`clock` for templates/admin/priorauth/case/clock.html; `left` in words for the page's head."""
    clock = Clock.of(case)
    still = clock.stop_at(now) if case.status in OPEN else None
    late = case.status in OPEN and case.due_at < now
    return {
        "left": head(case, still, now),
        "clock": {
            "rule": clock.rule,
            "words": clock.rule.words(case.urgency),
            "regimes": reverse("admin:priorauth_regimeuse_changelist"),
            "changes": clock.changes,
            "still": still,
            "silence": {"says": _silence(clock), "means": clock.rule.text.silence.words, "waits": WAITS}
            if late
            else None,
            "deemed": late and clock.rule.text.silence.deemed_approved,
            **_acts(case, actor, now),
        },
    }


def head(case: Case, still: ClockChange | None, now: dt.datetime) -> str:
    """How long is left, in words; nothing for a case that is decided."""
    if case.status not in OPEN:
        return ""
    return (
        f"The clock stands still, until {moment(still.until)} at the latest" if still else time_left(case.due_at, now)
    )


def _silence(clock: Clock) -> str:
    return DEEMED if clock.rule.text.silence.deemed_approved else LATE


def _acts(case: Case, actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """The acts on the clock that are open to the person, and why not for the others."""
    buttons, closed = [], []
    if actor.role in REVIEWER_ROLES and case.status in OPEN:
        for slug, page in PAGES.items():
            if why := obstacle(case, page.act, actor, now):
                closed.append((page.title, why))
            else:
                buttons.append((page.title, reverse(f"admin:priorauth_case_{slug}", args=[case.pk])))
    return {"buttons": buttons, "closed": closed}
