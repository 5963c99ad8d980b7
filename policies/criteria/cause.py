"""What caused the fracture or the lesion: osteoporosis (A, C), the lesion's pattern and its source (B)."""

from typing import Literal

from policies.criteria.base import Check, Parameters
from policies.facts import Etiology, Lesion, Tumor
from policies.flags import (
    DIRECTOR_SOURCE,
    DX_DENIED,
    FALL_AS_TRAUMA,
    HIGH_ENERGY,
    MIXED_LESION,
    NORMAL_T_SCORE,
    OSTEOPENIA,
    TUMOR_LESION,
)
from policies.truth import AND, MET, NOT_MET, UNKNOWN, Truth
from policies.view import Context, LevelView

StatedPattern = Literal["lytic", "mixed", "blastic"]


def stated(lesion: Lesion | None) -> bool:
    """Whether a lesion is stated: its pattern is lytic, mixed or blastic, or null beside a source."""
    if lesion is None or lesion.pattern == "none":
        return False
    return lesion.pattern is not None or lesion.source is not None


class OsteoporoticParameters(Parameters):
    """Etiologies by what they say of osteoporosis; T-scores in standard deviations."""

    apart = ("osteoporosis", "injury", "undecided")
    osteoporosis: list[Etiology]
    primary: Etiology
    injury: list[Etiology]
    undecided: list[Etiology]
    t_score_normal_from: float
    t_score_osteoporosis_to: float
    cancer_sources: list[Tumor]
    cancer_patterns_without_source: list[StatedPattern]


def osteoporotic_fracture(parameters: OsteoporoticParameters, context: Context) -> Check:
    """Statements 1 (first bullet) and 2: the clinician's attribution, unless the record contradicts it."""
    return _OsteoporoticFracture(parameters, context).state


class _OsteoporoticFracture:
    def __init__(self, parameters: OsteoporoticParameters, context: Context) -> None:
        self._osteoporosis = frozenset(parameters.osteoporosis)
        self._primary = parameters.primary
        self._injury = frozenset(parameters.injury)
        self._undecided = frozenset(parameters.undecided)
        self._normal_from = parameters.t_score_normal_from
        self._low_to = parameters.t_score_osteoporosis_to
        self._cancer_sources = frozenset(parameters.cancer_sources)
        self._cancer_patterns = frozenset(parameters.cancer_patterns_without_source)
        self._needed = frozenset({"bone_density", "mechanism", "osteoporosis_diagnosis"}) - context.accepted
        self._high_energy: Truth = context.switches["high_energy_osteoporotic"]  # type: ignore[assignment]

    def state(self, level: LevelView) -> Truth:
        etiology = level.facts.etiology
        if etiology in self._osteoporosis:
            state = self._attributed(level)
        elif etiology in self._injury:
            state = self._injured(level)
        else:
            return UNKNOWN if etiology is None or etiology in self._undecided else NOT_MET
        return UNKNOWN if self._needed and self._lacks(level) else state

    def _lacks(self, level: LevelView) -> bool:
        """Whether a fact is missing on which the edition does not accept silence."""
        patient = level.request.patient
        silent = {
            "bone_density": patient.t_score is None,
            "mechanism": level.facts.mechanism is None,
            "osteoporosis_diagnosis": patient.osteoporosis_dx is None,
        }
        return any(silent[fact] for fact in self._needed)

    def _cancer(self, lesion: Lesion) -> bool:
        """Whether a lesion of cancer is stated, or one that may well be."""
        if lesion.pattern == "none":
            return False
        if lesion.source is None:
            return lesion.pattern in self._cancer_patterns
        return lesion.source in self._cancer_sources

    def _attributed(self, level: LevelView) -> Truth:
        """The clinician says osteoporosis. Bone density bears on primary osteoporosis only."""
        facts, patient, flags = level.facts, level.request.patient, level.flags
        t_score = patient.t_score if facts.etiology == self._primary else None
        state: Truth = MET
        if t_score is not None and t_score >= self._normal_from:
            flags.append(NORMAL_T_SCORE)
            state = UNKNOWN
        if patient.osteoporosis_dx is False:
            flags.append(DX_DENIED)
            state = UNKNOWN
        if facts.lesion is not None and self._cancer(facts.lesion):
            flags.append(TUMOR_LESION)
            state = UNKNOWN
        if facts.mechanism == "high_energy":
            flags.append(HIGH_ENERGY)
            state = AND[state][self._high_energy]
        if state == MET and t_score is not None and t_score > self._low_to:
            flags.append(OSTEOPENIA)
        return state

    def _injured(self, level: LevelView) -> Truth:
        """The clinician says trauma: it depends on the bone and on the force."""
        t_score, diagnosed = level.request.patient.t_score, level.request.patient.osteoporosis_dx
        speaks_for = diagnosed is True or (t_score is not None and t_score <= self._low_to)
        speaks_against = diagnosed is False or (t_score is not None and t_score >= self._normal_from)
        high_energy = level.facts.mechanism == "high_energy"
        if not speaks_for:
            return NOT_MET if high_energy or speaks_against else UNKNOWN
        if high_energy:
            level.flags.append(HIGH_ENERGY)
            return AND[UNKNOWN if speaks_against else MET][self._high_energy]
        level.flags.append(FALL_AS_TRAUMA)
        return UNKNOWN


class PatternParameters(Parameters):
    """Patterns of a lesion by what they say of osteolysis."""

    apart = ("lytic", "mixed")
    lytic: list[StatedPattern]
    mixed: list[StatedPattern]


def lesion_pattern(parameters: PatternParameters, context: Context) -> Check:
    """Statement 1, second bullet: the lesion is osteolytic."""
    lytic, mixed = frozenset(parameters.lytic), frozenset(parameters.mixed)
    tumors = context.tumors
    mixed_state: Truth = context.switches["mixed_lesion"]  # type: ignore[assignment]

    def check(level: LevelView) -> Truth:
        lesion, etiology = level.facts.lesion, level.facts.etiology
        pattern = lesion.pattern if lesion is not None else None
        if pattern is not None:
            if pattern in mixed:
                level.flags.append(MIXED_LESION)
                return mixed_state
            return MET if pattern in lytic else NOT_MET
        if lesion is not None and lesion.source is not None:
            return UNKNOWN
        return UNKNOWN if etiology is None or etiology in tumors else NOT_MET

    return check


class SourceParameters(Parameters):
    """Sources of a lesion: those that the statement names, and those that a medical director must judge."""

    apart = ("named", "director")
    named: list[Tumor]
    director: list[Tumor]


def lesion_source(parameters: SourceParameters, context: Context) -> Check:
    """Statement 1, second bullet: the lesion comes from multiple myeloma or a metastatic cancer."""
    named, director = frozenset(parameters.named), frozenset(parameters.director)
    tumors = context.tumors

    def check(level: LevelView) -> Truth:
        lesion, etiology = level.facts.lesion, level.facts.etiology
        source: str | None = lesion.source if lesion is not None and lesion.pattern != "none" else None
        if source is None:
            if etiology in tumors:
                source = etiology
            elif etiology is None or stated(lesion):
                return UNKNOWN
            else:
                return NOT_MET
        if source in named:
            return MET
        if source in director:
            level.flags.append(f"{DIRECTOR_SOURCE}: {source}")
            return UNKNOWN
        return NOT_MET

    return check
