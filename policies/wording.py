"""The facts behind a criterion, and its arithmetic, in words.

Each entry of `FOUND` takes a level, the parameters of its measure and the edition's context, and gives what was
submitted, sentence by sentence, and the sum where there is one. Nothing here decides anything.

Each sentence names the fact that it repeats by its path in facts v1 (`levels.L1.exam`, `treatments.0`); one that the
portal works out of several names none.
"""

from collections.abc import Callable
from typing import Any, Final

from policies.codes import LEVELS
from policies.criteria.general import named_levels, named_notes
from policies.facts import Treatment
from policies.measures import verdict
from policies.paths import reader
from policies.said import Found, Said, of_level, onset_facts, said, studies
from policies.treatment import courses, treated_span
from policies.view import Context, LevelView
from policies.vocabulary import count_of_days, day_words, fact_words, span_words, words


def _cause(level: LevelView, parameters: Any, context: Context) -> Found:
    facts, patient = level.facts, level.request.patient
    found = said("Cause recorded", facts.etiology, of_level(level, "etiology"))
    found += said("How it happened", facts.mechanism, of_level(level, "mechanism"))
    if patient.t_score is not None:
        found.append(Said(f"T-score: {patient.t_score:g}", "patient.t_score"))
    if patient.osteoporosis_dx is not None:
        diagnosed = "yes" if patient.osteoporosis_dx else "no"
        found.append(Said(f"Osteoporosis diagnosed: {diagnosed}", "patient.osteoporosis_dx"))
    return Found((*found, *_lesion_facts(level)))


def _lesion_facts(level: LevelView) -> list[Said]:
    lesion, path = level.facts.lesion, of_level(level, "lesion")
    if lesion is None:
        return []
    return [*said("Lesion on imaging", lesion.pattern, path), *said("Source of the lesion", lesion.source, path)]


def _lesion(level: LevelView, parameters: Any, context: Context) -> Found:
    return Found((*_lesion_facts(level), *said("Cause recorded", level.facts.etiology, of_level(level, "etiology"))))


def _pain(level: LevelView, parameters: Any, context: Context) -> Found:
    pain = level.request.pain
    found = []
    if pain.present is not None:
        found.append(Said(f"Pain now: {'yes' if pain.present else 'no'}", "pain"))
    if pain.score is not None:
        found.append(Said(f"Score: {pain.score} of 10", "pain"))
    found += said("In the clinician's word", pain.descriptor, "pain")
    if found and pain.date is not None:
        found.append(Said(f"Recorded on {day_words(pain.date)}", "pain"))
    if level.facts.other_pain_source == "primary":
        found += _other_source(level, parameters, context).facts
    return Found(tuple(found))


def _treated_days(level: LevelView, parameters: Any, context: Context) -> Found:
    request, asked = level.request, f"{parameters.days} asked"
    record = request.treatments
    treatments = request.facts.treatments or ()
    found = [Said(_treatment(one, request.as_of), f"treatments.{place}") for place, one in enumerate(treatments)]
    if record.submitted and not record.given:
        found.append(Said("No treatment was given", "treatments"))
    claim = request.facts.stated_treatment_weeks
    if claim is not None:
        found.append(Said(f"Claimed without dates: {claim:g} weeks", "stated_treatment_weeks"))
    found += onset_facts(level)
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
    helped = "not at all" if response == "none" else response
    return Found(tuple(said("Did the treatment help", helped, "treatment_response")))


def _exam(level: LevelView, parameters: Any, context: Context) -> Found:
    exam = level.facts.exam
    if exam is None or (exam.documented is None and exam.finding is None and exam.date is None):
        return Found(())
    name = f"Examination of {day_words(exam.date)}" if exam.date else "Examination without a date"
    if exam.documented is False:
        return Found((Said(f"{name}: not documented", of_level(level, "exam")),))
    finding = words(exam.finding) if exam.finding else "finding not stated"
    out_of_time = ""
    if exam.date is not None:
        if exam.date.toordinal() > level.request.as_of:
            out_of_time = " (after the day of the request, not counted)"
        elif level.onset.earliest is not None and exam.date.toordinal() < level.onset.earliest:
            out_of_time = " (before the fracture, not counted)"
    return Found((Said(f"{name}: {finding}{out_of_time}", of_level(level, "exam")),))


def _fracture_verdict(level: LevelView, parameters: Any, context: Context) -> Found:
    facts = studies(level, level.onset.earliest)
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
    return Found(studies(level, None))


def _other_source(level: LevelView, parameters: Any, context: Context) -> Found:
    source, path = level.facts.other_pain_source, of_level(level, "other_pain_source")
    if source is None:
        return Found((Said("The record does not speak of other sources", path),))
    weight = {"none": "ruled out", "possible": "possible", "primary": "the main source"}[source]
    name = level.facts.other_pain_source_name
    return Found((Said(f"Another source of the pain: {weight}" + (f" ({name})" if name else ""), path),))


def _purpose(level: LevelView, parameters: Any, context: Context) -> Found:
    return Found(tuple(said("Purpose", level.facts.purpose, of_level(level, "purpose"))))


def _age(level: LevelView, parameters: Any, context: Context) -> Found:
    found, onset, as_of = tuple(onset_facts(level)), level.onset, level.request.as_of
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
        admitted = f" since {day_words(stay.admit_date)}" if stay.admit_date else ""
        if stay.admit_date and stay.discharge_date:
            admitted = f" from {day_words(stay.admit_date)} to {day_words(stay.discharge_date)}"
        reason = f", {words(stay.reason)}" if stay.reason else ""
        found.append(Said(f"Hospital stay: {words(stay.status)}{admitted}{reason}", "hospitalization"))
    found += said("Walking now", walking.current, "ambulation")
    if walking.cause is not None:
        cause = "this fracture" if walking.cause == "fracture_pain" else "another cause"
        found.append(Said(f"Because of {cause}", "ambulation"))
    found += said("Before", walking.baseline, "ambulation")
    if walking.analgesia_hours is not None:
        found.append(Said(f"After {walking.analgesia_hours} hours of pain relief", "ambulation"))
    return Found(tuple(found))


def _number(level: LevelView, parameters: Any, context: Context) -> Found:
    value = reader(parameters.fact)(level)
    if value is None:
        return Found(())
    limits = [("at least", parameters.at_least), ("at most", parameters.at_most)]
    asked = " and ".join(f"{words} {limit:g}" for words, limit in limits if limit is not None)
    value_words = Said(f"{fact_words(parameters.fact)}: {value:g}", _path(level, parameters.fact))
    return Found((value_words,), f"{value:g}; {asked} asked")


def _choice(level: LevelView, parameters: Any, context: Context) -> Found:
    value = reader(parameters.fact)(level)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return Found(tuple(said(fact_words(parameters.fact), value, _path(level, parameters.fact))))


def _path(level: LevelView, fact: str) -> str:
    """The path in facts v1 of a fact that an edition names: those of a level begin with `level.` there."""
    return of_level(level, fact.removeprefix("level.")) if fact.startswith("level.") else fact


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
    return Found(tuple(Said(f"Noted in the record: {note}", "safety_notes") for note in named))


def _level_range(level: LevelView, parameters: Any, context: Context) -> Found:
    return Found((Said(f"Level {level.name}", "lines"),), f"{parameters.highest} to {parameters.lowest} asked")


def _level_count(level: LevelView, parameters: Any, context: Context) -> Found:
    named = sorted(named_levels(level), key=LEVELS.index)
    facts = (Said(f"Levels of the request: {', '.join(named)}", "lines"),) if named else ()
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
