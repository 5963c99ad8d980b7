"""The clock on the case page: its rule, what changed it, what can be done to it, what no decision in time means."""

import datetime as dt
from typing import Any, Final

from django.urls import reverse

from priorauth.admin.clock_acts import PAGES
from priorauth.admin.obstacles import Obstacles
from priorauth.admin.words import time_left
from priorauth.clock import Clock, rule_words
from priorauth.models import Case, ClockChange
from priorauth.regimes.rules import Rule
from priorauth.roles import REVIEWER_ROLES
from priorauth.services.base import moment
from priorauth.statuses import OPEN, REFUSING, Act, Urgency

Kind = ClockChange.Kind
DEEMED: Final = "The time has passed without a decision. By this rule that may count as an approval:"
LATE: Final = "The time has passed without a decision. What that means by this rule:"
REFUSED: Final = "The time had passed before this decision. By this rule that may count as an approval:"
WHICH: Final = "The portal decides nothing of this. A person finds out which of the two holds."
WAITS: Final = "Nothing is decided by the portal. The case waits for a person."


def clock_context(obstacles: Obstacles) -> dict[str, Any]:
    """`clock` for templates/admin/priorauth/case/clock.html; `left` in words for the page's head."""
    case, now = obstacles.case, obstacles.now
    clock = Clock.of(case)
    still = clock.stop_at(now) if case.status in OPEN else None
    late = case.status in OPEN and case.due_at < now
    return {
        "left": head(case, still, now),
        "clock": {
            "rule": clock.rule,
            "words": rule_words(case),
            "regimes": reverse("admin:priorauth_regimeuse_changelist"),
            "changed": _changed(clock),
            "changes": clock.changes,
            "still": still,
            "silence": _silence(clock.rule) if late else _refused_late(case, clock.rule),
            **_acts(clock, obstacles),
        },
    }


def head(case: Case, still: ClockChange | None, now: dt.datetime) -> str:
    """How long is left, in words; nothing for a case that is decided."""
    if case.status not in OPEN:
        return ""
    if still:
        return f"The clock stands still, until {moment(still.until)} at the latest"
    return time_left(case.due_at, now)


def _changed(clock: Clock) -> str:
    """What the due time has besides the rule's limit, in words."""
    found = [f"extended by {change.count} {change.unit}" for change in clock.extensions]
    stops = ["with a stop of the clock"] if any(change.kind == Kind.STOPPED for change in clock.counting) else []
    return ", ".join(found + stops)


def _silence(rule: Rule) -> dict[str, str]:
    """What no decision in time means; a person states it."""
    silence = rule.text.silence
    return {"says": DEEMED if silence.deemed_approved else LATE, "means": silence.words, "waits": WAITS}


def _refused_late(case: Case, rule: Rule) -> dict[str, str] | None:
    """That silence may have been an approval before the plan did not approve."""
    silence = rule.text.silence
    refused = case.status in REFUSING and case.decided_at > case.due_at
    return {"says": REFUSED, "means": silence.words, "waits": WHICH} if refused and silence.deemed_approved else None


def _acts(clock: Clock, obstacles: Obstacles) -> dict[str, Any]:
    """The acts on the clock that are open to the person, and why not for the others."""
    buttons, closed = [], []
    if obstacles.actor.role in REVIEWER_ROLES and clock.case.status in OPEN:
        for slug, page in PAGES.items():
            if why := obstacles.forbidden(page.act) or obstacles.of_the_clock(clock, page.act):
                closed += [] if _goes_without_saying(clock, page.act, obstacles.now) else [(page.title, why)]
            else:
                buttons.append((page.title, reverse(f"admin:priorauth_case_{slug}", args=[clock.case.pk])))
    return {"buttons": buttons, "closed": closed}


def _goes_without_saying(clock: Clock, act: Act, now: dt.datetime) -> bool:
    """Whether nobody would look for the button: of a clock that runs, and of a standard request."""
    if act == Act.RESUME_CLOCK:
        return clock.stop_at(now) is None
    return act == Act.DOWNGRADE and clock.urgency == Urgency.STANDARD
