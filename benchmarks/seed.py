"""A plan with its history: as many cases as wanted, synthetic, written by PostgreSQL past the guards.

Each row is a copy of one that the services wrote, with other values in some columns, so that a column that a table gets
later is here too. Most cases are decided, over two years; the open ones came last. Every case has a revision and an
assessment, cut down to what a list shows; the decisions have as many lines as there are cases.
"""

import datetime as dt
import time
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, models
from django.utils import timezone

from priorauth.models import (
    Assessment,
    AuditEvent,
    Case,
    Clinician,
    Decision,
    DecisionLine,
    Member,
    Message,
    Revision,
)
from priorauth.roles import Actor, Role
from priorauth.services.write import write as write_message
from tests.cases import approve, case_in_review, office, person
from tests.tampering import guards_off

OFFICES = 50
CLINICIANS = 500
REVIEWERS = 8
OF_ONE_MEMBER = 5
BATCH = 100_000
HISTORY, WAITING = "interval '2 years'", "interval '14 days'"

# What each row of a table has instead of the copied row's values: column -> SQL over `n`, from 1 to the number of rows.
Columns = dict[str, str]
NAME = "initcap(translate(left(md5('{} ' || n), 7), '0123456789', 'ghiklmnopr'))"
OF_MEMBERS: Columns = {
    "office_id": "{office} + n % {offices}",
    "member_id": "'S' || n",
    "first_name": NAME.format("first"),
    "last_name": NAME.format("last"),
}
OF_CASES: Columns = {
    "reference": "upper('PA-' || substr(m, 1, 4) || '-' || substr(m, 5, 4) || '-' || substr(m, 9, 4))",
    "started_with": "m",
    "office_id": "{office} + n % {offices}",
    "clinician_id": "{clinician} + n % {clinicians} + 1",
    "member_id": "{member} + (n - 1) / {of_one_member} + 1",
    "status": "CASE WHEN n <= {decided} THEN 'approved' WHEN a < 0.6 THEN 'in_review'"
    " WHEN a < 0.7 THEN 'with_physician' WHEN a < 0.9 THEN 'information_needed' ELSE 'received' END",
    "urgency": "CASE WHEN b < 0.1 THEN 'expedited' ELSE 'standard' END",
    "product": "CASE WHEN b < 0.5 THEN 'ppo' ELSE 'hmo' END",
    "received_at": "received",
    "created_at": "received",
    "updated_at": "received",
    "due_at": f"CASE WHEN n <= {{decided}} THEN received + {WAITING}"
    f" ELSE '{{now}}'::timestamptz + {WAITING} * c - interval '6 hours' END",
    "decided_at": f"CASE WHEN n <= {{decided}} THEN received + {WAITING} * c END",
    "score": "CASE WHEN n % 50 > 0 THEN floor(c * 101) END",
    "paths": "CASE WHEN n % 1000 = 7 THEN ARRAY['B'] WHEN a < 0.7 THEN ARRAY['A'] ELSE ARRAY['A', 'C'] END",
    "missing": "CASE WHEN n % 1000 = 7 THEN ARRAY['severe_pain'] WHEN b < 0.3"
    " THEN ARRAY['conservative_6_weeks', 'failed_to_respond', 'imaging_nonhealing'] ELSE ARRAY[]::text[] END",
    "message_waits": "n > {decided} AND n % 20 = 0",
    "claimed_by_id": "CASE WHEN claimed THEN {nurse} + n % {reviewers} END",
    "claimed_until": "CASE WHEN claimed THEN '{now}'::timestamptz + interval '1 day' * (c - 0.5) END",
}
CASE_SOURCE = f"""SELECT *, n > {{decided}} AND a < 0.06 AS claimed FROM (
    SELECT n, md5('case ' || n) AS m, random() AS a, random() AS b, random() AS c, CASE WHEN n > {{decided}}
        THEN '{{now}}'::timestamptz - {WAITING} * ({{rows}} - n) / {{open}}
        ELSE '{{now}}'::timestamptz - {WAITING} - {HISTORY} * ({{decided}} - n) / {{decided}} END AS received
    FROM generate_series({{first}}, {{last}}) n) drawn"""  # noqa: S608
OF_CLINICIANS: Columns = {"office_id": "{office} + n % {offices}", "npi": "(1900000000 + n)::text"}
OF_REVISIONS: Columns = {"case_id": "{case} + n", "facts": "'{{}}'::jsonb", "details": "'{{}}'::jsonb"}
OF_ASSESSMENTS: Columns = {
    "case_id": "{case} + n",
    "revision_id": "{revision} + n",
    "result": """'{{"determination": "meets", "pathways": ["A"]}}'::jsonb""",
    "explanation": "'{{}}'::jsonb",
}
OF_DECISIONS: Columns = {
    "case_id": "{case} + n",
    "revision_id": "{revision} + n",
    "assessment_id": "{assessment} + n",
    "decided_at": "(SELECT decided_at FROM priorauth_case WHERE id = {case} + n)",
}
OF_LINES: Columns = {
    "decision_id": "{decision} + (n - 1) % {decided} + 1",
    "number": "(n - 1) / {decided} + 1",
}
OF_OPEN_CASE = "(SELECT reference FROM priorauth_case WHERE id = {case} + {decided} + n)"
OF_EVENTS: Columns = {"stream": f"'case:' || {OF_OPEN_CASE}"}
OF_MESSAGES: Columns = {"case_id": "{case} + {decided} + n * 10", "from_office": "n % 2 = 0"}


@dataclass(frozen=True)
class World:
    """Who works in the seeded plan, how many cases it has, how many of them are open, and how long seeding took."""

    clerk: Actor
    nurses: list[Actor]
    rows: int
    open: int
    seconds: float


def seed(rows: int, opened: int) -> World:
    """Write `rows` cases of which `opened` are open, and what hangs on them, and let PostgreSQL look at them."""
    world = write(rows, opened)
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    return replace(world, seconds=world.seconds + time.perf_counter() - began)


def write(rows: int, opened: int) -> World:
    """What `seed` does, without the look: also inside of a transaction."""
    began, now = time.perf_counter(), timezone.now()
    clerk, nurses = person(Role.CLERK), [person(Role.NURSE) for _ in range(REVIEWERS)]
    copied = _copied(clerk, nurses[0], now)
    offices = [office(f"Office {number}").pk for number in range(1, OFFICES + 1)]
    values = {model._meta.model_name: last_key(model) for model in copied}
    values |= {"office": offices[0], "offices": OFFICES, "clinicians": CLINICIANS, "of_one_member": OF_ONE_MEMBER}
    values |= {"nurse": nurses[0].user_id, "reviewers": REVIEWERS, "now": now}
    values |= {"rows": rows, "open": opened, "decided": rows - opened}
    tables = {
        Clinician: (OF_CLINICIANS, CLINICIANS),
        Member: (OF_MEMBERS, rows // OF_ONE_MEMBER + 1),
        Case: (OF_CASES, rows),
        Revision: (OF_REVISIONS, rows),
        Assessment: (OF_ASSESSMENTS, rows),
        Decision: (OF_DECISIONS, rows - opened),
        DecisionLine: (OF_LINES, rows),
        AuditEvent: (OF_EVENTS, opened),
        Message: (OF_MESSAGES, opened // 10),
    }
    with guards_off(), connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.484)")
        for model, (columns, count) in tables.items():
            copies(copied[model], columns, count, values)
    return World(clerk, nurses, rows, opened, time.perf_counter() - began)


def _copied(clerk: Actor, nurse: Actor, at: dt.datetime) -> dict[type[models.Model], models.Model]:
    """A row of each table, as the services wrote it: of one case from its receipt to its decision."""
    case = case_in_review(clerk, at=at)
    write_message(case, by=clerk, at=at, text="Is anything missing?")
    decision = approve(case, nurse, at)
    case.refresh_from_db()
    event = AuditEvent.objects.get(stream=f"case:{case.reference}", sequence=case.version)
    rows = [
        case,
        case.member,
        case.clinician,
        decision.revision,
        decision.assessment,
        decision,
        decision.lines.get(),
        event,
    ]
    return {type(row): row for row in [*rows, case.messages.get()]}


def copies(row: models.Model, columns: Columns, count: int, values: dict[str, Any]) -> None:
    """Write `count` copies of a row with other values in `columns`. `values` are what these name, and for each table
    the key after which its copies begin. The next row of the table gets a key behind them."""
    table, base = row._meta.db_table, values[row._meta.model_name]
    for first in range(1, count + 1, BATCH):
        these = values | {"first": first, "last": min(first + BATCH - 1, count)}
        source = CASE_SOURCE if columns is OF_CASES else "SELECT n FROM generate_series({first}, {last}) n"
        pairs = ", ".join(f"'{name}', {sql}" for name, sql in {"id": f"{base} + n", **columns}.items())
        statement = f"""INSERT INTO {table} SELECT made.* FROM {table} copied, ({source}) source,
            jsonb_populate_record(copied, jsonb_build_object({pairs})) made WHERE copied.id = {row.pk}"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(statement.format(**these))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608


def last_key(model: type[models.Model]) -> int:
    """The highest key of a table; 0 where it is empty."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {model._meta.db_table}")  # noqa: S608
        return cursor.fetchone()[0]
