"""A policy edition as typed data: what its file may say. `loader.load` reads it."""

import datetime
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from policies import sentences
from policies.codes import Region
from policies.composition import CriterionUse, Parts, uses_in
from policies.composition import Written as _Part
from policies.facts import Finding, ImagingModality, Product, Stay, StayReason, TreatmentModality, Tumor

# The switches that the engine itself reads, with their values; the first holds in an edition that names no other.
# An edition may have more: those that only its own `when` and `counts` read.
ENGINE_SWITCHES: Final = {
    "as_of": ("earlier", "service"),
    "day_count": ("elapsed", "inclusive"),
    "modalities": ("any", "two", "all_three"),
    "continuity": ("gap7", "cumulative", "strict"),
    "claim_conflict": ("ask", "dates_win"),
    "high_energy_osteoporotic": ("unknown", "not_met", "met"),
    "mixed_lesion": ("met", "unknown", "not_met"),
    "observation_is_hospitalization": ("yes", "no"),
    "sacral_codes": ("statement", "code_list"),
    "medicare_sacroplasty": ("investigational", "not_in_scope"),
    "missing": ("unknown", "not_met"),
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


class ClockDays(_Part):
    """Days."""

    acute_days: int
    old_fracture_days: int


class AdmissionCap(_Part):
    """Which admissions supply a latest day of onset."""

    stays: list[Stay]
    because: StayReason


class ProductRule(_Part):
    """Whether the policy speaks of a product, and whether it asks for an authorization, by place of the procedure."""

    scope: Literal["commercial", "medicare", "outside"]
    inpatient: Literal["required"] | None = None
    elsewhere: Literal["required", "not_required"] | None = None


class CurrentCode(_Part):
    """`scored` by the criteria and nothing more; the other kinds follow policy 484's statement on the sacrum."""

    kind: Literal["scored", "vertebroplasty", "sacral_listed", "sacroplasty"] = "scored"
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
    deleted: dict[str, DeletedCode] = {}
    related: dict[str, RelatedCode] = {}


class Pathway(_Part):
    """One way to meet the policy: all of its parts. `plain` is its label for the member."""

    label: str
    plain: str
    locator: str
    all: Parts

    def uses(self) -> Iterator[CriterionUse]:
        """Its criteria, in the order in which they are written."""
        for part in self.all:
            yield from uses_in(part)


class Criterion(_Part):
    """`judgement`: a person confirms it. `accepted_when_silent`: facts whose absence does not leave it unknown.

    `evidence` is for the nurse: what in the record speaks to it. `ask` (where it can be unknown) is for the office,
    `ask_if` where it is known what is missing (lacking.py); `not_met` is for both; `{level}` names the level. `plain`
    says for the member what the criterion asks, `change` what could change the answer where it is not met.
    """

    id: str | None = None
    label: str
    measure: str
    judgement: bool = False
    with_: Annotated[dict[str, Any], Field(alias="with")] = {}
    accepted_when_silent: list[SilentFact] = []
    evidence: str = ""
    ask: str = ""
    ask_if: dict[str, str] = {}
    not_met: str
    plain: str
    change: str


class GapFlag(_Part):
    not_met: str
    not_ruled_out: str
    pathway: str


class WithoutFractureFlag(_Part):
    pathway: str


class LevelFlags(_Part):
    gap_between_A_and_C: GapFlag | None = None  # noqa: N815 (the flag's own name)
    B_without_fracture_literal_reading_differs: WithoutFractureFlag | None = None


class Asks(_Part):
    """Words for what a line lacks."""

    code: str = sentences.ASK_CODE
    no_lines: str = sentences.ASK_LINES
    product: str = sentences.ASK_PRODUCT
    setting: str = sentences.ASK_SETTING
    technique: str = sentences.ASK_TECHNIQUE
    level: str = sentences.ASK_LEVEL
    level_outside_region: str = sentences.ASK_REGION
    primary_code: str = sentences.ASK_PRIMARY
    primary_not_met: str = sentences.ASK_PRIMARY_NOT_MET
    units: str = sentences.ASK_UNITS


class RuleWords(_Part):
    """What a line says that the named rule decided; without `says`, the words of its determination."""

    locator: str
    says: str | None = None


class Words(_Part):
    """Sentences for results. `{day}` names a day. They never promise and never deny."""

    determinations: dict[DeterminationName, str] = {}
    rules: dict[str, RuleWords] = {}
    gap: str | None = None
    gap_from: str | None = None
    early_from: str | None = None


class Switch(_Part):
    """A contested reading. `question` and `means` (by value) are its words; the engine's own switches have theirs."""

    question: str = ""
    default: str
    alternatives: list[str]
    means: dict[str, str] = {}
    locator: str
    why: str


class EditionDocument(_Part):
    """`publisher`: whom to ask whether the edition is current. `not_modelled`: what its file leaves to people."""

    policy: str
    number: str
    edition: str
    title: str
    publisher: str = ""
    effective: Day
    clock: ClockDays | None = None
    admission_caps_onset: AdmissionCap | None = None
    finding_sets: dict[str, list[Finding]] = {}
    advanced_modalities: list[ImagingModality] = []
    fracture_excluding_modalities: list[ImagingModality] = []
    tumors: list[Tumor] = []
    treatment_groups: dict[TreatmentModality, str] = {}
    products: dict[Product, ProductRule]
    codes: Codes
    pathways: Annotated[dict[str, Pathway], Field(min_length=1)]
    criteria: dict[str, Criterion]
    level_flags: LevelFlags = LevelFlags()
    asks: Asks = Asks()
    words: Words = Words()
    flags: dict[str, str] = {}
    switches: dict[str, Switch] = {}
    not_modelled: list[str] = []

    def says(self, determination: DeterminationName) -> str:
        """The sentence of a determination."""
        return self.words.determinations.get(determination) or sentences.DETERMINATIONS[determination]

    def rule_words(self, rule: str) -> RuleWords:
        """The words of a rule that decided a line."""
        own = self.words.rules.get(rule)
        return own or RuleWords(locator=self.number, says=sentences.RULES[rule])

    def reading_words(self, switch: str) -> sentences.Reading:
        """The words of a switch that the edition has."""
        own = self.switches[switch]
        return sentences.Reading(own.question, own.means) if own.question else sentences.READINGS[switch]

    def values_of(self, switch: str) -> tuple[str, ...]:
        """The values that a switch may take, the default first; none for a switch that there is not."""
        if switch in self.switches:
            return (self.switches[switch].default, *self.switches[switch].alternatives)
        return ()

    def readings(self) -> dict[str, str]:
        """Every switch at its default, those included that the edition does not name."""
        engine = {name: values[0] for name, values in ENGINE_SWITCHES.items()}
        return engine | {name: switch.default for name, switch in self.switches.items()}
