"""The clock of a request as its office reads of it: whether it runs, by which rule, and each change of it."""

import datetime as dt
from typing import Any

from django.utils import timezone

from portal.web.request_form import RequestForm
from priorauth.admin.words import time_left
from priorauth.clock import Clock, rule_words
from priorauth.models import Case, ClockChange
from priorauth.pictures import clock as picture
from priorauth.regimes import library
from priorauth.services.base import moment
from priorauth.statuses import OPEN


def of_case(case: Case, now: dt.datetime) -> dict[str, Any]:
    """What the case page says: `rule`, `changes`; of an open request also `clock`, the bar, with `left` in words.

    The bar counts only the time that runs: what the clock stood still, and will at most, is taken out of it.
    """
    if case.received_at is None:
        return {"rule": "", "changes": []}
    clock = Clock.of(case)
    context: dict[str, Any] = {"rule": rule_words(case), "changes": clock.changes}
    if case.status not in OPEN:
        return context
    still = clock.stop_at(now)
    due, used = case.due_at - clock.stood_still(case.due_at), now - clock.stood_still(now)
    return context | {
        "clock": picture.read(clock.start, due, used),
        "left": sentence(still) if still else time_left(case.due_at, now),
        "still": still,
    }


def sentence(still: ClockChange | None) -> str:
    """Whether the clock of a request that waits for the office runs, as half a sentence."""
    if still is None:
        return "The clock keeps running"
    return f"The clock stands still until your office sends what was asked, until {moment(still.until)} at the latest"


def now_of(case: Case, now: dt.datetime) -> str:
    """The same for a case."""
    return sentence(Clock.of(case).stop_at(now))


def while_asked(form: RequestForm, now: dt.datetime) -> str:
    """What a question of the plan would do to the clock of a request that is about to be sent."""
    product, urgency = form.member.answers["product"], form.people.answers["urgency"]
    rule = library.current().of_product(product, timezone.localdate(now))
    return f"{rule.while_asked(urgency, answers='you answer')}, by the rule for this plan ({rule.label})"
