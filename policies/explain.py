"""explain(facts, assessment, edition) -> Explanation: the words that an office and a nurse read.

The states are the assessment's, never computed anew; the facts and the arithmetic beside them are read from the facts
document. So an explanation follows from what is stored (facts, assessment, edition file) and can be made again years
later: `assessment` may be an `Assessment` or the JSON value that `Assessment.as_dict()` gave.

    Explanation
      policy, edition, title, as_of        "bcbsma-484", "2022-06", "Vertebroplasty ...", "Nov 20, 2026"
      determination, sentence              the word, and a sentence that says who decides
      missing                              how many things are asked for
      flags [Note(flag, sentence)]
      lines [LineStory]
        line, code, determination, sentence, locator, advice, asks [str], flags [Note]
        levels [LevelStory]
          level, determination, next_step  next_step: the gap between A and C and the date, or ""
          flags [Note]
          pathways [PathwayStory]
            pathway, label, locator, state, word (met | looks possible | does not apply), ruled_out_by
            criteria [CriterionStory]
              criterion, label, locator, state, word (Met | Not met | Missing), confirm, counts,
              found [str], arithmetic, ask (where missing, in an open pathway),
              not_met (where not met)

All are frozen; `as_dict()` is JSON-ready.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from policies.criteria import MEASURES
from policies.document import Criterion, CriterionUse
from policies.edition import Edition
from policies.facts import Facts
from policies.next_step import next_step
from policies.results import Assessment
from policies.truth import MET, NOT_MET, UNKNOWN, Truth
from policies.view import LevelView
from policies.vocabulary import day_words
from policies.wording import FOUND, Found

CONFIRM: Final = "a person confirms"
STATE_WORDS: Final[dict[Truth, str]] = {MET: "Met", NOT_MET: "Not met", UNKNOWN: "Missing"}
PATHWAY_WORDS: Final[dict[Truth, str]] = {MET: "met", UNKNOWN: "looks possible", NOT_MET: "does not apply"}


@dataclass(frozen=True, slots=True)
class Story:
    def as_dict(self) -> dict[str, Any]:
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def _plain(value: Any) -> Any:
    if isinstance(value, Story):
        return value.as_dict()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Note(Story):
    flag: str
    sentence: str


@dataclass(frozen=True, slots=True)
class CriterionStory(Story):
    criterion: str
    label: str
    locator: str
    state: Truth
    word: str
    confirm: str
    counts: bool
    found: tuple[str, ...]
    arithmetic: str
    ask: str
    not_met: str


@dataclass(frozen=True, slots=True)
class PathwayStory(Story):
    pathway: str
    label: str
    locator: str
    state: Truth
    word: str
    ruled_out_by: str
    criteria: tuple[CriterionStory, ...]


@dataclass(frozen=True, slots=True)
class LevelStory(Story):
    level: str
    determination: str
    next_step: str
    flags: tuple[Note, ...]
    pathways: tuple[PathwayStory, ...]


@dataclass(frozen=True, slots=True)
class LineStory(Story):
    line: int
    code: str
    determination: str
    sentence: str
    locator: str
    advice: str
    asks: tuple[str, ...]
    flags: tuple[Note, ...]
    levels: tuple[LevelStory, ...]


@dataclass(frozen=True, slots=True)
class Explanation(Story):
    policy: str
    edition: str
    title: str
    as_of: str
    determination: str
    sentence: str
    missing: int
    flags: tuple[Note, ...]
    lines: tuple[LineStory, ...]


def explain(facts: Facts, assessment: Assessment | Mapping[str, Any], edition: Edition) -> Explanation:
    """The explanation of an assessment. Raises ValueError where another edition file or reading made it."""
    result = assessment.as_dict() if isinstance(assessment, Assessment) else assessment
    if result["edition_sha256"] != edition.sha256 or result["switches"] != edition.changed:
        raise ValueError("the assessment was made under another edition or another reading of it")
    teller = _Teller(facts, edition)
    words = edition.document.words
    return Explanation(
        policy=edition.policy,
        edition=edition.edition,
        title=edition.document.title,
        as_of=day_words(teller.as_of),
        determination=result["determination"],
        sentence=words.determinations[result["determination"]],
        missing=len(result["missing"]),
        flags=teller.notes(result["flags"]),
        lines=tuple(teller.line(line) for line in result["lines"]),
    )


class _Teller:
    """Tells one request: keeps its facts and its edition together."""

    def __init__(self, facts: Facts, edition: Edition) -> None:
        self._facts = facts
        self._edition = edition
        self._document = edition.document
        self._request = edition.levels.request_view(facts)
        self.as_of = self._request.as_of

    def notes(self, found: list[str]) -> tuple[Note, ...]:
        return tuple(Note(flag, self._note(flag)) for flag in found)

    def _note(self, flag: str) -> str:
        name, _, detail = flag.partition(": ")
        return self._document.flags[name].replace("{detail}", detail.replace("_", " "))

    def line(self, line: Mapping[str, Any]) -> LineStory:
        rule = self._document.words.rules[line["rule"]]
        determination, advice = line["determination"], line["advice"]
        words = self._document.words
        asked = list(line["missing"])
        if advice and determination == "insufficient_information":
            asked += advice["missing"]
        clinical = rule.says or words.determinations[advice["determination"] if advice else determination]
        return LineStory(
            line=line["line"],
            code=line["code"],
            determination=determination,
            sentence=words.determinations[determination] if advice else clinical,
            locator=rule.locator,
            advice=clinical if advice else "",
            asks=tuple(question["ask"] for question in asked),
            flags=self.notes(line["flags"]),
            levels=tuple(self._level(level) for level in line["levels"]),
        )

    def _level(self, level: Mapping[str, Any]) -> LevelStory:
        name = level["level"]
        view = self._edition.levels.view_of(self._request, name)
        return LevelStory(
            level=name,
            determination=level["determination"],
            next_step=next_step(level, view, self._edition),
            flags=self.notes(level["flags"]),
            pathways=tuple(self._pathway(pathway, level, view) for pathway in self._document.pathways),
        )

    def _pathway(self, name: str, level: Mapping[str, Any], view: LevelView) -> PathwayStory:
        pathway, state = self._document.pathways[name], level["pathways"][name]
        states = level["criteria"][name]
        criteria = tuple(
            self._criterion(use, states, level["level"], view, state == UNKNOWN)
            for use in pathway.criteria
            if use.appears_under(self._edition.switches)
        )
        ruled_out_by = ""
        if state == NOT_MET:
            first = next(one for one in criteria if one.state == NOT_MET and one.counts)
            reason = first.arithmetic or "; ".join(first.found)
            ruled_out_by = f"{first.not_met} {reason}".strip()
        return PathwayStory(
            pathway=name,
            label=pathway.label,
            locator=pathway.locator,
            state=state,
            word=PATHWAY_WORDS[state],
            ruled_out_by=ruled_out_by,
            criteria=criteria,
        )

    def _criterion(
        self, use: CriterionUse, states: Mapping[str, Truth], level: str, view: LevelView, is_open: bool
    ) -> CriterionStory:
        """A criterion of a pathway; only a pathway that is still open asks for anything."""
        criterion = self._document.criteria[use.use]
        criterion_id = criterion.id or use.use
        state = states[criterion_id]
        found = self._found(criterion, view)
        return CriterionStory(
            criterion=criterion_id,
            label=criterion.label,
            locator=use.locator,
            state=state,
            word=STATE_WORDS[state],
            confirm=CONFIRM if criterion.judgement else "",
            counts=use.counts_under(self._edition.switches),
            found=found.facts,
            arithmetic=found.arithmetic,
            ask=criterion.ask.replace("{level}", level) if is_open and state == UNKNOWN else "",
            not_met=criterion.not_met.replace("{level}", level) if state == NOT_MET else "",
        )

    def _found(self, criterion: Criterion, view: LevelView) -> Found:
        parameters = MEASURES[criterion.measure].parameters.model_validate(criterion.with_)
        return FOUND[criterion.measure](view, parameters, self._edition.levels.context)
