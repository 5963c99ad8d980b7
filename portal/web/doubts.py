"""Answers that are possible but odd: asked about once, on a page that one press passes (UX.md 2.1, "possible mistake").

A doubt is about the values that raised it: once confirmed it stays so until one of them changes.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from policies import coding, diagnoses
from policies.codes import region_of
from portal.web import page_doubts
from portal.web.cross_checks import SACRAL, SACROPLASTY
from portal.web.dates import TypedDate
from portal.web.levels import BOX, NO_LEVEL
from portal.web.panel import panel_of
from portal.web.request_form import RequestForm
from portal.web.typed_form import Level, Study
from portal.web.words import IMAGING, TREATMENT

OLD = dt.timedelta(days=180)
OSTEOPOROSIS = ("osteoporosis", "osteoporosis_secondary")
INJURY_CODES = ("S", "T")  # chapter 19 of ICD-10-CM
OSTEOPOROSIS_CODES = ("M80", "M81")


@dataclass(frozen=True)
class Doubt:
    """One question: the input it is about, and the words, which hold the values that raised it."""

    input_id: str
    words: str

    @property
    def key(self) -> str:
        return f"{self.input_id} {self.words}"


def find(form: RequestForm) -> list[Doubt]:
    """Every doubt about the form, in page order, each once."""
    found = [
        *_named(form),
        *_planned(form),
        *_lines(form),
        *_levels(form),
        *_exams(form),
        *_studies(form),
        *_treatments(form),
        *(Doubt(*asked) for asked in page_doubts.find(form)),
    ]
    return list(dict.fromkeys(found))


def open_doubts(form: RequestForm, record: dict[str, Any]) -> list[Doubt]:
    """The doubts that nobody of the office has confirmed yet."""
    confirmed = record.get("confirmed", {})
    return [doubt for doubt in find(form) if doubt.key not in confirmed]


def raised(form: RequestForm, sent: RequestForm) -> list[Doubt]:
    """The doubts about a form that what was sent last did not raise."""
    known = {doubt.key for doubt in find(sent)}
    return [doubt for doubt in find(form) if doubt.key not in known]


def unsure(in_doubt: list[Doubt], post: QueryDict) -> bool:
    """Whether one of the doubts was not on the page that was posted, which asked about those that it names."""
    return not {doubt.key for doubt in in_doubt} <= {*post.getlist("answer.sure")}


def confirmed(in_doubt: list[Doubt], details: dict[str, Any]) -> dict[str, Any]:
    """What the details then say besides: all that the office was asked about and stands by."""
    words = [*details.get("confirmed", []), *(doubt.words for doubt in in_doubt)]
    return {"confirmed": words} if words else {}


def _named(form: RequestForm) -> Iterator[Doubt]:
    """No level at all, neither as an entry nor in a line: it can be that it is not known yet."""
    if not form.known_levels and not any(line.answers["levels"] for line in form.lines):
        yield Doubt(form.plan[BOX].auto_id, f"{NO_LEVEL} Or is none known yet?")


def _planned(form: RequestForm) -> Iterator[Doubt]:
    """A procedure before the pain that it treats: one of the two dates is another year's."""
    planned = form.plan.answers["service_date"]
    for level in form.levels:
        onset = level.part.answers["onset"]
        if planned and onset and planned.last < onset.first:
            words = f"The planned date, {planned}, is before the pain at {_name(level)} started ({onset})."
            yield Doubt(form.plan["service_date"].auto_id, f"{words} Are both dates right?")


def _lines(form: RequestForm) -> Iterator[Doubt]:
    codes = form.edition.document.codes.current
    alone, main = coding.alone([line.answers["code"] for line in form.lines], codes) or ("", "")
    for line in form.lines:
        code, rule = line.answers["code"], codes.get(line.answers["code"])
        sacral = [level for level in line.answers["levels"] if region_of(level) in SACRAL]
        if sacral and rule and rule.kind == "vertebroplasty":
            words = f"{SACROPLASTY.format(sacral[0])} Is {sacral[0]} right?"
            yield Doubt(line["levels"].auto_id, words)
        if alone and code == alone:
            yield Doubt(line["code"].auto_id, f"{code} is an add-on: add {main}. Is {code} alone right?")
    yield from _added_twice(form)
    yield from _uncovered(form)


def _added_twice(form: RequestForm) -> Iterator[Doubt]:
    """The add-on code in several lines, as two people leave it who each added a level: it has a unit for each level."""
    rules = form.edition.document.codes.current
    coded = [(number, line, rules.get(line.answers["code"])) for number, line in enumerate(form.lines, start=1)]
    added = {str(number): line for number, line, rule in coded if rule and rule.role == "addon"}
    levels = dict.fromkeys(level for line in added.values() for level in line.answers["levels"])
    if len(added) > 1 and levels:
        last = list(added.values())[-1]
        words = (
            f"{last.answers['code']} stands in lines {_listed_all(list(added))}: one line with"
            f" {', '.join(levels)} and {_count(len(levels), 'unit', 'units')} says it all. Or is each right?"
        )
        yield Doubt(last["code"].auto_id, words)


def _uncovered(form: RequestForm) -> Iterator[Doubt]:
    """Levels that no line names. A line without levels is for the only level."""
    coded = [line for line in form.lines if line.answers["code"]]
    covered = {level for line in coded for level in line.answers["levels"]}
    open_levels = [level for level in form.known_levels if level not in covered]
    if covered and open_levels:
        names = ", ".join(open_levels)
        words = (
            f"{_count(len(form.known_levels), 'level is', 'levels are')} described but the codes cover {len(covered)}:"
            f" add {names} to a line. Or is {names} not to be treated?"
        )
        yield Doubt(coded[0]["levels"].auto_id, words)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _levels(form: RequestForm) -> Iterator[Doubt]:
    codes = form.diagnoses.answers["diagnosis_codes"]
    main = codes[0] if codes else ""
    for level in form.levels:
        cause = level.part.answers["etiology"]
        if cause in OSTEOPOROSIS and main.startswith(INJURY_CODES):
            words = f"The code {main} says injury, the cause of {_name(level)} says osteoporosis. Which is right?"
        elif cause == "trauma" and main.startswith(OSTEOPOROSIS_CODES):
            words = f"The code {main} says osteoporosis, the cause of {_name(level)} says injury. Which is right?"
        else:
            continue
        yield Doubt(level.part["etiology"].auto_id, words)
    for one in diagnoses.elsewhere(codes, form.known_levels):
        named = ", ".join(form.known_levels)
        words = f"The code {one.code} is for {_listed(one.levels)}, and the form names {named}. Is the code right?"
        yield Doubt(form.diagnoses["diagnosis_codes"].auto_id, words)


def _listed(levels: tuple[str, ...]) -> str:
    """`L1`, `T5 or T6`, `C1 to C7`."""
    return f"{levels[0]} to {levels[-1]}" if len(levels) > 2 else " or ".join(levels)


def _exams(form: RequestForm) -> Iterator[Doubt]:
    for level in form.levels:
        onset, seen = level.part.answers["onset"], level.exam.answers["exam_date"]
        if onset and seen and seen.last < onset.first:
            words = (
                f"The examination of {_name(level)} on {seen} is before the pain there started ({onset}). The exam"
                " date must be on or after that day, or it is an earlier exam. Is it one?"
            )
            yield Doubt(level.exam["exam_date"].auto_id, words)


def _studies(form: RequestForm) -> Iterator[Doubt]:
    for number, study in enumerate(form.studies, start=1):
        if study.part.answers["modality"]:
            yield from _dated(form, study)
            yield from _mixed(form, study)
            yield from _silent(form, study, number)


def _dated(form: RequestForm, study: Study) -> Iterator[Doubt]:
    date, kind = study.part.answers["date"], dict(IMAGING)[study.part.answers["modality"]]
    if date is None:
        return
    place = study.part["date"].auto_id
    if form.today - date.first > OLD:
        yield Doubt(place, f"This {kind} is {(form.today - date.first).days // 30} months old. Is {date} right?")
    for index, level in enumerate(form.levels):
        onset = level.part.answers["onset"]
        if onset and date.last < onset.first and study.part.answers[f"findings-{index}"]:
            words = (
                f"The {kind} of {date} was before the pain at {_name(level)} started ({onset}). Are both dates right?"
            )
            yield Doubt(place, words)


def _mixed(form: RequestForm, study: Study) -> Iterator[Doubt]:
    for index, level in enumerate(form.levels):
        if {"edema", "healed"} <= set(study.part.answers[f"findings-{index}"]):
            words = (
                f"Both bone marrow edema and an old or healed fracture are ticked for {_name(level)}. Is that right?"
            )
            yield Doubt(study.part[f"findings-{index}"].auto_id, words)


def _silent(form: RequestForm, study: Study, number: int) -> Iterator[Doubt]:
    """Levels for which nothing is ticked, not even that the study does not mention them."""
    silent = [place for place, bound in enumerate(study.part.findings) if not any(bound.value() or ())]
    if silent:
        names = _listed_all([_name(form.levels[place]) for place in silent])
        where = "" if len(silent) == len(form.levels) else f" for {names}"
        words = f"Study {number} has nothing ticked{where}. Tick at least one finding for {names}, or “Not mentioned”."
        yield Doubt(study.part.findings[silent[0]].auto_id, words)


def _listed_all(names: list[str]) -> str:
    """`L1`, `L1 and L2`, `L1, L2 and L3`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _treatments(form: RequestForm) -> Iterator[Doubt]:
    onset = _first_onset(form)
    for treatment in form.treatments:
        kind, start = treatment.answers["modality"], treatment.answers["start"]
        if kind and start and onset and start.last < onset.first:
            words = (
                f"{dict(TREATMENT)[kind]} started on {start}, before the pain ({onset}). It counts from the day of"
                " onset. Is the start right?"
            )
            yield Doubt(treatment["start"].auto_id, words)
    yield from _months(form)


def _months(form: RequestForm) -> Iterator[Doubt]:
    """Months of treatments, where a day could change what the policy says."""
    months = list(form.months)
    if not months or not panel_of(form).by_month:
        return
    for treatment, name in months:
        kind, typed = dict(TREATMENT)[treatment.answers["modality"]], treatment.answers[name]
        words = (
            f"{kind}: the {name} is known to the month ({typed}), and only the days that are sure count. With the day,"
            " the policy may be met. Is the day not in the record?"
        )
        yield Doubt(treatment[name].auto_id, words)


def _first_onset(form: RequestForm) -> TypedDate | None:
    known = [level.part.answers["onset"] for level in form.levels if level.part.answers["onset"]]
    return min(known, key=lambda onset: onset.first, default=None)


def _name(level: Level) -> str:
    return level.name or "this level"
