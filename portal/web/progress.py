"""How far each section of the form is, for the list beside it; and which rows are complete and may be closed."""

from collections.abc import Iterator

from portal.web.applies import applies
from portal.web.part import Part
from portal.web.summary import words
from portal.web.ticks import Ticks
from portal.web.typed_form import Study, TypedForm

MANY = 4  # rows of a group from which on the complete ones are closed
NOT_STARTED, IN_PROGRESS, DONE, PROBLEM = "Not started", "In progress", "Done", "There is a problem"


def state(form: TypedForm, section: str) -> str:
    """Of one section. "Not recorded" is an answer; what is optional or makes no sense is not waited for."""
    if any(form.problems_of(section)):
        return PROBLEM
    parts = form.sections()[section]
    if all(part.is_blank for part in parts):
        return NOT_STARTED
    if section == "treatments" and form.treated.answers["treated"] in ("no", "not_recorded"):
        return DONE
    return IN_PROGRESS if any(name for part in parts for name in _open(part)) else DONE


def _open(part: Part) -> Iterator[str]:
    """The questions of a part that wait for an answer."""
    for name, field in part.fields.items():
        due = not isinstance(field, Ticks) and not field.label.endswith("(optional)") and name not in part.internal
        if due and applies(part, name) and part.answers[name] in (None, "", ()) and not part.is_not_recorded(name):
            yield name


def fold(form: TypedForm) -> None:
    """Close the rows that are complete, where there are many, so that a long page stays short."""
    if len(form.studies) >= MANY:
        for study in form.studies:
            if not study.is_blank and not study.part.errors and not study.file_problem and not any(_open(study.part)):
                study.part.folded = _study(form, study)
    if len(form.treatments) >= MANY:
        for row in form.treatments:
            if not row.is_blank and not row.errors and not any(_open(row)):
                row.folded = ", ".join(filter(None, [words(row["modality"]), row.answers["name"], _dates(row)]))


def _study(form: TypedForm, study: Study) -> str:
    found = [
        f"{level.name or 'level'} {words(study.part[f'findings-{index}']).lower()}"
        for index, level in enumerate(form.levels)
        if study.part.answers[f"findings-{index}"]
    ]
    return ", ".join([words(study.part["modality"]), words(study.part["date"]), *found])


def _dates(row: Part) -> str:
    start, end = row.answers["start"], row.answers["end"]
    return f"{start} to {end}" if end else f"since {start}"
