"""When a decision is due, and by which rule. Pure: time comes in as an argument, nothing is read or stored.

The regimes are configuration with citations (FIELD.md 2a), never law on our own authority: the plan verifies them.
"""

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from zoneinfo import ZoneInfo


class Unit(Enum):
    HOURS = "hours"
    BUSINESS_DAYS = "business days"
    CALENDAR_DAYS = "calendar days"


@dataclass(frozen=True)
class Limit:
    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit.value}"


@dataclass(frozen=True)
class Regime:
    id: str
    label: str
    standard: Limit
    expedited: Limit
    citation: str

    def limit(self, urgency: str) -> Limit:
        return self.expedited if urgency == "expedited" else self.standard

    def rule(self, urgency: str) -> str:
        """The rule in words, as every page shows it."""
        return f"{self.label}, {urgency}: {self.limit(urgency)} from receipt ({self.citation})"


MA_COMMERCIAL = Regime(
    "ma-commercial",
    "Massachusetts commercial",
    Limit(2, Unit.BUSINESS_DAYS),
    Limit(24, Unit.HOURS),
    "M.G.L. c.176O §25; 211 CMR 52, as configured by the plan",
)
MEDICARE_ADVANTAGE = Regime(
    "cms-ma",
    "Medicare Advantage",
    Limit(7, Unit.CALENDAR_DAYS),
    Limit(72, Unit.HOURS),
    "42 CFR 422.568, 422.572, as configured by the plan",
)
REGIMES = {regime.id: regime for regime in (MA_COMMERCIAL, MEDICARE_ADVANTAGE)}


def regime_for(product: str | None) -> Regime:
    """The regime of a product; the strictest (Massachusetts commercial) where the product is not known."""
    return MEDICARE_ADVANTAGE if (product or "").startswith("medicare") else MA_COMMERCIAL


def due_at(received: dt.datetime, regime: Regime, urgency: str, zone: ZoneInfo) -> dt.datetime:
    """The instant (UTC) by which a decision is due.

    Hours are elapsed time. Days keep the time of day of the receipt in the plan's `zone`; a receipt on a day that is
    no business day counts like one on that day, its first business day being the next one.
    """
    if received.tzinfo is None:
        raise ValueError("received must be an aware datetime")
    limit = regime.limit(urgency)
    if limit.unit is Unit.HOURS:
        return (received.astimezone(dt.UTC) + dt.timedelta(hours=limit.count)).astimezone(dt.UTC)
    local = received.astimezone(zone)
    day = local.date()
    remaining = limit.count
    while remaining:
        day += dt.timedelta(days=1)
        if limit.unit is Unit.CALENDAR_DAYS or is_business_day(day):
            remaining -= 1
    return dt.datetime.combine(day, local.timetz()).astimezone(dt.UTC)


def is_business_day(day: dt.date) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year)


def nth_weekday(year: int, month: int, weekday: int, n: int) -> dt.date:
    """The n-th `weekday` (Monday 0) of a month; n = -1 is the last."""
    if n < 0:
        last = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
        return last - dt.timedelta(days=(last.weekday() - weekday) % 7)
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def holidays(year: int) -> frozenset[dt.date]:
    """Massachusetts legal holidays (M.G.L. c.4 §7, cl. 18); one that falls on a Sunday is kept on the Monday."""
    fixed = [dt.date(year, month, day) for month, day in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))]
    moving = [
        nth_weekday(year, 1, 0, 3),
        nth_weekday(year, 2, 0, 3),
        nth_weekday(year, 4, 0, 3),
        nth_weekday(year, 5, 0, -1),
        nth_weekday(year, 9, 0, 1),
        nth_weekday(year, 10, 0, 2),
        nth_weekday(year, 11, 3, 4),
    ]
    return frozenset(day + dt.timedelta(days=day.weekday() == 6) for day in fixed + moving)
