"""Why a criterion is unknown: which fact is missing, so that the question asks for that one and not for all.

Each entry of `LACKING` belongs to a measure, and is built once per edition as the measure is. It takes a level of which
the measure is unknown, with the flags that were raised there, and names what is missing; the edition has a sentence for
each name (`ask_if`). Where nothing is named, nothing that bears on the criterion was sent, and `ask` asks for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from policies import flags
from policies.criteria.acute import HospitalOrWalking
from policies.measures import DatedStudy, verdict
from policies.treatment import courses
from policies.truth import UNKNOWN
from policies.view import Context, LevelView

Names = tuple[str, ...]
Find = Callable[[LevelView], Names]


class Lacking(NamedTuple):
    """The names that the function may give, and what builds it from the measure's parameters."""

    names: Names
    build: Callable[[Any, Context], Find]


def _flagged(level: LevelView, names: Mapping[str, str]) -> Names:
    """The names of the flags that were raised, each once."""
    return tuple(dict.fromkeys([name for flag, name in names.items() if flag in level.flags]))


_CAUSE: Final = {
    flags.HIGH_ENERGY: "force",
    flags.NORMAL_T_SCORE: "conflict",
    flags.DX_DENIED: "conflict",
    flags.TUMOR_LESION: "conflict",
    flags.FALL_AS_TRAUMA: "conflict",
}


def _cause(parameters: Any, context: Context) -> Find:
    def find(level: LevelView) -> Names:
        if level.facts.etiology is None:
            return ()
        return _flagged(level, _CAUSE) or ("bone",)

    return find


def _source(parameters: Any, context: Context) -> Find:
    names = {f"{flags.DIRECTOR_SOURCE}: {source}": "director" for source in parameters.director}
    return lambda level: _flagged(level, names)


_PAIN: Final = dict.fromkeys((flags.WORD_AND_SCORE, flags.PRESENT_BUT_ZERO, flags.ABSENT_BUT_SCORED), "conflict")


def _pain(parameters: Any, context: Context) -> Find:
    return lambda level: _flagged(level, _PAIN)


def _severity(parameters: Any, context: Context) -> Find:
    def find(level: LevelView) -> Names:
        pain = level.request.pain
        if pain.present is False or (pain.score is not None and pain.descriptor is not None):
            return ("conflict",)
        return ("word",) if pain.score is not None else ()

    return find


_TREATED_DAYS: Final = {
    flags.UNDATED: "dates",
    flags.INTERRUPTED: "courses",
    flags.CLAIM_CONTRADICTS: "claim",
    flags.NOT_TOLERATED: "tolerance",
}


def _treated_days(parameters: Any, context: Context) -> Find:
    days, gap_days = parameters.days, parameters.gap_under(context)

    def find(level: LevelView) -> Names:
        record, onset = level.request.treatments, level.onset
        if not record.given:
            return ()
        enough = onset.contradiction is not None or courses(record.spans, onset.earliest, gap_days).longest >= days
        return (*(("onset",) if enough else ()), *_flagged(level, _TREATED_DAYS))

    return find


def _exam(parameters: Any, context: Context) -> Find:
    def find(level: LevelView) -> Names:
        exam = level.facts.exam
        return ("date",) if exam is not None and exam.documented and exam.finding is not None else ()

    return find


Studies = Callable[[LevelView, Sequence[DatedStudy]], Names]


def _studies(parameters: Any, context: Context) -> Studies:
    """Studies that differ; else one that would speak, had it a date."""
    positive, negative = (context.finding_sets[name] for name in (parameters.positive, parameters.negative))
    decisive, advanced = positive | negative, context.findings.advanced

    def find(level: LevelView, studies: Sequence[DatedStudy]) -> Names:
        if len(studies) > 1:
            basis = verdict(studies, positive, negative, advanced, parameters.mri_margin_days).basis
            if basis in ("same_day", "near_mri"):
                return ("differ",)
        undated = any(study.date is None and study.finding in decisive for study in level.facts.imaging or ())
        return ("undated",) if undated else ()

    return find


def _fracture(parameters: Any, context: Context) -> Find:
    named = _studies(parameters, context)

    def find(level: LevelView) -> Names:
        if not level.facts.imaging:
            return ()
        return named(level, level.usable) or ("undecided",)

    return find


def _lesion(parameters: Any, context: Context) -> Find:
    named = _studies(parameters, context)
    return lambda level: named(level, level.studies) if level.facts.imaging else ()


def _age(parameters: Any, context: Context) -> Find:
    def find(level: LevelView) -> Names:
        if level.onset.contradiction is not None:
            return ("conflict",)
        return ("range",) if level.onset.earliest is not None else ()

    return find


def _hospital_or_walking(parameters: Any, context: Context) -> Find:
    measure = HospitalOrWalking(parameters, context)

    def find(level: LevelView) -> Names:
        hospital, walking = measure.hospitalized(level) == UNKNOWN, measure.unable_to_walk(level) == UNKNOWN
        if hospital and walking:
            return ()
        return ("hospital",) if hospital else ("walking",)

    return find


LACKING: Final = {
    "osteoporotic_fracture": Lacking(("force", "conflict", "bone"), _cause),
    "lesion_source": Lacking(("director",), _source),
    "pain_present": Lacking(("conflict",), _pain),
    "pain_severity": Lacking(("conflict", "word"), _severity),
    "treated_days": Lacking(("onset", "dates", "courses", "claim", "tolerance"), _treated_days),
    "examination": Lacking(("date",), _exam),
    "fracture_verdict": Lacking(("differ", "undated", "undecided"), _fracture),
    "lesion_verdict": Lacking(("differ", "undated"), _lesion),
    "lesion_with_fracture": Lacking(("differ", "undated"), _lesion),
    "fracture_age_below": Lacking(("conflict", "range"), _age),
    "hospital_or_walking": Lacking(("hospital", "walking"), _hospital_or_walking),
}
