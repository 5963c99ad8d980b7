"""What differs between two editions, or between two readings of one, in words that a nurse reads. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from policies.composition import leaves
from policies.document import Criterion, EditionDocument
from policies.edition import Edition
from policies.ruled_out import group_words
from policies.vocabulary import PRODUCTS, day_words, words

REGIONS: Final = {"C": "cervical", "T": "thoracic", "L": "lumbar", "S": "sacral", "COCCYX": "coccyx"}
PLACES: Final = {"inpatient": "as inpatient", "elsewhere": "elsewhere"}
SCOPES: Final = {
    "commercial": "the policy applies",
    "medicare": "a Medicare plan: another policy",
    "outside": "not covered",
}
# Parameters whose own names say too little.
PARAMETERS: Final = {
    "days": "days asked",
    "gap_days": "untreated days that do not break a course",
    "recent_days": "days since the last treatment before it is flagged",
    "claim_weeks": "claimed weeks that are checked against the dates",
    "severe_from": "score from which pain is severe",
    "moderate_from": "score from which pain is moderate",
    "mri_margin_days": "days by which an MRI outweighs another study",
    "t_score_normal_from": "T-score from which bone density is normal",
    "t_score_osteoporosis_to": "T-score down from which it is osteoporosis",
}
SWITCHES: Final = {
    "as_of": "Day on which the clocks are read",
    "day_count": "How days are counted",
    "modalities": "Kinds of treatment asked",
    "continuity": "Breaks in a course of treatment",
    "claim_conflict": "Claimed weeks against dates",
    "high_energy_osteoporotic": "High-energy injury in weak bone",
    "and_when_B": "“And when” conditions in pathway B",
    "and_when_C": "“And when” conditions in pathway C",
    "mixed_lesion": "Lesion that is partly lytic",
    "observation_is_hospitalization": "Observation stay counts as hospital stay",
    "sacral_codes": "Listed codes for the sacrum",
    "medicare_sacroplasty": "Sacroplasty for Medicare plans",
    "missing": "Facts that were not sent",
}
Row = tuple[str, str]  # what it is about, and what holds
Rows = Iterator[tuple[tuple[str, ...], Row]]  # by a key that both editions share


class Difference(NamedTuple):
    """One thing that is otherwise: `before` in the one edition, `after` in the other; "" where it is not there."""

    part: str
    subject: str
    before: str
    after: str


def differences(one: Edition, other: Edition) -> list[Difference]:
    """Everything that differs, in the order of PARTS, under the switches that each edition stands at."""
    found = []
    for part, tell in PARTS.items():
        left, right = dict(tell(one)), dict(tell(other))
        for key in dict.fromkeys([*left, *right]):
            before, after = left.get(key, ("", "")), right.get(key, ("", ""))
            if before[1] != after[1]:
                found.append(Difference(part, after[0] or before[0], before[1], after[1]))
    return found


def reading(switch: str) -> str:
    """What a switch is about, with the name by which commands know it."""
    return f"{SWITCHES[switch]} ({switch})" if switch in SWITCHES else words(switch).capitalize()


def _edition(edition: Edition) -> Rows:
    document = edition.document
    for name in ("policy", "number", "edition", "title", "publisher"):
        yield (name,), (name.capitalize(), str(getattr(document, name)))
    yield ("effective",), ("In force from", day_words(document.effective))


def _readings(edition: Edition) -> Rows:
    for name in edition.document.switches:
        yield (name, "value"), (reading(name), words(edition.switches[name]))
        yield (name, "values"), (f"{reading(name)}: its values", _list(edition.document.values_of(name)))


def _days_and_sets(edition: Edition) -> Rows:
    document = edition.document
    if clock := document.clock:
        yield ("acute",), ("Days from which a fracture is no longer acute", str(clock.acute_days))
        yield ("old",), ("Days after which a fracture is flagged as old", str(clock.old_fracture_days))
    if cap := document.admission_caps_onset:
        said = f"{_list(cap.stays)}, {words(cap.because)}"
        yield ("cap",), ("Admissions that give a latest day of onset", said)
    for name, members in document.finding_sets.items():
        yield ("set", name), (f"Findings that count as “{words(name)}”", _list(members))
    for name in ("advanced_modalities", "fracture_excluding_modalities", "tumors"):
        yield (name,), (words(name).capitalize(), _list(getattr(document, name)))
    for kind, group in document.treatment_groups.items():
        yield ("treatment", kind), (f"{words(kind).capitalize()} counts as", words(group))
    for flag, rule in document.level_flags:
        if rule is not None:
            said = ", ".join(f"{words(key)}: {words(value)}" for key, value in rule.model_dump().items())
            yield ("flag", flag), (f"Flagged: {words(flag)}", said)


def _plans(edition: Edition) -> Rows:
    for product, rule in edition.document.products.items():
        name = PRODUCTS[product]
        yield (product, "scope"), (name, SCOPES[rule.scope])
        for place, said in PLACES.items():
            if needed := getattr(rule, place):
                yield (product, place), (f"{name}, {said}", f"authorization {words(needed)}")


def _codes(edition: Edition) -> Rows:
    codes = edition.document.codes
    for code, rule in codes.current.items():
        said = [words(rule.kind), *(REGIONS[region] for region in rule.regions)]
        said += [f"{rule.role} code"] if rule.role else []
        said += ["confirm vertebroplasty"] if rule.reposition else []
        yield ("code", code), (f"Code {code}", ", ".join(said))
    for code, deleted in codes.deleted.items():
        yield ("code", code), (f"Code {code}", f"no longer in use, now {deleted.now}")
    for code, related in codes.related.items():
        yield ("code", code), (f"Code {code}", f"policy {related.policy} governs it")


def _pathways(edition: Edition) -> Rows:
    """What each pathway asks under the edition's switches."""
    document = edition.document
    for name, parts in edition.levels.pathways:
        yield (name,), (f"Pathway {name}", "one way to meet the policy")
        asked = group_words(parts)
        uses = [use for use in document.pathways[name].uses() if use.appears_under(edition.switches)]
        for use, leaf in zip(uses, leaves(parts), strict=True):
            said = asked[leaf] or "must be met"
            criterion = document.criteria[use.use]
            shown = said if leaf.counts else "shown only, does not count"
            yield (name, use.use), (f"Pathway {name}: {criterion.label}", shown)
        yield (name, "composition"), (f"Pathway {name}: how its criteria are put together", _composed(document, name))


def _composed(document: EditionDocument, name: str) -> str:
    """The composition of a pathway as written, under whatever switches: `fragility; any of (strong pain; ...)`."""
    return "; ".join(
        _part(part) for part in document.pathways[name].model_dump(by_alias=True, exclude_none=True)["all"]
    )


def _part(part: Mapping[str, Any]) -> str:
    if "use" in part:
        tests = [
            f" ({said} under {words(test['switch'])}: {_list(test['is'])})"
            for said, test in (("asked only", part.get("when")), ("counts only", part.get("counts")))
            if test
        ]
        return words(part["use"]) + "".join(tests)
    if "not" in part:
        return f"not {_part(part['not'])}"
    inner = part.get("at_least", {}).get("of") or part.get("all") or part["any"]
    said = "all of" if "all" in part else "any of" if "any" in part else f"at least {part['at_least']['count']} of"
    return f"{said} ({'; '.join(map(_part, inner))})"


def _criteria(edition: Edition) -> Rows:
    for key, criterion in edition.document.criteria.items():
        yield (key,), (criterion.label, f"measured as {words(criterion.measure)}")
        yield (key, "id"), (f"{criterion.label}: its name in results", words(criterion.id or key))
        yield from _parameters(key, criterion)
        if criterion.judgement:
            yield (key, "judgement"), (f"{criterion.label}: judgement", "a person confirms")
        if criterion.accepted_when_silent:
            silent = _list(criterion.accepted_when_silent)
            yield (key, "silent"), (f"{criterion.label}: met though not recorded", silent)


def _parameters(key: str, criterion: Criterion) -> Rows:
    for name, value in criterion.with_.items():
        said = _list(value) if isinstance(value, list) else words(str(value))
        yield (key, "with", name), (f"{criterion.label}: {PARAMETERS.get(name, words(name))}", said)


def _wording(edition: Edition) -> Rows:
    document = edition.document
    for key, criterion in document.criteria.items():
        yield from _criterion_words(key, criterion)
    for name, pathway in document.pathways.items():
        yield ("pathway", name, "label"), (f"Pathway {name}: label", pathway.label)
        yield ("pathway", name, "plain"), (f"Pathway {name}: for the member", pathway.plain)
    for name, text in document.asks:
        yield ("asks", name), (f"Question about the {words(name)}", text)
    for name, text in document.words.determinations.items():
        yield ("determination", name), (f"Result: {words(name)}", text)
    for name, rule in document.words.rules.items():
        yield ("rule", name), (f"Rule: {words(name)}", rule.says or "")
    for name in ("gap", "gap_from", "early_from"):
        yield ("words", name), (f"Sentence: {words(name)}", getattr(document.words, name) or "")
    for name, text in document.flags.items():
        yield ("flags", name), (f"Note: {words(name)}", text)
    yield from _reading_words(document)
    for number, text in enumerate(document.not_modelled, start=1):
        yield ("not_modelled", str(number)), (f"Not modelled, {number}", text)


def _criterion_words(key: str, criterion: Criterion) -> Rows:
    for name, about in WORDING.items():
        yield (key, name), (f"{criterion.label}: {about}", getattr(criterion, name))
    for cause, text in criterion.ask_if.items():
        yield (key, "ask_if", cause), (f"{criterion.label}: question ({words(cause)})", text)


def _reading_words(document: EditionDocument) -> Rows:
    for name, switch in document.switches.items():
        yield ("switches", name), (f"{reading(name)}: why", switch.why)
        yield ("switches", name, "question"), (f"{reading(name)}: question", switch.question)
        for value, text in switch.means.items():
            yield ("switches", name, value), (f"{reading(name)}: what {words(value)} means", text)


WORDING: Final = {
    "label": "label",
    "evidence": "what a reviewer wants to see",
    "ask": "question",
    "not_met": "where it is not met",
    "plain": "for the member",
    "change": "what could change the answer",
}


def _locators(edition: Edition) -> Rows:
    document = edition.document
    for name, pathway in document.pathways.items():
        yield ("pathway", name), (f"Pathway {name}", pathway.locator)
        for number, use in enumerate(pathway.uses()):
            label = document.criteria[use.use].label
            yield ("pathway", name, use.use, str(number)), (f"Pathway {name}: {label}", use.locator)
    for name, switch in document.switches.items():
        yield ("switch", name), (reading(name), switch.locator)
    for name, rule in document.words.rules.items():
        yield ("rule", name), (f"Rule: {words(name)}", rule.locator)


def _list(values: Iterable[str | bool]) -> str:
    return ", ".join(words(str(value)) for value in values) or "none"


PARTS: Final[dict[str, Callable[[Edition], Rows]]] = {
    "The edition": _edition,
    "Readings": _readings,
    "Pathways": _pathways,
    "Criteria": _criteria,
    "Days and sets": _days_and_sets,
    "Plans": _plans,
    "Codes": _codes,
    "Wording": _wording,
    "Where the policy says it": _locators,
}
