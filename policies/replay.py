"""Stored facts scored again under another edition or another reading, and compared with what was stored. Pure."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from policies.assess import assess
from policies.changes import changed_lines
from policies.edition import Edition
from policies.facts import FactsError, parse

UNREADABLE: Final = "unreadable"


class Stored(NamedTuple):
    """A request as it is stored: what names it, and as JSON text its facts and its assessment (None: never scored)."""

    key: tuple[Any, ...]
    facts: str
    result: str | None


class Replayed(NamedTuple):
    """The determination as stored ("" for none) and as scored again (UNREADABLE where the facts do not parse: `fault`
    says where and why), and the lines that changed (changes.LineChange as JSON values, with labels)."""

    key: tuple[Any, ...]
    old: str
    new: str
    lines: list[dict[str, Any]]
    fault: str


@dataclass(frozen=True)
class Rescorer:
    """Scores batches of stored requests under one edition. `labels` are the criteria's names by id."""

    edition: Edition
    labels: dict[str, str]

    def __call__(self, batch: Sequence[Stored]) -> list[Replayed]:
        return [self._one(stored) for stored in batch]

    def _one(self, stored: Stored) -> Replayed:
        old = None if stored.result is None else from_json(stored.result)
        before = old["determination"] if old else ""
        try:
            facts = parse(from_json(stored.facts))
        except FactsError as error:
            return Replayed(stored.key, before, UNREADABLE, [], f"{error.path or 'the document'}: {error.message}")
        found = assess(facts, self.edition)
        if old is None or [line["determination"] for line in old["lines"]] == [
            one.determination for one in found.lines
        ]:
            return Replayed(stored.key, before, found.determination, [], "")
        lines = [
            {
                **line._asdict(),
                "why": [{**change._asdict(), "label": self._label(change.criterion)} for change in line.why],
            }
            for line in changed_lines(old, found.as_dict())
        ]
        return Replayed(stored.key, before, found.determination, lines, "")

    def _label(self, criterion: str) -> str:
        return self.labels.get(criterion, criterion.replace("_", " "))


def labels(editions: Sequence[Edition]) -> dict[str, str]:
    """The criteria's names by id; where editions differ, those of the last."""
    return {
        criterion.id or key: criterion.label
        for edition in editions
        for key, criterion in reversed(edition.document.criteria.items())
    }


def in_force_from(edition: Edition, day: datetime.date) -> Edition:
    """An edition as if it had been in force from `day` on, so that it can be tried before it takes effect."""
    earlier = edition.document.model_copy(update={"effective": min(day, edition.effective)})
    return type(edition)(earlier, edition.file, edition.sha256, edition.switches)
