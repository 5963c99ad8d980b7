"""assess(facts, edition) -> Assessment: the one function that scores a request. Pure: no clock, no network, no state.

It tells met, not met and unknown apart for every criterion, level and line. It never denies: `does_not_meet` is a
recommendation that a person must own, and `meets` is not an authorization.
"""

import datetime
from collections.abc import Sequence

from policies.edition import Edition
from policies.facts import Facts
from policies.flags import SAFETY
from policies.results import Assessment, Determination, LineResult, Question

_FIRST_FOUND: tuple[Determination, ...] = (
    "insufficient_information",
    "does_not_meet",
    "meets",
    "prior_auth_not_required",
    "not_in_scope",
)


def assess(facts: Facts, edition: Edition) -> Assessment:
    """The assessment of a request under an edition; raises nothing for any `Facts`."""
    request = edition.levels.request_view(facts)
    lines = edition.lines.assess(facts, request)
    determinations = {line.determination for line in lines}
    scores = [line.score for line in lines if line.score is not None]
    met = {pathway for line in lines for pathway in line.pathways}
    found = dict.fromkeys([flag for line in lines for flag in line.flags])
    for note in facts.safety_notes:
        found[f"{SAFETY}: {note}"] = None
    return Assessment(
        facts.case_id,
        edition.policy,
        edition.edition,
        edition.sha256,
        datetime.date.fromordinal(request.as_of).isoformat(),
        _together(determinations),
        len(determinations) > 1,
        tuple([name for name in edition.pathways if name in met]) if met else (),
        min(scores) if scores else None,
        _missing(lines, edition),
        tuple(found),
        tuple(lines),
        edition.changed,
    )


def _together(determinations: set[Determination]) -> Determination:
    """The request's word: a question comes before a no, and both before a yes; lines without a result come last."""
    for word in _FIRST_FOUND:
        if word in determinations:
            return word
    return "insufficient_information"


def _missing(lines: Sequence[LineResult], edition: Edition) -> tuple[Question, ...]:
    if not lines:
        return (Question("code", None, edition.document.asks.no_lines),)
    return tuple(dict.fromkeys([question for line in lines for question in line.missing]))
