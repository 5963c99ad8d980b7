"""A letter on the page on which a reviewer confirms an act, before anything is recorded."""

import json
from typing import Any

from priorauth.letters import reading
from priorauth.letters.content import Content
from priorauth.models import Letter

NUMBER_LATER = "(given when you confirm)"
HARD = "The reason for the member reads like school grade {grade:.0f}; 8 is the most. Use shorter sentences and words."
UNEXPLAINED = "The reason for the member has {words}. Write it in plain words, or explain it in brackets behind it."
NOT_CONFIRMED = (
    "Parts of this letter are the texts that came with the portal; nobody of the plan has confirmed them. "
    "An administrator or a lead does so under “Letter texts”."
)


def preview(letter: Letter | None) -> dict[str, Any]:
    """What the page shows of the letter that a rehearsed act issued: `letter`, a Content, and `advice` on it."""
    if letter is None:
        return {}
    stored, decision = json.dumps(letter.content), letter.decision
    if decision and decision.authorization_number:
        stored = stored.replace(decision.authorization_number, NUMBER_LATER)
    reason = decision.reason_for_member if decision else letter.clock_change.reason if letter.clock_change else ""
    advice = _of_the_reason(reason)
    if letter.texts.kept_by_id is None:
        advice.append(NOT_CONFIRMED)
    return {"letter": Content.of(json.loads(stored)), "advice": advice}


def _of_the_reason(text: str) -> list[str]:
    """What makes a reason hard to read for the member."""
    advice = []
    if (grade := reading.grade(text)) > reading.HARDEST_GRADE:
        advice.append(HARD.format(grade=grade))
    if words := reading.unexplained(text):
        advice.append(UNEXPLAINED.format(words=", ".join(f"“{word}”" for word in words)))
    return advice
