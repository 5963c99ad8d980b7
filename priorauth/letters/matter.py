"""What a letter speaks of, gathered once from the rows of its case."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.utils import timezone

from policies import registry
from policies.edition import Edition
from priorauth.models import Assessment, Case, Credential, LetterText, Revision
from priorauth.roles import Actor


@dataclass(frozen=True)
class Line:
    """One procedure line: its number, its code, its levels by name, the units asked for, and whether it was approved
    (None: undecided), from when to when, how many units, and without which of its levels."""

    number: int
    code: str
    levels: tuple[str, ...]
    asked: int | None = None
    approved: bool | None = None
    units: int | None = None
    days: tuple[dt.date, dt.date] | None = None
    left_out: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        return tuple(level for level in self.levels if level not in self.left_out)

    @property
    def is_less(self) -> bool:
        """Whether fewer units were approved than were asked for."""
        return bool(self.approved and self.units and self.asked and self.units < self.asked)


@dataclass(frozen=True)
class Matter:
    """A case as it stands when a letter is written: the facts that were scored, who acts, and the plan's own texts."""

    case: Case
    revision: Revision
    assessment: Assessment | None
    lines: Sequence[Line]
    texts: LetterText
    by: Actor
    credential: Credential | None
    at: dt.datetime
    still_until: dt.datetime | None = None  # where asking stopped the clock: when it runs again by itself

    @property
    def day(self) -> dt.date:
        return timezone.localdate(self.at)

    @property
    def sent_on(self) -> dt.date:
        return timezone.localdate(self.revision.created_at)

    @cached_property
    def edition(self) -> Edition:
        """The edition of the policy that was used; where scoring failed, the one that governs the planned day."""
        if self.assessment:
            return registry.edition(self.assessment.policy, self.assessment.edition)
        planned = self.revision.facts.get("service_date")
        return registry.governing(registry.DEFAULT_POLICY, dt.date.fromisoformat(planned) if planned else None)

    @cached_property
    def validities(self) -> list[tuple[dt.date, dt.date]]:
        """The first and last days of the approved lines, each pair once; mostly there is one."""
        return list(dict.fromkeys(line.days for line in self.lines if line.days))

    def parts(self, *, approved: bool) -> list[Line]:
        """The lines that were approved, or those that were not; of one without some of its levels each time those that
        this was said of."""
        parts = []
        for line in self.lines:
            if line.approved is approved:
                parts.append(replace(line, levels=line.kept))
            elif line.left_out:
                parts.append(replace(line, levels=line.left_out, approved=False))
        return parts

    def told(self, lines: Sequence[Line]) -> Iterator[tuple[Line, dict[str, Any]]]:
        """Those of `lines` that were scored, each with its words."""
        by_number = {story["line"]: story for story in self._stories}
        return ((line, by_number[line.number]) for line in lines if line.number in by_number)

    @cached_property
    def _stories(self) -> Sequence[dict[str, Any]]:
        """The words as stored with the score. Those of release 0.1.0 lack what a letter needs, and its edition's file
        is gone: the letter of such a case tells outcome and reasons without the criteria."""
        stored: Sequence[dict[str, Any]] = self.assessment.explanation["lines"] if self.assessment else []
        whole = all("closest" in level for line in stored for level in line["levels"])
        return stored if whole else []


def lines_of(revision: Revision) -> list[Line]:
    return [
        Line(line["line"], line["code"], tuple(line.get("levels") or ()), line.get("units"))
        for line in revision.facts["lines"]
    ]
