"""Two assessments of one request that differ in days which are not known: a definite "no" stands only if both say it.

Where a treatment is known to the month, facts v1 carry the days on which it surely went on. That is right for a
"yes"; a "no" that another day of the month would change is not known yet.
"""

from collections.abc import Sequence
from typing import Final

from policies.results import Advice, Assessment, Determination, LevelResult, LineResult, Question
from policies.truth import MET, NOT_MET, UNKNOWN, Truth

Named = tuple[str, str | None]  # a criterion and its level
_RANK: Final[dict[Truth, int]] = {NOT_MET: 0, UNKNOWN: 1, MET: 2}


def either(sure: Assessment, possible: Assessment, ask: str) -> tuple[Assessment, frozenset[Named]]:
    """`sure` with what `possible` leaves open as unknown, and the criteria that the days would settle.

    Both are of the same lines and levels under one edition. `ask` is the question for each such criterion.
    """
    both = tuple(_line(one, other, ask) for one, other in zip(sure.lines, possible.lines, strict=True))
    lines = tuple(line for line, _ in both)
    turned = frozenset[Named]().union(*(named for _, named in both))
    if not turned:
        return sure, turned
    missing = [question for line in lines for question in line.missing]
    merged = sure._replace(
        determination=_determination(sure.determination, possible.determination),
        missing=tuple(dict.fromkeys([*(one for one in sure.missing if _name(one) not in turned), *missing])),
        flags=_shared(sure.flags, possible.flags),
        mixed=len({line.determination for line in lines}) > 1,
        lines=lines,
    )
    return merged, turned


def _line(sure: LineResult, possible: LineResult, ask: str) -> tuple[LineResult, frozenset[Named]]:
    both = [_level(one, other, ask) for one, other in zip(sure.levels, possible.levels, strict=True)]
    turned = frozenset[Named]().union(*(named for _, named in both))
    if not turned:
        return sure, turned
    levels = tuple(level for level, _ in both)
    asked = [question for level in levels for question in level.missing]
    advice, missing = sure.advice, _missing(sure.missing, possible.missing, asked, turned)
    if advice and possible.advice:
        determination = _determination(advice.determination, possible.advice.determination)
        advice = Advice(determination, _missing(advice.missing, possible.advice.missing, asked, turned))
        missing = sure.missing
    merged = sure._replace(
        determination=_determination(sure.determination, possible.determination),
        missing=missing,
        flags=_shared(sure.flags, possible.flags),
        advice=advice,
        levels=levels,
    )
    return merged, turned


def _level(sure: LevelResult, possible: LevelResult, ask: str) -> tuple[LevelResult, frozenset[Named]]:
    criteria = {
        pathway: {name: _state(state, possible.criteria[pathway][name]) for name, state in states.items()}
        for pathway, states in sure.criteria.items()
    }
    pathways = {name: _state(state, possible.pathways[name]) for name, state in sure.pathways.items()}
    determination = _determination(sure.determination, possible.determination)
    if determination != "insufficient_information":
        return sure, frozenset()
    turned = {
        name: None
        for pathway, states in sure.criteria.items()
        if pathways[pathway] == UNKNOWN
        for name, state in states.items()
        if _RANK[state] < _RANK[possible.criteria[pathway][name]]
    }
    named: frozenset[Named] = frozenset((name, sure.level) for name in turned)
    if not named:
        return sure, named
    asked = [Question(name, sure.level, ask) for name in turned]
    merged = sure._replace(
        determination=determination,
        pathways=pathways,
        criteria=criteria,
        missing=_missing(sure.missing, possible.missing, asked, named),
        flags=_shared(sure.flags, possible.flags),
    )
    return merged, named


def _state(sure: Truth, possible: Truth) -> Truth:
    return UNKNOWN if sure == NOT_MET and possible != NOT_MET else sure


def _determination(sure: Determination, possible: Determination) -> Determination:
    return "insufficient_information" if sure == "does_not_meet" != possible else sure


def _missing(
    sure: Sequence[Question], possible: Sequence[Question], asked: Sequence[Question], turned: frozenset[Named]
) -> tuple[Question, ...]:
    """What either asks, and for what the days would settle the question after them."""
    kept = [question for question in (*sure, *possible) if _name(question) not in turned]
    return tuple(dict.fromkeys([*asked, *kept]))


def _name(question: Question) -> Named:
    return question.criterion, question.level


def _shared(sure: Sequence[str], possible: Sequence[str]) -> tuple[str, ...]:
    return tuple(flag for flag in sure if flag in possible)
