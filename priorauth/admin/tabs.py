"""The views of the queue: which cases each lists, and how many there are.

Each condition is on a few columns of the case, so that a partial index answers it in the order of the view. Counts
stop at MOST, so that a tab over a million cases costs what one over a thousand does.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import F, IntegerField, Q, QuerySet, Subquery
from django.utils import timezone

from priorauth.models import Case, Organization
from priorauth.pictures.queue import SPANS
from priorauth.roles import REVIEWER_ROLES, Actor, Role
from priorauth.services import conflicts, next_case
from priorauth.statuses import DECIDED, OPEN, Status

MOST = 1_000

TABS = {
    "queue": "Queue",
    "mine": "My cases",
    "unassigned": "Unassigned",
    "soon": "Due in 8 hours",
    "arrived": "Information arrived",
    "physician": "Physician",
    "late": "Late",
    "messages": "Messages to answer",
    "information": "Waiting for the office",
    "open": "All open",
    "decided": "Decided",
}
DUE = {
    "late": "Late",
    "8h": "In 8 hours",
    "24h": "In 8 to 24 hours",
    "72h": "In 24 to 72 hours",
    "later": "Later",
    "today": "Today",
}
# Who looks through many cases may sort them; work has its own order. Each is that of an index, read from either end, so
# what has no score stands at the low end.
ORDERS = {
    "due": ("due_at", "id"),
    "-due": ("-due_at", "-id"),
    "received": ("received_at", "id"),
    "-received": ("-received_at", "-id"),
    "score": (F("score").asc(nulls_first=True), "id"),
    "-score": (F("score").desc(nulls_last=True), "-id"),
    "decided": ("decided_at", "id"),
    "-decided": ("-decided_at", "-id"),
}
RECEIVED_OR_SCORE = {
    "received": "Received, earliest first",
    "-received": "Received, latest first",
    "score": "Score, lowest first",
    "-score": "Score, highest first",
}
SORTS = {
    "open": {"due": "Due, earliest first", "-due": "Due, latest first", **RECEIVED_OR_SCORE},
    "decided": {"-decided": "Decided, latest first", "decided": "Decided, earliest first", **RECEIVED_OR_SCORE},
}
DUE_HOURS = {name: hours for _, name, *hours in SPANS}  # the bars of the board lead to these lists


def tabs_of(actor: Actor) -> dict[str, str]:
    """The tabs that this role has: who claims nothing has no cases of their own."""
    return {tab: words for tab, words in TABS.items() if tab != "mine" or actor.role in REVIEWER_ROLES}


def first_tab(actor: Actor) -> str:
    return "physician" if actor.role == Role.PHYSICIAN else "queue"


def tab_of(view: str, actor: Actor) -> str:
    """The tab that an address names, or the actor's first."""
    return view if view in TABS else first_tab(actor)


def in_tab(cases: QuerySet[Case], tab: str, actor: Actor, now: dt.datetime) -> QuerySet[Case]:
    """The cases of one tab."""
    any_open = Q(status__in=sorted(OPEN))
    conditions = {
        "queue": Q(status=Status.IN_REVIEW),
        "mine": Q(claimed_by=actor.user_id, claimed_until__gt=now),
        "unassigned": Q(status=Status.IN_REVIEW) & free(now),
        "soon": any_open & due("8h", now),
        "arrived": Q(status=Status.IN_REVIEW, arrived_at__isnull=False),
        "physician": Q(status=Status.WITH_PHYSICIAN),
        "late": any_open & due("late", now),
        "messages": any_open & Q(message_waits=True),
        "information": Q(status=Status.INFORMATION_NEEDED),
        "open": any_open,
        "decided": Q(status__in=sorted(DECIDED)),
    }
    return cases.filter(conditions[tab])


def order_of(tab: str, sort: str = "") -> tuple[Any, ...]:
    """The order of work; of what is decided, the latest first; or one of the tab's SORTS."""
    if sort in SORTS.get(tab, ()):
        return ORDERS[sort]
    return ORDERS["-decided"] if tab == "decided" else ("urgency", "due_at", "id")


def due(when: str, now: dt.datetime) -> Q:
    """The condition of a name in DUE."""
    if when == "today":
        tomorrow = timezone.localdate(now) + dt.timedelta(days=1)
        midnight = dt.datetime.combine(tomorrow, dt.time(), timezone.localtime(now).tzinfo)
        return Q(due_at__gte=now, due_at__lt=midnight)
    first, upto = (now + hours * dt.timedelta(hours=1) if hours is not None else None for hours in DUE_HOURS[when])
    condition = Q(due_at__lt=upto) if upto else Q()
    return condition & Q(due_at__gte=first) if first else condition


class Counted(Subquery):
    """How many rows a query has, as a column."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def counts(actor: Actor, now: dt.datetime, **more: QuerySet[Case]) -> dict[str, int]:
    """How many cases each tab has, and each list in `more`, in one query; MOST + 1 stands for more than MOST."""
    cases = Case.objects.for_actor(actor)
    lists = {tab: in_tab(cases, tab, actor, now) for tab in tabs_of(actor)} | more
    return counted(actor, {name: one.order_by(*order_of(name)) for name, one in lists.items()})


def counted(actor: Actor, lists: Mapping[str, QuerySet[Case]]) -> dict[str, int]:
    """How many cases each list has, in one query; MOST + 1 stands for more than MOST."""
    columns = {name: Counted(one.values("pk")[: MOST + 1]) for name, one in lists.items()}
    return Organization.objects.filter(pk=actor.organization_id).values(**columns).get() if columns else {}


def free(now: dt.datetime) -> Q:
    """The condition of what nobody holds."""
    return Q(claimed_by__isnull=True) | Q(claimed_until__lte=now)


def waiting(actor: Actor, now: dt.datetime) -> str:
    """How many cases “claim next” could still give to this person, in words; "" for none."""
    count = 0 if conflicts.unlicensed(actor, now) else next_case.count(actor, now)
    return capped(count, next_case.MOST) if count else ""


def capped(count: int, most: int = 0) -> str:
    """A count in words: `1,000+` where counting stopped."""
    most = most or MOST
    return f"{most:,}+" if count > most else f"{count:,}"
