"""Single sentences of the words beside a criterion: each repeats one fact of facts v1 and names it by its path."""

from typing import NamedTuple

from policies.facts import Study
from policies.view import LevelView
from policies.vocabulary import day_words, words


class Said(NamedTuple):
    """One sentence, and the path of the fact that it repeats ("": worked out)."""

    words: str
    path: str = ""


class Found(NamedTuple):
    """What was submitted for a criterion, and the sum behind its state ("" where there is none)."""

    facts: tuple[Said, ...]
    arithmetic: str = ""


def said(name: str, value: str | None, path: str) -> list[Said]:
    return [] if value is None else [Said(f"{name}: {words(value)}", path)]


def of_level(level: LevelView, name: str) -> str:
    """The path of a fact of this level."""
    return f"levels.{level.name}.{name}"


def onset_facts(level: LevelView) -> list[Said]:
    found = [Said(f"Onset: {words}", of_level(level, "onset")) for words in _onset_words(level)]
    latest, supplied = level.onset.latest, level.onset.latest_from
    if latest is not None and supplied in ("study", "admission"):
        source = "a study shows the fracture" if supplied == "study" else "the admission for it"
        found.append(Said(f"No later than {day_words(latest)}: {source}"))
    return found


def _onset_words(level: LevelView) -> list[str]:
    stated = level.facts.onset
    if stated is None or (stated.earliest is None and stated.latest is None):
        return []
    if stated.earliest is not None and stated.latest is not None:
        if stated.earliest == stated.latest:
            return [day_words(stated.earliest)]
        return [f"between {day_words(stated.earliest)} and {day_words(stated.latest)}"]
    if stated.earliest is not None:
        return [f"on or after {day_words(stated.earliest)}"]
    return [f"on or before {day_words(stated.latest)}"] if stated.latest else []


def studies(level: LevelView, earliest: int | None) -> tuple[Said, ...]:
    imaging = enumerate(level.facts.imaging or ())
    return tuple(Said(_study(one, level, earliest), of_level(level, f"imaging.{place}")) for place, one in imaging)


def _study(study: Study, level: LevelView, earliest: int | None) -> str:
    modality = words(study.modality)
    name = modality[0].upper() + modality[1:]
    if study.date is None:
        return f"{name} without a date: {words(study.finding)} (not counted)"
    note, day = "", study.date.toordinal()
    if day > level.request.as_of:
        note = " (after the day of the request, not counted)"
    elif earliest is not None and day < earliest:
        note = " (before the fracture, not counted)"
    return f"{name} of {day_words(study.date)}: {words(study.finding)}{note}"
