"""What the criteria look at: one request, and one level of it with its onset and its studies."""

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from policies.facts import Ambulation, Facts, Hospitalization, LevelFacts, Pain, Patient
from policies.measures import DatedStudy, Findings, Onset, Verdict
from policies.treatment import Record

NO_PAIN_FACTS = Pain()
NO_PATIENT_FACTS = Patient()
NO_HOSPITAL_FACTS = Hospitalization()
NO_WALKING_FACTS = Ambulation()


class Clock(NamedTuple):
    """The days of the edition that more than one rule reads. `extra_day` is 1 where days are counted inclusively."""

    acute_days: int
    old_fracture_days: int
    extra_day: int


class RequestView:
    """A request as the criteria read it. Days are ordinals; ages are counted to `age_day`."""

    __slots__ = (
        "age_day",
        "as_of",
        "as_of_day",
        "facts",
        "hospital",
        "pain",
        "patient",
        "service",
        "treatments",
        "walking",
    )

    def __init__(self, facts: Facts, as_of_day: datetime.date, as_of: int, age_day: int, treatments: Record) -> None:
        self.facts = facts
        self.as_of_day = as_of_day
        self.as_of = as_of
        self.age_day = age_day
        self.service = facts.service_date.toordinal() if facts.service_date is not None else None
        self.treatments = treatments
        self.patient = facts.patient or NO_PATIENT_FACTS
        self.pain = facts.pain or NO_PAIN_FACTS
        self.hospital = facts.hospitalization or NO_HOSPITAL_FACTS
        self.walking = facts.ambulation or NO_WALKING_FACTS


class LevelView:
    """A level as the criteria read it.

    `oldest` and `youngest` are the possible ages of the fracture in days, None where not known. `usable` are the
    studies that may speak of the fracture: not before its earliest onset. Criteria append to `flags`, and keep what
    the studies say in `verdicts`.
    """

    __slots__ = ("facts", "flags", "name", "oldest", "onset", "request", "studies", "usable", "verdicts", "youngest")

    def __init__(
        self, request: RequestView, name: str, facts: LevelFacts, studies: list[DatedStudy], onset: Onset
    ) -> None:
        self.request = request
        self.name = name
        self.facts = facts
        self.studies = studies
        self.onset = onset
        self.verdicts: dict[str, Verdict] = {}
        self.flags: list[str] = [] if onset.contradiction is None else [onset.contradiction]
        earliest, latest = onset.earliest, onset.latest
        self.youngest = None if latest is None else request.age_day - latest
        self.oldest = None if earliest is None else request.age_day - earliest
        self.usable = studies
        if studies and earliest is not None and min(studies)[0] < earliest:
            self.usable = [study for study in studies if study[0] >= earliest]


class Context(NamedTuple):
    """What a criterion is built with besides its own parameters: the edition's sets and its switches.

    `accepted` are the facts on which this criterion accepts silence.
    """

    findings: Findings
    finding_sets: Mapping[str, frozenset[str]]
    tumors: frozenset[str]
    treatment_groups: dict[str, str]
    clock: Clock
    switches: dict[str, str]
    accepted: frozenset[str] = frozenset()
