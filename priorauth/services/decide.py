"""Decisions. Only people decide; only a physician with an active licence decides not to approve (invariants 2, 10)."""

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from priorauth import watermark
from priorauth.clock import clock_from
from priorauth.models import Assessment, Case, Credential, Decision, DecisionLine
from priorauth.models.case import CROCKFORD
from priorauth.roles import Actor, Role
from priorauth.services import decision_lines, letters, notify, rails
from priorauth.services.barred import credential_of, permit_unbarred
from priorauth.services.base import acting, lacking, long_enough, ready, refuse
from priorauth.services.boilerplate import of_this_case
from priorauth.services.decision_lines import ALL, Days, Part, Verdict
from priorauth.services.errors import Conflict
from priorauth.services.scored import (
    CLOSABLE,
    READ_OUT,
    latest_assessment,
    latest_revision,
    out_by_reading,
    planned_day,
    turns,
    unscored,
)
from priorauth.statuses import TRANSITIONS, Act

DEFAULT_VALIDITY = dt.timedelta(days=90)
AGAINST = "Write in at least 20 characters why you approve against the scored facts or against your own marks."
NOT_DUE = "Write in at least 20 characters why no determination is due."
WRITE = {
    "reason_for_member": "Write the reason for the member in at least 20 characters.",
    "reason_for_clinician": "Write the reason for the clinician in at least 20 characters.",
    "what_would_change": "Write in at least 20 characters what would change this decision.",
}

Outcome = Decision.Outcome


def approve(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    valid_from: dt.date | None,
    valid_to: dt.date | None,
    dates: Mapping[int, Days] | None = None,
    reason: str = "",
    version: int | None = None,
) -> Decision:
    """Approve every line: from `valid_from` to `valid_to`, or as `dates` says by the line's number.

    The marks of the person who approves must carry it (rails.ground). Against what was computed, or their own marks,
    only a physician may, with a reason.
    """
    _may(case, Act.APPROVE, by=by, at=at)
    assessment = latest_assessment(case)
    ground = rails.ground(case, assessment, by=by)
    if ground.against and by.role != Role.PHYSICIAN:
        refuse(case, Act.APPROVE, f"{ground.against} Ask, or escalate.", by=by, at=at)
    ready(case, Act.APPROVE, by=by, at=at, version=version)
    if ground.unmarked and not ground.against:
        refuse(case, Act.APPROVE, ground.unmarked, by=by, at=at)
    numbers = [line["line"] for line in latest_revision(case).facts["lines"]]
    part = Part(decision_lines.days_of(numbers, (valid_from, valid_to), dates or {}, at))
    _usable(case, Act.APPROVE, part, by=by, at=at)
    if ground.against:
        reason = long_enough(reason, "reason", AGAINST)
    return _decide(
        case,
        Act.APPROVE,
        by=by,
        at=at,
        version=version,
        assessment=assessment,
        part=part,
        against_computed=bool(ground.against),
        reason_for_clinician=reason.strip(),
        authorization_number=_authorization_number(),
    )


def not_approve(case: Case, verdict: Verdict, *, by: Actor, at: dt.datetime, version: int | None = None) -> Decision:
    """Do not approve what the verdict names: all of the lines, or some of them, or levels or units of some (then the
    rest is approved).

    For a physician with an active licence only, who marked the criteria that it relies on not met (rails.founded).
    """
    credential = _may(case, Act.NOT_APPROVE, by=by, at=at)
    ready(case, Act.NOT_APPROVE, by=by, at=at, version=version)
    part = decision_lines.part_of(latest_revision(case).facts["lines"], verdict, at)
    act = Act.PARTLY_APPROVE if part.days else Act.NOT_APPROVE
    _usable(case, act, part, by=by, at=at)
    codes = rails.reason_codes(verdict.reason_codes)
    given = {name: long_enough(getattr(verdict, name), name, words) for name, words in WRITE.items()}
    texts = {name: of_this_case(text, name) for name, text in given.items()}
    assessment, named = latest_assessment(case), list(dict.fromkeys(verdict.relied_on))
    rails.founded(case, assessment, act, by=by, at=at, part=part, codes=codes, named=named)
    ground = rails.ground(case, assessment, by=by, part=part) if part.days else rails.Ground()
    if ground.unmarked and not ground.against:
        refuse(case, act, ground.unmarked, by=by, at=at)
    return _decide(
        case,
        act,
        by=by,
        at=at,
        version=version,
        assessment=assessment,
        part=part,
        against_computed=bool(ground.against) or rails.refuses_what_meets(assessment, part),
        credential=credential,
        reason_codes=codes,
        relied_on=[{"level": level, "criterion": criterion} for level, criterion in named],
        authorization_number=_authorization_number() if part.days else "",
        **texts,
    )


def close(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> Decision:
    """State that no determination is due: authorization is not required, or the policy does not cover the request.

    Only where every line was found so; a request that the policy governs is decided, never closed. Where that rests on
    what a reviewer read in the record instead of what was sent, only a physician may.
    """
    _may(case, Act.CLOSE, by=by, at=at)
    assessment = latest_assessment(case)
    if assessment is None or assessment.result["determination"] not in CLOSABLE:
        why = "Policy 484 governs this request, so it needs a decision and cannot be closed."
        refuse(case, Act.CLOSE, why, by=by, at=at)
    if by.role != Role.PHYSICIAN and out_by_reading(assessment):
        refuse(case, Act.CLOSE, READ_OUT, by=by, at=at)
    reason = long_enough(reason, "reason", NOT_DUE)
    return _decide(case, Act.CLOSE, by=by, at=at, version=version, assessment=assessment, reason_for_clinician=reason)


def _may(case: Case, act: Act, *, by: Actor, at: dt.datetime) -> Credential | None:
    """The right to decide. Returns a physician's credential; raises NotPermitted, which the trail keeps, or Conflict
    while what the office changed last is being scored."""
    permit_unbarred(case, act, by=by, at=at)
    if why := unscored(case):
        raise Conflict(why)
    return credential_of(by)


def _usable(case: Case, act: Act, part: Part, *, by: Actor, at: dt.datetime) -> None:
    """Raise Incomplete, and keep the attempt, where what is approved could not be done on the planned day."""
    if why := decision_lines.misses_planned(part, planned_day(case), at):
        lacking(case, act, "valid_from", why, by=by, at=at)


def _decide(
    case: Case,
    act: Act,
    *,
    by: Actor,
    at: dt.datetime,
    version: int | None,
    assessment: Assessment | None,
    part: Part = ALL,
    **columns: Any,
) -> Decision:
    revision = latest_revision(case)
    with acting(case, act, by=by, at=at, version=version, claimed_by=None, claimed_until=None, decided_at=at) as change:
        watermark.deciding()
        decision = Decision(
            case=case,
            round=case.round,
            outcome=TRANSITIONS[act].to,
            revision=revision,
            assessment=assessment,
            decided_by_id=by.user_id,
            decided_role=by.role,
            decided_at=at,
            clock_from=clock_from(case),
            due_at=case.due_at,
            turned_by_reading=bool(turns(assessment)),
            **columns,
        )
        decision.save(force_insert=True)
        rows = DecisionLine.objects.unscoped("the lines of the decision made here")
        lines = rows.bulk_create(decision_lines.lines_of(decision, part))
        change.rows += [decision, *lines]
        if decision.outcome != Outcome.CLOSED:
            letters.of_decision(change, decision, lines, by=by)
        change.entities |= {"decision": decision.pk, "revision": revision.number}
        if assessment:
            change.entities["assessment"] = assessment.pk
        change.fields |= {name: str(value) for name, value in columns.items() if value}
        notify.enqueue(case, f"decided:{decision.pk}", at)
    return decision


def _authorization_number() -> str:
    return "AU-" + "".join(secrets.choice(CROCKFORD) for _ in range(12))
