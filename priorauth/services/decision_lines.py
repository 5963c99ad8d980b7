"""The lines of a decision: which are approved, from when to when, and how many units."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.utils import timezone

from priorauth.models import Decision, DecisionLine
from priorauth.services.errors import Incomplete

LONGEST_VALIDITY = dt.timedelta(days=365)
Outcome = Decision.Outcome
Days = tuple[dt.date | None, dt.date | None]
Json = dict[str, Any]


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


def fewer(requested: list[Json], units: Mapping[int, int | None], refused: Collection[int]) -> dict[int, int]:
    """The lines of which fewer units are approved than were asked for: number -> units. Raises Incomplete for none, or
    for more than were asked for."""
    found = {}
    for line in requested:
        number, asked = line["line"], line.get("units") or 1
        granted = units.get(number)
        if granted is None or granted == asked or number in refused:
            continue
        if not 1 <= granted < asked:
            most = f"1 to {asked}" if asked > 1 else "1"
            raise Incomplete(f"units_{number}", f"Line {number} asks for {asked}: enter {most}, or do not approve it.")
        found[number] = granted
    return found


def lines_of(
    decision: Decision,
    whole: str | None,
    refused: Collection[int],
    days: Mapping[int, tuple[dt.date, dt.date]],
    units: Mapping[int, int],
) -> list[DecisionLine]:
    """The rows of a decision, not saved. `whole` is the outcome of every line, None where each has its own."""
    scored = {line["line"]: line for line in decision.assessment.result["lines"]} if decision.assessment else {}
    return [
        _line(decision, line, scored.get(line["line"], {}), whole, refused, days, units)
        for line in decision.revision.facts["lines"]
    ]


def _line(
    decision: Decision,
    line: Json,
    found: Json,
    whole: str | None,
    refused: Collection[int],
    days: Mapping[int, tuple[dt.date, dt.date]],
    units: Mapping[int, int],
) -> DecisionLine:
    number = line["line"]
    first, last = days.get(number, (None, None))
    return DecisionLine(
        decision=decision,
        number=number,
        code=line["code"],
        levels=", ".join(line.get("levels") or []),
        outcome=whole or (Outcome.NOT_APPROVED if number in refused else Outcome.APPROVED),
        units=units.get(number, line.get("units") or None),
        valid_from=first,
        valid_to=last,
        determination=found.get("determination", ""),
        pathways="".join(found.get("pathways", [])),
        score=found.get("score"),
    )
