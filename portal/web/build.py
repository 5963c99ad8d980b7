"""The one function that turns the form into facts v1, and what else a sending carries (DESIGN.md 3.1)."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from portal.web.dates import TypedDate
from portal.web.fields import Date, recorded
from portal.web.parts import LinePart, TreatmentPart
from portal.web.request_form import RequestForm
from portal.web.typed_form import Level, Study
from portal.web.words import NOT_RECORDED
from priorauth.models.member import age_on
from priorauth.services.submit import Submission
from priorauth.statuses import Urgency

Facts = dict[str, Any]
Days = Callable[[TypedDate | None, TypedDate | None], tuple[dt.date | None, dt.date | None]]
YES_NO = {"yes": True, "no": False, NOT_RECORDED: None, None: None}


def submission(form: RequestForm, on: dt.date) -> Submission:
    """Everything that is sent, from a form without problems. `on` is the plan's calendar day, for the age."""
    member, people = form.member.answers, form.people.answers
    return Submission(
        facts=facts(form, on),
        details=details(form),
        member={
            "member_id": member["member_id"],
            "first_name": member["first_name"],
            "last_name": member["last_name"],
            "birth_date": member["birth_date"].first,
        },
        clinician={
            "npi": people["clinician_npi"],
            "name": people["clinician_name"],
            "specialty": people["clinician_specialty"],
            "phone": people["clinician_phone"],
        },
        facility={"npi": people["facility_npi"], "name": people["facility_name"]},
        urgency=Urgency(people["urgency"]),
    )


def facts(form: RequestForm, on: dt.date, *, longest: bool = False) -> Facts:
    """Facts v1, without what the receipt adds (`case_id`, `request_date`).

    `longest` takes the other end of each month that a treatment is known to: what may be, and is never sent.
    """
    bone, plan = form.bone.answers, form.plan.answers
    lines = [line for line in form.lines if line.answers["code"]]
    return {
        "service_date": _day(plan["service_date"]),
        "product": recorded(form.member.answers["product"]),
        "setting": recorded(plan["setting"]),
        "patient": _object(
            age=age(form.member.answers["birth_date"], on),
            t_score=bone["t_score"],
            osteoporosis_dx=YES_NO[bone["osteoporosis_dx"]],
        ),
        "lines": [_line(number, line) for number, line in enumerate(lines, start=1)],
        "levels": {
            level.name: _level(level, imaging(form, index)) for index, level in enumerate(form.levels) if level.name
        },
        **_pain(form),
        "treatments": _treatments(form, _possible_days if longest else _certain_days),
        "treatment_response": recorded(form.response.answers["response"]),
        "stated_treatment_weeks": form.response.answers["stated_weeks"],
        "safety_notes": [line.strip() for line in form.safety.answers["safety_notes"].splitlines() if line.strip()],
    }


def age(born: TypedDate | None, on: dt.date) -> int | None:
    """Whole years on the day `on`."""
    return age_on(born.first, on) if born else None


def _line(number: int, line: LinePart) -> Facts:
    answers = line.answers
    return {
        "line": number,
        "code": answers["code"],
        "levels": list(answers["levels"]),
        "units": answers["units"],
        "technique": recorded(answers["technique"]),
    }


def _level(level: Level, imaging: list[Facts]) -> Facts:
    answers, onset = level.part.answers, level.part.answers["onset"]
    return {
        "onset": _object(earliest=onset and onset.first.isoformat(), latest=onset and onset.last.isoformat()),
        "etiology": recorded(answers["etiology"]),
        "mechanism": recorded(answers["mechanism"]),
        "purpose": recorded(answers["purpose"]),
        "lesion": _object(pattern=recorded(answers["lesion_pattern"]), source=recorded(answers["lesion_source"])),
        "exam": _exam(level.exam.answers),
        "imaging": imaging or None,
        "other_pain_source": recorded(level.exam.answers["other_source"]),
        "other_pain_source_name": level.exam.answers["other_source_name"] or None,
    }


def _exam(answers: Facts) -> Facts | None:
    found = recorded(answers["exam"])
    documented = None if found is None else found != "not_examined"
    return _object(documented=documented, finding=found if documented else None, date=_day(answers["exam_date"]))


def imaging(form: RequestForm, level_index: int) -> list[Facts]:
    """One entry for each finding that a study has at the level; a study that says nothing of it has none."""
    entries = []
    for study in form.studies:
        answers = study.part.answers
        if answers["modality"]:
            common = {
                "modality": answers["modality"],
                "date": _day(answers["date"]),
                "impression": answers["impression"] or None,
                "sequence": answers["sequence"] or None,
            }
            entries += [common | {"finding": finding} for finding in answers[f"findings-{level_index}"]]
    return entries


def _pain(form: RequestForm) -> Facts:
    answers = form.pain.answers
    return {
        "pain": _object(
            present=YES_NO[answers["pain_present"]],
            score=answers["pain_score"],
            descriptor=recorded(answers["pain_word"]),
            date=_day(answers["pain_date"]),
        ),
        "hospitalization": _object(
            status=recorded(answers["hospital"]),
            reason=recorded(answers["hospital_reason"]),
            admit_date=_day(answers["admit_date"]),
            discharge_date=_day(answers["discharge_date"]),
        ),
        "ambulation": _object(
            current=recorded(answers["walking"]),
            cause=recorded(answers["walking_cause"]),
            baseline=recorded(answers["walking_before"]),
            analgesia_hours=answers["analgesia_hours"],
        ),
    }


def _treatments(form: RequestForm, days: Days) -> list[Facts] | None:
    """The listed treatments; [] where the office says that none was given; None where nothing is known."""
    rows = [_treatment(treatment, days) for treatment in form.treatments if treatment.answers["modality"]]
    if rows:
        return rows
    return [] if form.treated.answers["treated"] == "no" else None


def _treatment(treatment: TreatmentPart, days: Days) -> Facts:
    answers = treatment.answers
    start, end = days(answers["start"], answers["end"])
    stopped = YES_NO[answers["stopped"]]
    return {
        "modality": answers["modality"],
        "name": answers["name"] or None,
        "start": start and start.isoformat(),
        "end": end and end.isoformat(),
        "ongoing": YES_NO[answers["ongoing"]],
        "duration_days": answers["duration"],
        "tolerated": None if stopped is None else not stopped,
        "visits": answers["visits"],
    }


def _certain_days(start: TypedDate | None, end: TypedDate | None) -> tuple[dt.date | None, dt.date | None]:
    """From when to when the treatment surely went on: a month counts from its last, or up to its first day.

    Where no day is sure (both in one month), the day that is known exactly stays, else the start.
    """
    first, last = start and start.last, end and end.first
    if first and last and last < first:
        return (None, last) if end.is_day and not start.is_day else (first, None)
    return first, last


def _possible_days(start: TypedDate | None, end: TypedDate | None) -> tuple[dt.date | None, dt.date | None]:
    """From when to when the treatment may have gone on."""
    return start and start.first, end and end.last


def details(form: RequestForm) -> dict[str, Any]:
    """What the engine does not read. `form` is what was typed, so that an answer can start from it."""
    people = form.people.answers
    contact = dict(form.contact.answers)
    return {
        "urgency_signs": list(people["urgency_signs"]),
        "urgency_reason": people["urgency_reason"],
        "retrospective_reason": form.plan.answers["retrospective_reason"],
        "diagnosis_codes": list(form.diagnoses.answers["diagnosis_codes"]),
        "note": contact.pop("note"),
        "contact": contact,
        "studies": [_study(form, study) for study in form.studies if not study.is_blank],
        "sources": _sources(form),
        "typed_dates": _typed_dates(form),
        "files": [str(attachment.pk) for attachment in form.attachments.values()],
        "form": {name: values for name, values in form.raw.items() if any(values)},
    }


def _study(form: RequestForm, study: Study) -> dict[str, Any]:
    answers = study.part.answers
    return {
        "modality": answers["modality"],
        "date": _day(answers["date"]),
        "file": str(study.attachment.pk) if study.attachment else None,
        "page": answers["page"],
        "findings": {
            level.name: list(answers[f"findings-{index}"]) for index, level in enumerate(form.levels) if level.name
        },
    }


def _sources(form: RequestForm) -> dict[str, str]:
    """Where a fact is written, by the path of the fact."""
    onsets = {f"levels.{level.name}.onset": level.part.answers["onset_source"] for level in form.levels if level.name}
    listed = [treatment.answers for treatment in form.treatments if treatment.answers["modality"]]
    treatments = {f"treatments.{index}": answers["source"] for index, answers in enumerate(listed)}
    return {path: text for path, text in (onsets | treatments).items() if text}


def _typed_dates(form: RequestForm) -> dict[str, dict[str, str]]:
    """Every date as it was typed, with the days that it can mean."""
    typed = {}
    for parts in form.sections().values():
        for part in parts:
            for name, field in part.fields.items():
                date = part.answers[name]
                if isinstance(field, Date) and date:
                    text = str(part[name].value()).strip()
                    typed[part.add_prefix(name)] = {
                        "typed": text,
                        "first": date.first.isoformat(),
                        "last": date.last.isoformat(),
                    }
    return typed


def _day(date: TypedDate | None) -> str | None:
    return date.first.isoformat() if date else None


def _object(**values: Any) -> Facts | None:
    """The values as an object of the facts; None where none of them is known."""
    return values if any(value is not None for value in values.values()) else None
