"""Versions of one form brought in line: afterwards the same row has the same number in each of them.

Two rows are the same where both come from one row of the version that both began with: one that says what it is about
in the same words (IDENTITY), or that stands in the same place and says half of the rest alike. Rows that were added
since are the same only where they are about the same: else one of them might be lost.
"""

import re
from collections.abc import Callable, Iterable

from portal.web.rows import GROUPS, Raw, count

IDENTITY = {
    "lines": ("code", "levels"),
    "levels": ("name",),
    "imaging": ("modality", "date"),
    "treatments": ("modality", "name"),
}
ROW = re.compile(r"(?P<group>[a-z]+)-(?P<index>[0-9]{1,2})-(?P<rest>[a-z_]+)(-(?P<level>[0-9]{1,2}))?")

Row = dict[str, list[str]]
Numbers = dict[int, int]  # of the rows: as typed -> in line


def in_line(mine: Raw, theirs: Raw, base: Raw) -> tuple[Raw, Raw, Raw]:
    """The three versions with the same numbers for the same rows: first theirs, then what only mine has. Blank rows are
    left out; a count may pass the limit of its group."""
    numbers: list[dict[str, Numbers]] = [{}, {}, {}]
    counts = {}
    for group in GROUPS:
        numbered = _numbers(*(rows_of(raw, group) for raw in (mine, theirs, base)), group)
        for found, one in zip(numbers, numbered, strict=True):
            found[group] = one
        counts[f"{group}-count"] = [str(len({*numbered[0].values(), *numbered[1].values()}) or 1)]
    aligned = [_renumbered(raw, by) | counts for raw, by in zip((mine, theirs, base), numbers, strict=True)]
    return aligned[0], aligned[1], aligned[2]


def rows_of(raw: Raw, group: str, most: int = 0) -> dict[int, Row]:
    """The rows of a group that say anything, by number: what each says under the rest of its names. `most` stands for
    the number of rows that the form shows."""
    rows: dict[int, Row] = {}
    for name, texts in raw.items():
        match = ROW.fullmatch(name)
        if not match or not said(texts):
            continue
        if match["group"] == group:
            rest = f"{match['rest']}-{match['level']}" if match["level"] else match["rest"]
            rows.setdefault(int(match["index"]), {})[rest] = said(texts)
        elif group == "levels" and match["level"]:
            rows.setdefault(int(match["level"]), {})
    return {index: rows[index] for index in sorted(rows) if index < (most or count(raw, group))}


def said(texts: Iterable[str]) -> list[str]:
    """What is said, whatever the blanks around it and the order of ticks."""
    return sorted(text.strip() for text in texts if text.strip())


def _numbers(
    mine: dict[int, Row], theirs: dict[int, Row], base: dict[int, Row], group: str
) -> tuple[Numbers, Numbers, Numbers]:
    from_mine, from_theirs = _matches(mine, base, group), _matches(theirs, base, group)
    by_base = {start: index for index, start in from_theirs.items()}
    same = {index: by_base[start] for index, start in from_mine.items() if start in by_base}
    new_in_mine = {index: row for index, row in mine.items() if index not in from_mine}
    new_in_theirs = {index: row for index, row in theirs.items() if index not in from_theirs}
    same |= _matches(new_in_mine, new_in_theirs, group, [_same_thing])
    of_theirs = {index: number for number, index in enumerate(theirs)}
    new = (index for index in mine if index not in same)
    of_mine = {index: number for number, index in enumerate(new, start=len(theirs))}
    of_mine |= {index: of_theirs[other] for index, other in same.items()}
    of_base = {start: of_mine[index] for index, start in from_mine.items()}
    of_base |= {start: of_theirs[index] for index, start in from_theirs.items()}
    return of_mine, of_theirs, of_base


def _matches(
    these: dict[int, Row], those: dict[int, Row], group: str, ways: Iterable[Callable[..., bool]] = ()
) -> Numbers:
    """Which of `those` each of `these` is: by what it is about first, then by its place."""
    found: Numbers = {}
    for same in ways or (_same_thing, _same_place):
        for index, row in these.items():
            free = [other for other in those if other not in found.values()]
            other = next((other for other in free if same(group, index, row, other, those[other])), None)
            if index not in found and other is not None:
                found[index] = other
    return found


def _same_thing(group: str, _index: int, row: Row, _other: int, that: Row) -> bool:
    about = [[text.casefold() for name in IDENTITY[group] for text in one.get(name, [])] for one in (row, that)]
    return about[0] == about[1] != []


def _same_place(_group: str, index: int, row: Row, other: int, that: Row) -> bool:
    both = row.keys() & that.keys()
    return index == other and 2 * sum(row[name] == that[name] for name in both) >= max(len(both), 1)


def _renumbered(raw: Raw, numbers: dict[str, Numbers]) -> Raw:
    fresh: Raw = {}
    for name, texts in raw.items():
        match = ROW.fullmatch(name)
        if match is None or match["group"] not in numbers:
            fresh[name] = texts
            continue
        number = numbers[match["group"]].get(int(match["index"]))
        level = numbers["levels"].get(int(match["level"])) if match["level"] else None
        if number is None or (match["level"] and level is None):
            continue
        tail = f"-{level}" if match["level"] else ""
        fresh[f"{match['group']}-{number}-{match['rest']}{tail}"] = texts
    return fresh
