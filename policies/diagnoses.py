"""Diagnosis codes to choose from (diagnoses.yaml): by a word, and by cause and level. Nothing here scores."""

import itertools
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from policies import strict_yaml
from policies.codes import Icd10Cm, Level

FILE: Final = Path(__file__).parent / "diagnoses.yaml"
_TABLE: Final = re.compile(r"\{(\w+)\}")
NOT_RECORDED: Final = "not_recorded"


class Diagnosis(NamedTuple):
    """A code, our own label, and the levels that it names; none where it is for any."""

    code: str
    label: str
    levels: tuple[str, ...]


class Found(NamedTuple):
    """The first of what was looked for, and how many there are in all."""

    first: list[Diagnosis]
    total: int


def named(code: str) -> Diagnosis | None:
    """What the list says of a code; None for one that is not on it."""
    return _known().get(code)


def find(text: str, most: int) -> Found:
    """The diagnoses whose code begins with `text`, or whose label has words that begin with each of its words."""
    start, words = _plain(text), text.lower().split()
    if not start:
        return Found([], 0)
    found = [one for one in _known().values() if _plain(one.code).startswith(start) or _has(one.label, words)]
    return Found(found[:most], len(found))


def suggested(cause: str | None, level: str) -> list[Diagnosis]:
    """What a cause (facts v1, `etiology`) suggests at a level, the main one first; None is a cause not recorded."""
    patterns = _data()["suggested"].get(cause or NOT_RECORDED, ())
    fitting = (one for pattern in patterns for one in _known().values() if fnmatchcase(one.code, pattern))
    return [one for one in fitting if not one.levels or level in one.levels]


def elsewhere(codes: Sequence[str], levels: Sequence[str]) -> list[Diagnosis]:
    """Those of the codes that name levels, and none of `levels`."""
    known = (named(code) for code in codes)
    return [one for one in known if one and one.levels and levels and not set(one.levels) & set(levels)]


def _plain(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def _has(label: str, words: Sequence[str]) -> bool:
    parts = re.findall(r"[a-z0-9]+", label.lower())
    return all(any(part.startswith(word) for part in parts) for word in words)


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = strict_yaml.load(FILE).data
    return data


@cache
def _known() -> dict[str, Diagnosis]:
    """Every diagnosis by its code, those under active treatment first."""
    every = [one for code, label in _data()["codes"] for one in _expanded(code, label)]
    return {one.code: one for one in sorted(every, key=lambda one: "active treatment" not in one.label)}


def _expanded(code: str, label: str) -> Iterator[Diagnosis]:
    """The codes that a line of the file stands for."""
    tables = _TABLE.findall(code)
    for rows in itertools.product(*(_data()["tables"][table] for table in tables)):
        words = {table: row[1] for table, row in zip(tables, rows, strict=True)}
        keys = {table: row[0] for table, row in zip(tables, rows, strict=True)}
        levels = tuple(Level.parse(level) for row in rows for level in row[2])
        yield Diagnosis(Icd10Cm.parse(code.format(**keys)), label.format(**words), levels)
