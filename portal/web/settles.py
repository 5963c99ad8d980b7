"""Which question of the form settles what the policy misses."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.forms.boundfield import BoundField

from policies.edition import Edition
from policies.either import Named
from portal.web.levels import BOX
from portal.web.part import Part
from portal.web.request_form import RequestForm

Place = tuple[Part, str]

# By measure, in the order in which they are looked at: the first that has no answer, else the first.
LEVEL_FIELDS = {
    "osteoporotic_fracture": ("etiology", "mechanism"),
    "lesion_pattern": ("lesion_pattern",),
    "lesion_source": ("lesion_source", "etiology"),
    "treated_days": ("onset",),
    "fracture_age_below": ("onset",),
    "purpose": ("purpose",),
}
EXAM_FIELDS = {"examination": ("exam", "exam_date"), "other_pain_source": ("other_source",)}
PAIN_FIELDS = {
    "pain_present": ("pain_present", "pain_score"),
    "pain_severity": ("pain_score", "pain_word"),
    "hospital_or_walking": ("hospital", "hospital_reason", "walking", "walking_cause"),
}
STUDY_MEASURES = {"fracture_verdict", "lesion_verdict", "lesion_with_fracture", "study_within_days"}


def measures_of(edition: Edition) -> dict[str, str]:
    """The measure of each criterion, by the id that an assessment gives it."""
    return {one.id or name: one.measure for name, one in edition.document.criteria.items()}


class Settler:
    """Finds the question behind each thing that is missing in one form. `by_month` are what a month left open."""

    def __init__(self, form: RequestForm, by_month: frozenset[Named] = frozenset()) -> None:
        self._form = form
        self._by_month = by_month
        self._measures = measures_of(form.edition)
        self._rows = {level.name: index for index, level in reversed(list(enumerate(form.levels))) if level.name}

    def criterion(self, criterion: str, level: str) -> dict[str, str] | None:
        """The question for a criterion at a level, as `id` and `words`; None where the form has none."""
        if (criterion, level) in self._by_month:
            return _shown(list(self._form.months))
        index = self._rows.get(level, 0)
        return _shown(list(self._of_measure(self._measures[criterion], index)))

    def other(self, name: str, level: str | None) -> dict[str, str] | None:
        """The question for what a line or the request lacks besides facts."""
        form = self._form
        line = next((line for line in form.lines if level in line.answers["levels"]), form.lines[0])
        places: dict[str, Place] = {
            "product": (form.member, "product"),
            "setting": (form.plan, "setting"),
            "code": (line, "code"),
            "primary_code": (line, "code"),
            "level": (line, "levels") if level else (form.plan, BOX),
            "technique": (line, "technique"),
            "units": (line, "units"),
        }
        return _shown([places[name]] if name in places else [])

    def _of_measure(self, measure: str, index: int) -> Iterator[Place]:
        form, level = self._form, self._form.levels[index]
        for name in LEVEL_FIELDS.get(measure, ()):
            yield level.part, name
        for name in EXAM_FIELDS.get(measure, ()):
            yield level.exam, name
        for name in PAIN_FIELDS.get(measure, ()):
            yield form.pain, name
        if measure == "treated_days":
            yield from self._treatment()
        elif measure == "treatment_response":
            yield form.response, "response"
        elif measure in STUDY_MEASURES:
            for study in form.studies:
                yield study.part, "modality"
                yield study.part, "date"
                yield study.part, f"findings-{index}"

    def _treatment(self) -> Iterator[Place]:
        for treatment in self._form.treatments:
            yield treatment, "modality"
            yield treatment, "start"
            if treatment.answers["ongoing"] != "yes":
                yield treatment, "end"


def _shown(places: Sequence[Place]) -> dict[str, str] | None:
    if not places:
        return None
    blank = (place for place in places if place[0].answers[place[1]] in (None, "", (), []))
    part, name = next(blank, places[0])
    bound: BoundField = part[name]
    question: Any = bound.field
    return {"id": bound.auto_id, "words": f"{part.about}: {question.words}" if part.about else question.words}
