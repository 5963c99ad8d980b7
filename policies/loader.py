"""The strict loader of an edition's file.

`load(path)` gives an `EditionDocument` or raises `YamlError`, which names file, line and key: for a repeated or
unknown key, an unquoted code, a measure, criterion, set, switch or flag that does not exist, one that is missing, and
one that nothing reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from policies import flags, sentences, strict_yaml
from policies.composition import AtLeast, CriterionUse, Part, parts_of
from policies.criteria import MEASURES
from policies.document import ENGINE_SWITCHES, Criterion, EditionDocument, GapFlag, Switch
from policies.facts import Product, TreatmentModality
from policies.lacking import LACKING
from policies.strict_yaml import Location, StrictDocument

_ANY_POLICY: Final = ("as_of", "day_count", "missing")
_SACRAL_RULES: Final = {
    "vertebroplasty": ("sacral_level",),
    "sacral_listed": ("sacral_code",),
    "sacroplasty": ("sacroplasty",),
}
Fault = tuple[Location, str]


def load(path: Path) -> EditionDocument:
    """The edition of a file; raises `strict_yaml.YamlError`."""
    return read(strict_yaml.load(path))


def read(source: StrictDocument) -> EditionDocument:
    """The edition of a strict document; raises `strict_yaml.YamlError`."""
    edition: EditionDocument = typed(EditionDocument, source.data, source, ())
    for check in (_criteria, _pathways, _level_flags, _switches, _flags, _tables, _words):
        for location, message in check(edition):
            raise source.fault(location, message)
    for key, criterion in edition.criteria.items():
        kind = MEASURES[criterion.measure].parameters
        parameters = typed(kind, criterion.with_, source, ("criteria", key, "with"))
        asked = "unknown" in parameters.possible(criterion.accepted_when_silent)
        if asked != bool(criterion.ask):
            at = ("criteria", key) if asked else ("criteria", key, "ask")
            raise source.fault(at, "ask is missing" if asked else "is never asked: it cannot be unknown")
        for location, message in _ask_if(criterion, asked):
            raise source.fault(("criteria", key, *location), message)
        for field, message in _sets(edition, {field: getattr(parameters, field) for field in kind.set_fields}):
            raise source.fault(("criteria", key, "with", field), message)
    return edition


def _ask_if(criterion: Criterion, asked: bool) -> Iterator[Fault]:
    """A question for each fact that the measure can name as missing, and for no other."""
    lacking = LACKING.get(criterion.measure)
    names = lacking.names if lacking and asked else ()
    for name in criterion.ask_if:
        if name not in names:
            yield ("ask_if", name), "is never asked"
    for name in names:
        if name not in criterion.ask_if:
            yield (), f"ask_if.{name} is missing"


def _sets(edition: EditionDocument, named: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Finding sets that a criterion names exist, and share no finding."""
    seen: dict[str, str] = {}
    for field, name in named.items():
        if name is None:
            continue
        if name not in edition.finding_sets:
            yield field, f"there is no finding set {name}"
            return
        for finding in edition.finding_sets[name]:
            if seen.setdefault(finding, field) != field:
                yield field, f"{finding} stands in {seen[finding]} too"


def typed(kind: type[Any], data: object, source: StrictDocument, at: Location) -> Any:
    """Data as a pydantic type; the first fault is raised with its line, a mistyped key before what it leaves out."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        detail = min(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
        steps = tuple(step for step in detail["loc"] if not str(step).startswith("["))
        message = {"extra_forbidden": "is not a known key", "missing": "is missing"}.get(detail["type"])
        raise source.fault((*at, *steps), message or detail["msg"].removeprefix("Value error, ")) from None


def _criteria(edition: EditionDocument) -> Iterator[Fault]:
    used = {use.use for pathway in edition.pathways.values() for use in pathway.uses()}
    for key, criterion in edition.criteria.items():
        if criterion.measure not in MEASURES:
            yield ("criteria", key, "measure"), f"there is no measure {criterion.measure}"
            return
        for index, fact in enumerate(criterion.accepted_when_silent):
            if fact not in MEASURES[criterion.measure].silent:
                at = ("criteria", key, "accepted_when_silent", index)
                yield at, f"{criterion.measure} cannot accept silence on {fact}"
        if key not in used:
            yield ("criteria", key), "no pathway uses it"


def _pathways(edition: EditionDocument) -> Iterator[Fault]:
    for name, pathway in edition.pathways.items():
        at = ("pathways", name, "all")
        uses = list(_located(pathway.all, at))
        for place, part in uses:
            if isinstance(part, AtLeast) and part.at_least.count > len(part.at_least.of):
                yield (*place, "at_least", "count"), f"there are only {len(part.at_least.of)} parts"
            if isinstance(part, CriterionUse):
                yield from _use(edition, place, part)
        yield from _twice(edition, [(place, part) for place, part in uses if isinstance(part, CriterionUse)])


def _located(parts: Sequence[Part], at: Location) -> Iterator[tuple[Location, Part]]:
    """Every part below, with its place in the file."""
    for index, part in enumerate(parts):
        place = (*at, index)
        yield place, part
        yield from _below(part, place)


def _below(part: Part, place: Location) -> Iterator[tuple[Location, Part]]:
    key = {"AllOf": ("all",), "AnyOf": ("any",), "AtLeast": ("at_least", "of")}.get(type(part).__name__)
    if key:
        yield from _located(parts_of(part), (*place, *key))
    else:
        for below in parts_of(part):  # the one part of a `not`
            yield (*place, "not"), below
            yield from _below(below, (*place, "not"))


def _use(edition: EditionDocument, place: Location, use: CriterionUse) -> Iterator[Fault]:
    if use.use not in edition.criteria:
        yield (*place, "use"), f"there is no criterion {use.use}"
    for part, test in (("when", use.when), ("counts", use.counts)):
        if test and not set(test.values) <= set(edition.values_of(test.switch)):
            yield (*place, part), "names a switch or value that does not exist"
    if use.when and use.counts and use.when.switch == use.counts.switch:
        for value in sorted(set(use.counts.values) - set(use.when.values)):
            yield (*place, "counts"), f"names {value}, under which it does not appear"


def _twice(edition: EditionDocument, uses: Sequence[tuple[Location, CriterionUse]]) -> Iterator[Fault]:
    """A criterion stands once in a pathway, whatever the switches say."""
    seen: dict[str, list[CriterionUse]] = {}
    for place, use in uses:
        name = edition.criteria[use.use].id or use.use
        for other in seen.get(name, ()):
            if not (use.when and other.when and use.when.switch == other.when.switch) or (
                set(use.when.values) & set(other.when.values)
            ):
                yield (*place, "use"), f"{name} stands in this pathway already"
        seen.setdefault(name, []).append(use)


def _level_flags(edition: EditionDocument) -> Iterator[Fault]:
    gap = edition.level_flags.gap_between_A_and_C
    without = edition.level_flags.B_without_fracture_literal_reading_differs
    for flag, part in ((flags.GAP, gap), (flags.B_WITHOUT_FRACTURE, without)):
        if part and part.pathway not in edition.pathways:
            yield ("level_flags", flag, "pathway"), f"there is no pathway {part.pathway}"
    if gap:
        yield from _gap(edition, gap)


def _gap(edition: EditionDocument, gap: GapFlag) -> Iterator[Fault]:
    at, used = ("level_flags", flags.GAP), {use.use for use in edition.pathways[gap.pathway].uses()}
    for field, name in (("not_met", gap.not_met), ("not_ruled_out", gap.not_ruled_out)):
        if name not in used:
            yield (*at, field), f"there is no criterion {name} in pathway {gap.pathway}"
    if edition.criteria[gap.not_met].measure != "treated_days":
        yield (*at, "not_met"), "must be a criterion that measures treated_days"
    if edition.clock is None:
        yield (), "clock is missing"
    for words in ("gap", "gap_from", "early_from"):
        if getattr(edition.words, words) is None:
            yield ("words",), f"{words} is missing"


def _switches(edition: EditionDocument) -> Iterator[Fault]:
    """A reading that a measure of the edition depends on is stated; a switch that nothing reads is not."""
    needed = {name for criterion in edition.criteria.values() for name in MEASURES[criterion.measure].switches}
    kinds = {code.kind for code in edition.codes.current.values()}
    if "sacral_listed" in kinds:
        needed.add("sacral_codes")
    if "sacroplasty" in kinds and any(rule.scope == "medicare" for rule in edition.products.values()):
        needed.add("medicare_sacroplasty")
    tests = {
        test.switch
        for pathway in edition.pathways.values()
        for use in pathway.uses()
        for test in (use.when, use.counts)
        if test
    }
    for name in sorted(needed - set(edition.switches)):
        yield ("switches",), f"{name} is missing"
    for name, switch in edition.switches.items():
        if name not in {*needed, *tests, *_ANY_POLICY}:
            yield ("switches", name), "nothing reads it"
        values = ENGINE_SWITCHES.get(name)
        if values and sorted(values) != sorted(edition.values_of(name)):
            yield ("switches", name), f"its values must be {', '.join(sorted(values))}"
        if name not in sentences.READINGS or switch.question or switch.means:
            yield from _reading(name, switch)
        if switch.default in switch.alternatives:
            yield ("switches", name, "alternatives"), "must differ from the default"


def _reading(name: str, switch: Switch) -> Iterator[Fault]:
    """A switch with words of its own has all of them."""
    if not switch.question:
        yield ("switches", name), "question is missing"
    if sorted(switch.means) != sorted((switch.default, *switch.alternatives)):
        yield ("switches", name), "means must say what its default and each alternative mean"


def _flags(edition: EditionDocument) -> Iterator[Fault]:
    """A sentence for every flag that the rules of the edition can raise, and for no other."""
    needed = {name for criterion in edition.criteria.values() for name in MEASURES[criterion.measure].flags}
    needed |= {name for name, part in edition.level_flags if part is not None}
    if edition.clock:
        needed |= {flags.OLD_FRACTURE, flags.CROSSES_SIX_WEEKS}
    kinds = {code.kind for code in edition.codes.current.values()}
    needed |= {flags.SACRAL_LEVEL} if "vertebroplasty" in kinds else set()
    needed |= {flags.LISTED_BUT_INVESTIGATIONAL} if "sacral_listed" in kinds else set()
    needed |= {flags.REPOSITION} if any(code.reposition for code in edition.codes.current.values()) else set()
    if "sacroplasty" in kinds and any(rule.scope == "medicare" for rule in edition.products.values()):
        needed.add(flags.CONFIRM_MEDICARE)
    for name in sorted(set(edition.flags) - needed - set(sentences.FLAGS)):
        yield ("flags", name), "is not known: nothing raises it"
    for name in sorted(needed - set(edition.flags) - set(sentences.FLAGS)):
        yield ("flags",), f"{name} is missing"


def _tables(edition: EditionDocument) -> Iterator[Fault]:
    """Tables with a row for every value of a fact."""
    for name, present, needed in (
        ("products", set(edition.products), set(get_args(Product))),
        ("treatment_groups", set(edition.treatment_groups), set(get_args(TreatmentModality))),
    ):
        if present or name == "products":
            for key in sorted(needed - present):
                yield (name,), f"{key} is missing"
    if edition.admission_caps_onset and not edition.finding_sets.get("shows_fracture"):
        yield ("finding_sets",), "shows_fracture is missing"
    for product, rule in edition.products.items():
        for place in ("inpatient", "elsewhere"):
            if rule.scope == "commercial" and getattr(rule, place) is None:
                yield ("products", product), f"{place} is missing"
    yield from _codes(edition)


def _codes(edition: EditionDocument) -> Iterator[Fault]:
    codes = edition.codes
    for code, rule in codes.current.items():
        at = ("codes", "current", code)
        if rule.kind == "sacroplasty" and (rule.regions or rule.role or rule.reposition):
            yield at, "is never scored, so it has no regions, role or reposition"
        elif rule.kind != "sacroplasty" and not rule.regions:
            yield at, "regions is missing"
        if rule.kind == "vertebroplasty" and {"S", "COCCYX"} & set(rule.regions):
            yield (*at, "regions"), "a sacral level on a vertebroplasty code is never scored"
        if code in codes.deleted:
            yield ("codes", "deleted", code), "stands among the current codes too"
    for code in codes.related:
        if code in codes.current or code in codes.deleted:
            yield ("codes", "related", code), "stands among the current or deleted codes too"


def rules_of(edition: EditionDocument) -> dict[str, str | None]:
    """The rules that can decide a line of the edition, with the sentence that fits any policy where there is one."""
    kinds = {code.kind for code in edition.codes.current.values()}
    rules: dict[str, str | None] = dict(sentences.RULES)
    rules |= {rule: None for kind in kinds for rule in _SACRAL_RULES.get(kind, ())}
    if "sacroplasty" in kinds:
        rules["medicare_sacroplasty"] = None
    return rules | {f"related_policy_{code.policy}": None for code in edition.codes.related.values()}


def _words(edition: EditionDocument) -> Iterator[Fault]:
    rules = rules_of(edition)
    for rule in edition.words.rules:
        if rule not in rules:
            yield ("words", "rules", rule), "is not known"
    for rule, sentence in rules.items():
        if sentence is None and rule not in edition.words.rules:
            yield ("words",), f"rules.{rule} is missing"
