"""Answers that cannot both be right. The message stands at the question that is likelier to be mistyped."""

import datetime as dt

from policies.codes import region_of
from policies.document import CurrentCode
from policies.vocabulary import day_words
from portal.web.part import Part
from portal.web.parts import LinePart, TreatmentPart
from portal.web.typed_form import TypedForm

REGION_WORDS = {"C": "C1 to C7", "T": "T1 to T12", "L": "L1 to L5", "S": "S1 to S5", "COCCYX": "the coccyx"}
SACRAL = ("S", "COCCYX")
SACROPLASTY = "{} is a sacral level: that is sacroplasty (0200T or 0201T), which this policy treats as investigational."
OLDEST = 120
FARTHEST = dt.timedelta(days=180)


def run(form: TypedForm) -> None:
    _member(form)
    _planned(form)
    _levels(form)
    for line in form.lines:
        _code(form, line)
        _line_levels(form, line)
    _hospital(form)
    for treatment in form.treatments:
        _treatment(treatment)
    _treated(form)


def _say(part: Part, name: str, message: str) -> None:
    """Add the message unless the question has one already."""
    if name not in part.errors:
        part.add_error(name, message)


def _member(form: TypedForm) -> None:
    born = form.member.answers["birth_date"]
    if born is None:
        return
    if born.first >= form.today:
        _say(form.member, "birth_date", "Date of birth must be in the past.")
    elif form.today.year - born.first.year > OLDEST:
        _say(form.member, "birth_date", f"Check the year of birth: the age may be {OLDEST} years at most.")
    service = form.plan.answers["service_date"]
    if service and service.first < born.first:
        _say(form.plan, "service_date", f"The planned date must be after the date of birth ({day_words(born.first)}).")


def _planned(form: TypedForm) -> None:
    service = form.plan.answers["service_date"]
    if service and service.first > form.today + FARTHEST:
        _say(form.plan, "service_date", "The planned date must be within 180 days from today. Check the year.")


def _levels(form: TypedForm) -> None:
    born = form.member.answers["birth_date"]
    seen: set[str] = set()
    for level in form.levels:
        if level.name and level.name in seen:
            _say(level.part, "name", f"{level.name} has its own entry above. Give each level once; remove this one.")
        seen.add(level.name)
        onset = level.part.answers["onset"]
        if born and onset and onset.last < born.first:
            _say(level.part, "onset", f"The pain must have started after the date of birth ({day_words(born.first)}).")


def _code(form: TypedForm, line: LinePart) -> None:
    """A code that the edition does not know is refused; related and deleted codes get their answer when checked."""
    codes = form.edition.document.codes
    code = line.answers["code"]
    if code and not (code in codes.current or code in codes.deleted or code in codes.related):
        five = ", ".join(sorted(known for known in codes.current if len(known) == 5))
        _say(
            line,
            "code",
            f"Policy {form.edition.document.number} does not read {code}. It reads {five}"
            " and, in a hospital stay, ICD-10 procedure codes such as 0QU03JZ.",
        )


def _line_levels(form: TypedForm, line: LinePart) -> None:
    named = form.known_levels
    levels = line.answers["levels"]
    if line.answers["code"] and not levels and "levels" not in line.errors and len(named) > 1:
        _say(line, "levels", f"Say which of the levels this line is for: {', '.join(named)}.")
    unknown = [level for level in levels if level not in named]
    if unknown and named:
        _say(line, "levels", f"{unknown[0]} has no entry under “Fracture or lesion”. Add it there, or correct it here.")
    code = form.edition.document.codes.current.get(line.answers["code"])
    if code is None:
        return
    passed_on = SACRAL if code.kind == "vertebroplasty" and "L" in code.regions else ()
    for level in levels:
        if region_of(level) not in (*_regions(code), *passed_on):
            _say(line, "levels", _misfit(form, line.answers["code"], code, level))


def _regions(code: CurrentCode) -> tuple[str, ...]:
    """Where a code belongs; the edition reads sacroplasty by its code alone, so it names no region for it."""
    return SACRAL if code.kind == "sacroplasty" else tuple(code.regions)


def place_of(code: CurrentCode) -> str:
    """Where a code belongs, in words: `C1 to C7 and T1 to T12`."""
    return " and ".join(REGION_WORDS[region] for region in _regions(code))


def _misfit(form: TypedForm, code: str, current: CurrentCode, level: str) -> str:
    fitting = [
        known
        for known, rule in form.edition.document.codes.current.items()
        if region_of(level) in _regions(rule) and len(known) == len(code) and not rule.reposition
    ]
    right = " or ".join(fitting)
    return f"{code} is for {place_of(current)}. For {level} the code is {right}: correct the code or the level."


def _hospital(form: TypedForm) -> None:
    answers = form.pain.answers
    admitted, discharged = answers["admit_date"], answers["discharge_date"]
    if admitted and discharged and discharged.last < admitted.first:
        _say(form.pain, "discharge_date", f"Discharge must be on or after the admission ({day_words(admitted.first)}).")
    if discharged and discharged.first > form.today + dt.timedelta(days=365):
        _say(form.pain, "discharge_date", "Discharge must be within a year from today. Leave it blank if not known.")


def _treatment(treatment: TreatmentPart) -> None:
    answers = treatment.answers
    start, end = answers["start"], answers["end"]
    if start and end and end.last < start.first:
        _say(treatment, "end", f"The treatment must end on or after its start ({start}).")
    if end and answers["ongoing"] == "yes":
        _say(treatment, "end", "Leave the end blank if the treatment is still going on, or answer that it ended.")


def _treated(form: TypedForm) -> None:
    listed = any(not treatment.is_blank for treatment in form.treatments)
    if form.treated.answers["treated"] == "no" and listed:
        _say(form.treated, "treated", "You list a treatment below. Answer Yes, or remove what is listed.")
