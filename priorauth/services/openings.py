"""Who of the reviewers has a case open, and what changed since: the office is told when, the reviewer is told what."""

import datetime as dt

from django.db import connection

from priorauth.models import Case
from priorauth.roles import Actor

NOTE = """
INSERT INTO priorauth_opening AS known (case_id, user_id, first_at, last_at, revision)
VALUES (%(case)s, %(user)s, %(at)s, %(at)s, %(revision)s)
ON CONFLICT ON CONSTRAINT opening_once_per_person DO UPDATE SET
    last_at = greatest(known.last_at, EXCLUDED.last_at),
    revision = greatest(known.revision, EXCLUDED.revision),
    revision_before = CASE WHEN EXCLUDED.revision > known.revision THEN known.revision ELSE known.revision_before END
RETURNING revision_before
"""


def note(case: Case, revision: int, *, by: Actor, at: dt.datetime) -> int | None:
    """Note that a reviewer is shown `revision`, the latest of the case. Returns the number of the one that they were
    shown before it, or None. It is no act: reading is an event of the reader's own stream (decision 10)."""
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"case": case.pk, "user": by.user_id, "at": at, "revision": revision})
        (before,) = cursor.fetchone()
    return before
