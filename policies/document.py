"""A policy edition as typed data, and the strict loader of its file.

`load(path)` gives an `EditionDocument` or raises `YamlError`, which names file, line and key: for a repeated or
unknown key, an unquoted code, a measure, criterion, set, switch or flag that does not exist, or one that is missing.
"""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from policies import flags, strict_yaml
from policies.codes import Region
from policies.criteria import MEASURES
from policies.facts import Finding, ImagingModality, Product, TreatmentModality, Tumor
from policies.strict_yaml import Location, StrictDocument

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
    regions: list[Region]
    role: Literal["primary", "addon"] | None = None
    reposition: bool = False


class DeletedCode(_Part):
    now: list[str]


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


class CriterionUse(_Part):
    """A criterion in a pathway: whether it appears (`when`), and whether it counts (`counts`)."""

    use: str
    locator: str
    when: SwitchTest | None = None
    counts: SwitchTest | None = None


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


class Switch(_Part):
    default: str
    alternatives: list[str]
    locator: str
    why: str


class Locators(_Part):
    pathway_1: str
    pathway_2: str
    everything_else: str
    sacroplasty: str
    authorization: str
    codes: str


class EditionDocument(_Part):
    policy: str
    number: str
    edition: str
    title: str
    effective: Day
    locators: Locators
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
    flags: dict[str, str]
    switches: dict[str, Switch]


def load(path: Path) -> EditionDocument:
    """The edition of a file; raises `strict_yaml.YamlError`."""
    source = strict_yaml.load(path)
    edition: EditionDocument = typed(EditionDocument, source.data, source, ())
    for location, message in _dangling(edition):
        raise source.fault(location, message)
    for key, criterion in edition.criteria.items():
        kind = MEASURES[criterion.measure].parameters
        parameters = typed(kind, criterion.with_, source, ("criteria", key, "with"))
        for field in kind.set_fields:
            name = getattr(parameters, field)
            if name is not None and name not in edition.finding_sets:
                raise source.fault(("criteria", key, "with", field), f"there is no finding set {name}")
    return edition


def typed(kind: type[Any], data: object, source: StrictDocument, at: Location) -> Any:
    """Data as a pydantic type; the first fault is raised with its line."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        steps = tuple(step for step in detail["loc"] if step != "[key]")
        message = {"extra_forbidden": "is not a known key", "missing": "is missing"}.get(detail["type"])
        raise source.fault((*at, *steps), message or detail["msg"]) from None


def _dangling(edition: EditionDocument) -> Iterator[tuple[Location, str]]:
    """Names that do not exist, and ones that must be there and are not."""
    for key, criterion in edition.criteria.items():
        if criterion.measure not in MEASURES:
            yield ("criteria", key, "measure"), f"there is no measure {criterion.measure}"
    for name, pathway in edition.pathways.items():
        for index, use in enumerate(pathway.criteria):
            at = ("pathways", name, "criteria", index)
            if use.use not in edition.criteria:
                yield (*at, "use"), f"there is no criterion {use.use}"
            for part, test in (("when", use.when), ("counts", use.counts)):
                if test and not set(test.values) <= SWITCH_VALUES.get(test.switch, set()):
                    yield (*at, part), "names a switch or value that does not exist"
    yield from _dangling_in_flags(edition)
    yield from _incomplete_tables(edition)
    yield from _wrong_values(edition)


def _dangling_in_flags(edition: EditionDocument) -> Iterator[tuple[Location, str]]:
    gap = edition.level_flags.gap_between_A_and_C
    without = edition.level_flags.B_without_fracture_literal_reading_differs
    for flag, pathway in ((flags.GAP, gap.pathway), (flags.B_WITHOUT_FRACTURE, without.pathway)):
        if pathway not in edition.pathways:
            yield ("level_flags", flag, "pathway"), f"there is no pathway {pathway}"
    for field in ("not_met", "not_ruled_out"):
        if getattr(gap, field) not in edition.criteria:
            yield ("level_flags", flags.GAP, field), f"there is no criterion {getattr(gap, field)}"


def _incomplete_tables(edition: EditionDocument) -> Iterator[tuple[Location, str]]:
    """Tables that must have a row for everything the engine knows, and no other."""
    for name, present, needed in (
        ("switches", set(edition.switches), set(SWITCH_VALUES)),
        ("flags", set(edition.flags), set(flags.ALL)),
        ("products", set(edition.products), set(get_args(Product))),
        ("treatment_groups", set(edition.treatment_groups), set(get_args(TreatmentModality))),
    ):
        for key in sorted(present - needed):
            yield (name, key), "is not known"
        for key in sorted(needed - present):
            yield (name,), f"{key} is missing"


def _wrong_values(edition: EditionDocument) -> Iterator[tuple[Location, str]]:
    if "shows_fracture" not in edition.finding_sets:
        yield ("finding_sets",), "shows_fracture is missing"
    for name, switch in edition.switches.items():
        if {switch.default, *switch.alternatives} != SWITCH_VALUES[name]:
            yield ("switches", name), f"its values must be {', '.join(sorted(SWITCH_VALUES[name]))}"
    for code, deleted in edition.codes.deleted.items():
        for now in deleted.now:
            if now not in edition.codes.current:
                yield ("codes", "deleted", code, "now"), f"{now} is not a current code"
