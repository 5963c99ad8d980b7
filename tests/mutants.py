"""Every small change to an edition's file, in memory, and whether its cases notice it.

`mutants(plain)` yields (name, changed document): every number one up and one down, every date a day, every item of
every list dropped and every other item added, every key dropped, every word from a table replaced by each other word
of it, every `all` an `any` and back, every part negated or asked but for one, every switch at each alternative,
judgement and accepted silence toggled. Sentences (words, labels, locators) are not rules; they are left alone.
"""

import copy
import datetime
from typing import Any, get_args

from policies import loader
from policies.cases import failures
from policies.codes import LEVELS, Region
from policies.criteria import MEASURES
from policies.edition import Edition
from policies.facts import Finding, ImagingModality
from policies.paths import CHOICES, NUMBERS

SENTENCES = {"label", "plain", "locator", "ask", "ask_if", "evidence", "not_met", "change", "why", "words"}
SENTENCES |= {"asks", "flags", "question", "means", "not_modelled"}
NAMES = {"policy", "edition", "number", "title", "publisher"}
GONE = object()


class Memory:
    """Stands in for a strict document that is in memory."""

    def __init__(self, data):
        self.data = data

    def fault(self, location, message):
        return ValueError(f"{location}: {message}")


def edition_of(plain):
    """The edition of plain data; raises ValueError where the loader refuses it."""
    return Edition.of(loader.read(Memory(plain)))


def survivors(plain, cases):
    """The names of the mutants that nothing notices, and how many the loader refused and the cases noticed."""
    left, refused, noticed, orders = [], 0, 0, {}
    order_at_first = sorted(cases, key=cost)
    for name, changed in mutants(plain):
        try:
            edition = edition_of(changed)
        except ValueError:
            refused += 1
            continue
        order = orders.setdefault(name.split(".")[:2][-1], list(order_at_first))
        if _noticed(edition, order):
            noticed += 1
        else:
            left.append(name)
    return left, refused, noticed


def cost(case):
    """Cheap cases first (a switch makes the edition anew, words are told at length), the dense tables before all."""
    return bool(case.switches), bool({"told", "confirm"} & case.expect.keys()), case.file != "tables.yaml"


def _noticed(edition, order):
    """Whether a case notices; the one that does is asked first next time."""
    for index, case in enumerate(order):
        try:
            if not failures(case, edition):
                continue
        except ValueError:
            pass  # a switch that the case names is gone
        order.insert(0, order.pop(index))
        return True
    return False


def mutants(plain):
    for place, value in _changes(plain, (), plain):
        yield name_of(place, value), _put(plain, place, value)
    for pathway in plain["pathways"]:
        yield f"without pathway {pathway}", _without(plain, {"pathway": pathway})
    for criterion in plain["criteria"]:
        yield f"without criterion {criterion}", _without(plain, {"use": criterion})


def _without(plain, gone):
    """The document without a pathway or a criterion, and without everything that names it or serves it alone."""
    changed = copy.deepcopy(plain)
    changed["pathways"].pop(gone.get("pathway"), None)
    changed["criteria"].pop(gone.get("use"), None)
    for pathway in changed["pathways"].values():
        pathway["all"] = [part for part in pathway["all"] if part.get("use") != gone.get("use", "")]
    used = {part["use"] for pathway in changed["pathways"].values() for part in pathway["all"] if "use" in part}
    changed["criteria"] = {key: criterion for key, criterion in changed["criteria"].items() if key in used}
    named = {*changed["pathways"], *changed["criteria"]}
    for flag, parts in list(changed.get("level_flags", {}).items()):
        if not set(parts.values()) <= named:
            del changed["level_flags"][flag], changed["flags"][flag]
    for table, names in (("flags", _raised(plain) - _raised(changed)), ("switches", _read(plain) - _read(changed))):
        for name in names:
            changed[table].pop(name, None)
    return changed


def _raised(plain):
    """The flags that the criteria of a document can raise."""
    return {flag for criterion in plain["criteria"].values() for flag in MEASURES[criterion["measure"]].flags}


def _read(plain):
    """The switches that its criteria read, and those that its pathways test."""
    read = {name for criterion in plain["criteria"].values() for name in MEASURES[criterion["measure"]].switches}
    uses = [part for pathway in plain["pathways"].values() for part in pathway["all"]]
    return read | {use[test]["switch"] for use in uses for test in ("when", "counts") if test in use}


def name_of(place, value):
    said = "dropped" if value is GONE else value
    return f"{'.'.join(map(str, place))}: {said}"


def _put(plain, place, value):
    """The document with another value at a place; the parts around it are copied, the rest is shared."""
    if not place:
        return value
    step, *rest = place
    changed = copy.copy(plain)
    if not rest and value is GONE:
        del changed[step]
    elif isinstance(changed, list) and step == len(changed):
        changed.append(value)
    else:
        changed[step] = _put(changed[step] if step in changed or isinstance(changed, list) else None, rest, value)
    return changed


def _changes(value: Any, at: tuple, whole: dict):
    if at and (at[-1] in SENTENCES or (len(at) == 1 and at[0] in NAMES)):
        return
    if isinstance(value, dict):
        yield from _of_mapping(value, at, whole)
    elif isinstance(value, list):
        yield from _of_list(value, at, whole)
    elif isinstance(value, bool):
        yield at, not value
    elif isinstance(value, (int, float)):
        step = 1 if isinstance(value, int) else 0.1
        yield at, round(value + step, 1)
        yield at, round(value - step, 1)
    else:
        for other in _others(value, at, whole):
            yield at, other


def _of_mapping(value, at, whole):
    for key, part in value.items():
        if key not in SENTENCES and not (not at and key in NAMES):
            yield (*at, key), GONE
            yield from _changes(part, (*at, key), whole)
    if len(at) == 2 and at[0] == "criteria":
        yield from _of_criterion(value, at)
    if at[:2] == ("codes", "current") and len(at) == 3:
        yield from _of_code(value, at)
    if at[0:1] == ("switches",) and len(at) == 2:
        yield from _of_switch(value, at)
    if at[0:1] == ("pathways",) and len(at) > 1:
        yield from _of_composition(value, at)


def _of_code(value, at):
    if "reposition" not in value:
        yield (*at, "reposition"), True
    if "role" not in value:
        yield from (((*at, "role"), role) for role in ("primary", "addon"))


def _of_switch(value, at):
    for index, other in enumerate(value["alternatives"]):
        rest = [*value["alternatives"][:index], value["default"], *value["alternatives"][index + 1 :]]
        yield at, {**value, "default": other, "alternatives": rest}


def _of_composition(value, at):
    if "use" in value:
        yield at, {"not": value}
    if "not" in value:
        yield at, value["not"]
    if "any" in value:
        yield at, {"all": value["any"]}
    if "all" in value:
        yield (*at, "all"), [{"any": value["all"]}]
    for key, least in (("all", len(value.get("all", ())) - 1), ("any", 2)):
        if len(value.get(key, ())) > 1:
            yield (*at, key), [{"at_least": {"count": least, "of": value[key]}}]


def _of_criterion(value, at):
    if "judgement" not in value:
        yield (*at, "judgement"), True
    accepted = value.get("accepted_when_silent", [])
    for fact in MEASURES[value["measure"]].silent:
        if fact not in accepted:
            yield (*at, "accepted_when_silent"), [*accepted, fact]
    for measure in MEASURES:
        if measure != value["measure"]:
            yield (*at, "measure"), measure


def _of_list(value, at, whole):
    for index, part in enumerate(value):
        yield (*at, index), GONE
        if isinstance(part, (dict, list)):
            yield from _changes(part, (*at, index), whole)
    if (
        value
        and all(isinstance(item, str) for item in value)
        and at[-1] not in ("accepted_when_silent", "alternatives")
    ):
        for other in _table(value, at, whole):
            if other not in value:
                yield (*at, len(value)), other


def _others(value, at, whole):
    """Every other word that could stand in its place."""
    if at == ("effective",):
        day = datetime.date.fromisoformat(value)
        return [(day + datetime.timedelta(days=step)).isoformat() for step in (-1, 1)]
    if at[-1] == "use":
        return [other for other in whole["criteria"] if other != value]
    if at[-1] == "policy":
        return ["999"]
    return [other for other in _table([value], at, whole) if other != value]


def _table(items, at, whole):
    """The smallest table of words that has all of the items."""
    tables = [
        get_args(Finding),
        get_args(ImagingModality),
        get_args(Region),
        tuple(whole.get("finding_sets", {})),
        tuple(dict.fromkeys(whole.get("treatment_groups", {}).values())),
        ("required", "not_required"),
        ("commercial", "medicare", "outside"),
        ("primary", "addon"),
        ("scored", "vertebroplasty", "sacral_listed", "sacroplasty"),
        tuple(whole["criteria"]),
        tuple(whole["pathways"]),
        LEVELS,
        NUMBERS,
        tuple(CHOICES),
        *CHOICES.values(),
        *((switch["default"], *switch["alternatives"]) for switch in whole.get("switches", {}).values()),
    ]
    if at[0] == "finding_sets":
        return get_args(Finding)
    if at[0] == "treatment_groups":
        return tuple(dict.fromkeys(whole["treatment_groups"].values()))
    fitting = [table for table in tables if set(items) <= set(table)]
    return min(fitting, key=len) if fitting else ()
