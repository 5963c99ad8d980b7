"""The clock of a case as it stands: by which rule it was set, what changed it, whether it stands still. Reads only."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from django.utils import timezone

from priorauth.deadlines import Limit, Longer, Reckoning, Stop, Unit, due_at
from priorauth.models import Case, ClockChange
from priorauth.regimes import library
from priorauth.regimes.rules import Rule, in_force

Kind = ClockChange.Kind


def rule_of(case: Case) -> Rule:
    """The rule that set the clock of a case that was sent; for one of release 0.1, which noted no rule, the one that
    was in force on the day of receipt."""
    regimes = library.current()
    if case.rule_from is None:
        return in_force(regimes.rules[case.regime], timezone.localdate(case.received_at))
    return regimes.rule(case.regime, case.rule_from)


def rule_words(case: Case) -> str:
    """The rule in words; nothing for a case that was not sent."""
    return rule_of(case).words(case.urgency, since=counted_from(case)) if case.regime else ""


def counted_from(case: Case) -> str:
    """From when the time of a case counts, in words."""
    return "receipt" if case.round == 1 else "when it was opened again"


def first_due(received: dt.datetime, rule: Rule, urgency: str) -> dt.datetime:
    """By when a request that has just come is due (UTC)."""
    return due_at(received, rule.limit(urgency), _reckoning(rule))


def clock_from(case: Case) -> dt.datetime:
    """When the clock of a sent case began: at its first receipt, or when it was last opened again."""
    if case.round == 1:
        return case.received_at
    return case.reopenings.latest("round").reopened_at


@dataclass
class Clock:
    """A case's rule and the changes of its clock, the first one first. Those before the case was last opened again
    count no more."""

    case: Case
    rule: Rule
    urgency: str
    changes: list[ClockChange] = field(default_factory=list)

    @classmethod
    def of(cls, case: Case) -> Self:
        rows = case.clock_changes.select_related("changed_by")
        return cls(case, rule_of(case), case.urgency, list(rows))

    def due(self) -> dt.datetime:
        """By when the case is due (UTC), reckoned anew from where its clock began."""
        limit, reckoning = self.rule.limit(self.urgency), _reckoning(self.rule)
        return due_at(self.start, limit, reckoning, self._counted())

    @cached_property
    def start(self) -> dt.datetime:
        return clock_from(self.case)

    @property
    def counting(self) -> list[ClockChange]:
        """The changes since the clock began."""
        return [change for change in self.changes if change.changed_at >= self.start]

    def _counted(self) -> Iterator[Longer | Stop]:
        """The changes that the rule in force knows, as arithmetic."""
        for place, change in enumerate(self.counting):
            if change.kind == Kind.EXTENDED and self.rule.extension(self.urgency):
                yield Longer(Limit(change.count, Unit(change.unit)))
            elif change.kind == Kind.STOPPED and self.rule.stop(self.urgency):
                yield Stop(change.changed_at, self._end(place))

    def _end(self, place: int) -> dt.datetime:
        """When the clock that was stopped at this place ran again, or will by itself."""
        stop = self.counting[place]
        later = (change.changed_at for change in self.counting[place + 1 :] if change.kind == Kind.RESUMED)
        return min([stop.until, *later])

    def stop_at(self, now: dt.datetime) -> ClockChange | None:
        """The stop that holds the clock at `now`; None where it runs."""
        if not self.rule.stop(self.urgency):
            return None
        places = (place for place, change in enumerate(self.counting) if change.kind == Kind.STOPPED)
        return next((self.counting[place] for place in places if self._end(place) > now), None)

    def stood_still(self, now: dt.datetime) -> dt.timedelta:
        """For how long in all the clock has stood still until `now`."""
        places = (place for place, change in enumerate(self.counting) if change.kind == Kind.STOPPED)
        spans = (min(self._end(place), now) - self.counting[place].changed_at for place in places)
        return sum(spans, dt.timedelta())

    @property
    def extensions(self) -> Sequence[ClockChange]:
        return [change for change in self.counting if change.kind == Kind.EXTENDED]


def next_business_day(at: dt.datetime, rule: Rule) -> dt.datetime:
    """The same time of day on the next business day of the rule's calendar (UTC)."""
    return due_at(at, Limit(1, Unit.BUSINESS_DAYS), _reckoning(rule))


def _reckoning(rule: Rule) -> Reckoning:
    return Reckoning(timezone.get_default_timezone(), rule.holidays)
