"""assess(facts, edition) -> Assessment: the one function that scores a request. Pure: no clock, no network, no state.

It tells met, not met and unknown apart for every criterion, level and line. It never denies: `does_not_meet` is a
recommendation that a person must own, and `meets` is not an authorization.
"""

from collections.abc import Sequence
from typing import NamedTuple

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
    lines = tuple(edition.lines.assess(facts, request))
    together = lines[0] if len(lines) == 1 else _together(lines, edition)
    found = together.flags
    if facts.safety_notes:
        found = tuple(dict.fromkeys([*found, *(f"{SAFETY}: {note}" for note in facts.safety_notes)]))
    return Assessment(
        facts.case_id,
        edition.policy,
        edition.edition,
        edition.sha256,
        request.as_of_day.isoformat(),
        together.determination,
        len(lines) > 1 and len({line.determination for line in lines}) > 1,
        together.pathways,
        together.score,
        together.missing,
        found,
        lines,
        edition.changed,
    )


class _Lines(NamedTuple):
    """What several lines say together."""

    determination: Determination
    pathways: tuple[str, ...]
    score: int | None
    missing: tuple[Question, ...]
    flags: tuple[str, ...]


def _together(lines: Sequence[LineResult], edition: Edition) -> _Lines:
    """A question comes before a no, and both before a yes; lines without a result come last."""
    if not lines:
        question = Question("code", None, edition.document.asks.no_lines)
        return _Lines("insufficient_information", (), None, (question,), ())
    determinations = {line.determination for line in lines}
    met = {pathway for line in lines for pathway in line.pathways}
    return _Lines(
        next(word for word in _FIRST_FOUND if word in determinations),
        tuple(name for name in edition.pathways if name in met),
        min((line.score for line in lines if line.score is not None), default=None),
        tuple(dict.fromkeys(question for line in lines for question in line.missing)),
        tuple(dict.fromkeys(flag for line in lines for flag in line.flags)),
    )
