"""The lines of a decision: which are approved, at which levels, from when to when, and how many units."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from policies.vocabulary import day_words
from priorauth.models import Decision, DecisionLine
from priorauth.services.errors import Incomplete

LONGEST_VALIDITY = dt.timedelta(days=365)
PLANNED = "The procedure is planned for {day}. Enter days that include it."
CHOOSE = "Choose at least one line or level of this request that you do not approve."
NOT_OF_LINE = "Line {line} does not ask for {levels}. Choose among the levels that it asks for."
WHOLE = "You do not approve line {line} at all, so none of its levels can be chosen besides."
UNITS_OF_LEVELS = "You approve {kept} of the {levels} levels of line {line}, and its units count levels: enter {most}."
Outcome = Decision.Outcome
Days = tuple[dt.date | None, dt.date | None]
Json = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """A decision that does not approve all of a request, as a physician gives it.

    The `lines` are not approved at all; of the lines in `levels`, by their number, those levels are not. The rest is
    approved: from `valid_from` to `valid_to`, or as `dates` says by the line's number, with the `units` that are asked
    for where that says no number. `relied_on` are the (level, criterion) that it rests on. The three texts are words
    that member and clinician will read.
    """

    lines: Collection[int]
    reason_codes: Collection[str]
    relied_on: Collection[tuple[str, str]]
    reason_for_member: str
    reason_for_clinician: str
    what_would_change: str
    levels: Mapping[int, Collection[str]] = field(default_factory=dict)
    units: Mapping[int, int | None] = field(default_factory=dict)
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    dates: Mapping[int, Days] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """What is approved of a request: all but the lines numbered in `refused`. Of the others, by their number: the first
    and last of their `days`, the levels `left_out`, and the units where they are `fewer` than was asked for."""

    days: Mapping[int, tuple[dt.date, dt.date]] = field(default_factory=dict)
    refused: frozenset[int] = frozenset()
    left_out: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    fewer: Mapping[int, int] = field(default_factory=dict)

    @property
    def touched(self) -> list[int]:
        """The numbers of the lines of which something is not approved."""
        return sorted({*self.refused, *self.left_out, *self.fewer})


ALL = Part()


def part_of(requested: list[Json], verdict: Verdict, at: dt.datetime) -> Part:
    """What a verdict approves of the requested lines. Raises Incomplete, whose field is `lines`, `units_` with the
    line's number, or one of `days_of`."""
    refused, left_out = _not_approved(requested, verdict)
    granted = [line for line in requested if line["line"] not in refused]
    fewer = _fewer(granted, verdict.units, left_out)
    if not (refused or left_out or fewer):
        raise Incomplete("lines", CHOOSE)
    days = days_of([line["line"] for line in granted], (verdict.valid_from, verdict.valid_to), verdict.dates, at)
    return Part(days, frozenset(refused), left_out, fewer)


def days_of(
    numbers: Collection[int], usual: Days, other: Mapping[int, Days], at: dt.datetime
) -> dict[int, tuple[dt.date, dt.date]]:
    """The first and last day of each line that is approved: its own where `other` has them, else the usual ones.

    Raises Incomplete, whose field is `valid_from` or `valid_to`, with `_` and the line's number where it has its own.
    """
    granted = {}
    for number in numbers:
        own = other.get(number, (None, None))
        fields = [f"{name}_{number}" if number in other else name for name in ("valid_from", "valid_to")]
        granted[number] = _valid(own[0] or usual[0], own[1] or usual[1], fields, at)
    return granted


def misses_planned(part: Part, planned: dt.date | None, at: dt.datetime) -> str:
    """Why these days cannot be given, or "": nothing could be done on the planned day, though days that include it can
    be given. An approval that nobody can use would be a refusal that no physician signs."""
    if not part.days or planned is None or abs(planned - timezone.localdate(at)) > LONGEST_VALIDITY:
        return ""
    usable = any(first <= planned <= last for first, last in part.days.values())
    return "" if usable else PLANNED.format(day=day_words(planned))


def _valid(first: dt.date | None, last: dt.date | None, fields: list[str], at: dt.datetime) -> tuple[dt.date, dt.date]:
    if first is None:
        raise Incomplete(fields[0], "Enter the first day of the authorization.")
    if last is None:
        raise Incomplete(fields[1], "Enter the last day of the authorization.")
    if abs(first - timezone.localdate(at)) > LONGEST_VALIDITY:
        raise Incomplete(fields[0], "The first day must be within one year of today. Check the year.")
    if not first <= last <= first + LONGEST_VALIDITY:
        raise Incomplete(fields[1], "The last day must be on or after the first, and within one year of it.")
    if last < timezone.localdate(at):
        raise Incomplete(fields[1], "The last day has passed: nobody could use this authorization. Check the year.")
    return first, last


def most_units(line: Json, left_out: Collection[str]) -> int:
    """How many units of a requested line can be approved without the levels `left_out`: where its units count levels,
    no more than levels stay."""
    asked, levels = line.get("units") or 1, len(line.get("levels") or [])
    return min(asked, levels - len(left_out)) if left_out and asked <= levels else asked


def lines_of(decision: Decision, part: Part) -> list[DecisionLine]:
    """The rows of a decision, not saved."""
    scored = {line["line"]: line for line in decision.assessment.result["lines"]} if decision.assessment else {}
    return [_line(decision, line, scored.get(line["line"], {}), part) for line in decision.revision.facts["lines"]]


def _not_approved(requested: list[Json], verdict: Verdict) -> tuple[set[int], dict[int, tuple[str, ...]]]:
    """The lines that are not approved at all, as is one without a level that stays, and the levels left out of others,
    in the order in which they were asked for."""
    asked = {line["line"]: line.get("levels") or [] for line in requested}
    refused, left_out = set(verdict.lines), {}
    if not refused <= asked.keys():
        raise Incomplete("lines", CHOOSE)
    for number, named in verdict.levels.items():
        if foreign := sorted(set(named) - set(asked.get(number, ()))):
            raise Incomplete("lines", NOT_OF_LINE.format(line=number, levels=", ".join(foreign)))
        if named and number in verdict.lines:
            raise Incomplete("lines", WHOLE.format(line=number))
        if named and set(named) == set(asked[number]):
            refused.add(number)
        elif named:
            left_out[number] = tuple(level for level in asked[number] if level in named)
    return refused, left_out


def _fewer(
    granted: list[Json], units: Mapping[int, int | None], left_out: Mapping[int, tuple[str, ...]]
) -> dict[int, int]:
    """The lines of which fewer units are approved than were asked for: number -> units. Raises Incomplete for none, or
    for more than were asked for or than go with the levels that stay."""
    found = {}
    for line in granted:
        number, asked, left = line["line"], line.get("units") or 1, left_out.get(line["line"], ())
        most, given = most_units(line, left), units.get(number)
        given = asked if given is None else given
        if not 1 <= given <= most:
            raise Incomplete(f"units_{number}", _too_many(line, left, most))
        if given != asked:
            found[number] = given
    return found


def _too_many(line: Json, left_out: Collection[str], most: int) -> str:
    number, asked, levels = line["line"], line.get("units") or 1, len(line.get("levels") or [])
    words = f"1 to {most}" if most > 1 else "1"
    if most == asked:
        return f"Line {number} asks for {asked}: enter {words}, or do not approve it."
    return UNITS_OF_LEVELS.format(line=number, levels=levels, kept=levels - len(left_out), most=words)


def _line(decision: Decision, line: Json, found: Json, part: Part) -> DecisionLine:
    number = line["line"]
    left_out = part.left_out.get(number, ())
    first, last = part.days.get(number, (None, None))
    levels = line.get("levels") or [level["level"] for level in found.get("levels", ())]  # that it was scored at
    outcome = Outcome.NOT_APPROVED if number in part.refused else Outcome.APPROVED
    return DecisionLine(
        decision=decision,
        number=number,
        code=line["code"],
        levels=", ".join(level for level in levels if level not in left_out),
        levels_not_approved=", ".join(left_out),
        outcome=Outcome.CLOSED if decision.outcome == Outcome.CLOSED else outcome,
        units=part.fewer.get(number, line.get("units") or None),
        valid_from=first,
        valid_to=last,
        determination=found.get("determination", ""),
        pathways="".join(found.get("pathways", [])),
        score=found.get("score"),
    )
