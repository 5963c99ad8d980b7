"""Telling the leads, once each, that a case is due soon, and that its time has passed (RELIABILITY.md F14, F15).

What is told is a row (case, kind, due time), unique in the database: however late the scheduler runs, and however many
of it, each is told once. Whether a case is late never depends on it: every page reads that from the due time. Nothing
is decided here.
"""

import datetime as dt

from django.db import connection, transaction

from priorauth import audit
from priorauth.models import Case, DeadlineNotice
from priorauth.roles import SYSTEM
from priorauth.services import notify
from priorauth.statuses import OPEN

Kind = DeadlineNotice.Kind
BEFORE = {Kind.IN_24_HOURS: 24, Kind.IN_8_HOURS: 8, Kind.IN_2_HOURS: 2}  # hours

TELL = """
INSERT INTO priorauth_deadlinenotice (case_id, kind, due_at, made_at)
SELECT id, %(kind)s, due_at, %(at)s FROM priorauth_case
WHERE status = ANY(%(open)s) AND due_at <= %(until)s AND (due_at >= %(at)s) = %(before)s ORDER BY id
ON CONFLICT ON CONSTRAINT told_once_of_a_deadline DO NOTHING RETURNING id, case_id
"""


def sweep(at: dt.datetime) -> int:
    """Tell of every case that is due within 24, 8 or 2 hours, or late, and was not told of yet. Returns how many.

    A case is late once its due time has passed: at the due instant itself it is on time.
    """
    told = 0
    for kind, hours in BEFORE.items():
        told += _tell(kind, at, at + dt.timedelta(hours=hours))
    return told + _tell(Kind.BREACH, at, at)


def _tell(kind: Kind, at: dt.datetime, until: dt.datetime) -> int:
    values = {"kind": kind.value, "at": at, "until": until, "open": sorted(OPEN), "before": kind != Kind.BREACH}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(TELL, values)
            new = cursor.fetchall()
        cases = Case.objects.unscoped("the leads are told of every office's cases").in_bulk([case for _, case in new])
        for notice, case in new:
            if kind == Kind.BREACH:
                entities = {"case": cases[case].reference}
                audit.record(by=SYSTEM, at=at, action="breach", entities=entities)
            notify.enqueue_staff(cases[case], f"deadline:{notice}", at)
    return len(new)
