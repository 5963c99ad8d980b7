"""Sending a request, in one transaction: revision, job, audit event; then a wake-up that may be lost."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from policies import facts as facts_v1
from priorauth import jobs, prepared
from priorauth.models import Case, Clinician, Facility, Job, Member, Revision
from priorauth.roles import Actor
from priorauth.services import bounds, clock_rules, panel_record
from priorauth.services.base import Change, acting, permit
from priorauth.services.errors import Conflict, Incomplete
from priorauth.statuses import Act, Urgency

# The files that the details name, and no other: one that was chosen meanwhile, or elsewhere, stays where it is.
GOES_WITH = """
UPDATE priorauth_attachment SET revision_id = %s
WHERE case_id = %s AND revision_id IS NULL AND id::text = ANY(%s) RETURNING id::text
"""
OF_THE_SENDING = frozenset({"second_request", "changes_after_panel", "confirmed"})


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
    permit(case, Act.SEND, by=by, at=at)
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
    with acting(
        case,
        Act.SEND,
        by=by,
        at=at,
        **_people(case, submission),
        urgency=submission.urgency,
        received_at=at,
        **columns_of(document),
        **clock_rules.first(document.get("product"), at, submission.urgency),
    ) as change:
        record = _use_up_draft(case, draft_version)
        change.rows += _named(case, submission)
        revise(change, document, submission.details | panel_record.sent(record), number=1, by=by, at=at)


def revise(
    change: Change,
    document: dict[str, Any],
    details: dict[str, Any],
    *,
    number: int,
    by: Actor,
    at: dt.datetime,
) -> Revision:
    """Write the next immutable revision of the changed case, with the files that it names, and the job that scores."""
    case = change.case
    revision = Revision(
        case=case, number=number, facts=document, details=details, created_by_id=by.user_id, created_at=at
    )
    prepared.insert(revision)
    change.rows.append(revision)
    with prepared.cursor() as cursor:
        cursor.execute(GOES_WITH, [revision.pk, case.pk, details.get("files", [])])
        if files := sorted(key for (key,) in cursor.fetchall()):
            change.entities["attachments"] = files
    jobs.enqueue(Job.Kind.SCORE, case, dedupe_key=f"score:{case.pk}:{number}", at=at)
    change.entities["revision"] = number
    change.fields |= {"facts": document, "details": details}
    return revision


def stamped(facts: dict[str, Any], case: Case, at: dt.datetime) -> dict[str, Any]:
    """The facts with the receipt's calendar day in the plan's time zone, and codes as they are compared: trimmed, in
    upper case. Raises Incomplete naming the faulty path."""
    document = {**facts, "case_id": case.reference, "request_date": timezone.localdate(at).isoformat()}
    try:
        facts_v1.parse(document)
    except facts_v1.FactsError as error:
        raise Incomplete(error.path, f"{error.path}: {error.message}") from error
    bounds.hold(document)
    return document | {"lines": [line | {"code": line["code"].strip().upper()} for line in document["lines"]]}


def essence(document: dict[str, Any]) -> dict[str, Any]:
    """The facts without what each receipt sets anew."""
    return {key: value for key, value in document.items() if key != "request_date"}


def carried(latest: Revision, details: dict[str, Any]) -> dict[str, Any]:
    """Details that take the place of `latest`'s, with what was said once, when the request was sent."""
    return {name: part for name, part in latest.details.items() if name in OF_THE_SENDING} | details


def columns_of(document: dict[str, Any]) -> dict[str, Any]:
    """The columns of a case that lists and exports show, out of its facts."""
    return {
        "product": document.get("product") or "",
        "setting": document.get("setting") or "",
        "levels": ", ".join(document["levels"])[:120],
        "codes": ", ".join(dict.fromkeys(line["code"] for line in document["lines"]))[:120],
    }


# One statement for the three rows that a sending names, each made where the office has none like it.
PEOPLE = """
WITH member AS (
    INSERT INTO priorauth_member (office_id, member_id, first_name, last_name, birth_date)
    VALUES (%(office)s, %(member_member_id)s, %(member_first_name)s, %(member_last_name)s, %(member_birth_date)s)
    ON CONFLICT ON CONSTRAINT member_once_per_office DO UPDATE SET office_id = EXCLUDED.office_id RETURNING id
), clinician AS (
    INSERT INTO priorauth_clinician (office_id, npi, name, specialty, phone)
    VALUES (%(office)s, %(clinician_npi)s, %(clinician_name)s, %(clinician_specialty)s, %(clinician_phone)s)
    ON CONFLICT ON CONSTRAINT clinician_once_per_office DO UPDATE SET office_id = EXCLUDED.office_id RETURNING id
), facility AS (
    INSERT INTO priorauth_facility (office_id, npi, name)
    VALUES (%(office)s, %(facility_npi)s, %(facility_name)s)
    ON CONFLICT ON CONSTRAINT facility_once_per_office DO UPDATE SET office_id = EXCLUDED.office_id RETURNING id
)
SELECT member.id, clinician.id, facility.id FROM member, clinician, facility
"""


def _people(case: Case, submission: Submission) -> dict[str, int]:
    """The ids of the office's member, clinician and facility."""
    parameters: dict[str, Any] = {"office": case.office_id}
    for kind in ("member", "clinician", "facility"):
        parameters |= {f"{kind}_{name}": value for name, value in getattr(submission, kind).items()}
    with prepared.cursor() as cursor:
        cursor.execute(PEOPLE, parameters)
        return dict(zip(("member_id", "clinician_id", "facility_id"), cursor.fetchone(), strict=True))


def _named(case: Case, submission: Submission) -> list[models.Model]:
    """The rows that the sending names, as they stand in the database."""
    return [
        Member(pk=case.member_id, office_id=case.office_id, **submission.member),
        Clinician(pk=case.clinician_id, office_id=case.office_id, **submission.clinician),
        Facility(pk=case.facility_id, office_id=case.office_id, **submission.facility),
    ]


USE_UP = "DELETE FROM priorauth_draft WHERE case_id = %s AND (%s OR version = %s) RETURNING record"


def _use_up_draft(case: Case, version: int | None) -> dict[str, Any]:
    """Take the draft of a case that is being sent, and give what it recorded. One statement: nobody saves between."""
    with prepared.cursor() as cursor:
        cursor.execute(USE_UP, [case.pk, version is None, version])
        row = cursor.fetchone()
    if version is not None and row is None:
        raise Conflict("A colleague changed this request while you were checking it. Check it again before you send.")
    return json.loads(row[0]) if row else {}
