"""The answers whose changes are kept once the panel was shown: dates, causes, scores, findings (decision 25)."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from portal.web.panel import Panel
from portal.web.part import Part
from portal.web.request_form import RequestForm
from portal.web.summary import NOT_PROVIDED, words
from portal.web.words import IMAGING, TREATMENT
from priorauth.services.panel_record import Shown

WATCHED_LEVEL = ("etiology", "mechanism", "onset", "purpose", "lesion_pattern", "lesion_source")
WATCHED_EXAM = ("exam", "exam_date", "other_source")
WATCHED_STUDY = ("date",)
WATCHED_TREATMENT = ("start", "ongoing", "end", "duration", "stopped")
# Of the request: everything that is asked in these parts.
WHOLE_PARTS = ("bone", "pain", "response", "treated")


def shown(form: RequestForm, panel: Panel) -> Shown:
    """What a save of this form shows."""
    return Shown(dict(_answers(form)), panel.said)


def _answers(form: RequestForm) -> Iterator[tuple[str, str]]:
    yield from _of(form.plan, ("service_date",), "")
    for name in WHOLE_PARTS:
        part: Part = getattr(form, name)
        yield from _of(part, tuple(part.fields), "")
    for level in form.levels:
        if level.name:
            yield from _of(level.part, WATCHED_LEVEL, level.name)
            yield from _of(level.exam, WATCHED_EXAM, level.name)
    yield from _studies(form)
    numbers: Counter[str] = Counter()
    for treatment in form.treatments:
        about = _numbered(numbers, dict(TREATMENT).get(treatment.answers["modality"], "Treatment"))
        yield from _of(treatment, WATCHED_TREATMENT, about)


def _studies(form: RequestForm) -> Iterator[tuple[str, str]]:
    numbers: Counter[str] = Counter()
    for study in form.studies:
        about = _numbered(numbers, dict(IMAGING).get(study.part.answers["modality"], "Study"))
        yield from _of(study.part, WATCHED_STUDY, about)
        for index, level in enumerate(form.levels):
            if level.name and study.part.answers[f"findings-{index}"]:
                yield f"{about}, {level.name}: Findings", words(study.part[f"findings-{index}"])


def _numbered(numbers: Counter[str], name: str) -> str:
    """`MRI 2`: rows are known by what they are, so that removing one does not rename the others of another kind."""
    numbers[name] += 1
    return f"{name} {numbers[name]}"


def _of(part: Part, names: tuple[str, ...], about: str) -> Iterator[tuple[str, str]]:
    for name in names:
        bound: Any = part[name]
        answer = words(bound)
        if part.answers[name] not in (None, "", ()) and answer != NOT_PROVIDED:
            yield f"{about}: {bound.field.words}" if about else bound.field.words, answer
