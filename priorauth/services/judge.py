"""A reviewer marks the criteria: agrees with what was computed, or says otherwise, with a reason where one is due."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from priorauth.clock import clock_from
from priorauth.models import Assessment, Case, Judgement
from priorauth.models.judgement import CERTAINTY
from priorauth.roles import Actor
from priorauth.services.barred import permit_unbarred
from priorauth.services.base import SHORTEST_REASON, acting, visible
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.scored import computed_states, latest_assessment, unscored
from priorauth.statuses import Act

LONGEST_REASON = 2000
Verdict = Judgement.Verdict
Key = tuple[str, str]  # level, criterion
Standing = dict[Key, Judgement]

NOT_ASKED = "The policy does not ask this at that level. Mark the criteria that the page shows."
NOT_SCORED = "The facts could not be scored, so there are no criteria to mark."
NO_VERDICT = "Choose: met, not met, or needs more."
CERTAINTY_REASON = "Write in at least 20 characters what ties the pain to this level, or what leaves it open."
DIFFERENT_REASON = "Your mark differs from the computed result. Write in at least 20 characters why."

TOO_LONG = f"A reason can have {LONGEST_REASON:,} characters. Shorten it."


@dataclass(frozen=True)
class Mark:
    """One criterion of DESIGN.md 3.2 at one level, and the verdict: met, not_met, or unknown for “needs more”."""

    level: str
    criterion: str
    verdict: str
    reason: str = ""

    @property
    def field(self) -> str:
        return f"{self.level}.{self.criterion}"


def judge(
    case: Case, *, by: Actor, at: dt.datetime, marks: Sequence[Mark], version: int | None = None
) -> list[Judgement]:
    """Mark criteria of the latest revision, all in one act.

    Raises Incomplete, whose `field` is `level.criterion`, for a criterion that the policy does not ask at that level,
    a verdict that is none, or a reason that is due and too short; Conflict where nothing is scored to be marked.
    """
    assessment = to_be_judged(case, Act.JUDGE, by=by, at=at)
    if not marks:
        raise Incomplete("marks", "Mark at least one criterion.")
    rows = _rows(case, assessment, marks, by=by, at=at)
    with acting(case, Act.JUDGE, by=by, at=at, version=version) as change:
        change.rows += Judgement.objects.unscoped("the marks made here").bulk_create(rows)
        change.entities |= {"assessment": assessment.pk, "criteria": [mark.field for mark in marks]}
        change.fields |= {mark.field: [mark.verdict, mark.reason.strip()] for mark in marks}
    return rows


def to_be_judged(case: Case, act: Act, *, by: Actor, at: dt.datetime) -> Assessment:
    """What stands to be marked, or read beside the record, by a person who may. Raises NotPermitted; Conflict where
    nothing is scored."""
    permit_unbarred(case, act, by=by, at=at)
    if why := unscored(case):
        raise Conflict(why)
    assessment = latest_assessment(case)
    if assessment is None:
        raise Conflict(NOT_SCORED)
    return assessment


def _rows(case: Case, assessment: Assessment, marks: Sequence[Mark], *, by: Actor, at: dt.datetime) -> list[Judgement]:
    """The marks as they are stored. Raises Incomplete."""
    states = computed_states(assessment)
    rows = [
        Judgement(
            case=case,
            revision_id=assessment.revision_id,
            level=mark.level,
            criterion=mark.criterion,
            computed=_computed(mark, states),
            verdict=mark.verdict,
            reason=mark.reason.strip(),
            judged_by_id=by.user_id,
            judged_role=by.role,
            judged_at=at,
        )
        for mark in marks
    ]
    for row, mark in zip(rows, marks, strict=True):
        _reasoned(row, mark.field)
    return rows


class Marks(NamedTuple):
    """The marks of a revision and round, the first one first: those that count, and those that fell, since what their
    criterion was computed from was read otherwise after them."""

    counting: list[Judgement]
    fallen: list[Judgement]

    def of(self, by_user_id: int | None) -> Standing:
        """(level, criterion) -> the mark that counts of one person, or of whoever marked it last (None)."""
        return {_key(row): row for row in self.counting if by_user_id in (None, row.judged_by_id)}

    def fallen_of(self, by_user_id: int) -> Standing:
        """(level, criterion) -> the mark of one person that fell, where they have not marked it since."""
        again = self.of(by_user_id)
        fell = (row for row in self.fallen if row.judged_by_id == by_user_id)
        return {_key(row): row for row in fell if _key(row) not in again}


def made(case: Case, assessment: Assessment | None) -> Marks:
    """The marks under an assessment. A round begins without any, so that nobody decides by what they thought before the
    case was opened again; and a mark counts only if it is newer than the last reading that changed what its criterion
    was computed from."""
    if assessment is None:
        return Marks([], [])
    rows = case.judgements.filter(revision=assessment.revision_id).select_related("judged_by").order_by("id")
    if case.round > 1:
        rows = rows.filter(judged_at__gte=clock_from(case))
    changed, found = _changed(case, assessment), Marks([], [])
    for row in rows:
        since = changed.get(_key(row))
        (found.fallen if since and row.judged_at <= since else found.counting).append(row)
    return found


def standing(case: Case, assessment: Assessment | None, by_user_id: int | None) -> Standing:
    """(level, criterion) -> the mark that counts of one person, or of whoever marked it last (None)."""
    return made(case, assessment).of(by_user_id)


def _key(row: Judgement) -> Key:
    return row.level, row.criterion


def _changed(case: Case, assessment: Assessment) -> dict[Key, dt.datetime]:
    """When a reading last changed what a criterion was computed from; without those that none did."""
    if assessment.last_reading_id is None:
        return {}
    rows = case.assessments.filter(revision=assessment.revision_id, pk__lte=assessment.pk).order_by("id")
    scored = [(at, _grounds(story)) for at, story in rows.values_list("created_at", "explanation")]
    changed: dict[Key, dt.datetime] = {}
    for (_, before), (at, after) in pairwise(scored):
        changed |= {key: at for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return changed


def _grounds(explanation: Mapping[str, Any]) -> dict[Key, list[Any]]:
    """What each criterion was computed from, with what was made of it, on every pathway. Of the certainty all that a
    person confirms at its level: it is said of examination, imaging and other sources together."""
    found: defaultdict[Key, list[Any]] = defaultdict(list)
    confirmed: defaultdict[str, list[Any]] = defaultdict(list)
    for level in (level for line in explanation["lines"] for level in line["levels"]):
        for way in level["pathways"]:
            for told in way["criteria"]:
                ground = [way["pathway"], told["criterion"], told["state"], told["found"], told["arithmetic"]]
                found[level["level"], told["criterion"]].append(ground)
                if told["confirm"]:
                    confirmed[level["level"]].append(ground)
    return found | {key: confirmed[key[0]] for key in found if key[1] == CERTAINTY}


def _computed(mark: Mark, states: dict[tuple[str, str], list[str]]) -> str:
    """The state that was computed; where pathways differ in it, the one that the mark agrees with."""
    found = states.get((mark.level, mark.criterion))
    if found is None:
        raise Incomplete(mark.field, NOT_ASKED)
    if mark.verdict not in Verdict.values:
        raise Incomplete(mark.field, NO_VERDICT)
    return mark.verdict if mark.verdict in found else found[0]


def _reasoned(row: Judgement, field: str) -> None:
    differs = row.verdict != row.computed
    if len(row.reason) > LONGEST_REASON:
        raise Incomplete(field, TOO_LONG)
    if (differs or row.criterion == CERTAINTY) and visible(row.reason) < SHORTEST_REASON:
        raise Incomplete(field, CERTAINTY_REASON if row.criterion == CERTAINTY else DIFFERENT_REASON)
