"""Which questions make sense after which answers. The others are neither counted nor asked for.

The style sheet hides the same questions until their answer is given (portal.css, "Questions after an answer"); what
was typed in one of them stays in sight.
"""

from collections.abc import Callable, Mapping
from typing import Any

from portal.web.part import Part
from portal.web.words import NOT_RECORDED

Answers = Mapping[str, Any]
STAYS = ("observation", "inpatient")
LESIONS = ("lytic", "mixed", "blastic", NOT_RECORDED)


def _expedited(answers: Answers) -> bool:
    return answers["urgency"] == "expedited"


def _limited(answers: Answers) -> bool:
    return answers["walking"] not in (None, "", "independent", NOT_RECORDED)


def _stayed(answers: Answers) -> bool:
    return answers["hospital"] in STAYS


def _ended(answers: Answers) -> bool:
    return answers["ongoing"] != "yes"


_RULES: dict[str, Callable[[Answers], bool]] = {
    "urgency_signs": _expedited,
    "urgency_reason": lambda answers: _expedited(answers) and not set(answers["urgency_signs"]) - {"something_else"},
    "lesion_source": lambda answers: answers["lesion_pattern"] in LESIONS,
    "walking_cause": _limited,
    "walking_before": _limited,
    "analgesia_hours": _limited,
    "hospital_reason": _stayed,
    "admit_date": _stayed,
    "discharge_date": _stayed,
    "exam_date": lambda answers: answers["exam"] not in ("not_examined", NOT_RECORDED),
    "other_source_name": lambda answers: answers["other_source"] in ("possible", "primary"),
    "end": _ended,
    "stopped": _ended,
    "duration": lambda answers: not (answers["start"] and (answers["end"] or answers["ongoing"] == "yes")),
    "sequence": lambda answers: answers["modality"] == "MRI",
    "visits": lambda answers: answers["modality"] in ("physical_therapy", "injection"),
    "contact_phone": lambda answers: not answers["contact_email"],
    "contact_email": lambda answers: not answers["contact_phone"],
}


def applies(part: Part, name: str) -> bool:
    """Whether a question of the part makes sense with its other answers."""
    if name == "retrospective_reason":
        planned = part.answers["service_date"]
        return planned is not None and planned.first < part.asked_on
    rule = _RULES.get(name)
    return rule is None or rule(part.answers)
