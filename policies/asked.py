"""What a criterion asks, in words: the numbers and lists that the edition gives its measure.

`asked(criterion, context)` gives sentences. They tell what is written in the edition; what was found in
a request is told by wording.py.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from policies.criteria import MEASURES
from policies.document import Criterion
from policies.view import Context
from policies.vocabulary import count_of_days, fact_words, words

Sentences = tuple[str, ...]


def asked(criterion: Criterion, context: Context) -> Sentences:
    """What a criterion asks under the readings of the context."""
    measure = MEASURES[criterion.measure]
    parameters = measure.parameters.model_validate(criterion.with_)
    return tuple(filter(None, ASKED[criterion.measure](parameters, context)))


def listed(values: Iterable[str]) -> str:
    """Several values in plain words: lytic, mixed or sclerotic."""
    *first, final = [words(value) for value in values]
    return f"{', '.join(first)} or {final}" if first else final


def _of(sentence: str, values: Sequence[str]) -> str:
    """A sentence about some values; nothing where there are none."""
    return sentence.format(listed(values)) if values else ""


def days_words(days: int) -> str:
    """42 days (6 weeks)."""
    return f"{count_of_days(days)} ({days // 7} weeks)" if days >= 14 and not days % 7 else count_of_days(days)


def _cause(parameters: Any, context: Context) -> Sentences:
    low, normal = parameters.t_score_osteoporosis_to, parameters.t_score_normal_from
    return (
        _of("The cause is recorded as {}.", parameters.osteoporosis),
        f"A T-score of {normal:.1f} or above speaks against {words(parameters.primary)}, {low:.1f} or below for it.",
        _of("A cause recorded as {} is put to a person.", parameters.undecided),
        _of("{} in bone known to have osteoporosis is put to a person.", parameters.injury).capitalize(),
        _of("A lesion from {} at the same level is put to a person.", parameters.cancer_sources),
        _of("So is a {} lesion whose source is not named.", parameters.cancer_patterns_without_source),
    )


def _pattern(parameters: Any, context: Context) -> Sentences:
    return (
        _of("The lesion is {}.", parameters.lytic),
        _of("Whether a {} one counts is a reading of its own.", parameters.mixed),
    )


def _source(parameters: Any, context: Context) -> Sentences:
    return (
        _of("The source is {}.", parameters.named),
        _of("A source of {} is put to a medical director.", parameters.director),
    )


def _pain(parameters: Any, context: Context) -> Sentences:
    return ("Any pain counts, unless another source is the main cause of it.",)


def _severity(parameters: Any, context: Context) -> Sentences:
    severe, moderate = parameters.severe_from, parameters.moderate_from
    return (
        f"A score of {severe} or more out of 10, or the clinician's word severe where there is no score.",
        f"From {moderate} to {severe - 1} the clinician's word decides.",
        "Where the word and the score do not agree, the portal asks.",
    )


def _treated_days(parameters: Any, context: Context) -> Sentences:
    gap = parameters.gap_under(context)
    if gap is None:
        pause = "All treated days add up, whatever lies between them."
    elif gap:
        pause = f"Up to {count_of_days(gap)} in a row without treatment do not end a course; they are not counted."
    else:
        pause = "A day without treatment ends a course."
    return (
        f"{days_words(parameters.days)} or more of treatment in one course, counted from the onset.",
        pause,
        f"A claim of {parameters.claim_weeks} weeks or more is compared with the dates; alone it proves nothing.",
        f"Treatment that ended more than {count_of_days(parameters.recent_days)} ago is flagged.",
        _of("Kinds that the policy names: {}.", parameters.all_three),
    )


def _response(parameters: Any, context: Context) -> Sentences:
    said = ["not at all" if response == "none" else response for response in parameters.failed]
    return (_of("It helped {}.", said),)


def _exam(parameters: Any, context: Context) -> Sentences:
    return (
        f"The examination is documented and finds the patient {words(parameters.concordant)}.",
        "A dated one lies between the onset and the day that is read.",
    )


def _studies(parameters: Any, context: Context) -> Sentences:
    sets, margin = context.finding_sets, count_of_days(parameters.mri_margin_days)
    alone = getattr(parameters, "enough_alone", None)
    return (
        _of("Speaks for it: {}.", _in_order(sets[parameters.positive])),
        _of("Speaks against it: {}.", _in_order(sets[parameters.negative])),
        _of("A finding against it counts only in {}.", _in_order(context.findings.advanced)),
        f"A later study without an MRI, less than {margin} after an MRI that says otherwise, leaves it open.",
        _of("Where no study settles it, this is enough, and flagged: {}.", _in_order(sets[alone])) if alone else "",
    )


def _lesion_studies(parameters: Any, context: Context) -> Sentences:
    mixed = _of("In a {} lesion a finding against it does not count.", parameters.mixed_patterns)
    return (*_studies(parameters, context), mixed)


def _other_source(parameters: Any, context: Context) -> Sentences:
    return (
        "Another source of the pain was ruled out.",
        "A possible one is asked about; where it is the main cause, this is not met.",
    )


def _purpose(parameters: Any, context: Context) -> Sentences:
    return (f"The purpose is {words(parameters.accepted)}.",)


def _age(parameters: Any, context: Context) -> Sentences:
    return (
        f"Under {days_words(parameters.days)} old on the day that is read, whichever day in the onset's range is true.",
    )


def _hospital_or_walking(parameters: Any, context: Context) -> Sentences:
    because = words(parameters.because_of_fracture)
    return (
        _of(f"A hospital stay is {{}}, {because}.", parameters.stays),
        _of("Not a stay {}.", parameters.other_reasons),
        _of("Or the patient {}, because of this pain.", parameters.cannot_walk),
        _of("Not enough: the patient {}.", parameters.can_walk),
    )


def _number(parameters: Any, context: Context) -> Sentences:
    limits = [("at least", parameters.at_least), ("at most", parameters.at_most)]
    asked = " and ".join(f"{said} {limit:g}" for said, limit in limits if limit is not None)
    return (f"{fact_words(parameters.fact)}: {asked}.",)


def _choice(parameters: Any, context: Context) -> Sentences:
    return (
        _of(f"{fact_words(parameters.fact)}: {{}}.", [_plain(value) for value in parameters.met]),
        _of("Put to a person: {}.", [_plain(value) for value in parameters.unknown]),
    )


def _plain(value: str | bool) -> str:
    return value if isinstance(value, str) else "yes" if value else "no"


def _recent_study(parameters: Any, context: Context) -> Sentences:
    study = f"{listed(parameters.modalities)}, at most {days_words(parameters.days)} old,"
    return (_of(f"{study} shows {{}}.", _in_order(context.finding_sets[parameters.findings])),)


def _contraindications(parameters: Any, context: Context) -> Sentences:
    return (_of("Rules it out: {}.", parameters.absolute), _of("Put to a person: {}.", parameters.relative))


def _level_range(parameters: Any, context: Context) -> Sentences:
    return (f"From {parameters.highest} to {parameters.lowest}.",)


def _level_count(parameters: Any, context: Context) -> Sentences:
    return (f"At most {parameters.count} in one request.",)


def _in_order(values: Iterable[str]) -> list[str]:
    """A set has no order of its own: the same words on every page."""
    return sorted(values, key=lambda value: words(value).lower())


Tell = Callable[[Any, Context], Sentences]
ASKED: Final[dict[str, Tell]] = {
    "osteoporotic_fracture": _cause,
    "lesion_pattern": _pattern,
    "lesion_source": _source,
    "pain_present": _pain,
    "pain_severity": _severity,
    "treated_days": _treated_days,
    "treatment_response": _response,
    "examination": _exam,
    "fracture_verdict": _studies,
    "lesion_verdict": _lesion_studies,
    "lesion_with_fracture": _studies,
    "other_pain_source": _other_source,
    "purpose": _purpose,
    "fracture_age_below": _age,
    "hospital_or_walking": _hospital_or_walking,
    "number": _number,
    "choice": _choice,
    "study_within_days": _recent_study,
    "contraindications": _contraindications,
    "level_in": _level_range,
    "levels_at_most": _level_count,
}
