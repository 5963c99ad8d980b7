"""The facts of a revision in the words that a reviewer reads, and what changed from one revision to the next."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.dateformat import format as format_date

from policies import diagnoses
from policies.places import Place, places
from policies.vocabulary import PRODUCTS, URGENCY_SIGNS, words
from priorauth import fact_words, typed
from priorauth.fact_words import NOT_RECORDED
from priorauth.models import Revision

NOT_SENT = "Not sent"
CLINICIANS_OWN = "clinician's own number"

Names = Mapping[str, str]
Known = Mapping[str, Place]
# Parts of the details that have words of their own here, or that repeat the form as it was typed.
OWN_WORDS = frozenset(
    {
        *("studies", "sources", "files", "form", "typed_dates", "changes_after_panel", "confirmed"),
        *("urgency_signs", "diagnosis_codes"),
    }
)


class Fact(NamedTuple):
    """One fact in words. `path` is where it stands in facts v1 ("": worked out); None for what is no fact of it."""

    section: str
    label: str
    value: str
    path: str | None = None


class FactChange(NamedTuple):
    section: str
    label: str
    before: str
    after: str


def sections(revision: Revision, files: Names) -> list[tuple[str, list[Fact]]]:
    """All facts and details of a revision, grouped by section. `files` names the case's files by their key."""
    grouped: dict[str, list[Fact]] = {}
    for fact in _facts(revision, files):
        grouped.setdefault(fact.section, []).append(fact)
    return list(grouped.items())


def changes(before: Revision, after: Revision, files: Names) -> list[FactChange]:
    """What the later revision says differently."""
    old = {(fact.section, fact.label): fact.value for fact in _facts(before, files)}
    new = {(fact.section, fact.label): fact.value for fact in _facts(after, files)}
    return [
        FactChange(*place, old.get(place, NOT_SENT), new.get(place, NOT_SENT))
        for place in dict.fromkeys([*old, *new])
        if old.get(place) != new.get(place)
    ]


def day(value: str | None) -> str:
    """An ISO date as people read it."""
    return format_date(dt.date.fromisoformat(value), settings.DATE_FORMAT) if value else NOT_RECORDED


def word(value: str | None, **special: str) -> str:
    """A value of facts v1 in plain words, with a capital; `special` are the words that only fit this question."""
    if value is None:
        return NOT_RECORDED
    text = special.get(value) or words(value)
    return text[0].upper() + text[1:]


def product(value: str | None) -> str:
    return PRODUCTS.get(value, NOT_RECORDED)


def _facts(revision: Revision, files: Names) -> Iterator[Fact]:
    facts, known = revision.facts, places(revision.facts)
    yield from _request(facts, known)
    for level, of_level in sorted(facts["levels"].items()):
        yield from _level(level, of_level or {}, known)
    yield from _pain_and_walking(facts, known)
    yield from _treatment(facts, known, typed.of_treatments(revision))
    for note in facts.get("safety_notes") or []:
        yield Fact("Safety", "Named in the record", note, "safety_notes")
    yield from _details(revision.details, files)


def _one(title: str, known: Known, path: str) -> Fact:
    """A fact of one value, in the words in which a reviewer reads it in the record."""
    return Fact(title, fact_words.label(path), fact_words.said(known[path], known[path].value), path)


def _details(details: Mapping[str, Any], files: Names) -> Iterator[Fact]:
    """What the engine does not read: the words of the office, and where a fact is written."""
    for number, asked in enumerate(details.get("confirmed") or [], start=1):
        yield Fact("Asked whether it is a mistake: the office says it is right", f"Question {number}", asked)
    title = "Where it is written"
    for number, study in enumerate(details.get("studies") or [], start=1):
        if study.get("file"):
            page = f", page {study['page']}" if study.get("page") else ""
            name = files.get(study["file"], "a file that was taken out")
            yield Fact(title, f"Study {number}, {word(study['modality'])}, {day(study.get('date'))}", f"{name}{page}")
    for path, text in (details.get("sources") or {}).items():
        yield Fact(title, _place(path), text)
    if signs := details.get("urgency_signs"):
        yield Fact("Details", "Happening now", "; ".join(URGENCY_SIGNS.get(one, one) for one in signs))
    if codes := details.get("diagnosis_codes"):
        yield Fact("Details", "Diagnosis codes", "; ".join(map(_diagnosis, codes)))
    for path, value in _flat({name: value for name, value in details.items() if name not in OWN_WORDS}):
        yield Fact("Details", path, value)


def _diagnosis(code: str) -> str:
    known = diagnoses.named(code)
    return f"{code} ({known.label})" if known else code


def _place(path: str) -> str:
    """`levels.L1.onset` is the onset of L1, `treatments.0` the first treatment."""
    first, *rest = path.split(".")
    if first == "treatments":
        return f"Treatment {int(rest[0]) + 1}"
    return f"{rest[0]}: {', '.join(rest[1:])}" if first == "levels" and rest else path


def _request(facts: Mapping[str, Any], known: Known) -> Iterator[Fact]:
    title = "Request"
    patient = facts.get("patient") or {}
    yield from (_one(title, known, path) for path in ("product", "setting", "service_date"))
    yield Fact(title, "Received or updated", day(facts.get("request_date")), "")
    for line in facts["lines"]:
        parts = [line["code"], ", ".join(line.get("levels") or []) or "no level named", f"units {_or(line, 'units')}"]
        yield Fact(title, f"Line {line['line']}", "; ".join([*parts, *filter(None, [line.get("technique")])]), "lines")
    yield Fact(title, "Age", _or(patient, "age"), "")
    yield Fact(title, "Lowest T-score", _or(patient, "t_score"), "patient.t_score")
    yield _one(title, known, "patient.osteoporosis_dx")


def _level(level: str, of_level: Mapping[str, Any], known: Known) -> Iterator[Fact]:
    title, place = f"Level {level}", f"levels.{level}"
    onset, exam = (of_level.get(name) or {} for name in ("onset", "exam"))
    yield from (_one(title, known, f"{place}.{name}") for name in ("etiology", "mechanism"))
    yield Fact(title, "Pain started", interval(onset.get("earliest"), onset.get("latest")), f"{place}.onset")
    yield _one(title, known, f"{place}.purpose")
    yield from _lesion(title, place, known)
    yield Fact(title, "Examination", _exam(exam), f"{place}.exam")
    source, name = _one(title, known, f"{place}.other_pain_source"), of_level.get("other_pain_source_name")
    yield source._replace(value=f"{source.value}: {name}") if name else source
    studies = of_level.get("imaging")
    if not studies:
        yield Fact(title, "Imaging", NOT_RECORDED if studies is None else "None")
    for number, study in enumerate(studies or [], start=1):
        extra = [study.get("sequence"), study.get("impression") and f"“{study['impression']}”"]
        shown = f"{word(study['modality'])}, {finding(study)}"
        yield Fact(
            title, f"Imaging {number}", "; ".join([shown, *filter(None, extra)]), f"{place}.imaging.{number - 1}"
        )


def _lesion(title: str, place: str, known: Known) -> Iterator[Fact]:
    """What it is, and where it comes from where that was said: one fact."""
    for name in ("pattern", "source"):
        found = _one(title, known, f"{place}.lesion.{name}")
        if name == "pattern" or found.value != NOT_RECORDED:
            yield found._replace(path=f"{place}.lesion")


def _pain_and_walking(facts: Mapping[str, Any], known: Known) -> Iterator[Fact]:
    title = "Pain, walking, hospital"
    stay = facts.get("hospitalization") or {}
    yield from (_one(title, known, f"pain.{name}") for name in ("present", "score", "date", "descriptor"))
    yield from (_one(title, known, f"ambulation.{name}") for name in ("current", "cause", "baseline"))
    if known["ambulation.analgesia_hours"].value is not None:
        yield _one(title, known, "ambulation.analgesia_hours")
    yield _one(title, known, "hospitalization.status")
    if stay.get("status") not in (None, "none"):
        yield _one(title, known, "hospitalization.reason")
        yield Fact(title, "Stay", _from_to(stay.get("admit_date"), stay.get("discharge_date")), "hospitalization")


def _treatment(facts: Mapping[str, Any], known: Known, dated: Mapping[str, str]) -> Iterator[Fact]:
    title = "Treatment"
    treatments = facts.get("treatments")
    if not treatments:
        yield Fact(title, "Treatments", NOT_RECORDED if treatments is None else "None was given", "treatments")
    for number, treatment in enumerate(treatments or [], start=1):
        path = f"treatments.{number - 1}"
        yield Fact(title, f"Treatment {number}", course(treatment, dated.get(path, "")), path)
    yield _one(title, known, "treatment_response")
    if known["stated_treatment_weeks"].value is not None:
        yield _one(title, known, "stated_treatment_weeks")


def course(treatment: Mapping[str, Any], dated: str = "") -> str:
    """A treatment in words: `Physical therapy, Harbor Clinic: Sep 14, 2026 to Nov 2, 2026; 12 visits`.

    `dated` is what its dates do not say (priorauth/typed.py).
    """
    name = ", ".join(filter(None, [word(treatment["modality"]), treatment.get("name")]))
    start, end = treatment.get("start"), treatment.get("end")
    goes_on = treatment.get("ongoing") and not end
    parts = [f"{name}: {_from_to(start, end, 'still going on' if goes_on else 'last day not recorded')}"]
    if dated:
        parts.append(dated)
    if treatment.get("duration_days") is not None:
        parts.append(f"{treatment['duration_days']} days")
    if treatment.get("visits") is not None:
        parts.append(f"{treatment['visits']} visits")
    if treatment.get("tolerated") is False:
        parts.append("stopped for side effects")
    return "; ".join(parts)


def _from_to(first: str | None, last: str | None, without_last: str = "") -> str:
    """`Sep 14, 2026 to Nov 2, 2026`; `since Sep 14, 2026`, with what is said where there is no last day."""
    if first and last:
        return f"{day(first)} to {day(last)}"
    if last:
        return f"until {day(last)}, first day not recorded"
    parts = [f"since {day(first)}" if first else "first day not recorded", without_last]
    return ", ".join(filter(None, parts))


def finding(study: Mapping[str, Any]) -> str:
    """`Nov 15, 2026: marrow edema`"""
    return f"{day(study.get('date'))}: {words(study['finding'])}"


def _exam(exam: Mapping[str, Any]) -> str:
    if exam.get("documented") is False:
        return "Not examined"
    if not exam.get("finding"):
        return NOT_RECORDED
    return f"{word(exam['finding'])}, {day(exam.get('date'))}"


def interval(earliest: str | None, latest: str | None) -> str:
    """The day, or the days between which it lies, of ISO dates."""
    if earliest == latest:
        return day(earliest)
    return f"between {day(earliest)} and {day(latest)}"


def _or(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return NOT_RECORDED if value is None else str(value)


def yes_no(value: bool | None) -> str:
    """A yes or no of facts v1 in words."""
    return NOT_RECORDED if value is None else ("Yes" if value else "No")


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of a JSON document with the way to them in words; empty ones are left out."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            label = CLINICIANS_OWN if name == "peer_phone" else str(name).removeprefix("contact_").replace("_", " ")
            yield from _flat(inner, f"{path}, {label}" if path else label[:1].upper() + label[1:])
    elif isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value):
        for number, inner in enumerate(value, start=1):
            yield from _flat(inner, f"{path} {number}")
    elif value not in (None, "", []):
        yield path, ", ".join(map(str, value)) if isinstance(value, list) else _leaf(value)


def _leaf(value: Any) -> str:
    return yes_no(value) if isinstance(value, bool) else str(value)
