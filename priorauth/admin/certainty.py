"""Examination and imaging of each level side by side, for the question whether they tie the pain to it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from policies.vocabulary import words
from priorauth.admin import facts

TENDER_HERE = "focal_tenderness_at_level"
NOTHING_NEW = frozenset({"healed", "no_edema", "no_fracture"})


class Study(NamedTuple):
    what: str
    finding: str


class Level(NamedTuple):
    """One level that is asked for: what examination and imaging say of it, and whether both point at it."""

    name: str
    exam: str
    exam_date: str
    studies: list[Study]
    same: bool


def levels(document: Mapping[str, Any]) -> list[Level]:
    """The levels of the request's lines in their order, from a facts v1 document. That both point at a level is shown,
    never concluded from: whether the pain comes from there a person judges."""
    asked = dict.fromkeys(name for line in document["lines"] for name in line.get("levels") or [])
    return [_level(name, document["levels"].get(name) or {}) for name in asked]


def _level(name: str, known: Mapping[str, Any]) -> Level:
    exam, imaging = known.get("exam") or {}, known.get("imaging") or []
    shows = any(study["finding"] not in NOTHING_NEW for study in imaging)
    return Level(
        name=name,
        exam="Not examined" if exam.get("documented") is False else facts.word(exam.get("finding")),
        exam_date=facts.day(exam["date"]) if exam.get("date") else "",
        studies=[_study(study) for study in imaging],
        same=exam.get("finding") == TENDER_HERE and shows,
    )


def _study(study: Mapping[str, Any]) -> Study:
    return Study(f"{facts.word(study['modality'])}, {facts.day(study.get('date'))}", words(study["finding"]))
