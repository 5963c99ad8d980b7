"""What an assessment is made of: small frozen values, JSON-ready."""

from typing import Any, Literal, NamedTuple

from policies.truth import Truth

Determination = Literal["meets", "does_not_meet", "insufficient_information", "not_in_scope", "prior_auth_not_required"]


class Question(NamedTuple):
    """One thing to ask: the criterion (or product, setting, code, ...), the level or None, and the words."""

    criterion: str
    level: str | None
    ask: str

    def as_dict(self) -> dict[str, Any]:
        return {"criterion": self.criterion, "level": self.level, "ask": self.ask}


class LevelResult(NamedTuple):
    """One level: the state of each pathway and of each criterion in it, what to ask, flags, score (0-100).

    `met` are the names of the pathways that are met.
    """

    level: str
    determination: Determination
    pathways: dict[str, Truth]
    met: tuple[str, ...]
    criteria: dict[str, dict[str, Truth]]
    missing: tuple[Question, ...]
    flags: tuple[str, ...]
    score: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "determination": self.determination,
            "pathways": dict(self.pathways),
            "criteria": {pathway: dict(states) for pathway, states in self.criteria.items()},
            "flags": list(self.flags),
            "score": self.score,
        }


class Advice(NamedTuple):
    """The clinical result of a line that authorization decides."""

    determination: Determination
    missing: tuple[Question, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "determination": self.determination,
            "missing": [question.as_dict() for question in self.missing],
        }


class LineResult(NamedTuple):
    """One line. `rule` names the rule that decided it; `levels` is empty where that came before any level."""

    line: int
    code: str
    determination: Determination
    rule: str
    pathways: tuple[str, ...]
    missing: tuple[Question, ...]
    flags: tuple[str, ...]
    advice: Advice | None
    score: int | None
    levels: tuple[LevelResult, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "code": self.code,
            "determination": self.determination,
            "rule": self.rule,
            "pathways": list(self.pathways),
            "missing": [question.as_dict() for question in self.missing],
            "flags": list(self.flags),
            "advice": self.advice.as_dict() if self.advice else None,
            "score": self.score,
            "levels": [level.as_dict() for level in self.levels],
        }


class Assessment(NamedTuple):
    """One request under one edition. `as_of` is the ISO date on which the clocks were read.

    `switches` are the readings that differ from the edition's defaults: none, but in a replay.
    """

    case_id: str | None
    policy: str
    edition: str
    edition_sha256: str
    as_of: str
    determination: Determination
    mixed: bool
    pathways: tuple[str, ...]
    score: int | None
    missing: tuple[Question, ...]
    flags: tuple[str, ...]
    lines: tuple[LineResult, ...]
    switches: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The stored and printed form: JSON values only."""
        return {
            "case_id": self.case_id,
            "policy": self.policy,
            "edition": self.edition,
            "edition_sha256": self.edition_sha256,
            "as_of": self.as_of,
            "determination": self.determination,
            "mixed": self.mixed,
            "pathways": list(self.pathways),
            "score": self.score,
            "missing": [question.as_dict() for question in self.missing],
            "flags": list(self.flags),
            "lines": [line.as_dict() for line in self.lines],
            "switches": dict(self.switches),
        }
