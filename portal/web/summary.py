"""The answers of a form in words, section by section: for the check page and for the case page."""

from dataclasses import dataclass
from typing import Any

from django.forms.boundfield import BoundField

from portal.web.applies import applies
from portal.web.fields import Choice
from portal.web.part import Part
from portal.web.ticks import Ticks
from portal.web.typed_form import Study, TypedForm
from portal.web.words import ASK_NOTHING, NOT_MENTIONED

NOT_PROVIDED = "Not provided"


@dataclass(frozen=True)
class Answers:
    """The answers of one part: its title ("" for a section's own questions) and (question, answer) pairs."""

    title: str
    rows: list[tuple[str, str]]


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    groups: list[Answers]


def sections(form: TypedForm) -> list[Section]:
    """Every section with its answers; a blank row of a group is left out, a blank question is "Not provided"."""
    files = {id(study.part): study for study in form.studies}
    result = []
    for name, parts in form.sections().items():
        groups = [_group(part, files.get(id(part))) for part in parts if not (part.about and _left_out(part, files))]
        result.append(Section(name, form.titles[name], groups))
    return result


def _left_out(part: Part, files: dict[int, Study]) -> bool:
    study = files.get(id(part))
    return study.is_blank if study else part.is_blank


def _group(part: Part, study: Study | None) -> Answers:
    asked = [bound for bound in part if bound.name not in part.internal]
    answers = [(bound, words(bound)) for bound in asked]
    rows = [
        (bound.field.words, answer) for bound, answer in answers if answer != NOT_PROVIDED or applies(part, bound.name)
    ]
    if study:
        rows.append(("Report file", study.attachment.name if study.attachment else NOT_PROVIDED))
    return Answers(part.about, rows)


def words(bound: BoundField) -> str:
    """The answer as words; what was typed where it was not understood."""
    value: Any = bound.form.answers[bound.name]
    question = bound.field
    if isinstance(question, Ticks):
        chosen = dict(question.choices)
        # “Not mentioned” is ticked, and is no finding (portal/web/ticks.py).
        said = value or [tick for tick in bound.value() or () if tick == NOT_MENTIONED]
        return "; ".join(chosen[tick] for tick in said) or NOT_PROVIDED
    if isinstance(question, Choice):
        return dict(question.choices).get(value, NOT_PROVIDED)
    if isinstance(value, tuple):
        return ", ".join(value) or NOT_PROVIDED
    if bound.form.is_not_recorded(bound.name):
        return ASK_NOTHING[0][1]
    return NOT_PROVIDED if value in (None, "") else str(value)
