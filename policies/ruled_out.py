"""How a composition of criteria is told: what it asks of each criterion, and what rules a pathway out."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from policies.composition import Group, Leaf, leaves, state_of
from policies.truth import MET, NOT_MET, Truth

MUST_NOT: Final = "must not be met"


class Told(Protocol):
    """What the words need of a criterion's story."""

    @property
    def label(self) -> str: ...
    @property
    def not_met(self) -> str: ...
    @property
    def arithmetic(self) -> str: ...
    @property
    def found(self) -> tuple[str, ...]: ...


def group_words(part: Leaf | Group, around: str = "") -> dict[Leaf, str]:
    """For each criterion what its pathway asks of it, where that is not simply that it is met."""
    if isinstance(part, Leaf):
        return {part: around}
    number = len(list(leaves(part)))
    words = {
        "any": f"one of these {number} is enough",
        "at_least": f"at least {part.least} of these {number}",
        "not": MUST_NOT,
    }.get(part.kind, around)
    return {leaf: said for below in part.parts for leaf, said in group_words(below, words).items()}


def ruled_out_by(part: Leaf | Group, states: Sequence[Truth], told: Mapping[Leaf, Told]) -> str:
    """The fact that settles a part that is not met: of several, the first."""
    if isinstance(part, Leaf):
        return f"{told[part].not_met} {_fact(told[part])}".strip()
    if part.kind == "all":
        below = next(one for one in part.counted if state_of(one, states) == NOT_MET)
        return ruled_out_by(below, states, told)
    labels = "; ".join(told[leaf].label for leaf in leaves(part))
    if part.kind == "not":
        facts = "; ".join(filter(None, (_fact(told[leaf]) for leaf in leaves(part))))
        return f"This must not be so, and is: {labels}. {facts}".strip()
    if part.kind == "any":
        return f"Not one of these is met: {labels}."
    met = sum(state_of(one, states) == MET for one in part.counted)
    return f"At least {part.least} of these are asked, {met} of them met: {labels}."


def _fact(story: Told) -> str:
    return story.arithmetic or "; ".join(story.found)
