"""Sentences for the reason of the judgement on certainty, made of the case's own facts. None is chosen beforehand."""

from collections.abc import Mapping
from typing import Any

from policies.vocabulary import words
from priorauth.admin.certainty import TENDER_HERE
from priorauth.admin.facts import day


def sentences(level: str, facts: Mapping[str, Any]) -> list[str]:
    """Three, for a level's facts v1: that exam and imaging agree, that nothing else explains the pain, what is open."""
    known = facts["levels"].get(level) or {}
    exam, study, other = _exam(level, known), _study(level, known), _other(known)
    agree = known.get("exam") and (known["exam"] or {}).get("finding") == TENDER_HERE and known.get("imaging")
    joined = "both name the same level" if agree else "read side by side"
    return [
        f"{exam}; {study}: {joined}.",
        f"{study}, and {other}.",
        f"What ties the pain to {level} is still open: {exam.lower()}; {other}.",
    ]


def _exam(level: str, known: Mapping[str, Any]) -> str:
    exam = known.get("exam") or {}
    if not exam.get("finding"):
        return f"No exam of {level} is recorded"
    on = f" of {day(exam['date'])}" if exam.get("date") else ""
    found = f"tenderness at {level}" if exam["finding"] == TENDER_HERE else words(exam["finding"])
    return f"Exam{on}: {found}"


def _study(level: str, known: Mapping[str, Any]) -> str:
    dated = [study for study in known.get("imaging") or () if study.get("date")]
    if not dated:
        return f"No dated imaging of {level} is recorded"
    latest = max(dated, key=lambda study: study["date"])
    kind = words(latest["modality"])
    return f"{kind[0].upper()}{kind[1:]} of {day(latest['date'])}: {words(latest['finding'])} at {level}"


def _other(known: Mapping[str, Any]) -> str:
    source, name = known.get("other_pain_source"), known.get("other_pain_source_name")
    if source == "none":
        return "other sources of the pain were ruled out"
    if source is None:
        return "the record names no other source of the pain"
    return f"another source of the pain is named{f': {name}' if name else ''}"
