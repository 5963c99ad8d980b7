"""What all measures share."""

from collections.abc import Callable
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from policies.truth import Truth
from policies.view import LevelView

Check = Callable[[LevelView], Truth]


class Parameters(BaseModel):
    """The parameters of a measure, as the edition states them; a key that is not one of them is refused.

    `set_fields` are the parameters that name a set of findings of the edition.
    """

    set_fields: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
