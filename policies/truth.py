"""Three-valued logic: met, not_met, unknown.

Unknown means that a fact was not submitted; it is never a no. The connectives are Kleene's and are written
out row by row: a conjunction is only as good as its worst part, a disjunction as its best, and unknown survives
unless another part settles the matter.
"""

from collections.abc import Iterable
from typing import Final, Literal

Truth = Literal["met", "not_met", "unknown"]

MET: Final = "met"
NOT_MET: Final = "not_met"
UNKNOWN: Final = "unknown"

AND: Final[dict[Truth, dict[Truth, Truth]]] = {
    MET: {MET: MET, NOT_MET: NOT_MET, UNKNOWN: UNKNOWN},
    NOT_MET: {MET: NOT_MET, NOT_MET: NOT_MET, UNKNOWN: NOT_MET},
    UNKNOWN: {MET: UNKNOWN, NOT_MET: NOT_MET, UNKNOWN: UNKNOWN},
}
OR: Final[dict[Truth, dict[Truth, Truth]]] = {
    MET: {MET: MET, NOT_MET: MET, UNKNOWN: MET},
    NOT_MET: {MET: MET, NOT_MET: NOT_MET, UNKNOWN: UNKNOWN},
    UNKNOWN: {MET: MET, NOT_MET: UNKNOWN, UNKNOWN: UNKNOWN},
}
NOT: Final[dict[Truth, Truth]] = {MET: NOT_MET, NOT_MET: MET, UNKNOWN: UNKNOWN}


def all_of(states: Iterable[Truth]) -> Truth:
    """The conjunction; of nothing, met."""
    result: Truth = MET
    for state in states:
        result = AND[result][state]
    return result


def any_of(states: Iterable[Truth]) -> Truth:
    """The disjunction; of nothing, not met."""
    result: Truth = NOT_MET
    for state in states:
        result = OR[result][state]
    return result


def at_least(count: int, states: Iterable[Truth]) -> Truth:
    """Whether so many of the states are met; unknown while the unknown ones could still make up the number."""
    found = list(states)
    if found.count(MET) >= count:
        return MET
    return UNKNOWN if found.count(MET) + found.count(UNKNOWN) >= count else NOT_MET
