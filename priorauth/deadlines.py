"""When a decision is due. Pure: time and zone come in as arguments, nothing is read or stored.

Hours are elapsed time. Days keep the local time of day in the plan's zone, whatever the clocks do between. A business
day is a weekday that is no holiday. Which limit binds a request is data: priorauth/regimes.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from zoneinfo import ZoneInfo

ONE_DAY = dt.timedelta(days=1)
Holidays = Callable[[int], frozenset[dt.date]]  # the holidays of a year


class Unit(Enum):
    HOURS = "hours"
    BUSINESS_DAYS = "business days"
    CALENDAR_DAYS = "calendar days"


@dataclass(frozen=True)
class Limit:
    count: int
    unit: Unit

    def __str__(self) -> str:
        unit = self.unit.value.removesuffix("s") if self.count == 1 else self.unit.value
        return f"{self.count} {unit}"


@dataclass(frozen=True)
class Longer:
    """An extension: the time runs so much longer."""

    by: Limit


@dataclass(frozen=True)
class Stop:
    """The clock stands still from `start` to `end`, both instants."""

    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True)
class Reckoning:
    """How time is counted: in which zone, without which holidays."""

    zone: ZoneInfo
    holidays: Holidays

    def add(self, start: dt.datetime, limit: Limit) -> dt.datetime:
        """The instant (UTC) that is `limit` after `start`.

        A start on a day that is no business day counts like one on that day, its first business day being the next
        one. Raises ValueError for a naive `start`.
        """
        if start.tzinfo is None:
            raise ValueError("a deadline is counted from an aware datetime")
        if limit.unit is Unit.HOURS:
            return start.astimezone(dt.UTC) + dt.timedelta(hours=limit.count)
        local = start.astimezone(self.zone)
        day, remaining = local.date(), limit.count
        while remaining:
            day += ONE_DAY
            if limit.unit is Unit.CALENDAR_DAYS or self.is_business_day(day):
                remaining -= 1
        return dt.datetime.combine(day, local.timetz()).astimezone(dt.UTC)

    def is_business_day(self, day: dt.date) -> bool:
        return day.weekday() < 5 and day not in self.holidays(day.year)

    def running(self, start: dt.datetime, end: dt.datetime, unit: Unit) -> dt.timedelta:
        """How much of the time from `start` to `end` counts: for business days what lies on them, otherwise all."""
        if unit is not Unit.BUSINESS_DAYS:
            return end - start
        whole = dt.timedelta()
        for first, last in self._business_days(start):
            if first >= end:
                return whole
            whole += min(last, end) - first
        raise AssertionError("days do not end")

    def after(self, start: dt.datetime, span: dt.timedelta, unit: Unit) -> dt.datetime:
        """The instant (UTC) at which `span` of counting time has run from `start` on."""
        if unit is not Unit.BUSINESS_DAYS or not span:
            return (start + span).astimezone(dt.UTC)
        for first, last in self._business_days(start):
            if first + span <= last:
                return (first + span).astimezone(dt.UTC)
            span -= last - first
        raise AssertionError("days do not end")

    def _business_days(self, start: dt.datetime) -> Iterable[tuple[dt.datetime, dt.datetime]]:
        """From `start` on, the first and the last instant (UTC) of each business day."""
        day = start.astimezone(self.zone).date()
        while True:
            if self.is_business_day(day):
                yield max(self._midnight(day), start.astimezone(dt.UTC)), self._midnight(day + ONE_DAY)
            day += ONE_DAY

    def _midnight(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), self.zone).astimezone(dt.UTC)


def due_at(
    received: dt.datetime, limit: Limit, reckoning: Reckoning, changes: Iterable[Longer | Stop] = ()
) -> dt.datetime:
    """The instant (UTC) by which a decision is due: `limit` after the receipt, then each change in its order.

    What was left when the clock stopped is left when it runs again. A stop that began after the time was over changes
    nothing. Raises ValueError for a naive `received`.
    """
    due = reckoning.add(received, limit)
    for change in changes:
        if isinstance(change, Longer):
            due = reckoning.add(due, change.by)
        elif change.start < due:
            left = reckoning.running(change.start, due, limit.unit)
            due = reckoning.after(change.end, left, limit.unit)
    return due
