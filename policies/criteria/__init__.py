"""The measures that an edition's criteria may name, each with the type of its parameters.

A measure is built once per edition: `build(parameters, context)` gives a function of a level that returns met,
not_met or unknown and appends flags to the level. Numbers and sets come from the edition, never from here.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from policies import flags
from policies.criteria import acute, cause, certainty, general, pain, six_weeks
from policies.criteria.base import Check, Parameters
from policies.view import Context


class Measure(NamedTuple):
    """`flags` it may raise, `switches` it reads, and the facts on which it can accept silence (`silent`).

    `onset`: whether its state depends on the day on which the fracture began.
    """

    parameters: type[Parameters]
    build: Callable[[Any, Context], Check]
    flags: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    onset: bool = False


MEASURES: Final = {
    # of policy 484
    "osteoporotic_fracture": Measure(
        cause.OsteoporoticParameters,
        cause.osteoporotic_fracture,
        (
            flags.NORMAL_T_SCORE,
            flags.OSTEOPENIA,
            flags.DX_DENIED,
            flags.TUMOR_LESION,
            flags.HIGH_ENERGY,
            flags.FALL_AS_TRAUMA,
        ),
        ("high_energy_osteoporotic",),
        ("bone_density", "mechanism", "osteoporosis_diagnosis"),
    ),
    "lesion_pattern": Measure(cause.PatternParameters, cause.lesion_pattern, (flags.MIXED_LESION,), ("mixed_lesion",)),
    "lesion_source": Measure(cause.SourceParameters, cause.lesion_source, (flags.DIRECTOR_SOURCE,)),
    "pain_present": Measure(
        Parameters, pain.pain_present, (flags.WORD_AND_SCORE, flags.PRESENT_BUT_ZERO, flags.ABSENT_BUT_SCORED)
    ),
    "pain_severity": Measure(
        pain.SeverityParameters, pain.pain_severity, (flags.WORD_AND_SCORE, flags.SEVERE_AT_MODERATE_SCORE)
    ),
    "treated_days": Measure(
        six_weeks.TreatedDaysParameters,
        six_weeks.treated_days,
        six_weeks.FLAGS,
        ("modalities", "continuity", "claim_conflict"),
        onset=True,
    ),
    "treatment_response": Measure(six_weeks.ResponseParameters, six_weeks.treatment_response),
    "examination": Measure(certainty.ExamParameters, certainty.examination, onset=True),
    "fracture_verdict": Measure(
        certainty.FractureVerdictParameters, certainty.fracture_verdict, (flags.HISTORY_ONLY,), onset=True
    ),
    "lesion_verdict": Measure(certainty.LesionVerdictParameters, certainty.lesion_verdict),
    "lesion_with_fracture": Measure(certainty.LesionWithFractureParameters, certainty.lesion_with_fracture),
    "other_pain_source": Measure(
        Parameters, certainty.other_pain_source, (flags.SOURCES_NOT_ADDRESSED,), silent=("other_pain_source",)
    ),
    "purpose": Measure(certainty.PurposeParameters, certainty.purpose, silent=("purpose",)),
    "fracture_age_below": Measure(acute.AgeParameters, acute.fracture_age_below, onset=True),
    "hospital_or_walking": Measure(
        acute.HospitalOrWalkingParameters,
        acute.hospital_or_walking,
        (flags.ADMISSION_BEFORE_ONSET, flags.OBSERVATION_COUNTED, flags.NON_AMBULATORY_BEFORE),
        ("observation_is_hospitalization",),
        ("walking_before_the_fracture",),
        onset=True,
    ),
    # of any policy
    "number": Measure(general.NumberParameters, general.number),
    "choice": Measure(general.ChoiceParameters, general.choice),
    "study_within_days": Measure(general.RecentStudyParameters, general.study_within_days),
    "contraindications": Measure(general.ContraindicationParameters, general.contraindications),
    "level_in": Measure(general.LevelRangeParameters, general.level_in),
    "levels_at_most": Measure(general.LevelCountParameters, general.levels_at_most),
}
