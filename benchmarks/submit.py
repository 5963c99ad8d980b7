"""Sending a request by the service, one transaction, against the same rows in one prepared statement.

The statement goes past the guards, which ask for an act, and gets its values ready made: no facts are checked, no
deadline is computed, nothing is hashed or sealed, no event is looked up, and no worker is woken.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks import by_hand
from benchmarks.measure import Finding, at_least, on_the_wall
from priorauth.models import AuditEvent, Case, Job, Revision
from priorauth.roles import Actor, Role
from priorauth.services import drafts, submit
from tests.cases import person, submission
from tests.tampering import guards_off

ROUNDS = 7
EACH = 40  # requests in one round
MOST_QUERIES = 8
STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
SET_BY_SENDING = (
    *("status", "version", "urgency", "product", "setting", "levels", "codes", "regime"),
    *("received_at", "due_at", "updated_at"),
)


def measure() -> Iterator[Finding]:
    clerk = person(Role.CLERK)
    draft = _draft(clerk)
    with CaptureQueriesContext(connection) as queries:
        sent = submit.send(draft, submission(), by=clerk, at=timezone.now())
    count = sum(query["sql"].split()[0] in STATEMENTS for query in queries)
    statement, values = _statement(sent)
    waiting = iter([_draft(clerk) for _ in range(2 * EACH * (ROUNDS + 1))])

    def in_one_statement() -> None:
        with guards_off(), by_hand.cursor() as cursor:
            for case in (next(waiting) for _ in range(EACH)):
                cursor.execute(statement, values | _of(case), prepare=True)

    def by_the_service() -> None:
        for case in (next(waiting) for _ in range(EACH)):
            submit.send(case, submission(), by=clerk, at=timezone.now())

    part, limit, ours = on_the_wall(in_one_statement, by_the_service, ROUNDS)
    told = f"{1000 * limit / EACH:.1f} ms in one statement, {1000 * ours / EACH:.1f} ms by the service"
    yield at_least("submit, one transaction", 0.30, part, told)
    yield Finding("statements of a submit", f"at most {MOST_QUERIES}", str(count), count <= MOST_QUERIES, "")


def _draft(clerk: Actor) -> Case:
    return drafts.start(by=clerk, at=timezone.now(), token=uuid.uuid4(), fields={})


def _statement(sent: Case) -> tuple[str, dict[str, Any]]:
    """All that sending writes, and its values but for those of `_of`."""
    revision, job = sent.revisions.get(), sent.jobs.get()
    event = AuditEvent.objects.get(stream=f"case:{sent.reference}", sequence=sent.version)
    rows = {"revision": revision, "job": job, "event": event}
    written = {name: by_hand.columns(row) for name, row in rows.items()}
    values = {f"{name}_{column}": value for name, row in written.items() for column, value in row.items()}
    values |= {f"set_{name}": getattr(sent, name) for name in SET_BY_SENDING} | _people(sent)
    inserts = {
        name: by_hand.insert(model, written[name], f"{name}_")
        for name, model in {"revision": Revision, "job": Job, "event": AuditEvent}.items()
    }
    people, _, _ = submit.PEOPLE.rpartition("SELECT")
    columns = ", ".join(f"{name} = %(set_{name})s" for name in SET_BY_SENDING)
    statement = f"""{people}, sent AS (
        UPDATE priorauth_case SET {columns}, member_id = (SELECT id FROM member),
            clinician_id = (SELECT id FROM clinician), facility_id = (SELECT id FROM facility)
        WHERE id = %(case)s AND version = 1 AND status = 'draft' RETURNING id
    ), draft AS (DELETE FROM priorauth_draft WHERE case_id = %(case)s RETURNING record
    ), revision AS ({inserts["revision"]} RETURNING id
    ), files AS (
        UPDATE priorauth_attachment SET revision_id = (SELECT id FROM revision)
        WHERE case_id = %(case)s AND revision_id IS NULL
    ), job AS ({inserts["job"]}) {inserts["event"]}"""  # noqa: S608
    return statement, values


def _people(sent: Case) -> dict[str, Any]:
    said = submission()
    kinds = {"member": said.member, "clinician": said.clinician, "facility": said.facility}
    named = {f"{kind}_{name}": value for kind, values in kinds.items() for name, value in values.items()}
    return {"office": sent.office_id, **named}


def _of(case: Case) -> dict[str, Any]:
    keys = {"case": case.pk, "revision_case_id": case.pk, "job_case_id": case.pk}
    return keys | {"job_dedupe_key": f"score:{case.pk}:1", "event_stream": f"case:{case.reference}"}
