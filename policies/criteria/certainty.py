"""The conditions that follow statement 1, and the imaging of pathway C: exam, studies, other sources, purpose."""

from collections.abc import Collection

from policies.criteria.base import THREE_STATES, Check, Parameters
from policies.facts import ExamFinding, LesionPattern, Purpose
from policies.flags import (
    HISTORY_ONLY,
    SOURCES_NOT_ADDRESSED,
)
from policies.measures import verdict
from policies.truth import MET, NOT_MET, UNKNOWN, Truth
from policies.view import Context, LevelView


class ExamParameters(Parameters):
    """The finding that agrees with the level."""

    concordant: ExamFinding


def examination(parameters: ExamParameters, context: Context) -> Check:
    """And when, first condition: a targeted, documented examination finds the tenderness at the level.

    An examination without a date counts; one before the earliest onset or after the as-of day says nothing.
    """
    concordant = parameters.concordant

    def check(level: LevelView) -> Truth:
        exam = level.facts.exam
        if exam is None or exam.documented is not True or exam.finding is None:
            return UNKNOWN
        if exam.date is not None:
            day, earliest = exam.date.toordinal(), level.onset.earliest
            if day > level.request.as_of or (earliest is not None and day < earliest):
                return UNKNOWN
        return MET if exam.finding == concordant else NOT_MET

    return check


class FractureVerdictParameters(Parameters):
    """Names of sets of findings; days by which a later study must follow an MRI that says otherwise.

    `enough_alone`: findings that suffice where no study is decisive (flagged: the acuity rests on the history).
    """

    set_fields = ("positive", "negative", "enough_alone")
    positive: str
    negative: str
    mri_margin_days: int
    enough_alone: str | None = None


def fracture_verdict(parameters: FractureVerdictParameters, context: Context) -> Check:
    """The verdict of the studies on or after the earliest onset: not healed, healed, or neither."""
    positive = context.finding_sets[parameters.positive]
    negative = context.finding_sets[parameters.negative]
    alone = context.finding_sets[parameters.enough_alone] if parameters.enough_alone else frozenset()
    advanced, margin = context.findings.advanced, parameters.mri_margin_days
    question = f"{parameters.positive} {parameters.negative} {margin}"

    def check(level: LevelView) -> Truth:
        found = level.verdicts.get(question)
        if found is None:  # two criteria may ask the same of the same studies
            found = level.verdicts[question] = verdict(level.usable, positive, negative, advanced, margin)
        if found.basis == "none" and alone and any(finding in alone for _, _, finding in level.usable):
            level.flags.append(HISTORY_ONLY)
            return MET
        return found.state

    return check


class LesionVerdictParameters(Parameters):
    """Names of sets of findings; the negative set says nothing of a lesion with one of `mixed_patterns`."""

    set_fields = ("positive", "negative")
    positive: str
    negative: str
    mixed_patterns: list[LesionPattern]
    mri_margin_days: int


def lesion_verdict(parameters: LesionVerdictParameters, context: Context) -> Check:
    """Pathway B: imaging shows the lesion at the level, also before the onset of pain."""
    positive = context.finding_sets[parameters.positive]
    negative = context.finding_sets[parameters.negative]
    mixed = frozenset(parameters.mixed_patterns)
    advanced, margin = context.findings.advanced, parameters.mri_margin_days

    def check(level: LevelView) -> Truth:
        lesion = level.facts.lesion
        against = frozenset() if lesion is not None and lesion.pattern in mixed else negative
        return verdict(level.studies, positive, against, advanced, margin).state

    return check


class LesionWithFractureParameters(Parameters):
    """Names of sets of findings: a fracture of the lesion, healed, and a lesion whatever its kind."""

    set_fields = ("positive", "negative", "lesion")
    positive: str
    negative: str
    lesion: str
    mri_margin_days: int


def lesion_with_fracture(parameters: LesionWithFractureParameters, context: Context) -> Check:
    """Pathway B read to the letter: the lesion must have a fracture that is not healing."""
    positive = context.finding_sets[parameters.positive]
    negative = context.finding_sets[parameters.negative]
    lesion = context.finding_sets[parameters.lesion]
    advanced, margin = context.findings.advanced, parameters.mri_margin_days

    def check(level: LevelView) -> Truth:
        found = verdict(level.studies, positive, negative, advanced, margin)
        if found.basis == "none" and any(finding in lesion for _, _, finding in level.studies):
            return NOT_MET
        return found.state

    return check


def other_pain_source(parameters: Parameters, context: Context) -> Check:
    """And when: certainty that this is where the pain comes from. Silence may be accepted; it is flagged."""
    silent: Truth = MET if "other_pain_source" in context.accepted else UNKNOWN

    def check(level: LevelView) -> Truth:
        source = level.facts.other_pain_source
        if source is None:
            level.flags.append(SOURCES_NOT_ADDRESSED)
            return silent
        if source == "possible":
            return UNKNOWN
        return MET if source == "none" else NOT_MET

    return check


class PurposeParameters(Parameters):
    """What the purpose must be."""

    accepted: Purpose

    def possible(self, accepted: Collection[str]) -> frozenset[Truth]:
        return THREE_STATES - {UNKNOWN} if "purpose" in accepted else THREE_STATES


def purpose(parameters: PurposeParameters, context: Context) -> Check:
    """And when, second condition: not on a prophylactic basis, nor to support another operation."""
    accepted = parameters.accepted
    silent: Truth = MET if "purpose" in context.accepted else UNKNOWN

    def check(level: LevelView) -> Truth:
        stated = level.facts.purpose
        if stated is None:
            return silent
        return MET if stated == accepted else NOT_MET

    return check
