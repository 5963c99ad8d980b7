"""What a letter speaks of, gathered once from the rows of its case."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.utils import timezone

from policies import registry
from policies.edition import Edition
from policies.member import closest
from policies.ruled_out import MUST_NOT
from policies.truth import MET, NOT_MET
from priorauth.clock import clock_from
from priorauth.models import Assessment, Case, Credential, Decision, Judgement, LetterText, Revision
from priorauth.roles import Actor

Json = dict[str, Any]


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

    def refuses(self, level: str) -> bool:
        return self.approved is False or level in self.left_out


@dataclass(frozen=True)
class Matter:
    """A case as it stands when a letter is written: the facts that were scored, who acts, and the plan's own texts.

    `marks` are those of the person who decides, by level and criterion, and `relied_on` what they name of them.
    """

    case: Case
    revision: Revision
    assessment: Assessment | None
    lines: Sequence[Line]
    texts: LetterText
    by: Actor
    credential: Credential | None
    at: dt.datetime
    former: Decision | None = None  # the decision whose place a new one takes
    still_until: dt.datetime | None = None  # where asking stopped the clock: when it runs again by itself
    marks: Mapping[tuple[str, str], Judgement] = field(default_factory=dict)
    relied_on: frozenset[tuple[str, str]] = frozenset()

    @property
    def day(self) -> dt.date:
        return timezone.localdate(self.at)

    @property
    def is_late(self) -> bool:
        """Whether the time to decide was over when the letter was written."""
        return self.case.due_at < self.at

    @cached_property
    def opened_again(self) -> dt.datetime | None:
        """From when the time of a case counts that was opened again."""
        return clock_from(self.case) if self.case.round > 1 else None

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

    def otherwise(self, level: str, one: Json) -> Judgement | None:
        """The mark of who decides, where they found otherwise of a criterion than was computed."""
        mark = self.marks.get((level, one["criterion"]))
        return mark if mark and mark.verdict != one["state"] else None

    def way(self, line: Line, level: Json) -> Json:
        """The pathway of a level that a letter tells: the closest one; where the level is not approved, the closest of
        those that the decision rests on."""
        ways = [closest(level), *level["pathways"]]
        rests = (
            way for way in ways if self.relied_on & {(level["level"], one["criterion"]) for one in way["criteria"]}
        )
        return next(rests, ways[0]) if line.refuses(level["level"]) else ways[0]

    def counted(self, level: str, way: Json) -> list[Json]:
        """The criteria of a pathway that count, or that the decision rests on."""
        return [one for one in way["criteria"] if one["counts"] or (level, one["criterion"]) in self.relied_on]

    def change(self, level: str, one: Json) -> str:
        """What would change the answer to a criterion, or "": it stands as the policy wants it. Where that was computed
        and the person found otherwise, the words are those of the edition."""
        mark, wanted = self.otherwise(level, one), NOT_MET if one["group"] == MUST_NOT else MET
        if mark and mark.verdict == wanted:
            return ""
        if mark is None or one["change"]:
            return one["change"] and (one["ask"] or one["change"])
        return change_in(self.edition, one)

    def told(self, lines: Sequence[Line]) -> Iterator[tuple[Line, Json]]:
        """Those of `lines` that were scored, each with its words."""
        by_number = {story["line"]: story for story in self._stories}
        return ((line, by_number[line.number]) for line in lines if line.number in by_number)

    @cached_property
    def _stories(self) -> Sequence[Json]:
        """The words as stored with the score. Those of release 0.1.0 lack what a letter needs, and its edition's file
        is gone: the letter of such a case tells outcome and reasons without the criteria."""
        stored: Sequence[Json] = self.assessment.explanation["lines"] if self.assessment else []
        whole = all("closest" in level for line in stored for level in line["levels"])
        return stored if whole else []


def change_in(edition: Edition, one: Json) -> str:
    """What an edition says would change the answer to a criterion that was computed as the policy wants it."""
    named, known = (one["criterion"], one["label"]), edition.document.criteria.items()
    return next((has.change for name, has in known if (has.id or name, has.label) == named), "")


def lines_of(revision: Revision) -> list[Line]:
    return [
        Line(line["line"], line["code"], tuple(line.get("levels") or ()), line.get("units"))
        for line in revision.facts["lines"]
    ]
