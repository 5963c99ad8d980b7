"""The facts that a measure may name by their path: `pain.score` of the request, `level.etiology` of a level."""

from collections.abc import Callable
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel

from policies.facts import Ambulation, Exam, Facts, Hospitalization, Lesion, LevelFacts, Pain, Patient
from policies.places import plain_type
from policies.view import LevelView

_PLACES: Final[dict[str, type[BaseModel]]] = {
    "": Facts,
    "patient.": Patient,
    "pain.": Pain,
    "hospitalization.": Hospitalization,
    "ambulation.": Ambulation,
    "level.": LevelFacts,
    "level.lesion.": Lesion,
    "level.exam.": Exam,
}
_CLAIM: Final = "stated_treatment_weeks"  # never evidence


_KINDS: Final = {
    place + name: plain_type(field.annotation)
    for place, model in _PLACES.items()
    for name, field in model.model_fields.items()
}
NUMBERS: Final = tuple(path for path, kind in _KINDS.items() if kind in (int, float) and path != _CLAIM)
CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    path: (True, False) if kind is bool else get_args(kind)
    for path, kind in _KINDS.items()
    if kind is bool or get_origin(kind) is Literal
}


def reader(path: str) -> Callable[[LevelView], Any]:
    """A function of a level that gives the fact at the path; None where it, or what holds it, is null."""
    of_level = path.startswith("level.")
    steps = path.removeprefix("level.").split(".")

    def read(level: LevelView) -> Any:
        value: Any = level.facts if of_level else level.request.facts
        for step in steps:
            value = getattr(value, step, None)
        return value

    return read
