"""What all measures share."""

from collections.abc import Callable, Collection
from itertools import combinations
from typing import ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, model_validator

from policies.truth import MET, NOT_MET, UNKNOWN, Truth
from policies.view import LevelView

Check = Callable[[LevelView], Truth]
THREE_STATES: Final[frozenset[Truth]] = frozenset({MET, NOT_MET, UNKNOWN})


class Parameters(BaseModel):
    """The parameters of a measure, as the edition states them; a key that is not one of them is refused.

    `set_fields` are the parameters that name a set of findings of the edition; no two of them share a finding.
    `apart` are lists that share no value.
    """

    set_fields: ClassVar[tuple[str, ...]] = ()
    apart: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    @model_validator(mode="after")
    def _lists_apart(self) -> Self:
        for one, other in combinations(self.apart, 2):
            shared = set(getattr(self, one)) & set(getattr(self, other))
            if shared:
                raise ValueError(f"{min(shared)} stands in both {one} and {other}")
        return self

    def ages(self) -> tuple[int, ...]:
        """The ages of the fracture, in days, at which the state may turn."""
        return ()

    def possible(self, accepted: Collection[str]) -> frozenset[Truth]:
        """The states that the measure can take, where silence on some facts is accepted."""
        return THREE_STATES
