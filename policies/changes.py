"""What changed between two assessments of the same facts, and the criterion that changed it. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from policies.truth import MET

ABSENT: Final = "absent"
Result = Mapping[str, Any]  # an assessment, or a part of one, as `as_dict` gives it


class Change(NamedTuple):
    """What moved a line from one determination to another.

    A criterion of a pathway at a level, with its states before and after; equal states mean that it counts otherwise.
    `pathway` as criterion: the pathway itself came or went. Without a level: what decides a line before or after its
    levels (`rule`, `authorization`, or what it is asked: `units`, `level`, ...). ABSENT: it is not there on that side.
    """

    level: str
    pathway: str
    criterion: str
    before: str
    after: str


class LineChange(NamedTuple):
    """A line whose determination is another one, and why."""

    line: int
    code: str
    old: str
    new: str
    why: tuple[Change, ...]


def changed_lines(old: Result, new: Result) -> tuple[LineChange, ...]:
    """The lines of two results of one facts document whose determinations differ, in order."""
    return tuple(
        LineChange(one["line"], one["code"], one["determination"], other["determination"], tuple(_why(one, other)))
        for one, other in zip(old["lines"], new["lines"], strict=True)
        if one["determination"] != other["determination"]
    )


def _why(one: Result, other: Result) -> list[Change]:
    before, after = ({level["level"]: level for level in line["levels"]} for line in (one, other))
    found = [
        change
        for name in _both(before, after)
        if name in before and name in after and before[name]["determination"] != after[name]["determination"]
        for change in _of_level(name, before[name], after[name])
    ]
    return found or _of_line(one, other)


def _of_level(name: str, one: Result, other: Result) -> Iterator[Change]:
    for pathway in _both(one["pathways"], other["pathways"]):
        before, after = (side["pathways"].get(pathway, ABSENT) for side in (one, other))
        if ABSENT in (before, after):
            yield Change(name, pathway, "pathway", before, after)
        elif before != after:
            yield from _of_pathway(name, pathway, one["criteria"][pathway], other["criteria"][pathway])


def _of_pathway(name: str, pathway: str, one: Mapping[str, str], other: Mapping[str, str]) -> list[Change]:
    """The criteria whose states differ; a met one that came or went only where nothing else did. Where no state
    differs: those that are not met, which count on one side only."""
    every = [Change(name, pathway, key, one.get(key, ABSENT), other.get(key, ABSENT)) for key in _both(one, other)]
    moved = [change for change in every if change.before != change.after]
    telling = [change for change in moved if {change.before, change.after} != {ABSENT, MET}]
    return telling or moved or [change for change in every if change.before != MET]


def _of_line(one: Result, other: Result) -> list[Change]:
    """What decided a line otherwise though no level changed."""
    if one["rule"] != other["rule"]:
        return [Change("", "", "rule", one["rule"], other["rule"])]
    if bool(one["advice"]) != bool(other["advice"]):
        return [
            Change(
                "", "", "authorization", *("clinical" if side["advice"] is None else "table" for side in (one, other))
            )
        ]
    before, after = ({question["criterion"] for question in side["missing"]} for side in (one, other))
    asked = ("asked" if name in before else ABSENT for name in sorted(before ^ after))
    left = ("asked" if name in after else ABSENT for name in sorted(before ^ after))
    return [Change("", "", *row) for row in zip(sorted(before ^ after), asked, left, strict=True)]


def _both(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*one, *other]))
