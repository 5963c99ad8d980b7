"""What a file of regimes may say. A key that is not one of its own is refused, and so is what does not fit together."""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from policies.composition import Written
from policies.vocabulary import PRODUCTS
from priorauth.deadlines import ONE_DAY, Limit, Unit

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Text = Annotated[str, Field(pattern=r"\S")]
Count = Annotated[int, Field(ge=1, le=366)]
Urgencies = Annotated[list[Literal["standard", "expedited"]], Field(min_length=1)]
BOTH: Final[list[Literal["standard", "expedited"]]] = ["standard", "expedited"]


def _day(text: Any) -> dt.date | None:
    """A day as `"2026-11-20"`; nothing where the file has empty text."""
    if not isinstance(text, str):
        raise ValueError('must be a day like "2026-11-20"')
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError('must be a day like "2026-11-20"') from None


Day = Annotated[dt.date, BeforeValidator(_day), Field(strict=False)]
DayOrNothing = Annotated[Annotated[dt.date, Field(strict=False)] | None, BeforeValidator(_day)]


class Holiday(Written):
    """A day of each year (`month` with `day`, or with `weekday` and `nth`, -1 being the last), or one `date` alone."""

    name: Text
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    on_sunday: Literal["monday", "sunday"] = "sunday"
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None = None
    nth: Literal[1, 2, 3, 4, -1] | None = None
    date: DayOrNothing = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        given = tuple(name for name in ("month", "day", "weekday", "nth", "date") if getattr(self, name) is not None)
        if given not in (("month", "day"), ("month", "weekday", "nth"), ("date",)):
            raise ValueError("needs month and day, or month, weekday and nth, or a date")
        if self.month and self.day:
            dt.date(2024, self.month, self.day)  # a leap year: February 29 is a day
        return self

    def of(self, year: int) -> dt.date | None:
        """The day on which it is kept in that year; None where that year has none."""
        if self.date:
            return self.date if self.date.year == year else None
        if self.weekday:
            return _nth_weekday(year, self.month or 1, WEEKDAYS.index(self.weekday), self.nth or 1)
        try:
            day = dt.date(year, self.month or 1, self.day or 1)
        except ValueError:  # February 29
            return None
        return day + ONE_DAY if self.on_sunday == "monday" and day.weekday() == 6 else day


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> dt.date:
    if nth < 0:
        last = dt.date(year + month // 12, month % 12 + 1, 1) - ONE_DAY
        return last - dt.timedelta(days=(last.weekday() - weekday) % 7)
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


class Calendar(Written):
    label: Text
    days: list[Holiday]


class Span(Written):
    count: Count
    unit: Annotated[Unit, Field(strict=False)]

    @property
    def limit(self) -> Limit:
        return Limit(self.count, self.unit)


class Ground(Written):
    """Why the clock may be changed: for the reviewer who chooses it, and for the member who reads of it."""

    label: Text
    member: Text


class Changeable(Written):
    """What an act on the clock needs: on which grounds, and at which urgencies."""

    grounds: Annotated[dict[str, Ground], Field(min_length=1)]
    urgencies: Urgencies = BOTH


class Extension(Changeable):
    """At most so much longer in all; `once` whatever is left of it. `right` says what one can do who objects."""

    most: Span
    once: bool
    right: Text


class Stop(Changeable):
    """The clock may stand still, with `on_question` by each question to the office; for `longest` in all."""

    on_question: bool
    longest: Span

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.longest.unit is Unit.BUSINESS_DAYS:
            raise ValueError("longest must be in hours or calendar days")
        return self

    @property
    def most(self) -> dt.timedelta:
        hours = self.longest.count if self.longest.unit is Unit.HOURS else 24 * self.longest.count
        return dt.timedelta(hours=hours)


class Downgrade(Written):
    """An expedited request may be decided in the standard time. `right` says what one can do who objects."""

    right: Text


class Silence(Written):
    """What no decision in time means. Where it is deemed an approval, a person states it; nothing does so by itself."""

    words: Text
    deemed_approved: bool


class Source(Written):
    """Where a rule stands, and whether its own text was read or somebody's account of it."""

    text: Text
    read: Literal["primary", "secondary"]


class RuleText(Written):
    """One rule of a regime, as long as it is in force."""

    effective_from: Day
    effective_to: DayOrNothing = None
    sources: Annotated[list[Source], Field(min_length=1)]
    standard: Span
    expedited: Span
    holidays: str = ""
    stop: Stop | None = None
    extension: Extension | None = None
    downgrade: Downgrade | None = None
    silence: Silence
    verified_by: str = ""
    verified_on: DayOrNothing = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.effective_to and self.effective_to < self.effective_from:
            raise ValueError("effective_to is before effective_from")
        if bool(self.verified_by.strip()) != bool(self.verified_on):
            raise ValueError("verified_by and verified_on belong together")
        spans = [self.standard, self.expedited, *([self.extension.most] if self.extension else [])]
        if any(span.unit is Unit.BUSINESS_DAYS for span in spans) != bool(self.holidays):
            raise ValueError("business days need a calendar of holidays, and nothing else does")
        return self


class Regime(Written):
    label: Text
    products: list[str]
    rules: Annotated[list[RuleText], Field(min_length=1)]


class RegimesFile(Written):
    default: str
    calendars: dict[str, Calendar]
    regimes: Annotated[dict[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,30}$")], Regime], Field(min_length=1)]

    def faults(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What does not fit together: (place, what is wrong)."""
        if self.default not in self.regimes:
            yield ("default",), f"there is no regime {self.default}"
        seen: dict[str, str] = {}
        for name, regime in self.regimes.items():
            at = ("regimes", name)
            for product in regime.products:
                if product not in PRODUCTS:
                    yield (*at, "products"), f"there is no product {product}; there are {', '.join(PRODUCTS)}"
                elif seen.setdefault(product, name) != name:
                    yield (*at, "products"), f"{product} stands in {seen[product]} too"
            yield from self._faults_of_rules(name, regime)

    def _faults_of_rules(self, name: str, regime: Regime) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for number, rule in enumerate(regime.rules):
            if rule.holidays and rule.holidays not in self.calendars:
                yield ("regimes", name, "rules", number, "holidays"), f"there is no calendar {rule.holidays}"
        for number, (one, following) in enumerate(pairwise(regime.rules)):
            if one.effective_to != following.effective_from - ONE_DAY:
                at = ("regimes", name, "rules", number, "effective_to")
                yield at, f"must be the day before the next rule begins, {following.effective_from - ONE_DAY}"
        if regime.rules[-1].effective_to and (regime.products or name == self.default):
            at = ("regimes", name, "rules", len(regime.rules) - 1, "effective_to")
            yield at, "the last rule ends: give the products to another regime, or add the rule that follows"
