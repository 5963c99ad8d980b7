"""rulebook(edition) -> Rulebook: an edition as people read it, in numbered criteria and tables. Pure.

Everything is taken from the edition's file: its labels, numbers, locators, codes, tables and readings. A criterion's
`anchor` is the letter of its pathway and its place there (A3): the same as in an explanation made under this edition.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from policies import flags
from policies.asked import asked, listed
from policies.composition import CriterionUse, leaves
from policies.criteria import MEASURES
from policies.document import CurrentCode, EditionDocument, ProductRule, Switch
from policies.edition import Edition
from policies.loader import rules_of
from policies.ruled_out import group_words
from policies.vocabulary import PRODUCTS

SILENT: Final = {
    "bone_density": "bone density",
    "mechanism": "how it happened",
    "osteoporosis_diagnosis": "whether osteoporosis was diagnosed",
    "other_pain_source": "another source of the pain",
    "purpose": "the purpose of the procedure",
    "walking_before_the_fracture": "walking before the fracture",
}
REGIONS: Final = {"C": "cervical", "T": "thoracic", "L": "lumbar", "S": "sacrum", "COCCYX": "coccyx"}
KINDS: Final = {
    "scored": "Read by the criteria",
    "vertebroplasty": "Vertebroplasty",
    "sacral_listed": "Sacrum or coccyx",
    "sacroplasty": "Sacroplasty",
}
_KIND_RULES: Final = {"sacral_listed": "sacral_code", "sacroplasty": "sacroplasty"}
NEEDED: Final = {"required": "Required", "not_required": "Not listed as required"}
_SAYS_NOTHING: Final = frozenset({"authorization", "criteria", "no_level"})


@dataclass(frozen=True, slots=True)
class CriterionEntry:
    """`group`: what the pathway asks of it, where not simply that it is met. `readings`: switches that bear on it."""

    anchor: str
    label: str
    locator: str
    judgement: bool
    asks: tuple[str, ...]
    silent: tuple[str, ...]
    group: str
    counts: bool
    readings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PathwayEntry:
    name: str
    label: str
    locator: str
    criteria: tuple[CriterionEntry, ...]


@dataclass(frozen=True, slots=True)
class RuleEntry:
    says: str
    locator: str


@dataclass(frozen=True, slots=True)
class ProductEntry:
    """`outside`: why the authorization table does not speak of the plan, or ""."""

    product: str
    inpatient: str
    elsewhere: str
    outside: str


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """Codes that follow each other and of which the same is to be said."""

    codes: tuple[str, ...]
    label: str
    regions: str
    note: str


@dataclass(frozen=True, slots=True)
class ReadingEntry:
    name: str
    question: str
    default: str
    alternatives: tuple[str, ...]
    locator: str
    why: str


@dataclass(frozen=True, slots=True)
class Rulebook:
    """`deleted` and `related`: (codes, what took their place) and (codes, policy that governs them)."""

    pathways: tuple[PathwayEntry, ...]
    gap: str
    rules: tuple[RuleEntry, ...]
    products: tuple[ProductEntry, ...]
    authorization: str
    codes: tuple[CodeEntry, ...]
    deleted: tuple[tuple[tuple[str, ...], str], ...]
    related: tuple[tuple[tuple[str, ...], str], ...]
    readings: tuple[ReadingEntry, ...]


def rulebook(edition: Edition) -> Rulebook:
    """The edition under the readings that it stands at."""
    document = edition.document
    return Rulebook(
        pathways=tuple(_pathway(edition, name) for name in document.pathways),
        gap=document.words.gap or "",
        rules=tuple(_rules(document)),
        products=tuple(_product(document, PRODUCTS[name], rule) for name, rule in document.products.items()),
        authorization=document.rule_words("authorization").locator,
        codes=tuple(_codes(edition)),
        deleted=_together((code, rule.now) for code, rule in document.codes.deleted.items()),
        related=_together((code, rule.policy) for code, rule in document.codes.related.items()),
        readings=tuple(_reading(document, name, switch) for name, switch in document.switches.items()),
    )


def _pathway(edition: Edition, name: str) -> PathwayEntry:
    written, parts = edition.document.pathways[name], dict(edition.levels.pathways)[name]
    uses = [use for use in written.uses() if use.appears_under(edition.switches)]
    groups = group_words(parts)
    return PathwayEntry(
        name,
        written.label,
        written.locator,
        tuple(
            _criterion(edition, use, f"{name}{number}", groups[leaf])
            for number, (use, leaf) in enumerate(zip(uses, leaves(parts), strict=True), start=1)
        ),
    )


def _criterion(edition: Edition, use: CriterionUse, anchor: str, group: str) -> CriterionEntry:
    criterion = edition.document.criteria[use.use]
    read = {test.switch for test in (use.when, use.counts) if test} | set(MEASURES[criterion.measure].switches)
    return CriterionEntry(
        anchor=anchor,
        label=criterion.label,
        locator=use.locator,
        judgement=criterion.judgement,
        asks=asked(criterion, edition.levels.context),
        silent=tuple(SILENT[fact] for fact in criterion.accepted_when_silent),
        group=group,
        counts=use.counts_under(edition.switches),
        readings=tuple(name for name in edition.document.switches if name in read),
    )


def _rules(document: EditionDocument) -> Iterator[RuleEntry]:
    """What decides a line before or beside the criteria, in the order of the file."""
    possible = rules_of(document)
    own = [name for name in document.words.rules if name in possible]
    for name in dict.fromkeys((*own, *possible)):
        if name not in _SAYS_NOTHING and _happens(document, name):
            words = document.rule_words(name)
            yield RuleEntry(words.says or "", words.locator)


def _happens(document: EditionDocument, rule: str) -> bool:
    """Whether the edition has anything that the rule is about."""
    scopes = {product.scope for product in document.products.values()}
    return {
        "medicare": "medicare" in scopes,
        "medicare_sacroplasty": "medicare" in scopes,
        "product_outside": "outside" in scopes,
        "deleted_code": bool(document.codes.deleted),
    }.get(rule, True)


def _product(document: EditionDocument, name: str, rule: ProductRule) -> ProductEntry:
    if rule.inpatient is None or rule.elsewhere is None:
        reason = document.rule_words("medicare" if rule.scope == "medicare" else "product_outside")
        return ProductEntry(name, "", "", reason.says or "")
    return ProductEntry(name, NEEDED[rule.inpatient], NEEDED[rule.elsewhere], "")


def _codes(edition: Edition) -> Iterator[CodeEntry]:
    def said(entry: tuple[str, CurrentCode]) -> tuple[str, str, str]:
        rule = entry[1]
        return KINDS[rule.kind], ", ".join(REGIONS[name] for name in rule.regions), _note(edition, rule)

    for (label, regions, note), entries in groupby(edition.document.codes.current.items(), said):
        yield CodeEntry(tuple(code for code, _ in entries), label, regions, note)


def _together(entries: Iterable[tuple[str, str]]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Codes of which the same is said, in order."""
    found: dict[str, list[str]] = {}
    for code, said in entries:
        found.setdefault(said, []).append(code)
    return tuple((tuple(codes), said) for said, codes in found.items())


def _note(edition: Edition, rule: CurrentCode) -> str:
    document, scored = edition.document, edition.switches["sacral_codes"] == "code_list"
    if rule.kind == "sacroplasty" or (rule.kind == "sacral_listed" and not scored):
        words = document.rule_words(_KIND_RULES[rule.kind])
        return f"{words.says} ({words.locator})"
    if rule.role == "addon":
        primary = [code for code, other in document.codes.current.items() if other.role == "primary"]
        return f"Add-on: only beside {listed(primary)}, one unit for each level."
    if rule.role == "primary":
        return "Primary: for one level."
    return document.flags[flags.REPOSITION] if rule.reposition else ""


def _reading(document: EditionDocument, name: str, switch: Switch) -> ReadingEntry:
    question, means = document.reading_words(name)
    others = tuple(means[value] for value in switch.alternatives)
    return ReadingEntry(name, question, means[switch.default], others, switch.locator, switch.why)
