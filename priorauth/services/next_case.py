"""Which case comes next for a reviewer, and how many there are: one statement each, read out of the index in the order
of work."""

import datetime as dt
from typing import Any

from priorauth import prepared
from priorauth.models import Case
from priorauth.roles import Actor, Role
from priorauth.statuses import Status

COLUMNS = [field.column for field in Case._meta.concrete_fields]
MOST = 100  # that are counted: each is asked what the next one is asked

# What `reviewable_by` lists for the reviewer, free, and without what keeps them from a decision (services/barred.py):
# their own office's, what they started, sent or decided before, themselves as the clinician, and what was declared.
# Each is asked of one case at a time (OFFSET 0 keeps it so): the first cases of the index are all that is looked at.
FROM = """FROM priorauth_case one
WHERE status = '{status}' AND received_at IS NOT NULL AND (claimed_by_id IS NULL OR claimed_until <= %(at)s)
    AND %(organization)s <> ALL (SELECT one.office_id OFFSET 0)
    AND %(user)s <> ALL (SELECT one.created_by_id
        UNION ALL SELECT created_by_id FROM priorauth_revision WHERE case_id = one.id)
    AND NOT EXISTS (SELECT FROM priorauth_credential JOIN priorauth_clinician own USING (npi)
        WHERE user_id = %(user)s AND own.id = one.clinician_id AND npi > '' OFFSET 0)
    AND NOT EXISTS (SELECT FROM priorauth_conflictofinterest declared
        LEFT JOIN priorauth_clinician clinician ON clinician.id = one.clinician_id
        LEFT JOIN priorauth_member member ON member.id = one.member_id
        WHERE reviewer_id = %(user)s AND ended_at IS NULL AND (
            declared.office_id = one.office_id OR (declared.npi > '' AND declared.npi = clinician.npi)
            OR (declared.member_id, declared.birth_date) = (member.member_id, member.birth_date)) OFFSET 0)
    AND (round = 1 OR NOT EXISTS (SELECT FROM priorauth_decision decision WHERE decision.case_id = one.id
        AND decided_by_id = %(user)s AND decision.round < one.round OFFSET 0))
ORDER BY urgency, due_at, id"""
FIRST = f"SELECT {{columns}} {FROM} LIMIT 1 FOR UPDATE SKIP LOCKED"
COUNT = f"SELECT count(*) FROM (SELECT {FROM} LIMIT {MOST + 1}) AS counted"  # noqa: S608


def lock(by: Actor, at: dt.datetime) -> Case | None:
    """The first case that `by` may decide and nobody holds at `at`, locked in the caller's transaction: others pass it
    over. The role was checked before."""
    row = _asked(FIRST.format(columns=", ".join(COLUMNS), status=_status(by.role)), by, at)
    return Case.from_db("default", COLUMNS, row) if row else None


def count(by: Actor, at: dt.datetime) -> int:
    """How many cases `lock` could give to `by` one after the other; MOST + 1 stands for more than MOST."""
    return _asked(COUNT.format(status=_status(by.role)), by, at)[0]


def _asked(statement: str, by: Actor, at: dt.datetime) -> Any:
    with prepared.cursor() as cursor:
        cursor.execute(statement, {"organization": by.organization_id, "user": by.user_id, "at": at})
        return cursor.fetchone()


def _status(role: Role) -> Status:
    """It stands in the statement as a word, so that PostgreSQL sees which partial index holds these cases."""
    return Status.WITH_PHYSICIAN if role == Role.PHYSICIAN else Status.IN_REVIEW
