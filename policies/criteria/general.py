"""Measures of any policy: a number, a choice, a recent study, contraindications, a range and a number of levels."""

from collections.abc import Collection
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from policies.codes import LEVELS
from policies.criteria.base import THREE_STATES, Check, Parameters
from policies.facts import ImagingModality, LevelName
from policies.paths import CHOICES, NUMBERS, reader
from policies.truth import MET, NOT_MET, UNKNOWN, Truth
from policies.view import Context, LevelView


class NumberParameters(Parameters):
    """A numeric fact and its limits, both included; at least one of them."""

    fact: Literal[NUMBERS]  # type: ignore[valid-type]
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least, at_most, or both")
        return self


def number(parameters: NumberParameters, context: Context) -> Check:
    """The number lies within the limits; not submitted, unknown."""
    read = reader(parameters.fact)
    least, most = parameters.at_least, parameters.at_most

    def check(level: LevelView) -> Truth:
        value = read(level)
        if value is None:
            return UNKNOWN
        within = (least is None or value >= least) and (most is None or value <= most)
        return MET if within else NOT_MET

    return check


class ChoiceParameters(Parameters):
    """A fact with a few values: those that meet, those that a person must judge; every other one does not meet."""

    apart = ("met", "unknown")
    fact: Literal[tuple(CHOICES)]  # type: ignore[valid-type]
    met: Annotated[list[str | bool], Field(min_length=1)]
    unknown: list[str | bool] = []

    @model_validator(mode="after")
    def _values_exist(self) -> Self:
        for value in (*self.met, *self.unknown):
            if value not in CHOICES[self.fact]:
                raise ValueError(f"{self.fact} has no value {value}")
        return self


def choice(parameters: ChoiceParameters, context: Context) -> Check:
    """The fact has one of the values that meet; not submitted, unknown."""
    read = reader(parameters.fact)
    met, unknown = frozenset(parameters.met), frozenset(parameters.unknown)

    def check(level: LevelView) -> Truth:
        value = read(level)
        if value is None or value in unknown:
            return UNKNOWN
        return MET if value in met else NOT_MET

    return check


class RecentStudyParameters(Parameters):
    """Kinds of study, a set of findings, and the age in days that a study may have on the as-of day."""

    set_fields = ("findings",)
    modalities: Annotated[list[ImagingModality], Field(min_length=1)]
    findings: str
    days: Annotated[int, Field(ge=0)]


def study_within_days(parameters: RecentStudyParameters, context: Context) -> Check:
    """A study with such a finding is recent enough; where none has a date on or before the as-of day, unknown."""
    modalities, days = frozenset(parameters.modalities), parameters.days
    findings = context.finding_sets[parameters.findings]

    def check(level: LevelView) -> Truth:
        dates = [
            study.date
            for study in level.facts.imaging or ()
            if study.modality in modalities and study.finding in findings
        ]
        as_of = level.request.as_of
        ages = [as_of - date.toordinal() for date in dates if date is not None and date.toordinal() <= as_of]
        if any(age <= days for age in ages):
            return MET
        return NOT_MET if ages and None not in dates else UNKNOWN

    return check


class ContraindicationParameters(Parameters):
    """Safety notes that rule the procedure out, and ones that a person must judge; in lower case."""

    apart = ("absolute", "relative")
    absolute: list[str] = []
    relative: list[str] = []


def named_notes(level: LevelView, names: Collection[str]) -> list[str]:
    """The safety notes of the request that are among the names, as they were written."""
    return [note for note in level.request.facts.safety_notes if note.strip().lower() in names]


def contraindications(parameters: ContraindicationParameters, context: Context) -> Check:
    """None is noted. An absolute one does not meet, a relative one is put to a person."""
    absolute, relative = frozenset(parameters.absolute), frozenset(parameters.relative)

    def check(level: LevelView) -> Truth:
        if named_notes(level, absolute):
            return NOT_MET
        return UNKNOWN if named_notes(level, relative) else MET

    return check


class LevelRangeParameters(Parameters):
    """The highest and the lowest level of a range, both included: from T5 to L5."""

    highest: LevelName
    lowest: LevelName

    def possible(self, accepted: Collection[str]) -> frozenset[Truth]:
        return THREE_STATES - {UNKNOWN}


def level_in(parameters: LevelRangeParameters, context: Context) -> Check:
    """The level lies in the range."""
    allowed = frozenset(LEVELS[LEVELS.index(parameters.highest) : LEVELS.index(parameters.lowest) + 1])

    def check(level: LevelView) -> Truth:
        return MET if level.name in allowed else NOT_MET

    return check


class LevelCountParameters(Parameters):
    """How many levels one request may name."""

    count: Annotated[int, Field(ge=1)]


def named_levels(level: LevelView) -> set[Any]:
    """Every level that a line of the request names."""
    return {name for line in level.request.facts.lines for name in line.levels}


def levels_at_most(parameters: LevelCountParameters, context: Context) -> Check:
    """The request names no more levels; unknown where a line without levels could mean one more."""
    count = parameters.count

    def check(level: LevelView) -> Truth:
        facts, named = level.request.facts, named_levels(level)
        if len(named) > count:
            return NOT_MET
        open_line = any(not line.levels for line in facts.lines)
        return UNKNOWN if open_line and len(named | facts.levels.keys()) > count else MET

    return check
