"""The questions for the unknown criteria of a level: the words of one edition, for the fact that is missing."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from policies.composition import Leaf
from policies.document import Criterion
from policies.lacking import LACKING, Find
from policies.results import Question
from policies.view import Context, LevelView

_REMEMBERED: Final = 8192  # questions


class Questions:
    """The questions of an edition, in the order of its checks."""

    def __init__(self) -> None:
        self._criteria: list[Criterion] = []
        self._find: list[Find] = []
        self._said = lru_cache(maxsize=_REMEMBERED)(self._say)

    def add(self, criterion: Criterion, parameters: Any, context: Context) -> None:
        """The criterion of the next check, with the parameters of its measure."""
        lacking = LACKING.get(criterion.measure)
        self._criteria.append(criterion)
        self._find.append(lacking.build(parameters, context) if lacking else _nothing_named)

    def ask(self, view: LevelView, unknown: Iterable[Leaf]) -> tuple[Question, ...]:
        """A question for each criterion."""
        return tuple([Question(leaf.id, view.name, self.words(leaf, view)) for leaf in unknown])

    def words(self, leaf: Leaf, view: LevelView) -> str:
        """The question for an unknown criterion of a level that has its flags."""
        return self._said(leaf.check, self._find[leaf.check](view), view.name)

    def _say(self, check: int, lacking: tuple[str, ...], level: str) -> str:
        criterion = self._criteria[check]
        words = " ".join([criterion.ask_if[name] for name in lacking]) or criterion.ask
        return words.replace("{level}", level)


def _nothing_named(level: LevelView) -> tuple[str, ...]:
    return ()
