"""The facts behind a criterion, and its arithmetic, in words.

Each entry of `FOUND` takes a level, the parameters of its measure and the edition's context, and gives what was
submitted, sentence by sentence, and the sum where there is one. Nothing here decides anything.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from policies.codes import LEVELS
from policies.criteria.general import named_levels, named_notes
from policies.facts import Study, Treatment
from policies.measures import verdict
from policies.paths import reader
from policies.treatment import courses, treated_span
from policies.view import Context, LevelView
from policies.vocabulary import count_of_days, day_words, fact_words, span_words, words


class Found(NamedTuple):
    """What was submitted for a criterion, and the sum behind its state ("" where there is none)."""

    facts: tuple[str, ...]
    arithmetic: str = ""


def _said(name: str, value: str | None) -> list[str]:
    return [] if value is None else [f"{name}: {words(value)}"]


def _cause(level: LevelView, parameters: Any, context: Context) -> Found:
    facts, patient = level.facts, level.request.patient
    found = [*_said("Cause recorded", facts.etiology), *_said("How it happened", facts.mechanism)]
    if patient.t_score is not None:
        found.append(f"T-score: {patient.t_score:g}")
    if patient.osteoporosis_dx is not None:
        found.append(f"Osteoporosis diagnosed: {'yes' if patient.osteoporosis_dx else 'no'}")
    return Found((*found, *_lesion_facts(level)))


def _lesion_facts(level: LevelView) -> list[str]:
    lesion = level.facts.lesion
    if lesion is None:
        return []
    return [*_said("Lesion on imaging", lesion.pattern), *_said("Source of the lesion", lesion.source)]


def _lesion(level: LevelView, parameters: Any, context: Context) -> Found:
    return Found((*_lesion_facts(level), *_said("Cause recorded", level.facts.etiology)))


def _pain(level: LevelView, parameters: Any, context: Context) -> Found:
    pain = level.request.pain
    found = []
    if pain.present is not None:
        found.append(f"Pain now: {'yes' if pain.present else 'no'}")
    if pain.score is not None:
        found.append(f"Score: {pain.score} of 10")
    found += _said("In the clinician's word", pain.descriptor)
    if found and pain.date is not None:
        found.append(f"Recorded on {day_words(pain.date)}")
    if level.facts.other_pain_source == "primary":
        found += _other_source(level, parameters, context).facts
    return Found(tuple(found))


def _treated_days(level: LevelView, parameters: Any, context: Context) -> Found:
    request, asked = level.request, f"{parameters.days} asked"
    record = request.treatments
    found = [_treatment(one, request.as_of) for one in request.facts.treatments or ()]
    if record.submitted and not record.given:
        found.append("No treatment was given")
    claim = request.facts.stated_treatment_weeks
    if claim is not None:
        found.append(f"Claimed without dates: {claim:g} weeks")
    found += _onset_facts(level)
    onset, gap_days = level.onset, parameters.gap_under(context)
    if level.oldest is not None and level.oldest < parameters.days and onset.earliest is not None:
        sum_words = f"{span_words(onset.earliest, request.as_of)} = {level.oldest} days since the fracture; {asked}"
        return Found(tuple(found), sum_words)
    if not record.dated or onset.contradiction:
        return Found(tuple(found))
    most = courses(record.spans, onset.earliest, gap_days)
    least = courses(record.spans, onset.latest, gap_days) if onset.latest is not None else most
    counted = least if least.longest >= parameters.days else most
    if not counted.longest:
        return Found(tuple(found), f"0 treated days since the fracture; {asked}")
    sum_words = f"{span_words(counted.first, counted.last)} = {count_of_days(counted.longest)} of treatment"
    if counted.last - counted.first + 1 > counted.longest:
        sum_words += " (days without treatment not counted)"
    if counted.total > counted.longest:
        sum_words += f" in the longest course, {counted.total} in all"
    return Found(tuple(found), f"{sum_words}; {asked}")


def _treatment(treatment: Treatment, as_of: int) -> str:
    name = words(treatment.modality).capitalize()
    if treatment.name:
        name += f" ({treatment.name})"
    span = treated_span(treatment, as_of)
    if span is None:
        dates = "ends before it begins" if treatment.start and treatment.end else "dates missing"
    elif treatment.ongoing and treatment.end is None:
        dates = f"since {day_words(span[0])}, still going on"
    elif span[0] >= span[1]:
        dates = f"{count_of_days(treatment.duration_days or 0)}"
    else:
        dates = span_words(span[0], span[1] - 1)
    stopped = ", stopped for side effects" if treatment.tolerated is False else ""
    return f"{name}: {dates}{stopped}"


def _response(level: LevelView, parameters: Any, context: Context) -> Found:
    response = level.request.facts.treatment_response
    return Found(tuple(_said("Did the treatment help", "not at all" if response == "none" else response)))


def _exam(level: LevelView, parameters: Any, context: Context) -> Found:
    exam = level.facts.exam
    if exam is None or (exam.documented is None and exam.finding is None and exam.date is None):
        return Found(())
    name = f"Examination of {day_words(exam.date)}" if exam.date else "Examination without a date"
    if exam.documented is False:
        return Found((f"{name}: not documented",))
    said = words(exam.finding) if exam.finding else "finding not stated"
    out_of_time = ""
    if exam.date is not None:
        if exam.date.toordinal() > level.request.as_of:
            out_of_time = " (after the day of the request, not counted)"
        elif level.onset.earliest is not None and exam.date.toordinal() < level.onset.earliest:
            out_of_time = " (before the fracture, not counted)"
    return Found((f"{name}: {said}{out_of_time}",))


def _fracture_verdict(level: LevelView, parameters: Any, context: Context) -> Found:
    facts = tuple(_study(one, level, level.onset.earliest) for one in level.facts.imaging or ())
    found = verdict(
        level.usable,
        context.finding_sets[parameters.positive],
        context.finding_sets[parameters.negative],
        context.findings.advanced,
        parameters.mri_margin_days,
    )
    return Found(facts, _WHY_STUDIES.get(found.basis, ""))


_WHY_STUDIES: Final = {
    "advanced": "The studies differ; MRI, CT, bone scan, SPECT and PET outweigh plain films.",
    "latest": "The studies differ; the latest decides.",
    "same_day": "The studies of the latest day differ.",
    "near_mri": "The latest study differs from an MRI shortly before it.",
}


def _lesion_studies(level: LevelView, parameters: Any, context: Context) -> Found:
    return Found(tuple(_study(one, level, None) for one in level.facts.imaging or ()))


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


def _other_source(level: LevelView, parameters: Any, context: Context) -> Found:
    source = level.facts.other_pain_source
    if source is None:
        return Found(("The record does not speak of other sources",))
    said = {"none": "ruled out", "possible": "possible", "primary": "the main source"}[source]
    name = level.facts.other_pain_source_name
    return Found((f"Another source of the pain: {said}" + (f" ({name})" if name else ""),))


def _purpose(level: LevelView, parameters: Any, context: Context) -> Found:
    return Found(tuple(_said("Purpose", level.facts.purpose)))


def _onset_facts(level: LevelView) -> list[str]:
    stated = level.facts.onset
    if stated is None or (stated.earliest is None and stated.latest is None):
        found = []
    elif stated.earliest is not None and stated.latest is not None:
        if stated.earliest == stated.latest:
            found = [f"Onset: {day_words(stated.earliest)}"]
        else:
            found = [f"Onset: between {day_words(stated.earliest)} and {day_words(stated.latest)}"]
    elif stated.earliest is not None:
        found = [f"Onset: on or after {day_words(stated.earliest)}"]
    else:
        found = [f"Onset: on or before {day_words(stated.latest)}"] if stated.latest else []
    latest, supplied = level.onset.latest, level.onset.latest_from
    if latest is not None and supplied in ("study", "admission"):
        source = "a study shows the fracture" if supplied == "study" else "the admission for it"
        found.append(f"No later than {day_words(latest)}: {source}")
    return found


def _age(level: LevelView, parameters: Any, context: Context) -> Found:
    found, onset, as_of = tuple(_onset_facts(level)), level.onset, level.request.as_of
    asked = f"under {parameters.days} asked"
    if onset.earliest is not None and onset.earliest == onset.latest:
        return Found(found, f"{span_words(onset.earliest, as_of)} = {count_of_days(level.oldest or 0)}; {asked}")
    if level.youngest is None:
        return Found(found)
    if level.oldest is None:
        return Found(found, f"{count_of_days(level.youngest)} or more on {day_words(as_of)}; {asked}")
    return Found(found, f"{level.youngest} to {count_of_days(level.oldest)} on {day_words(as_of)}; {asked}")


def _hospital_or_walking(level: LevelView, parameters: Any, context: Context) -> Found:
    stay, walking = level.request.hospital, level.request.walking
    found = []
    if stay.status is not None:
        admitted = f" on {day_words(stay.admit_date)}" if stay.admit_date else ""
        reason = f", {words(stay.reason)}" if stay.reason else ""
        found.append(f"Hospital stay: {words(stay.status)}{admitted}{reason}")
    found += _said("Walking now", walking.current)
    if walking.cause is not None:
        found.append("Because of " + ("this fracture" if walking.cause == "fracture_pain" else "another cause"))
    found += _said("Before", walking.baseline)
    if walking.analgesia_hours is not None:
        found.append(f"After {walking.analgesia_hours} hours of pain relief")
    return Found(tuple(found))


def _number(level: LevelView, parameters: Any, context: Context) -> Found:
    value = reader(parameters.fact)(level)
    if value is None:
        return Found(())
    limits = [("at least", parameters.at_least), ("at most", parameters.at_most)]
    asked = " and ".join(f"{words} {limit:g}" for words, limit in limits if limit is not None)
    return Found((f"{fact_words(parameters.fact)}: {value:g}",), f"{value:g}; {asked} asked")


def _choice(level: LevelView, parameters: Any, context: Context) -> Found:
    value = reader(parameters.fact)(level)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return Found(tuple(_said(fact_words(parameters.fact), value)))


def _recent_study(level: LevelView, parameters: Any, context: Context) -> Found:
    as_of, asked = level.request.as_of, f"at most {count_of_days(parameters.days)} asked"
    matching = [
        day
        for day, modality, finding in level.studies
        if modality in parameters.modalities and finding in context.finding_sets[parameters.findings]
    ]
    facts = _lesion_studies(level, parameters, context).facts
    if not matching:
        return Found(facts)
    latest = max(matching)
    return Found(facts, f"{span_words(latest, as_of)} = {count_of_days(as_of - latest)}; {asked}")


def _contraindications(level: LevelView, parameters: Any, context: Context) -> Found:
    named = named_notes(level, {*parameters.absolute, *parameters.relative})
    return Found(tuple(f"Noted in the record: {note}" for note in named))


def _level_range(level: LevelView, parameters: Any, context: Context) -> Found:
    return Found((f"Level {level.name}",), f"{parameters.highest} to {parameters.lowest} asked")


def _level_count(level: LevelView, parameters: Any, context: Context) -> Found:
    named = sorted(named_levels(level), key=LEVELS.index)
    facts = (f"Levels of the request: {', '.join(named)}",) if named else ()
    return Found(facts, f"{len(named)}; at most {parameters.count} asked")


Describe = Callable[[LevelView, Any, Context], Found]
FOUND: Final[dict[str, Describe]] = {
    "osteoporotic_fracture": _cause,
    "lesion_pattern": _lesion,
    "lesion_source": _lesion,
    "pain_present": _pain,
    "pain_severity": _pain,
    "treated_days": _treated_days,
    "treatment_response": _response,
    "examination": _exam,
    "fracture_verdict": _fracture_verdict,
    "lesion_verdict": _lesion_studies,
    "lesion_with_fracture": _lesion_studies,
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
