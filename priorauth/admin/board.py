"""The work board: the one thing to do next, my cases, the numbers that lead to a list, and the queue as pictures."""

import datetime as dt
from typing import Any, NamedTuple

from django.db.models import Count, Min

from priorauth import jobs, selectors
from priorauth.admin.deadlines import deadlines_for_lead
from priorauth.admin.provenance import read_words
from priorauth.admin.tabs import TABS, capped, counts, due, in_tab
from priorauth.admin.whole_trail import alarm
from priorauth.admin.words import determination, time_left, until
from priorauth.models import Case, Decision, EditionUse, Handover, Job
from priorauth.pictures import queue
from priorauth.roles import CASE_READER_ROLES, REVIEWER_ROLES, TRAIL_READER_ROLES, Actor, Role
from priorauth.services import conflicts
from priorauth.services.hand_over import taken_from
from priorauth.services.read import readable
from priorauth.services.scored import turns
from priorauth.statuses import OPEN

DRAWN = 10_000  # open cases at most that the pictures show, those due first
MINE = 20
OVERRIDE_DAYS = 30  # of which overrides are counted
OVERRIDES, MORE_OVERRIDES = 5, 50  # that are told, and that are listed besides
NUMBERS = {
    "numbers": ("soon", "today", "information", "physician", "unassigned"),
    "news": ("late", "arrived", "messages"),
}
WORDS = {**TABS, "today": "Due today", "physician": "With a physician"}


class Held(NamedTuple):
    """A case that the person holds, and the line with which it was handed to them."""

    case: Case
    left: str
    late: bool
    until: str
    line: Handover | None


class Turned(NamedTuple):
    """A decision by what was read in the record: what that changed of the result, and what was read by whom and why."""

    decision: Decision
    changes: list[str]
    readings: list[str]


def board(actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """What the board shows to this role, in a constant number of queries."""
    context: dict[str, Any] = {"may_claim": actor.role in REVIEWER_ROLES}
    if actor.role in CASE_READER_ROLES:
        context |= _numbers(actor, now)
        context |= _pictures(actor, now)
        context["editions"] = EditionUse.objects.order_by("-first_used_at", "-id")[:3]
    if actor.role in REVIEWER_ROLES:
        context["mine"] = _mine(actor, now)
        context["taken"] = taken_from(actor, now)
        context["unlicensed"] = conflicts.unlicensed(actor, now)
    if actor.role in REVIEWER_ROLES | {Role.ADMINISTRATOR}:
        behind = jobs.overdue(now).filter(kind=Job.Kind.SCORE)
        context["behind"] = behind.aggregate(count=Count("pk"), since=Min("created_at"))
    if actor.role in (Role.LEAD, Role.PHYSICIAN):
        context |= _overrides(actor, now)
    context["deadlines"] = deadlines_for_lead(actor, now)
    if actor.role in TRAIL_READER_ROLES:
        context["broken_trail"] = alarm()
    if actor.role in (Role.LEAD, Role.ADMINISTRATOR):
        context["failed_jobs"] = Job.objects.filter(state=Job.State.FAILED).count()
    return context


def _overrides(actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """The decisions against what was computed, and those by what was read: the latest, and those before them."""
    since = now - dt.timedelta(days=OVERRIDE_DAYS)
    kinds = selectors.overrides(actor, since), selectors.turned_by_reading(actor, since)
    against, read = (list(rows[: OVERRIDES + MORE_OVERRIDES]) for rows in kinds)
    return {
        "override_days": OVERRIDE_DAYS,
        "overrides": against[:OVERRIDES],
        "overrides_before": against[OVERRIDES:],
        "turned": [_turned(one) for one in read[:OVERRIDES]],
        "turned_before": read[OVERRIDES:],
    }


def _turned(decision: Decision) -> Turned:
    """Of a decision on what was read."""
    scored = decision.assessment
    known = readable(scored.revision)
    changes = [
        f"{one.place}: as sent “{determination(one.sent)}”, as read “{determination(one.read)}”"
        for one in turns(scored)
    ]
    return Turned(decision, changes, [read_words(known[path], one) for path, one in scored.counted.items()])


def _mine(actor: Actor, now: dt.datetime) -> list[Held]:
    cases = in_tab(Case.objects.for_actor(actor), "mine", actor, now).select_related("member")
    cases = list(cases.order_by("urgency", "due_at", "id")[:MINE])
    passed = Handover.objects.for_actor(actor).filter(case__in=cases).order_by("case", "-id").distinct("case")
    last = {row.case_id: row for row in passed.select_related("by")}
    lines = {pk: row for pk, row in last.items() if row.to_user_id == actor.user_id and row.by_id != actor.user_id}
    return [
        Held(case, time_left(case.due_at, now), case.due_at < now, until(case.claimed_until, now), lines.get(case.pk))
        for case in cases
    ]


def _numbers(actor: Actor, now: dt.datetime) -> dict[str, list[tuple[str, str, str]]]:
    """For both rows of numbers: (words, how many, the address of the list)."""
    today = in_tab(Case.objects.for_actor(actor), "open", actor, now).filter(due("today", now))
    counted = counts(actor, now, today=today)
    return {
        row: [(WORDS[name], capped(counted[name]), _list(name)) for name in which] for row, which in NUMBERS.items()
    }


def _list(name: str) -> str:
    return "view=open&due=today" if name == "today" else f"view={name}"


def _pictures(actor: Actor, now: dt.datetime) -> dict[str, Any]:
    cases = Case.objects.for_actor(actor).filter(status__in=sorted(OPEN)).order_by("due_at")
    rows = list(cases.values_list("status", "due_at")[: DRAWN + 1])
    weeks = dt.timedelta(weeks=queue.WEEKS)
    decided = Decision.objects.for_actor(actor).filter(decided_at__gt=now - weeks, decided_at__lte=now).count()
    shown = rows[:DRAWN]
    return {
        "ageing": queue.ageing(shown, now) if shown else None,
        "burn_down": queue.burn_down(shown, decided, now) if shown else None,
        "more_than_drawn": DRAWN if len(rows) > DRAWN else 0,
    }
