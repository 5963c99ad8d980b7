"""A policy edition as typed data: what its file may say. `loader.load` reads it."""

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from policies.codes import Region
from policies.facts import Finding, ImagingModality, Product, TreatmentModality, Tumor

SWITCH_VALUES: Final = {
    "as_of": {"earlier", "service"},
    "day_count": {"elapsed", "inclusive"},
    "modalities": {"any", "two", "all_three"},
    "continuity": {"gap7", "cumulative", "strict"},
    "claim_conflict": {"ask", "dates_win"},
    "high_energy_osteoporotic": {"unknown", "not_met", "met"},
    "and_when_B": {"generator", "literal_fracture", "off"},
    "and_when_C": {"off", "on"},
    "mixed_lesion": {"met", "unknown", "not_met"},
    "observation_is_hospitalization": {"yes", "no"},
    "sacral_codes": {"statement", "code_list"},
    "medicare_sacroplasty": {"investigational", "not_in_scope"},
    "missing": {"unknown", "not_met"},
}
SilentFact = Literal[
    "bone_density",
    "mechanism",
    "osteoporosis_diagnosis",
    "other_pain_source",
    "purpose",
    "walking_before_the_fracture",
]
DeterminationName = Literal[
    "meets", "does_not_meet", "insufficient_information", "not_in_scope", "prior_auth_not_required"
]
Day = Annotated[datetime.date, BeforeValidator(lambda text: datetime.date.fromisoformat(text)), Field(strict=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class ClockDays(_Part):
    """Days."""

    acute_days: int
    old_fracture_days: int


class AdmissionCap(_Part):
    """Which admissions supply a latest day of onset."""

    stays: list[str]
    because: str


class ProductRule(_Part):
    """Whether the policy speaks of a product, and whether it asks for an authorization, by place of the procedure."""

    scope: Literal["commercial", "medicare", "outside"]
    inpatient: Literal["required"] | None = None
    elsewhere: Literal["required", "not_required"] | None = None


class CurrentCode(_Part):
    kind: Literal["vertebroplasty", "sacral_listed", "sacroplasty"]
    regions: list[Region] = []
    role: Literal["primary", "addon"] | None = None
    reposition: bool = False


class DeletedCode(_Part):
    """`now` are the words for the codes that took its place."""

    now: str


class RelatedCode(_Part):
    policy: str


class Codes(_Part):
    current: dict[str, CurrentCode]
    deleted: dict[str, DeletedCode]
    related: dict[str, RelatedCode]


class SwitchTest(_Part):
    """Holds where the switch has one of the values."""

    switch: str
    values: Annotated[list[str], Field(alias="is")]

    def holds(self, switches: Mapping[str, str]) -> bool:
        return switches[self.switch] in self.values


class CriterionUse(_Part):
    """A criterion in a pathway: whether it appears (`when`), and whether it counts (`counts`)."""

    use: str
    locator: str
    when: SwitchTest | None = None
    counts: SwitchTest | None = None

    def appears_under(self, switches: Mapping[str, str]) -> bool:
        return self.when is None or self.when.holds(switches)

    def counts_under(self, switches: Mapping[str, str]) -> bool:
        return self.counts is None or self.counts.holds(switches)


class Pathway(_Part):
    label: str
    locator: str
    criteria: list[CriterionUse]


class Criterion(_Part):
    """`judgement`: a person confirms it. `ask` and `not_met` are the words shown; `{level}` names the level."""

    id: str | None = None
    label: str
    measure: str
    judgement: bool = False
    with_: Annotated[dict[str, Any], Field(alias="with")] = {}
    accepted_when_silent: list[SilentFact] = []
    ask: str
    not_met: str


class GapFlag(_Part):
    not_met: str
    not_ruled_out: str
    pathway: str


class WithoutFractureFlag(_Part):
    pathway: str


class LevelFlags(_Part):
    gap_between_A_and_C: GapFlag  # noqa: N815 (the flag's own name)
    B_without_fracture_literal_reading_differs: WithoutFractureFlag


class Asks(_Part):
    """Words for what a line lacks."""

    code: str
    no_lines: str
    product: str
    setting: str
    technique: str
    level: str
    level_outside_region: str
    primary_code: str
    primary_not_met: str
    units: str


class RuleWords(_Part):
    """What a line says that the named rule decided; without `says`, the words of its determination."""

    locator: str
    says: str | None = None


class Words(_Part):
    """Sentences for results. `{day}` names a day. They never promise and never deny."""

    determinations: dict[DeterminationName, str]
    rules: dict[str, RuleWords]
    gap: str
    gap_from: str
    early_from: str


class Switch(_Part):
    default: str
    alternatives: list[str]
    locator: str
    why: str


class EditionDocument(_Part):
    policy: str
    number: str
    edition: str
    title: str
    effective: Day
    clock: ClockDays
    admission_caps_onset: AdmissionCap
    finding_sets: dict[str, list[Finding]]
    advanced_modalities: list[ImagingModality]
    fracture_excluding_modalities: list[ImagingModality]
    tumors: list[Tumor]
    treatment_groups: dict[TreatmentModality, str]
    products: dict[Product, ProductRule]
    codes: Codes
    pathways: dict[str, Pathway]
    criteria: dict[str, Criterion]
    level_flags: LevelFlags
    asks: Asks
    words: Words
    flags: dict[str, str]
    switches: dict[str, Switch]
