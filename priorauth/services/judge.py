"""A reviewer marks the criteria: agrees with what was computed, or says otherwise, with a reason where one is due."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from priorauth.clock import clock_from
from priorauth.models import Assessment, Case, Judgement
from priorauth.models.judgement import CERTAINTY
from priorauth.roles import Actor
from priorauth.services.barred import barred
from priorauth.services.base import SHORTEST_REASON, acting, permit, refuse, visible
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.scored import computed_states, latest_assessment, unscored
from priorauth.statuses import Act

LONGEST_REASON = 2000
Verdict = Judgement.Verdict
Standing = dict[tuple[str, str], Judgement]

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
    permit(case, Act.JUDGE, by=by, at=at)
    if why := barred(case, by=by, at=at):
        refuse(case, Act.JUDGE, why, by=by, at=at)
    if why := unscored(case):
        raise Conflict(why)
    assessment = latest_assessment(case)
    if assessment is None:
        raise Conflict(NOT_SCORED)
    if not marks:
        raise Incomplete("marks", "Mark at least one criterion.")
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
    with acting(case, Act.JUDGE, by=by, at=at, version=version) as change:
        change.rows += Judgement.objects.unscoped("the marks made here").bulk_create(rows)
        change.entities |= {"assessment": assessment.pk, "criteria": [mark.field for mark in marks]}
        change.fields |= {mark.field: [mark.verdict, mark.reason.strip()] for mark in marks}
    return rows


def counting(case: Case, assessment: Assessment | None) -> list[Judgement]:
    """The marks that count under an assessment, the first one first: those of its revision. A round begins without any,
    so that nobody decides by what they thought before the case was opened again; and where another result is computed
    since a value was read in the record, the criterion is marked anew."""
    if assessment is None:
        return []
    rows = case.judgements.filter(revision=assessment.revision_id).select_related("judged_by").order_by("id")
    if case.round > 1:
        rows = rows.filter(judged_at__gte=clock_from(case))
    states = computed_states(assessment)
    return [row for row in rows if row.computed in states.get((row.level, row.criterion), ())]


def standing(case: Case, assessment: Assessment | None, by_user_id: int | None) -> Standing:
    """(level, criterion) -> the mark that counts of one person, or of whoever marked it last (None)."""
    rows = counting(case, assessment)
    return {(row.level, row.criterion): row for row in rows if by_user_id in (None, row.judged_by_id)}


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
