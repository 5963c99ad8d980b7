"""Sentence cases of a policy: a base request, named changes to it, and what must come of them.

They stand in `cases/` beside the editions. `base.yaml` is a facts document; every other file is a list of

    - case: "41 days of treatment are not six weeks"
      facts: {treatments: [{modality: rest, start: "2026-10-10", ongoing: true}]}
      expect: {criteria: {A.conservative_6_weeks: not_met}}

`facts` are changes to the base at dotted paths; `copy_level` adds levels with the facts of the base's first one;
"null" is null; `each` names one more path and the values that it takes in turn; `switches` are readings. `expect`
names only what the case is about: `criteria` are those of the first level (`none`: it does not appear), `flags` must
be among the flags, `no_flags` must not, `confirm` are the criteria of the first level that a person confirms, `told`
are texts that stand in the explanation of a criterion (or of `line`, `level`, a pathway).
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from policies import facts as facts_v1
from policies import strict_yaml
from policies.assess import assess
from policies.composition import Written
from policies.criteria import MEASURES
from policies.document import DeterminationName, EditionDocument
from policies.edition import Edition
from policies.explain import explain
from policies.facts import Facts, FactsError
from policies.loader import typed
from policies.results import Assessment
from policies.strict_yaml import StrictDocument
from policies.truth import Truth

BASE: Final = "base.yaml"
NONE: Final = "none"


class Expectation(Written):
    determination: DeterminationName | None = None
    pathways: list[str] | None = None
    lines: list[DeterminationName] | None = None
    levels: list[list[DeterminationName]] | None = None
    mixed: bool | None = None
    score: int | Literal["none"] | None = None
    advice: str | None = None
    missing: list[str] | None = None
    criteria: dict[str, Literal["met", "not_met", "unknown", "none"]] | None = None
    flags: list[str] | None = None
    no_flags: list[str] | None = None
    confirm: list[str] | None = None
    told: dict[str, str] | None = None


class WrittenCase(Written):
    case: str
    facts: dict[str, Any] = {}
    each: Annotated[dict[str, list[Any]], Field(min_length=1, max_length=1)] | None = None
    switches: dict[str, str] = {}
    expect: Expectation


@dataclass(frozen=True)
class Case:
    """One case: its sentence, where it stands, the request, the readings, and what is expected by name."""

    sentence: str
    file: str
    line: int
    changes: dict[str, Any]
    facts: Facts
    switches: dict[str, str]
    expect: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.sentence}"


def read(folder: Path) -> list[Case]:
    """Every case of a folder, in order; raises `strict_yaml.YamlError`. No folder, no cases."""
    files = [path for path in sorted(folder.glob("*.yaml")) if path.name != BASE]
    if not files:
        return []
    base = strict_yaml.load(folder / BASE).data
    return [case for path in files for case in read_file(strict_yaml.load(path), base)]


def read_file(source: StrictDocument, base: dict[str, Any]) -> Iterator[Case]:
    """The cases of one file over a base request; raises `strict_yaml.YamlError`."""
    if not isinstance(source.data, list):
        raise source.fault((), "must be a list of cases")
    for index, item in enumerate(source.data):
        written: WrittenCase = typed(WrittenCase, item, source, (index,))
        expect = written.expect.model_dump(exclude_unset=True)
        if not expect:
            raise source.fault((index, "expect"), "expects nothing")
        for sentence, changes in _each(written):
            try:
                request = facts_v1.parse(changed(base, changes))
            except (FactsError, LookupError, TypeError, ValueError) as error:
                raise source.fault((index, "facts"), str(error)) from None
            yield Case(sentence, source.name, source.line((index,)), changes, request, written.switches, expect)


def _each(written: WrittenCase) -> Iterator[tuple[str, dict[str, Any]]]:
    if written.each is None:
        yield written.case, written.facts
        return
    ((place, values),) = written.each.items()
    for value in values:
        yield f"{written.case}: {value}", {**written.facts, place: value}


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The base request with changes at dotted paths. Raises LookupError or ValueError for a path that leads nowhere."""
    result: dict[str, Any] = copy.deepcopy(base)
    for path, value in changes.items():
        if path == "copy_level":
            first = next(iter(base["levels"].values()))
            for level in value if isinstance(value, list) else [value]:
                result["levels"][level] = copy.deepcopy(first)
            continue
        *steps, last = path.split(".")
        part: Any = result
        for step in steps:
            part = part[int(step)] if isinstance(part, list) else part[step]
        part[int(last) if isinstance(part, list) else last] = None if value == "null" else copy.deepcopy(value)
    return result


def failures(case: Case, edition: Edition) -> list[str]:
    """What does not come out as the case expects."""
    if case.switches:
        edition = edition.with_switches(**case.switches)
    result = assess(case.facts, edition)
    return [
        f"{key} is {actual}, not {expected}"
        for key, expected in case.expect.items()
        if (actual := _actual(key, expected, case, result, edition)) != expected
    ]


def _actual(key: str, expected: Any, case: Case, result: Assessment, edition: Edition) -> Any:
    if key in _READ:
        return _READ[key](result)
    if key == "flags":
        return [flag for flag in expected if flag in result.flags]
    if key == "no_flags":
        return [flag for flag in expected if flag not in result.flags]
    if key == "criteria":
        return _states(expected, result)
    told = explain(case.facts, result, edition).as_dict()
    return _confirmed(told) if key == "confirm" else _told(expected, told)


def _advice(result: Assessment) -> str:
    advice = result.lines[0].advice if result.lines else None
    return advice.determination if advice else NONE


_READ: Final[dict[str, Callable[[Assessment], Any]]] = {
    "determination": lambda result: result.determination,
    "mixed": lambda result: result.mixed,
    "pathways": lambda result: list(result.pathways),
    "lines": lambda result: [line.determination for line in result.lines],
    "levels": lambda result: [[level.determination for level in line.levels] for line in result.lines],
    "score": lambda result: NONE if result.score is None else result.score,
    "missing": lambda result: [question.criterion for question in result.missing],
    "advice": _advice,
}


def _states(expected: dict[str, Truth], result: Assessment) -> dict[str, Any]:
    levels = [level for line in result.lines for level in line.levels]
    states = levels[0].criteria if levels else {}
    names = {path: path.partition(".") for path in expected}
    return {path: states.get(pathway, {}).get(criterion, NONE) for path, (pathway, _, criterion) in names.items()}


def _first_level(told: dict[str, Any]) -> dict[str, Any]:
    levels = [level for line in told["lines"] for level in line["levels"]]
    return levels[0] if levels else {"pathways": [], "next_step": ""}


def _confirmed(told: dict[str, Any]) -> list[str]:
    return [
        f"{pathway['pathway']}.{one['criterion']}"
        for pathway in _first_level(told)["pathways"]
        for one in pathway["criteria"]
        if one["confirm"]
    ]


def _told(expected: dict[str, str], told: dict[str, Any]) -> dict[str, str]:
    """The expected text where the explanation has it, all that it says there where it has not."""
    texts = {"line": " ".join([told["lines"][0]["sentence"], told["lines"][0]["advice"]]) if told["lines"] else ""}
    texts["level"] = _first_level(told)["next_step"]
    for pathway in _first_level(told)["pathways"]:
        texts[pathway["pathway"]] = f"{pathway['word']} {pathway['ruled_out_by']}"
        for one in pathway["criteria"]:
            said = [*one["found"], one["arithmetic"], one["ask"], one["not_met"], one["change"]]
            texts[f"{pathway['pathway']}.{one['criterion']}"] = " ".join(said)
    return {place: text if text in texts.get(place, "") else texts.get(place, "") for place, text in expected.items()}


def uncovered(document: EditionDocument, cases: Sequence[Case]) -> Iterator[tuple[str, Truth]]:
    """Each criterion, by its key, with a state that it can take and that no case expects of it."""
    expected = {(key, state) for case in cases for key, state in _expected(document, case)}
    for key, criterion in document.criteria.items():
        parameters = MEASURES[criterion.measure].parameters.model_validate(criterion.with_)
        for state in sorted(parameters.possible(criterion.accepted_when_silent)):
            if (key, state) not in expected:
                yield key, state


def _expected(document: EditionDocument, case: Case) -> Iterator[tuple[str, Truth]]:
    switches = document.readings() | case.switches
    for path, state in case.expect.get("criteria", {}).items():
        name, _, criterion = path.partition(".")
        for use in document.pathways[name].uses() if name in document.pathways else ():
            if criterion == (document.criteria[use.use].id or use.use) and use.appears_under(switches):
                yield use.use, state
