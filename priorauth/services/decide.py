"""Decisions. Only people decide; only a physician with an active licence decides not to approve (invariants 2, 10)."""

import datetime as dt
import secrets
from collections.abc import Collection
from typing import Any

from django.utils import timezone

from priorauth import watermark
from priorauth.models import Assessment, Case, Credential, Decision, DecisionLine, ReasonCode
from priorauth.models.case import CROCKFORD
from priorauth.roles import Actor, Role
from priorauth.services import letters, notify
from priorauth.services.barred import barred, credential_of
from priorauth.services.base import acting, needed, permit, refuse, visible
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.scored import CLOSABLE, latest_assessment, latest_revision, unscored
from priorauth.statuses import TRANSITIONS, Act

DEFAULT_VALIDITY = dt.timedelta(days=90)
LONGEST_VALIDITY = dt.timedelta(days=365)
SHORTEST_REASON = 20

Outcome = Decision.Outcome


def approve(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    valid_from: dt.date,
    valid_to: dt.date,
    reason: str = "",
    version: int | None = None,
) -> Decision:
    """Approve every line. Where the scored facts do not meet the policy, only a physician may, with a reason."""
    _may(case, Act.APPROVE, by=by, at=at)
    assessment = latest_assessment(case)
    against = against_computed(assessment)
    if against and by.role != Role.PHYSICIAN:
        why = "The scored facts do not meet the policy, so only a physician may approve."
        refuse(case, Act.APPROVE, f"{why} Ask for what is missing, or escalate.", by=by, at=at)
    _valid(valid_from, valid_to, at)
    if against:
        _long_enough(reason, "reason", "Write in at least 20 characters why you approve against the scored facts.")
    return _decide(
        case,
        Act.APPROVE,
        by=by,
        at=at,
        version=version,
        assessment=assessment,
        against_computed=against,
        reason_for_clinician=reason.strip(),
        authorization_number=_authorization_number(),
        valid_from=valid_from,
        valid_to=valid_to,
    )


def not_approve(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    lines: Collection[int],
    reason_code: str,
    reason_for_member: str,
    reason_for_clinician: str,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
    version: int | None = None,
) -> Decision:
    """Do not approve the lines numbered `lines`: all of them, or some (then the others are approved, with validity).

    For a physician with an active licence only. Both reasons are words that the member and the clinician will read.
    """
    credential = _may(case, Act.NOT_APPROVE, by=by, at=at)
    numbers = {line["line"] for line in latest_revision(case).facts["lines"]}
    refused = set(lines)
    if not refused or not refused <= numbers:
        raise Incomplete("lines", "Choose at least one line of this request that you do not approve.")
    partly = refused != numbers
    if partly:
        _valid(valid_from, valid_to, at)
    granted = {"authorization_number": _authorization_number(), "valid_from": valid_from, "valid_to": valid_to}
    assessment = latest_assessment(case)
    return _decide(
        case,
        Act.PARTLY_APPROVE if partly else Act.NOT_APPROVE,
        by=by,
        at=at,
        version=version,
        refused=refused,
        assessment=assessment,
        against_computed=bool(assessment) and assessment.result["determination"] == "meets",
        credential=credential,
        **_reasons(reason_code, reason_for_member, reason_for_clinician),
        **(granted if partly else {}),
    )


def close(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> Decision:
    """State that no determination is due: authorization is not required, or the policy does not cover the request.

    Only where every line was found so; a request that the policy governs is decided, never closed.
    """
    _may(case, Act.CLOSE, by=by, at=at)
    assessment = latest_assessment(case)
    if assessment is None or assessment.result["determination"] not in CLOSABLE:
        why = "Policy 484 governs this request, so it needs a decision and cannot be closed."
        refuse(case, Act.CLOSE, why, by=by, at=at)
    reason = _long_enough(reason, "reason", "Write in at least 20 characters why no determination is due.")
    return _decide(case, Act.CLOSE, by=by, at=at, version=version, assessment=assessment, reason_for_clinician=reason)


def against_computed(assessment: Assessment | None) -> bool:
    """Whether approving would go against what was computed (or against nothing, where scoring failed)."""
    return assessment is None or assessment.result["determination"] != "meets"


def _may(case: Case, act: Act, *, by: Actor, at: dt.datetime) -> Credential | None:
    """The right to decide. Returns a physician's credential; raises NotPermitted, which the trail keeps, or Conflict
    while what the office changed last is being scored."""
    permit(case, act, by=by, at=at)
    if why := barred(case, by=by, at=at):
        refuse(case, act, why, by=by, at=at)
    if why := unscored(case):
        raise Conflict(why)
    return credential_of(by)


def _decide(
    case: Case,
    act: Act,
    *,
    by: Actor,
    at: dt.datetime,
    version: int | None,
    assessment: Assessment | None,
    refused: Collection[int] = (),
    **columns: Any,
) -> Decision:
    revision = latest_revision(case)
    released = {"claimed_by": None, "claimed_until": None, "decided_at": at}
    with acting(case, act, by=by, at=at, version=version, **released) as change:
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
            **columns,
        )
        decision.save(force_insert=True)
        rows = DecisionLine.objects.unscoped("the lines of the decision made here")
        lines = rows.bulk_create(_lines(decision, act, refused))
        change.rows += [decision, *lines]
        if decision.outcome != Outcome.CLOSED:
            letters.of_decision(change, decision, lines, by=by)
        change.entities |= {"decision": decision.pk, "revision": revision.number}
        if assessment:
            change.entities["assessment"] = assessment.pk
        change.fields |= {name: str(value) for name, value in columns.items() if value}
        notify.enqueue(case, f"decided:{decision.pk}", at)
    return decision


def _lines(decision: Decision, act: Act, refused: Collection[int]) -> list[DecisionLine]:
    scored = {line["line"]: line for line in decision.assessment.result["lines"]} if decision.assessment else {}
    whole = {Act.APPROVE: Outcome.APPROVED, Act.CLOSE: Outcome.CLOSED}
    return [
        DecisionLine(
            decision=decision,
            number=line["line"],
            code=line["code"],
            levels=", ".join(line.get("levels") or []),
            outcome=whole.get(act) or (Outcome.NOT_APPROVED if line["line"] in refused else Outcome.APPROVED),
            determination=scored.get(line["line"], {}).get("determination", ""),
            pathways="".join(scored.get(line["line"], {}).get("pathways", [])),
            score=scored.get(line["line"], {}).get("score"),
        )
        for line in decision.revision.facts["lines"]
    ]


def _valid(valid_from: dt.date | None, valid_to: dt.date | None, at: dt.datetime) -> None:
    if valid_from is None:
        raise Incomplete("valid_from", "Enter the first day of the authorization.")
    if valid_to is None:
        raise Incomplete("valid_to", "Enter the last day of the authorization.")
    if abs(valid_from - timezone.localdate(at)) > LONGEST_VALIDITY:
        raise Incomplete("valid_from", "The first day must be within one year of today. Check the year.")
    if not valid_from <= valid_to <= valid_from + LONGEST_VALIDITY:
        raise Incomplete("valid_to", "The last day must be on or after the first, and within one year of it.")


def _long_enough(text: str, field: str, message: str) -> str:
    text = needed(text, field, message)
    if visible(text) < SHORTEST_REASON:
        raise Incomplete(field, message)
    return text


def _reasons(code: str, for_member: str, for_clinician: str) -> dict[str, str]:
    """What a determination that does not approve must say. Raises Incomplete naming what is missing."""
    if code not in ReasonCode.values:
        raise Incomplete("reason_code", "Choose the reason.")
    words = {"member": for_member, "clinician": for_clinician}
    return {"reason_code": code} | {
        f"reason_for_{whom}": _long_enough(
            text, f"reason_for_{whom}", f"Write the reason for the {whom} in at least 20 characters."
        )
        for whom, text in words.items()
    }


def _authorization_number() -> str:
    return "AU-" + "".join(secrets.choice(CROCKFORD) for _ in range(12))
