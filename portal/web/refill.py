"""The form as typed, made from a sent revision: for an answer, which starts from what was sent."""

import datetime as dt
from typing import Any

from policies.vocabulary import day_words
from portal.web.rows import Raw
from priorauth.models import Case, Revision

YES_NO = {True: "yes", False: "no"}
PEOPLE = ("clinician_", "facility_", "urgency")
FIXED = ("member_id", "birth_date", "first_name", "last_name", "clinician", "facility")


def from_revision(case: Case, revision: Revision) -> Raw:
    """The form that made the revision; rebuilt from its facts where it was sent without the form."""
    typed = revision.details.get("form") or from_facts(revision.facts) | from_details(revision)
    return people_of(case, revision) | typed


def is_fixed(name: str) -> bool:
    """Whether a question cannot be changed by an answer: who it is for, who treats, how urgent it was."""
    return name in FIXED or name.startswith(PEOPLE)


def people_of(case: Case, revision: Revision) -> Raw:
    """What a sending fixed, in the names of the form."""
    member, clinician, facility = case.member, case.clinician, case.facility
    return {
        "member_id": [member.member_id],
        "birth_date": [day_words(member.birth_date)],
        "first_name": [member.first_name],
        "last_name": [member.last_name],
        "clinician_npi": [clinician.npi],
        "clinician_name": [clinician.name],
        "clinician_specialty": [clinician.specialty],
        "clinician_phone": [clinician.phone],
        "facility_npi": [facility.npi],
        "facility_name": [facility.name],
        "urgency": [case.urgency],
        "urgency_signs": revision.details.get("urgency_signs") or [],
        "urgency_reason": [revision.details.get("urgency_reason", "")],
    }


def from_details(revision: Revision) -> Raw:
    """The questions that the engine does not read, of a request that came without the form."""
    details, facts = revision.details, revision.facts
    sources = details.get("sources") or {}
    flat = {"diagnosis_codes": ", ".join(details.get("diagnosis_codes") or []), "note": details.get("note")}
    flat |= details.get("contact") or {}
    flat |= {f"levels-{i}-onset_source": sources.get(f"levels.{name}.onset") for i, name in enumerate(facts["levels"])}
    flat |= {
        f"treatments-{i}-source": sources.get(f"treatments.{i}") for i in range(len(facts.get("treatments") or []))
    }
    return {name: [text] for name, text in flat.items() if text}


def from_facts(facts: dict[str, Any]) -> Raw:
    """The form that says these facts: `build.facts` of it gives them again."""
    patient, pain = facts.get("patient") or {}, facts.get("pain") or {}
    stay, walking = facts.get("hospitalization") or {}, facts.get("ambulation") or {}
    flat = {
        "product": facts.get("product"),
        "setting": facts.get("setting"),
        "service_date": _date(facts.get("service_date")),
        "t_score": patient.get("t_score"),
        "osteoporosis_dx": YES_NO.get(patient.get("osteoporosis_dx")),
        "pain_present": YES_NO.get(pain.get("present")),
        "pain_score": pain.get("score"),
        "pain_word": pain.get("descriptor"),
        "pain_date": _date(pain.get("date")),
        "hospital": stay.get("status"),
        "hospital_reason": stay.get("reason"),
        "admit_date": _date(stay.get("admit_date")),
        "discharge_date": _date(stay.get("discharge_date")),
        "walking": walking.get("current"),
        "walking_cause": walking.get("cause"),
        "walking_before": walking.get("baseline"),
        "analgesia_hours": walking.get("analgesia_hours"),
        "response": facts.get("treatment_response"),
        "stated_weeks": facts.get("stated_treatment_weeks"),
        "treated": "no" if facts.get("treatments") == [] else None,
        "safety_notes": "\n".join(facts.get("safety_notes") or []),
    }
    flat |= _rows("lines", [_line(line) for line in facts["lines"]])
    flat |= _rows("levels", [_level(name, level) for name, level in facts["levels"].items()])
    flat |= _rows("treatments", [_treatment(treatment) for treatment in facts.get("treatments") or []])
    raw = {name: [str(value)] for name, value in flat.items() if value not in (None, "")}
    return raw | _studies(facts["levels"])


def _rows(group: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    named = {f"{group}-{index}-{name}": value for index, row in enumerate(rows) for name, value in row.items()}
    return named | {f"{group}-count": max(len(rows), 1)}


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": line["code"],
        "levels": ", ".join(line.get("levels") or []),
        "units": line.get("units"),
        "technique": line.get("technique"),
    }


def _level(name: str, level: dict[str, Any]) -> dict[str, Any]:
    onset, lesion, exam = (level.get(key) or {} for key in ("onset", "lesion", "exam"))
    examined = exam.get("finding") if exam.get("documented") is not False else "not_examined"
    return {
        "name": name,
        "onset": _range(onset.get("earliest"), onset.get("latest")),
        "etiology": level.get("etiology"),
        "mechanism": level.get("mechanism"),
        "purpose": level.get("purpose"),
        "lesion_pattern": lesion.get("pattern"),
        "lesion_source": lesion.get("source"),
        "exam": examined,
        "exam_date": _date(exam.get("date")),
        "other_source": level.get("other_pain_source"),
        "other_source_name": level.get("other_pain_source_name"),
    }


def _treatment(treatment: dict[str, Any]) -> dict[str, Any]:
    tolerated = treatment.get("tolerated")
    return {
        "modality": treatment["modality"],
        "name": treatment.get("name"),
        "start": _date(treatment.get("start")),
        "end": _date(treatment.get("end")),
        "ongoing": YES_NO.get(treatment.get("ongoing")),
        "duration": treatment.get("duration_days"),
        "visits": treatment.get("visits"),
        "stopped": None if tolerated is None else YES_NO[not tolerated],
    }


def _studies(levels: dict[str, Any]) -> Raw:
    """The findings of all levels, gathered again into studies."""
    studies: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for index, level in enumerate(levels.values()):
        for entry in level.get("imaging") or []:
            key = tuple(entry.get(name) or "" for name in ("modality", "date", "sequence", "impression"))
            studies.setdefault(key, {}).setdefault(f"findings-{index}", []).append(entry["finding"])
    raw: Raw = {"imaging-count": [str(max(len(studies), 1))]}
    for number, (key, findings) in enumerate(studies.items()):
        modality, date, sequence, impression = key
        row = {"modality": [modality], "date": [_date(date)], "sequence": [sequence], "impression": [impression]}
        raw |= {f"imaging-{number}-{name}": values for name, values in (row | findings).items()}
    return raw


def _date(iso: str | None) -> str:
    return day_words(dt.date.fromisoformat(iso)) if iso else ""


def _range(earliest: str | None, latest: str | None) -> str:
    """The onset as one text. Where only one end is known, that day."""
    if earliest and latest and earliest != latest:
        return f"{_date(earliest)} to {_date(latest)}"
    return _date(earliest or latest)
