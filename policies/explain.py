"""explain(facts, assessment, edition) -> Explanation: the words that an office and a nurse read.

The states are the assessment's, never computed anew; the facts and the arithmetic beside them are read from the facts
document. So an explanation follows from what is stored (facts, assessment, edition file) and can be made again years
later: `assessment` may be an `Assessment` or the JSON value that `Assessment.as_dict()` gave.

    Explanation
      policy, edition, title, as_of        "bcbsma-484", "2022-06", "Vertebroplasty ...", "Nov 20, 2026"
      determination, sentence              the word, and a sentence that says who decides
      missing                              how many things are asked for: one for several levels counts once
      flags [Note(flag, sentence)]
      lines [LineStory]
        line, code, determination, sentence, locator, advice, asks [str], flags [Note]
        levels [LevelStory]
          level, determination, closest    closest: the pathway that most speaks for
          next_step                        the gap between A and C and the date, or ""
          flags [Note]
          pathways [PathwayStory]
            pathway, label, plain, locator, state, word (met | looks possible | does not apply), ruled_out_by
            criteria [CriterionStory]
              criterion, label, plain, locator, state, word (Met | Not met | Missing), confirm, counts,
              group (what the pathway asks of it and its neighbours, where not simply that it is met),
              found [str], paths [str] (of the fact in facts v1 that each repeats; "" where the portal worked it
              out), arithmetic, evidence (what in the record speaks to it, for the nurse),
              ask (where missing, in an open pathway: for the fact that is missing),
              not_met (where not met), change (what could change the answer, in the member's words, or "")

All are frozen; `as_dict()` is JSON-ready. `plain` are the member's words: member.py tells them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from policies import sentences
from policies.composition import CriterionUse, Group, leaves, open_leaves
from policies.criteria import MEASURES
from policies.document import Criterion
from policies.edition import Edition
from policies.facts import Facts
from policies.next_step import next_step
from policies.results import Assessment
from policies.ruled_out import MUST_NOT, group_words, ruled_out_by
from policies.said import Found
from policies.truth import MET, NOT_MET, UNKNOWN, Truth
from policies.view import LevelView
from policies.vocabulary import day_words
from policies.wording import FOUND

CONFIRM: Final = "a person confirms"
STATE_WORDS: Final[dict[Truth, str]] = {MET: "Met", NOT_MET: "Not met", UNKNOWN: "Missing"}
PATHWAY_WORDS: Final[dict[Truth, str]] = {MET: "met", UNKNOWN: "looks possible", NOT_MET: "does not apply"}

NEWER: Final = re.compile(r"^A newer? (?=(\w))")


@dataclass(frozen=True, slots=True)
class Story:
    def as_dict(self) -> dict[str, Any]:
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def _change(words: str, found: Found) -> str:
    """`A newer scan that shows`, and `A scan that shows` where none was sent that it could be newer than."""
    if found.facts:
        return words
    return NEWER.sub(lambda start: "An " if start[1] in "aeiou" else "A ", words)


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
    plain: str
    locator: str
    state: Truth
    word: str
    confirm: str
    counts: bool
    group: str
    found: tuple[str, ...]
    paths: tuple[str, ...]
    arithmetic: str
    evidence: str
    ask: str
    not_met: str
    change: str


@dataclass(frozen=True, slots=True)
class PathwayStory(Story):
    pathway: str
    label: str
    plain: str
    locator: str
    state: Truth
    word: str
    ruled_out_by: str
    criteria: tuple[CriterionStory, ...]


@dataclass(frozen=True, slots=True)
class LevelStory(Story):
    level: str
    determination: str
    closest: str
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
    return Explanation(
        policy=edition.policy,
        edition=edition.edition,
        title=edition.document.title,
        as_of=day_words(teller.as_of),
        determination=result["determination"],
        sentence=edition.document.says(result["determination"]),
        missing=len({question["ask"] for question in result["missing"]}),
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
        sentence = self._document.flags.get(name) or sentences.FLAGS[name]
        return sentence.replace("{detail}", detail.replace("_", " "))

    def line(self, line: Mapping[str, Any]) -> LineStory:
        determination, advice = line["determination"], line["advice"]
        rule = self._document.rule_words(line["rule"])
        asked = list(line["missing"])
        if advice and determination == "insufficient_information":
            asked += advice["missing"]
        clinical = rule.says or self._document.says(advice["determination"] if advice else determination)
        return LineStory(
            line=line["line"],
            code=line["code"],
            determination=determination,
            sentence=self._document.says(determination) if advice else clinical,
            locator=rule.locator,
            advice=clinical if advice else "",
            asks=tuple(question["ask"] for question in asked),
            flags=self.notes(line["flags"]),
            levels=tuple(self._level(level) for level in line["levels"]),
        )

    def _level(self, level: Mapping[str, Any]) -> LevelStory:
        name, rules = level["level"], self._edition.levels
        view = rules.view_of(self._request, name)
        view.flags[:] = level["flags"]
        states = rules.states_of(level["criteria"])
        return LevelStory(
            level=name,
            determination=level["determination"],
            closest=rules.closest(states)[0],
            next_step=next_step(level, view, self._edition),
            flags=self.notes(level["flags"]),
            pathways=tuple(
                self._pathway(pathway, parts, level["pathways"][pathway], states, view)
                for pathway, parts in rules.pathways
            ),
        )

    def _pathway(self, name: str, parts: Group, state: Truth, states: Sequence[Truth], view: LevelView) -> PathwayStory:
        pathway = self._document.pathways[name]
        uses = [use for use in pathway.uses() if use.appears_under(self._edition.switches)]
        questions, asked = self._edition.levels.questions, set(open_leaves(parts, states))
        groups = group_words(parts)
        criteria = {}
        for use, leaf in zip(uses, leaves(parts), strict=True):
            ask = questions.words(leaf, view) if leaf in asked else ""
            criteria[leaf] = self._criterion(use, states[leaf.check], ask, groups[leaf], view)
        return PathwayStory(
            pathway=name,
            label=pathway.label,
            plain=pathway.plain,
            locator=pathway.locator,
            state=state,
            word=PATHWAY_WORDS[state],
            ruled_out_by=ruled_out_by(parts, states, criteria) if state == NOT_MET else "",
            criteria=tuple(criteria.values()),
        )

    def _criterion(self, use: CriterionUse, state: Truth, ask: str, group: str, view: LevelView) -> CriterionStory:
        """A criterion of a pathway; it asks only where an open pathway depends on it."""
        criterion = self._document.criteria[use.use]
        found = self._found(criterion, view)
        return CriterionStory(
            criterion=criterion.id or use.use,
            label=criterion.label,
            plain=criterion.plain,
            locator=use.locator,
            state=state,
            word=STATE_WORDS[state],
            confirm=CONFIRM if criterion.judgement else "",
            counts=use.counts_under(self._edition.switches),
            group=group,
            found=tuple(said.words for said in found.facts),
            paths=tuple(said.path for said in found.facts),
            arithmetic=found.arithmetic,
            evidence=criterion.evidence,
            ask=ask,
            not_met=criterion.not_met.replace("{level}", view.name) if state == NOT_MET else "",
            change=_change(criterion.change, found) if state != (NOT_MET if group == MUST_NOT else MET) else "",
        )

    def _found(self, criterion: Criterion, view: LevelView) -> Found:
        parameters = MEASURES[criterion.measure].parameters.model_validate(criterion.with_)
        return FOUND[criterion.measure](view, parameters, self._edition.levels.context)
