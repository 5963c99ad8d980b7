"""The strict loader of an edition's file.

`load(path)` gives an `EditionDocument` or raises `YamlError`, which names file, line and key: for a repeated or
unknown key, an unquoted code, a measure, criterion, set, switch or flag that does not exist, or one that is missing.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from policies import flags, strict_yaml
from policies.criteria import MEASURES
from policies.document import SWITCH_VALUES, DeterminationName, EditionDocument
from policies.facts import Product, TreatmentModality
from policies.strict_yaml import Location, StrictDocument

LINE_RULES: Final = (
    "code_not_listed",
    "earlier_edition",
    "medicare",
    "medicare_sacroplasty",
    "product_outside",
    "deleted_code",
    "sacroplasty",
    "sacral_code",
    "sacral_level",
    "criteria",
    "no_level",
)


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
    rules = set(LINE_RULES) | {f"related_policy_{code.policy}" for code in edition.codes.related.values()}
    for rule in sorted(rules ^ set(edition.words.rules)):
        yield ("words", "rules"), f"{rule} is missing or not known"
    for determination in get_args(DeterminationName):
        if determination not in edition.words.determinations:
            yield ("words", "determinations"), f"{determination} is missing"
    if "shows_fracture" not in edition.finding_sets:
        yield ("finding_sets",), "shows_fracture is missing"
    for name, switch in edition.switches.items():
        if {switch.default, *switch.alternatives} != SWITCH_VALUES[name]:
            yield ("switches", name), f"its values must be {', '.join(sorted(SWITCH_VALUES[name]))}"
