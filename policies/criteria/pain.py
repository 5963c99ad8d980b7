"""Pain: whether there is any (A, C), and whether it is severe (B)."""

from policies.criteria.base import Check, Parameters
from policies.facts import Pain
from policies.flags import (
    ABSENT_BUT_SCORED,
    PRESENT_BUT_ZERO,
    SEVERE_AT_MODERATE_SCORE,
    WORD_AND_SCORE,
)
from policies.truth import MET, NOT_MET, UNKNOWN, Truth
from policies.view import Context, LevelView


def pain_present(parameters: Parameters, context: Context) -> Check:
    """Statements 1 and 2: the fracture is symptomatic, and its pain does not mainly come from elsewhere."""

    def check(level: LevelView) -> Truth:
        state = _said(level.request.pain, level.flags)
        return NOT_MET if level.facts.other_pain_source == "primary" else state

    return check


def _said(pain: Pain, flags: list[str]) -> Truth:
    score = pain.score
    if pain.present is True:
        if score == 0:
            flags.append(PRESENT_BUT_ZERO)
            return UNKNOWN
        return MET
    if pain.present is False:
        if score:
            flags.append(ABSENT_BUT_SCORED)
            return UNKNOWN
        return NOT_MET
    if score == 0:
        if pain.descriptor is not None:
            flags.append(WORD_AND_SCORE)
            return UNKNOWN
        return NOT_MET
    return UNKNOWN if score is None and pain.descriptor is None else MET


class SeverityParameters(Parameters):
    """Scores on the 0-10 scale: severe from, moderate (severe only by the clinician's word) from."""

    severe_from: int
    moderate_from: int


def pain_severity(parameters: SeverityParameters, context: Context) -> Check:
    """Statement 1, second bullet: the pain is severe, by the clinician's word or by the score."""
    return _PainSeverity(parameters, context).state


class _PainSeverity:
    def __init__(self, parameters: SeverityParameters, context: Context) -> None:
        self._severe_from = parameters.severe_from
        self._moderate_from = parameters.moderate_from

    def state(self, level: LevelView) -> Truth:
        pain = level.request.pain
        score, word = pain.score, pain.descriptor
        state = self._by_word(word) if score is None else self._by_score(pain, score, level.flags)
        if pain.present is False:
            return UNKNOWN if score or word == "severe" else NOT_MET
        return state

    def _by_score(self, pain: Pain, score: int, flags: list[str]) -> Truth:
        word = pain.descriptor
        if score >= self._severe_from:
            if word in ("mild", "moderate"):
                flags.append(WORD_AND_SCORE)
                return UNKNOWN
            return MET
        if word == "severe":
            if score < self._moderate_from:
                flags.append(WORD_AND_SCORE)
                return UNKNOWN
            if pain.present is not False:
                flags.append(SEVERE_AT_MODERATE_SCORE)
            return MET
        return UNKNOWN if word is None and score >= self._moderate_from else NOT_MET

    def _by_word(self, word: str | None) -> Truth:
        if word is None:
            return UNKNOWN
        return MET if word == "severe" else NOT_MET
