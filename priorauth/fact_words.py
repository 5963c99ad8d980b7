"""The single values of facts v1 in words: what each is called, and what it says."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from policies.places import Place, places
from policies.vocabulary import PRODUCTS, day_words, words

NOT_RECORDED: Final = "Not recorded"
YES_NO: Final = {True: "Yes", False: "No"}
LABELS: Final = {
    "product": "Plan",
    "setting": "Setting",
    "service_date": "Planned date",
    "patient.t_score": "Lowest T-score",
    "patient.osteoporosis_dx": "Osteoporosis diagnosed",
    "onset.earliest": "First possible day",
    "onset.latest": "Last possible day",
    "etiology": "Cause",
    "mechanism": "How it happened",
    "purpose": "Purpose",
    "lesion.pattern": "Lesion",
    "lesion.source": "Lesion comes from",
    "exam.documented": "Examined",
    "exam.finding": "What was found",
    "exam.date": "Day of the examination",
    "imaging.modality": "Kind of study",
    "imaging.date": "Day of the study",
    "imaging.finding": "What it shows",
    "imaging.impression": "Impression",
    "imaging.sequence": "Sequence",
    "other_pain_source": "Another source of the pain",
    "other_pain_source_name": "Which other source",
    "pain.present": "Pain now",
    "pain.score": "Worst score, 0 to 10",
    "pain.descriptor": "Clinician's word",
    "pain.date": "Date of the score",
    "treatments.modality": "Kind of treatment",
    "treatments.start": "First day",
    "treatments.end": "Last day",
    "treatments.ongoing": "Still going on",
    "treatments.duration_days": "Days in all",
    "treatments.tolerated": "Tolerated",
    "treatments.name": "Medicine or clinic",
    "treatments.visits": "Visits",
    "treatment_response": "Did it help",
    "stated_treatment_weeks": "Weeks that the letter claims",
    "hospitalization.status": "Admitted",
    "hospitalization.reason": "Reason of the stay",
    "hospitalization.admit_date": "First day of the stay",
    "hospitalization.discharge_date": "Last day of the stay",
    "ambulation.current": "Walking now",
    "ambulation.cause": "Why",
    "ambulation.baseline": "Before this pain",
    "ambulation.analgesia_hours": "Hours of pain medicine tried",
    "safety_notes": "Safety note",
}
# Words that only fit one question.
SPECIAL: Final[Mapping[str, Mapping[str, str]]] = {
    "product": PRODUCTS,
    "etiology": {"none": "No fracture and no lesion"},
    "lesion.pattern": {"none": "No lesion"},
    "other_pain_source": {"none": "Ruled out", "primary": "The main source"},
    "treatment_response": {"none": "No"},
    "hospitalization.status": {"none": "No"},
    "hospitalization.reason": {"mixed": "This fracture and another condition"},
}
GROUPS: Final = {
    "onset": "Pain started",
    "lesion": "Lesion",
    "exam": "Examination",
    "imaging": "Imaging {}",
    "treatments": "Treatment {}",
    "pain": "Pain",
    "hospitalization": "Hospital stay",
    "ambulation": "Walking",
    "safety_notes": "Safety note {}",
}


def label(path: str) -> str:
    """What a value is called within its group: `First day` of `treatments.0.start`."""
    return LABELS[_kind(path)]


def group_of(path: str) -> str:
    """The path of the fact that a value belongs to: `treatments.0` of `treatments.0.start`; its own where it is one by
    itself."""
    steps = path.split(".")
    start = 2 if steps[0] == "levels" else 0
    if steps[start] not in GROUPS:
        return path
    numbered = len(steps) > start + 1 and steps[start + 1].isdecimal()
    return ".".join(steps[: start + 2 if numbered else start + 1])


def heading(group: str) -> str:
    """A fact by its path in words: `L1: Imaging 2`."""
    steps = group.split(".")
    level = f"{steps[1]}: " if steps[0] == "levels" else ""
    name = steps[2] if level else steps[0]
    number = int(steps[-1]) + 1 if steps[-1].isdecimal() else ""
    return level + (GROUPS[name].format(number) if name in GROUPS else label(group))


def named(path: str) -> str:
    """A value by its path in words, with the fact that it belongs to: `Treatment 1, first day`."""
    group = group_of(path)
    if group == path:
        return heading(path)
    name = label(path)
    return f"{heading(group)}, {name[0].lower()}{name[1:]}"


def choices(place: Place) -> list[tuple[str, str]]:
    """The words that a value may be, each in plain words."""
    if place.kind is bool:
        return [("yes", YES_NO[True]), ("no", YES_NO[False])]
    return [(word, said(place, word)) for word in place.choices]


def said(place: Place, value: Any) -> str:
    """A value of that place in plain words."""
    if value is None:
        return NOT_RECORDED
    if place.kind is bool:
        return YES_NO[value]
    if place.kind is dt.date:
        return day_words(dt.date.fromisoformat(value))
    if place.choices:
        text = SPECIAL.get(_kind(place.path), {}).get(value) or words(value)
        return text[0].upper() + text[1:]
    return f"{value:g}" if place.kind is float else str(value)


def otherwise(sent: Mapping[str, Any], read: Mapping[str, Any]) -> list[str]:
    """What was read in the record and counts, each with what facts v1 as sent say; `read` are values by path."""
    known = places(sent) if read else {}
    return [
        f"{named(path)}: {said(known[path], value)}, where the request says: {said(known[path], known[path].value)}"
        for path, value in read.items()
    ]


def _kind(path: str) -> str:
    """A path without its level and without places in a list."""
    steps = path.split(".")
    return ".".join(step for step in steps[2 if steps[0] == "levels" else 0 :] if not step.isdecimal())
