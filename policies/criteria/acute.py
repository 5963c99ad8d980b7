"""Pathway C's own criteria: a fracture under six weeks old that led to hospital or prevents walking."""

from policies.criteria.base import Check, Parameters
from policies.facts import Stay, StayReason, Walking
from policies.flags import (
    ADMISSION_BEFORE_ONSET,
    NON_AMBULATORY_BEFORE,
    OBSERVATION_COUNTED,
)
from policies.truth import MET, NOT_MET, OR, UNKNOWN, Truth
from policies.view import Context, LevelView


class AgeParameters(Parameters):
    """The age of the fracture, in days, that it must not have reached."""

    days: int

    def ages(self) -> tuple[int, ...]:
        return (self.days,)


def fracture_age_below(parameters: AgeParameters, context: Context) -> Check:
    """Statement 2: less than `days` old on the as-of day, whichever day of the onset interval is true."""
    days = parameters.days

    def check(level: LevelView) -> Truth:
        if level.oldest is not None and level.oldest < days:
            return MET
        if level.youngest is not None and level.youngest >= days:
            return NOT_MET
        return UNKNOWN

    return check


class HospitalOrWalkingParameters(Parameters):
    """Values of the facts on admission and on walking, by what they say."""

    apart = ("cannot_walk", "can_walk")
    stays: list[Stay]
    observation: Stay
    because_of_fracture: StayReason
    other_reasons: list[StayReason]
    cannot_walk: list[Walking]
    can_walk: list[Walking]


def hospital_or_walking(parameters: HospitalOrWalkingParameters, context: Context) -> Check:
    """Statement 2: the fracture led to hospitalization, or its pain prevents walking."""
    return HospitalOrWalking(parameters, context).state


class HospitalOrWalking:
    """Its two halves; either is enough."""

    def __init__(self, parameters: HospitalOrWalkingParameters, context: Context) -> None:
        self._stays = frozenset(parameters.stays)
        self._observation = parameters.observation
        self._observation_counts = context.switches["observation_is_hospitalization"] == "yes"
        self._because = parameters.because_of_fracture
        self._other_reasons = frozenset(parameters.other_reasons)
        self._cannot_walk = frozenset(parameters.cannot_walk)
        self._can_walk = frozenset(parameters.can_walk)
        self._needs_baseline = "walking_before_the_fracture" not in context.accepted

    def state(self, level: LevelView) -> Truth:
        return OR[self.hospitalized(level)][self.unable_to_walk(level)]

    def hospitalized(self, level: LevelView) -> Truth:
        stay = level.request.hospital
        if stay.status is None:
            return UNKNOWN
        if stay.status not in self._stays:
            return NOT_MET
        admitted = stay.admit_date.toordinal() if stay.admit_date is not None else None
        earliest = level.onset.earliest
        if admitted is not None and earliest is not None and admitted < earliest:
            level.flags.append(ADMISSION_BEFORE_ONSET)
            return NOT_MET
        observed = stay.status == self._observation
        if stay.reason in self._other_reasons or (observed and not self._observation_counts):
            return NOT_MET
        if stay.reason != self._because or (admitted is not None and admitted > level.request.as_of):
            return UNKNOWN
        if observed:
            level.flags.append(OBSERVATION_COUNTED)
        return MET

    def unable_to_walk(self, level: LevelView) -> Truth:
        walking = level.request.walking
        if walking.baseline == "non_ambulatory":
            level.flags.append(NON_AMBULATORY_BEFORE)
            return NOT_MET
        if walking.current is None:
            return UNKNOWN
        if walking.current in self._can_walk or walking.cause == "other":
            return NOT_MET
        if walking.cause is None or (self._needs_baseline and walking.baseline is None):
            return UNKNOWN
        return MET if walking.current in self._cannot_walk else UNKNOWN
