"""How criteria make up a pathway: `all`, `any`, `not`, `at_least`, nested as the policy's sentences are.

The first half is what an edition's file may say; the second half is the same compiled under one setting of the
switches: a `Leaf` is a criterion, a `Group` its composition, and states are read from the places of their checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from policies.truth import NOT, UNKNOWN, Truth, all_of, any_of, at_least

_KINDS: Final = ("use", "all", "any", "not", "at_least")


class Written(BaseModel):
    """A part of an edition's file; a key that is not one of its own is refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class SwitchTest(Written):
    """Holds where the switch has one of the values."""

    switch: str
    values: Annotated[list[str], Field(alias="is", min_length=1)]

    def holds(self, switches: Mapping[str, str]) -> bool:
        return switches[self.switch] in self.values


class CriterionUse(Written):
    """A criterion in a pathway: whether it appears (`when`), and whether it counts (`counts`)."""

    use: str
    locator: str
    when: SwitchTest | None = None
    counts: SwitchTest | None = None

    def appears_under(self, switches: Mapping[str, str]) -> bool:
        return self.when is None or self.when.holds(switches)

    def counts_under(self, switches: Mapping[str, str]) -> bool:
        return self.counts is None or self.counts.holds(switches)


class AllOf(Written):
    """Every part must be met."""

    all: Parts


class AnyOf(Written):
    """One met part is enough."""

    any: Parts


class NotOf(Written):
    """The part must not be met."""

    not_: Annotated[Part, Field(alias="not")]


class Counted(Written):
    count: Annotated[int, Field(ge=1)]
    of: Parts


class AtLeast(Written):
    """So many of the parts must be met."""

    at_least: Counted


_TYPES: Final = {"[use]": CriterionUse, "[all]": AllOf, "[any]": AnyOf, "[not]": NotOf, "[at_least]": AtLeast}


def _kind(value: Any) -> str | None:
    if isinstance(value, Written):
        return next(tag for tag, kind in _TYPES.items() if isinstance(value, kind))
    return next((f"[{name}]" for name in _KINDS if isinstance(value, dict) and name in value), None)


Part = Annotated[
    Annotated[CriterionUse, Tag("[use]")]
    | Annotated[AllOf, Tag("[all]")]
    | Annotated[AnyOf, Tag("[any]")]
    | Annotated[NotOf, Tag("[not]")]
    | Annotated[AtLeast, Tag("[at_least]")],
    Discriminator(
        _kind, custom_error_type="part", custom_error_message=f"must have one of the keys {', '.join(_KINDS)}"
    ),
]
Parts = Annotated[list[Part], Field(min_length=1)]
for _type in (AllOf, AnyOf, NotOf, Counted, AtLeast):
    _type.model_rebuild()


def parts_of(part: Part) -> Sequence[Part]:
    """The parts right below a part; none below a criterion."""
    if isinstance(part, AllOf):
        return part.all
    if isinstance(part, AnyOf):
        return part.any
    if isinstance(part, NotOf):
        return [part.not_]
    return part.at_least.of if isinstance(part, AtLeast) else []


def uses_in(part: Part) -> Iterator[CriterionUse]:
    """The criteria of a part, in the order in which they are written."""
    if isinstance(part, CriterionUse):
        yield part
    for below in parts_of(part):
        yield from uses_in(below)


class Leaf(NamedTuple):
    """A criterion in a pathway: its id, the place of its check, and whether it counts."""

    id: str
    check: int
    counts: bool


class Group(NamedTuple):
    """A composition. `least`: how many parts an `at_least` asks for. `counted`: the parts in which anything counts."""

    kind: str
    least: int
    parts: tuple[Leaf | Group, ...]
    counted: tuple[Leaf | Group, ...]


def compiled(part: Part, switches: Mapping[str, str], leaf: Callable[[CriterionUse], Leaf]) -> Leaf | Group | None:
    """A part under one setting of the switches; None where nothing of it appears."""
    if isinstance(part, CriterionUse):
        return leaf(part) if part.appears_under(switches) else None
    below = [compiled(one, switches, leaf) for one in parts_of(part)]
    kind = next(name for name in _KINDS if isinstance(part, _TYPES[f"[{name}]"]))
    least = part.at_least.count if isinstance(part, AtLeast) else 0
    return group(kind, [one for one in below if one is not None], least)


def group(kind: str, parts: Sequence[Leaf | Group], least: int = 0) -> Group | None:
    """A composition of what is there; None where nothing is."""
    counted = tuple(part for part in parts if (part.counts if isinstance(part, Leaf) else part.counted))
    return Group(kind, least, tuple(parts), counted) if parts else None


def leaves(part: Leaf | Group) -> Iterator[Leaf]:
    """The criteria of a compiled part, in order."""
    if isinstance(part, Leaf):
        yield part
    else:
        for below in part.parts:
            yield from leaves(below)


def state_of(part: Leaf | Group, states: Sequence[Truth]) -> Truth:
    """The state of a part; a criterion that does not count is passed over."""
    if isinstance(part, Leaf):
        return states[part.check]
    found = [state_of(below, states) for below in part.counted]
    if part.kind == "all":
        return all_of(found)
    if part.kind == "any":
        return any_of(found)
    return at_least(part.least, found) if part.kind == "at_least" else NOT[all_of(found)]


def open_leaves(part: Leaf | Group, states: Sequence[Truth]) -> Iterator[Leaf]:
    """The unknown criteria on which a part of unknown state depends."""
    if state_of(part, states) != UNKNOWN:
        return
    if isinstance(part, Leaf):
        yield part
    else:
        for below in part.counted:
            yield from open_leaves(below, states)
