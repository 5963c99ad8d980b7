"""What the work board tells a lead of deadlines: what is late, what is due soon, where silence may be an approval."""

import datetime as dt
from itertools import islice
from typing import Any, Final, NamedTuple

from django.db.models import Count, F, Q, QuerySet

from priorauth.admin.words import time_left
from priorauth.clock import rule_of
from priorauth.models import Case, DeadlineNotice, Decision
from priorauth.regimes import library
from priorauth.regimes.rules import Rule
from priorauth.roles import Actor, Role
from priorauth.services.base import moment
from priorauth.statuses import OPEN, REFUSING

DAY: Final = dt.timedelta(hours=24)
SHOWN: Final = 10
BREACHES: Final = dt.timedelta(days=30)  # for which decisions that came late are counted


class Line(NamedTuple):
    """One case as the board lists it. `told` says when the leads were told of it last."""

    case: Case
    left: str
    late: bool
    told: str
    silence: str


def deadlines_for_lead(actor: Actor, now: dt.datetime) -> dict[str, Any] | None:
    """The cases that are late or due within 24 hours, the earliest first, with how many there are; None for others
    than leads. Lateness is read from the due time, whether or not a worker lives."""
    if actor.role != Role.LEAD:
        return None
    cases = Case.objects.for_actor(actor).filter(status__in=sorted(OPEN), due_at__lte=now + DAY)
    counts = cases.aggregate(late=Count("pk", filter=Q(due_at__lt=now)), all=Count("pk"))
    first = list(cases.select_related("claimed_by").order_by("due_at", "id")[:SHOWN]) if counts["all"] else []
    told = _told(first)
    lines = [_line(case, told, now) for case in first]
    deemed = _deemed(cases.filter(due_at__lt=now)) if counts["late"] else 0
    soon = counts["all"] - counts["late"]
    decided = Decision.objects.for_actor(actor).filter(decided_at__gt=now - BREACHES, due_at__lt=F("decided_at"))
    decided_late = decided.count()
    return {
        "late": counts["late"],
        "soon": soon,
        "deemed": deemed,
        "lines": lines,
        "most": SHOWN,
        "decided_late": decided_late,
        "refused_late": _refused(decided) if decided_late else [],
        "days": BREACHES.days,
    }


def _deemed(late: QuerySet[Case]) -> int:
    """How many of the late cases have a rule by which silence may be an approval."""
    rules = library.current().rules
    counted = late.order_by().values_list("regime", "rule_from").annotate(count=Count("pk"))
    approving = {(name, rule.effective_from) for name in rules for rule in rules[name] if _deems(rule)}
    approving |= {(name, None) for name in rules if _deems(rules[name][0])}  # cases of release 0.1 noted no rule
    return sum(count for name, first_day, count in counted if (name, first_day) in approving)


def _refused(late: QuerySet[Decision]) -> list[Decision]:
    """Of the decisions that came late, the latest that do not approve all where silence may have been an approval."""
    refused = late.filter(outcome__in=sorted(REFUSING)).select_related("case", "decided_by").order_by("-decided_at")
    return list(islice((one for one in refused.iterator(SHOWN) if _deems(rule_of(one.case))), SHOWN))


def _deems(rule: Rule) -> bool:
    return rule.text.silence.deemed_approved


def _told(cases: list[Case]) -> dict[tuple[int, dt.datetime], DeadlineNotice]:
    """The last notice of each case, by case and the due time that it was about."""
    rows = DeadlineNotice.objects.unscoped("of cases that were fetched in scope").filter(case__in=cases)
    return {(row.case_id, row.due_at): row for row in rows.order_by("made_at", "id")}


def _line(case: Case, told: dict[tuple[int, dt.datetime], DeadlineNotice], now: dt.datetime) -> Line:
    late, silence = case.due_at < now, rule_of(case).text.silence
    notice = told.get((case.pk, case.due_at))
    words = f"{notice.get_kind_display()}: told {moment(notice.made_at)}" if notice else ""
    means = f"May count as approved. {silence.words}" if late and silence.deemed_approved else ""
    return Line(case, time_left(case.due_at, now), late, words, means)
