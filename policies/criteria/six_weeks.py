"""Pathway A's own clock: six weeks of conservative treatment, and whether it helped."""

from typing import Final

from policies.criteria.base import Check, Parameters
from policies.facts import Response
from policies.flags import (
    BEFORE_ONSET,
    CLAIM_CONTRADICTS,
    CLAIM_EXCEEDS_AGE,
    CLAIM_UNDATED,
    CLIPPED,
    DATES_REVERSED,
    DEPENDS_ON_ONSET,
    ENDED_LONG_AGO,
    INTERRUPTED,
    NOT_TOLERATED,
    SINGLE_MODALITY,
    UNDATED,
)
from policies.treatment import courses
from policies.truth import MET, NOT_MET, UNKNOWN, Truth
from policies.view import Context, LevelView

FLAGS: Final = (
    BEFORE_ONSET,
    CLAIM_CONTRADICTS,
    CLAIM_EXCEEDS_AGE,
    CLAIM_UNDATED,
    CLIPPED,
    DATES_REVERSED,
    DEPENDS_ON_ONSET,
    ENDED_LONG_AGO,
    INTERRUPTED,
    NOT_TOLERATED,
    SINGLE_MODALITY,
    UNDATED,
)


class TreatedDaysParameters(Parameters):
    """Days: asked in one course, untreated in a row that do not break it, since the last before a flag."""

    days: int
    gap_days: int
    recent_days: int
    claim_weeks: int
    all_three: list[str]

    def ages(self) -> tuple[int, ...]:
        return (self.days,)

    def gap_under(self, context: Context) -> int | None:
        """The untreated days in a row that do not break a course; None: all treated days are one course."""
        gaps = {"gap7": self.gap_days, "strict": 0, "cumulative": None}
        return gaps[context.switches["continuity"]]


def treated_days(parameters: TreatedDaysParameters, context: Context) -> Check:
    """Statement 1, first bullet: at least `days` treated days in one course, after onset, up to the as-of day."""
    return _TreatedDays(parameters, context).state


class _TreatedDays:
    def __init__(self, parameters: TreatedDaysParameters, context: Context) -> None:
        self._days = parameters.days
        self._gap_days = parameters.gap_under(context)
        self._recent_days = parameters.recent_days
        self._claim_weeks = parameters.claim_weeks
        self._dates_win = context.switches["claim_conflict"] == "dates_win"
        self._kinds = context.switches["modalities"]
        self._all_three = frozenset(parameters.all_three)

    def state(self, level: LevelView) -> Truth:
        record = level.request.treatments
        if record.reversed:
            level.flags.append(DATES_REVERSED)
        if level.oldest is not None:
            self._flag_before_onset(level, level.oldest)
            if level.oldest < self._days:
                return NOT_MET
        contradicted = level.onset.contradiction is not None
        if len(record.groups) == 1 and not contradicted:
            level.flags.append(SINGLE_MODALITY)
        if not record.given:
            return self._nothing_listed(level)
        if self._kinds != "any" and self._too_few_kinds(record.groups):
            return NOT_MET
        if contradicted:
            return UNKNOWN
        if not record.tolerated:
            level.flags.append(NOT_TOLERATED)
            return UNKNOWN
        return MET if self._met_from_latest(level) else self._short(level)

    def _flag_before_onset(self, level: LevelView, oldest: int) -> None:
        """Flags a claim and treated days that reach back before the earliest onset."""
        request, earliest = level.request, level.onset.earliest
        claim, spans = request.facts.stated_treatment_weeks, request.treatments.spans
        if claim is not None and claim * 7 > oldest:
            level.flags.append(CLAIM_EXCEEDS_AGE)
        if spans and earliest is not None and spans[0][0] < earliest:
            level.flags.append(CLIPPED if oldest < self._days else BEFORE_ONSET)

    def _too_few_kinds(self, groups: frozenset[str]) -> bool:
        return len(groups) < 2 if self._kinds == "two" else not self._all_three <= groups

    def _nothing_listed(self, level: LevelView) -> Truth:
        if not level.request.treatments.submitted:
            return UNKNOWN
        if level.request.facts.stated_treatment_weeks:
            level.flags.append(CLAIM_UNDATED)
            return NOT_MET if self._dates_win else UNKNOWN
        return NOT_MET

    def _met_from_latest(self, level: LevelView) -> bool:
        latest, spans = level.onset.latest, level.request.treatments.spans
        if latest is None or courses(spans, latest, self._gap_days).longest < self._days:
            return False
        last_day = spans[-1][1] - 1
        if level.request.as_of - last_day > self._recent_days:
            level.flags.append(ENDED_LONG_AGO)
        return True

    def _short(self, level: LevelView) -> Truth:
        """Not met from the latest onset: whether anything leaves it open."""
        record, onset, flags = level.request.treatments, level.onset, level.flags
        most = courses(record.spans, onset.earliest, self._gap_days)
        if record.undated:
            flags.append(UNDATED)
        if most.longest >= self._days:
            if onset.earliest is not None and onset.latest is not None:
                flags.append(DEPENDS_ON_ONSET)
            return UNKNOWN
        unknown = record.undated
        if most.total >= self._days:
            unknown = True
            flags.append(INTERRUPTED)
        claim = level.request.facts.stated_treatment_weeks
        if claim is not None and claim >= self._claim_weeks and record.dated:
            flags.append(CLAIM_CONTRADICTS)
            unknown = unknown or not self._dates_win
        return UNKNOWN if unknown else NOT_MET


class ResponseParameters(Parameters):
    """Which answers to "did the treatment help" mean that it failed."""

    failed: list[Response]


def treatment_response(parameters: ResponseParameters, context: Context) -> Check:
    """Statement 1, first bullet: the fracture failed to respond."""
    failed = frozenset(parameters.failed)

    def check(level: LevelView) -> Truth:
        response = level.request.facts.treatment_response
        if response is None:
            return UNKNOWN
        return MET if response in failed else NOT_MET

    return check
