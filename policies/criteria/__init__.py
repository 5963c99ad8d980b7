"""The measures that an edition's criteria may name, each with the type of its parameters.

A measure is built once per edition: `build(parameters, context)` gives a function of a level that returns met,
not_met or unknown and appends flags to the level. Numbers and sets come from the edition, never from here.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from policies.criteria import acute, cause, certainty, pain, six_weeks
from policies.criteria.base import Check, Parameters
from policies.view import Context


class Measure(NamedTuple):
    parameters: type[Parameters]
    build: Callable[[Any, Context], Check]


MEASURES: Final = {
    "osteoporotic_fracture": Measure(cause.OsteoporoticParameters, cause.OsteoporoticFracture),
    "lesion_pattern": Measure(cause.PatternParameters, cause.lesion_pattern),
    "lesion_source": Measure(cause.SourceParameters, cause.lesion_source),
    "pain_present": Measure(Parameters, pain.pain_present),
    "pain_severity": Measure(pain.SeverityParameters, pain.PainSeverity),
    "treated_days": Measure(six_weeks.TreatedDaysParameters, six_weeks.TreatedDays),
    "treatment_response": Measure(six_weeks.ResponseParameters, six_weeks.treatment_response),
    "examination": Measure(certainty.ExamParameters, certainty.examination),
    "fracture_verdict": Measure(certainty.FractureVerdictParameters, certainty.fracture_verdict),
    "lesion_verdict": Measure(certainty.LesionVerdictParameters, certainty.lesion_verdict),
    "lesion_with_fracture": Measure(certainty.LesionWithFractureParameters, certainty.lesion_with_fracture),
    "other_pain_source": Measure(Parameters, certainty.other_pain_source),
    "purpose": Measure(certainty.PurposeParameters, certainty.purpose),
    "fracture_age_below": Measure(acute.AgeParameters, acute.fracture_age_below),
    "hospital_or_walking": Measure(acute.HospitalOrWalkingParameters, acute.HospitalOrWalking),
}
