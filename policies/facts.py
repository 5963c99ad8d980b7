"""Facts v1: what an office says about one request, as frozen types.

`parse(document)` takes the JSON document (facts-v1.schema.json) and gives `Facts`, or raises `FactsError`, which
names the path of each fault and says what would be right, and never repeats the value (it may be a patient's).
Beyond the schema it refuses a line number used twice and a level named twice in one line. Codes are trimmed and
upper-cased. A fact that is null or absent was not submitted: it is unknown, never no.
"""

import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from policies.codes import LEVELS

_DATE_PROBLEM: Final = "must be a calendar date such as 2026-08-31, in quotation marks"


def _calendar_date(_type: Any, _handler: Any) -> core_schema.CoreSchema:
    text = core_schema.str_schema(strict=True, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    return core_schema.custom_error_schema(
        core_schema.chain_schema([text, core_schema.date_schema(strict=False)]),
        custom_error_type="calendar_date",
        custom_error_message=_DATE_PROBLEM,
    )


def _whole(value: object) -> int:
    """A JSON number without a fraction, such as 7.0, is a whole number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise PydanticCustomError("whole_number", "not a whole number")


def _whole_number(least: int, most: int | None = None) -> GetPydanticSchema:
    limits = f"from {least} to {most}" if most is not None else f"of {least} or more"

    def schema(_type: Any, _handler: Any) -> core_schema.CoreSchema:
        number = core_schema.int_schema(strict=True, ge=least, le=most)
        from_float = core_schema.chain_schema([core_schema.no_info_plain_validator_function(_whole), number])
        return core_schema.union_schema(
            [number, from_float],
            mode="left_to_right",
            custom_error_type="whole_number",
            custom_error_message=f"must be a whole number {limits}",
        )

    return GetPydanticSchema(schema)


Date = Annotated[datetime.date, GetPydanticSchema(_calendar_date)]
LevelName = Literal[LEVELS]  # type: ignore[valid-type]
Code = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, _whole_number(0)]
Ordinal = Annotated[int, _whole_number(1)]

Tumor = Literal["myeloma", "metastasis", "hemangioma", "lch", "lymphoma", "plasmacytoma", "primary_bone_tumor"]
Etiology = Literal[
    "osteoporosis",
    "osteoporosis_secondary",
    "trauma",
    "myeloma",
    "metastasis",
    "hemangioma",
    "lch",
    "lymphoma",
    "plasmacytoma",
    "primary_bone_tumor",
    "infection",
    "other_metabolic",
    "degenerative",
    "none",
]
Finding = Literal[
    "edema",
    "uptake",
    "cleft",
    "motion",
    "fracture_line",
    "progressive_collapse",
    "fracture_age_indeterminate",
    "healed",
    "no_edema",
    "no_fracture",
    "lytic_lesion",
    "blastic_lesion",
    "pathologic_fracture",
]
ImagingModality = Literal["MRI", "CT", "XR", "bone_scan", "SPECT", "PET", "fluoroscopy"]
LesionPattern = Literal["lytic", "mixed", "blastic", "none"]
ExamFinding = Literal["focal_tenderness_at_level", "tenderness_elsewhere", "no_tenderness"]
Purpose = Literal["treat_pain", "prophylactic", "adjunct_to_surgery"]
Response = Literal["none", "inadequate", "adequate"]
Stay = Literal["inpatient", "observation", "ed_only", "none"]
StayReason = Literal["fracture_pain", "other_condition", "mixed", "elective_for_procedure"]
Walking = Literal["unable", "transfers_only", "few_steps_with_assist", "with_aid", "limited", "independent"]
TreatmentModality = Literal["analgesic", "physical_therapy", "rest", "brace", "injection", "calcitonin", "other"]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Patient(_Facts):
    age: Annotated[int, _whole_number(0, 130)] | None = None
    t_score: Finite | None = None
    osteoporosis_dx: bool | None = None


class Line(_Facts):
    line: Ordinal
    code: Code
    levels: Annotated[tuple[LevelName, ...], Field(strict=False)] = ()
    units: Ordinal | None = None
    technique: Literal["vertebroplasty", "kyphoplasty", "sacroplasty"] | None = None


class Onset(_Facts):
    earliest: Date | None = None
    latest: Date | None = None


class Lesion(_Facts):
    pattern: LesionPattern | None = None
    source: Tumor | None = None


class Exam(_Facts):
    documented: bool | None = None
    finding: ExamFinding | None = None
    date: Date | None = None


class Study(_Facts):
    modality: ImagingModality
    date: Date | None = None
    finding: Finding
    impression: str | None = None
    sequence: str | None = None


class LevelFacts(_Facts):
    onset: Onset | None = None
    etiology: Etiology | None = None
    mechanism: Literal["spontaneous", "low_energy", "high_energy"] | None = None
    lesion: Lesion | None = None
    purpose: Purpose | None = None
    exam: Exam | None = None
    imaging: Annotated[tuple[Study, ...], Field(strict=False)] | None = None
    other_pain_source: Literal["none", "possible", "primary"] | None = None
    other_pain_source_name: str | None = None


class Pain(_Facts):
    present: bool | None = None
    score: Annotated[int, _whole_number(0, 10)] | None = None
    descriptor: Literal["mild", "moderate", "severe"] | None = None
    date: Date | None = None


class Treatment(_Facts):
    modality: TreatmentModality
    start: Date | None = None
    end: Date | None = None
    ongoing: bool | None = None
    duration_days: Count | None = None
    tolerated: bool | None = None
    name: str | None = None
    visits: Count | None = None


class Hospitalization(_Facts):
    status: Stay | None = None
    reason: StayReason | None = None
    admit_date: Date | None = None
    discharge_date: Date | None = None


class Ambulation(_Facts):
    current: Walking | None = None
    cause: Literal["fracture_pain", "other"] | None = None
    baseline: Literal["ambulatory", "non_ambulatory"] | None = None
    analgesia_hours: Count | None = None


Product = Literal["hmo", "pos", "ppo", "indemnity", "medicare_hmo_blue", "medicare_ppo_blue", "other"]
Setting = Literal["inpatient", "outpatient", "ambulatory_surgery_center", "office", "observation"]


class Facts(_Facts):
    """One request. Make it with `parse`, which also refuses repeated lines and levels."""

    case_id: str | None = None
    request_date: Date
    service_date: Date | None = None
    product: Product | None = None
    setting: Setting | None = None
    patient: Patient | None = None
    lines: Annotated[tuple[Line, ...], Field(strict=False)]
    levels: dict[LevelName, LevelFacts]
    pain: Pain | None = None
    treatments: Annotated[tuple[Treatment, ...], Field(strict=False)] | None = None
    treatment_response: Response | None = None
    stated_treatment_weeks: Annotated[Finite, Field(ge=0)] | None = None
    hospitalization: Hospitalization | None = None
    ambulation: Ambulation | None = None
    safety_notes: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Fault(NamedTuple):
    """One fault: the dotted path of the value ("" is the document itself) and what would be right."""

    path: str
    message: str


class FactsError(ValueError):
    """A document that is not facts v1. `path` and `message` are of the first fault, `faults` are all of them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        self.path, self.message = faults[0]
        super().__init__(f"{self.path or 'document'}: {self.message}")


def parse(document: object) -> Facts:
    """Facts of a JSON document; raises `FactsError`."""
    try:
        facts = Facts.model_validate(document)
    except ValidationError as error:
        raise FactsError(tuple(_fault(detail) for detail in error.errors(include_url=False))) from None
    faults = _repeated(facts)
    if faults:
        raise FactsError(tuple(faults))
    return facts


def _repeated(facts: Facts) -> list[Fault]:
    faults = []
    numbers = set()
    for index, line in enumerate(facts.lines):
        if line.line in numbers:
            faults.append(Fault(f"lines.{index}.line", "must differ from the number of every other line"))
        numbers.add(line.line)
        if len(line.levels) > 1 and len(set(line.levels)) < len(line.levels):
            seen = next(i for i, level in enumerate(line.levels) if level in line.levels[:i])
            faults.append(Fault(f"lines.{index}.levels.{seen}", "must be named once only in a line"))
    return faults


_PLAIN: Final = {
    "missing": "must be given",
    "extra_forbidden": "is not a fact of version 1; remove it or correct its name",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "string_type": "must be text in quotation marks",
    "string_unicode": "must be text without broken characters",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "finite_number": "must be an ordinary number",
}


def _fault(detail: Any) -> Fault:
    kind = detail["type"]
    steps = [str(step) for step in detail["loc"] if step != "[key]"]
    if "[key]" in detail["loc"]:
        message = "must be a level: C1 to C7, T1 to T12, L1 to L5, S1 to S5, or COCCYX"
    elif kind == "literal_error":
        message = "must be one of " + detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
    elif kind == "greater_than_equal":
        message = f"must be {detail['ctx']['ge']:g} or more"
    else:
        message = _PLAIN.get(kind) or detail["msg"]
    return Fault(".".join(steps), message)
