"""The payer's decision export (DESIGN.md 3.6): one row per line of a decided request, no patient identifiers.

PostgreSQL writes the CSV itself (COPY), so the export streams with flat memory whatever its length.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from priorauth import audit
from priorauth.models import Decision
from priorauth.roles import EXPORT_ROLES, Actor, Role
from priorauth.services.errors import NotPermitted

VERSION = 1
PREVIEW_ROWS = 5
ONE_DAY = dt.timedelta(days=1)


def _utc(column: str) -> str:
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


def _text(column: str) -> str:
    """A cell that no spreadsheet reads as a formula: an apostrophe goes before a leading = + - @, tab or return."""
    return f"NULLIF(CASE WHEN {column} ~ '^\\s*[=+@＝＋－＠\\t\\r\\n-]' THEN '''' || {column} ELSE {column} END, '')"


# Version 1. A change of a name, a meaning or the order is a new version.
COLUMNS: dict[str, str] = {
    "reference": _text("c.reference"),
    "line": "l.number",
    "code": _text("l.code"),
    "levels": _text("l.levels"),
    "determination": _text("l.determination"),
    "pathway": _text("l.pathways"),
    "score": "l.score",
    "policy": _text("a.policy"),
    "edition": _text("a.edition"),
    "outcome": _text("l.outcome"),
    "reason_codes": _text("CASE WHEN l.outcome = 'not_approved' THEN d.reason_code ELSE '' END"),
    "decided_by_role": _text("d.decided_role"),
    "human_review": "'true'",
    "received": _utc("c.received_at"),
    "due": _utc("c.due_at"),
    "decided": _utc("d.decided_at"),
    "on_time": "CASE WHEN d.decided_at <= c.due_at THEN 'true' ELSE 'false' END",
    "hours": "round(extract(epoch FROM d.decided_at - c.received_at) / 3600, 2)",
    "authorization_number": _text("CASE WHEN l.outcome = 'approved' THEN d.authorization_number ELSE '' END"),
    "valid_from": "CASE WHEN l.outcome = 'approved' THEN d.valid_from END",
    "valid_to": "CASE WHEN l.outcome = 'approved' THEN d.valid_to END",
    "product": _text("c.product"),
    "setting": _text("c.setting"),
    "urgency": _text("c.urgency"),
    "office_npi": _text("o.npi"),
    "clinician_npi": _text("k.npi"),
}

TABLES = """
FROM priorauth_decisionline l
JOIN priorauth_decision d ON d.id = l.decision_id
JOIN priorauth_case c ON c.id = d.case_id
JOIN priorauth_organization o ON o.id = c.office_id
LEFT JOIN priorauth_clinician k ON k.id = c.clinician_id
LEFT JOIN priorauth_assessment a ON a.id = d.assessment_id
WHERE d.decided_at >= %s AND d.decided_at < %s
"""


@dataclass(frozen=True)
class Selection:
    """Which decisions: the plan's calendar days from `first` to `last`, both included; empty tuples mean all."""

    first: dt.date
    last: dt.date
    outcomes: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        return f"decisions-v{VERSION}-{self.first}-to-{self.last}.csv"

    def as_dict(self) -> dict[str, Any]:
        return {
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "outcomes": list(self.outcomes),
            "products": list(self.products),
        }

    def sql(self) -> tuple[str, list[Any]]:
        """The FROM and WHERE clauses, and their parameters."""
        zone = timezone.get_default_timezone()
        begin = dt.datetime.combine(self.first, dt.time(), zone)
        next_day = min(self.last, dt.date.max - ONE_DAY) + ONE_DAY
        end = dt.datetime.combine(next_day, dt.time(), zone)
        clauses, parameters = TABLES, [begin, end]
        for column, values in (("d.outcome", self.outcomes), ("c.product", self.products)):
            if values:
                clauses += f" AND {column} = ANY(%s)"
                parameters.append(list(values))
        return clauses, parameters


ORDER = " ORDER BY d.decided_at, d.id, l.number"
OUTCOMES = Decision.Outcome.choices


def columns_sql() -> str:
    return ", ".join(f"{expression} AS {name}" for name, expression in COLUMNS.items())


def count(selection: Selection) -> int:
    clauses, parameters = selection.sql()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {clauses}", parameters)
        return cursor.fetchone()[0]


def preview(selection: Selection) -> list[tuple[Any, ...]]:
    """The first rows, as the file will have them."""
    clauses, parameters = selection.sql()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns_sql()} {clauses} {ORDER} LIMIT {PREVIEW_ROWS}", parameters)
        return cursor.fetchall()


def csv(selection: Selection, *, by: Actor, at: dt.datetime) -> Iterator[bytes]:
    """Write the export into the trail, then stream it: RFC 4180, UTF-8, a header row. Raises NotPermitted."""
    if by.role not in EXPORT_ROLES | {Role.SYSTEM}:
        raise NotPermitted("Only payer operations and review leads export decisions.")
    with transaction.atomic():
        entities = {"columns": f"v{VERSION}", "selection": selection.as_dict()}
        audit.record(by=by, at=at, action="export_decisions", entities=entities)
    return _rows(selection)


def _rows(selection: Selection) -> Iterator[bytes]:
    clauses, parameters = selection.sql()
    statement = f"COPY (SELECT {columns_sql()} {clauses} {ORDER}) TO STDOUT WITH (FORMAT csv, HEADER true)"
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as rows:
        for block in rows:
            yield bytes(block).replace(b"\n", b"\r\n")
