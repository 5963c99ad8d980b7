"""Sending a request, in one transaction: revision, job, audit event; then a wake-up that may be lost."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from policies import facts as facts_v1
from priorauth import deadlines, jobs
from priorauth.models import Case, Clinician, Draft, Facility, Job, Member, Revision
from priorauth.roles import Actor
from priorauth.services.base import Change, acting
from priorauth.services.errors import Conflict, Incomplete
from priorauth.statuses import Act, Urgency
from priorauth.tenancy import TenantModel


@dataclass(frozen=True)
class Submission:
    """All that a request carries. `facts` lacks only what the receipt sets: request_date and case_id."""

    facts: dict[str, Any]
    details: dict[str, Any]
    member: Mapping[str, Any]
    clinician: Mapping[str, Any]
    facility: Mapping[str, Any]
    urgency: Urgency


def send(case: Case, submission: Submission, *, by: Actor, at: dt.datetime, draft_version: int | None = None) -> Case:
    """Send a draft: `received`, revision 1, a scoring job. Sending twice gives the same request, once.

    Raises Incomplete for facts outside facts v1, Conflict where a colleague changed the draft since it was checked.
    """
    if case.received_at is not None:
        return case
    document = stamped(submission.facts, case, at)
    try:
        with transaction.atomic():
            _send(case, document, submission, by=by, at=at, draft_version=draft_version)
    except Conflict:
        case.refresh_from_db()
        if case.received_at is None:
            raise
    return case


def _send(
    case: Case,
    document: dict[str, Any],
    submission: Submission,
    *,
    by: Actor,
    at: dt.datetime,
    draft_version: int | None,
) -> None:
    regime = deadlines.regime_for(document.get("product"))
    with acting(
        case,
        Act.SEND,
        by=by,
        at=at,
        member=_row(Member, case, submission.member),
        clinician=_row(Clinician, case, submission.clinician),
        facility=_row(Facility, case, submission.facility),
        urgency=submission.urgency,
        received_at=at,
        due_at=deadlines.due_at(at, regime, submission.urgency, timezone.get_default_timezone()),
        regime=regime.id,
        **columns_of(document),
    ) as change:
        _use_up_draft(case, by, draft_version)
        revise(change, document, submission.details, number=1, by=by, at=at)


def revise(
    change: Change,
    document: dict[str, Any],
    details: dict[str, Any],
    *,
    number: int,
    by: Actor,
    at: dt.datetime,
) -> Revision:
    """Write the next immutable revision of the changed case and the job that scores it."""
    case = change.case
    revision = Revision(
        case=case, number=number, facts=document, details=details, created_by_id=by.user_id, created_at=at
    )
    revision.save(force_insert=True)
    jobs.enqueue(Job.Kind.SCORE, case, dedupe_key=f"score:{case.pk}:{number}", at=at)
    change.entities["revision"] = number
    change.fields |= {"facts": document, "details": details}
    return revision


def stamped(facts: dict[str, Any], case: Case, at: dt.datetime) -> dict[str, Any]:
    """The facts with the receipt's calendar day in the plan's time zone. Raises Incomplete naming the faulty path."""
    document = {**facts, "case_id": case.reference, "request_date": timezone.localdate(at).isoformat()}
    try:
        facts_v1.parse(document)
    except facts_v1.FactsError as error:
        raise Incomplete(error.path, f"{error.path}: {error.message}") from error
    return document


def columns_of(document: dict[str, Any]) -> dict[str, str]:
    """The columns of a case that lists and exports show, out of its facts."""
    return {
        "product": document.get("product") or "",
        "setting": document.get("setting") or "",
        "levels": ", ".join(document["levels"])[:120],
        "codes": ", ".join(dict.fromkeys(line["code"] for line in document["lines"]))[:120],
    }


def _row(model: type[TenantModel], case: Case, values: Mapping[str, Any]) -> TenantModel:
    """The office's row with these values, made where there is none, in one query."""
    row = model(office_id=case.office_id, **values)
    names = ["office", *values]
    rows = model.objects.unscoped("the sending office's own rows")
    return rows.bulk_create([row], update_conflicts=True, unique_fields=names, update_fields=names[-1:])[0]


def _use_up_draft(case: Case, by: Actor, version: int | None) -> None:
    draft = Draft.objects.for_actor(by).filter(case=case)
    if version is not None:
        draft = draft.filter(version=version)
    deleted, _ = draft.delete()
    if version is not None and not deleted:
        raise Conflict("A colleague changed this request while you were checking it. Check it again before you send.")
