"""Dates as people type them: the day, or where allowed the month, as the interval of days that it can mean."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from policies.vocabulary import day_words

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
THIS_CENTURY, FOUR_DIGITS = range(2000, 2100), range(0)  # what a year of two digits can stand for
HOW = "Write it like 9/27/2026, Sep 27 2026 or 2026-09-27"
HOW_MONTH = f"{HOW}; or only the month, like Sep 2026; or 8/17/2026 to 9/16/2026"
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}

# How a day is written, around the texts of its parts: by an American, by a record's export, by a program.
_SHAPES = [
    "{month}[/. -]+{day}[/. -]+{year}",
    "{year}[/.-]{month}[/.-]{day}",
    "{name}[ -]*{day}(?:st|nd|rd|th)?(?:, *|[ -]+){year}",
    "{day}(?:st|nd|rd|th)?(?: of)?[ -]*{name},?[ -]*{year}",
]
_WITHOUT_MARKS = ["{year}{month}{day}", "{month}{day}{year}"]
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? )?"
_TIME = r"(?:(?:,? |t)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?z?(?: ?[ap]\.?m\.?)?(?: [a-z]{1,4})?)?"
_PARTS = {
    "month": "(?P<month>[0-9]{1,2})",
    "day": "(?P<day>[0-9]{1,2})",
    "year": "(?P<year>[0-9]{1,6})",
    "name": r"(?P<name>[a-z]{3,9})\.?",
}
_WHOLE = {"month": "(?P<month>[0-9]{2})", "day": "(?P<day>[0-9]{2})", "year": "(?P<year>(?:19|20)[0-9]{2})"}
_WHOLE_MONTHS = ["{month}[/ -]{year}", "(?P<year>[0-9]{{4}})-{month}", "{name},? *{year}"]
DAY_PATTERNS = [
    *(re.compile(_WEEKDAY + shape.format(**_PARTS) + _TIME) for shape in _SHAPES),
    *(re.compile(shape.format(**_WHOLE)) for shape in _WITHOUT_MARKS),
]
MONTH_PATTERNS = [re.compile(shape.format(**_PARTS)) for shape in _WHOLE_MONTHS]
_DASHES = dict.fromkeys(map(ord, "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{MINUS SIGN}"), "-")


class DateProblem(ValueError):
    """What was typed is no date; `str(problem)` says what would be right."""


@dataclass(frozen=True)
class TypedDate:
    """The days that a typed date can mean: one day, a month from its first to its last day, or any first to last."""

    first: dt.date
    last: dt.date

    @property
    def is_day(self) -> bool:
        return self.first == self.last

    def __str__(self) -> str:
        if self.is_day:
            return day_words(self.first)
        first = day_words(self.first).removesuffix(f", {self.last.year}")
        return f"between {first} and {day_words(self.last)}"


def of_a_birth(today: dt.date) -> range:
    """The years that two digits can stand for in a date of birth: those of the last century, unless the same digits
    are a year of this one."""
    return range(today.year - 99, 2000)


def read(text: str, *, months: bool = False, short: range = FOUR_DIGITS) -> TypedDate:
    """The date that `text` means. Raises DateProblem. `months` also allows a month, and a first to last day; `short`
    are the years of which a day may have the last two digits alone."""
    how = HOW_MONTH if months else HOW
    plain = " ".join(text.lower().translate(_DASHES).split())
    ends = plain.replace(" - ", " to ").split(" to ")
    if months and len(ends) == 2:
        first, last = (_read(part, months=True, short=short, how=how) for part in ends)
        if last.last < first.first:
            raise DateProblem("Give the earlier day first, like 8/17/2026 to 9/16/2026.")
        return TypedDate(first.first, last.last)
    return _read(plain, months=months, short=short, how=how)


def pattern(day: dt.date) -> str:
    """A regular expression, for PostgreSQL and letters of either case, of the texts that `read` takes for a day."""
    whole = {"year": f"{day.year}", "month": f"{day.month:02}", "day": f"{day.day:02}"}
    parts = {"month": f"0?{day.month}", "day": f"0?{day.day}", "year": f"(?:{day.year // 100})?{day.year % 100:02}"}
    parts["name"] = rf"{calendar.month_abbr[day.month]}[a-z]{{0,6}}\.?"
    marked = "|".join(shape.format(**parts) for shape in _SHAPES)
    plain = "|".join(shape.format(**whole) for shape in _WITHOUT_MARKS)
    return rf"^\s*(?:{_WEEKDAY}(?:{marked}){_TIME}|{plain})\s*$"


def _read(plain: str, *, months: bool, short: range, how: str) -> TypedDate:
    for pattern in [*DAY_PATTERNS, *MONTH_PATTERNS]:
        match = pattern.fullmatch(plain)
        if match:
            break
    else:
        raise DateProblem(f"{how}.")
    parts = match.groupdict()
    year = _year(parts["year"], short if parts.get("day") else FOUR_DIGITS)
    month = _month(parts, how)
    length = calendar.monthrange(year, month)[1]
    if parts.get("day") is None:
        if not months:
            raise DateProblem(f"Give the day, too. {how}.")
        return TypedDate(dt.date(year, month, 1), dt.date(year, month, length))
    day = int(parts["day"])
    if not 1 <= day <= length:
        raise DateProblem(f"{calendar.month_name[month]} {year} has {length} days: give a day from 1 to {length}.")
    date = dt.date(year, month, day)
    return TypedDate(date, date)


def _year(digits: str, short: range) -> int:
    if len(digits) == 2 and (meant := [year for year in short if year % 100 == int(digits)]):
        return meant[0]
    if len(digits) != 4:
        raise DateProblem("Write the year with four digits, like 2026.")
    if not EARLIEST_YEAR <= int(digits) <= LATEST_YEAR:
        raise DateProblem(f"Give a year from {EARLIEST_YEAR} to {LATEST_YEAR}.")
    return int(digits)


def _month(parts: dict[str, str | None], how: str) -> int:
    if parts.get("name"):
        name = parts["name"]
        month = MONTHS.get(name[:3], 0)
        known = month and (calendar.month_name[month].lower().startswith(name) or name == "sept")
        if not known:
            raise DateProblem(f"Check the name of the month. {how}.")
        return month
    month = int(parts["month"])
    if not 1 <= month <= 12:
        raise DateProblem(f"The month is a number from 1 to 12, and comes before the day. {how}.")
    return month
