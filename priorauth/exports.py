"""The payer's decision export (DESIGN.md 3.6): one row per line of a decided request, no patient identifiers.

PostgreSQL writes CSV and JSON Lines itself (COPY), so the export streams with flat memory whatever its length. Rows
come in the order of their decisions. Where a stream was cut, the last whole row's reference and line are the cursor
to go on from; a page ends at a watermark (watermark.py), so that no decision is skipped that was still in flight.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection, transaction
from django.utils import timezone

from priorauth import audit
from priorauth.models import Decision
from priorauth.roles import EXPORT_ROLES, Actor, Role
from priorauth.services.errors import NotPermitted

VERSION = 2
PREVIEW_ROWS = 5
ONE_DAY = dt.timedelta(days=1)
BLOCK_BYTES = 32 * 1024
FEW_DAYS = 31
ONLY = "Only payer operations and review leads export decisions."
Form = Literal["csv", "jsonl"]


class UnknownCursor(ValueError):
    """The cursor names no row of the export."""


def _utc(sql: str) -> str:
    return f"""to_char({sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


def _text(sql: str) -> str:
    return f"NULLIF({sql}, '')"


def _safe_text(sql: str) -> str:
    """A cell that no spreadsheet reads as a formula: an apostrophe goes before a leading = + - @, tab or return,
    whatever blanks or unseen characters stand before it."""
    return _text(f"CASE WHEN {sql} ~ '{FORMULA}' THEN '''' || {sql} ELSE {sql} END")


def _word(sql: str) -> str:
    return f"CASE WHEN {sql} THEN 'true' ELSE 'false' END"


def _plain(sql: str) -> str:
    return sql


# Blanks, control, zero-width and direction characters; then a sign, plain or full-width. PostgreSQL reads the escapes.
UNSEEN = r"\s\u0001-\u0020\u007F-\u00A0\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202F\u2060-\u206F\uFEFF"
FORMULA = rf"^[{UNSEEN}]*[=+@＝＋－＠\t\r\n-]"
TEXT, NUMBER, DAY, FLAG, INSTANT = "text", "number", "day", "flag", "instant"
WRITTEN = {
    "csv": {TEXT: _safe_text, NUMBER: _plain, DAY: _plain, FLAG: _word, INSTANT: _utc},
    "jsonl": {TEXT: _text, NUMBER: _plain, DAY: _plain, FLAG: _plain, INSTANT: _utc},
}

# Version 2, for both forms. Of a case that was opened again each round has its rows: `received` and `due` are the clock
# of the round, which began with the receipt or with the opening. `levels` of an approved line are those that are
# approved; what was asked for besides stands in `levels_not_approved`, as do all levels of a line that is not approved,
# and the line has the reason codes. `determination`, `pathway` and `score` are of the line as it was asked for. `units`
# are those that are approved. A change of a name, a meaning or the order is a new version. Version 1 had neither the
# last three columns nor lines without some of their levels.
COLUMNS: dict[str, tuple[str, str]] = {
    "reference": (TEXT, "c.reference"),
    "line": (NUMBER, "l.number"),
    "code": (TEXT, "l.code"),
    "levels": (TEXT, "l.levels"),
    "determination": (TEXT, "l.determination"),
    "pathway": (TEXT, "l.pathways"),
    "score": (NUMBER, "l.score"),
    "policy": (TEXT, "a.policy"),
    "edition": (TEXT, "a.edition"),
    "outcome": (TEXT, "l.outcome"),
    "reason_codes": (
        TEXT,
        "CASE WHEN l.outcome = 'not_approved' OR l.levels_not_approved <> '' THEN array_to_string(d.reason_codes, ' ')"
        " ELSE '' END",
    ),
    "decided_by_role": (TEXT, "d.decided_role"),
    "human_review": (FLAG, "true"),
    "received": (INSTANT, "d.clock_from"),
    "due": (INSTANT, "d.due_at"),
    "decided": (INSTANT, "d.decided_at"),
    "on_time": (FLAG, "(d.decided_at <= d.due_at)"),
    "hours": (NUMBER, "round(extract(epoch FROM d.decided_at - d.clock_from) / 3600, 2)"),
    "authorization_number": (TEXT, "CASE WHEN l.outcome = 'approved' THEN d.authorization_number ELSE '' END"),
    "valid_from": (DAY, "l.valid_from"),
    "valid_to": (DAY, "l.valid_to"),
    "product": (TEXT, "c.product"),
    "setting": (TEXT, "c.setting"),
    "urgency": (TEXT, "c.urgency"),
    "office_npi": (TEXT, "o.npi"),
    "clinician_npi": (TEXT, "k.npi"),
    "levels_not_approved": (
        TEXT,
        "CASE WHEN l.outcome = 'not_approved' THEN l.levels ELSE l.levels_not_approved END",
    ),
    "units": (NUMBER, "CASE WHEN l.outcome = 'approved' THEN l.units END"),
    "round": (NUMBER, "d.round"),
}

TABLES = """
FROM priorauth_decisionline l
JOIN priorauth_decision d ON d.id = l.decision_id
JOIN priorauth_case c ON c.id = d.case_id
JOIN priorauth_organization o ON o.id = c.office_id
LEFT JOIN priorauth_clinician k ON k.id = c.clinician_id
LEFT JOIN priorauth_assessment a ON a.id = d.assessment_id
WHERE true
"""
ORDER = " ORDER BY d.id, l.number"
OUTCOMES = Decision.Outcome.choices


@dataclass(frozen=True)
class Selection:
    """Which rows: the plan's calendar days from `first` to `last`, both included (None: no bound); empty tuples mean
    all. `after` is a cursor, `until` the watermark that a page ends at, `limit` the most rows."""

    first: dt.date | None = None
    last: dt.date | None = None
    outcomes: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    after: str = ""
    until: int | None = None
    limit: int | None = None

    def file_name(self, form: Form = "csv") -> str:
        return f"decisions-v{VERSION}-{self.first}-to-{self.last}.{form}"

    def as_dict(self) -> dict[str, Any]:
        days = {"first": self.first and self.first.isoformat(), "last": self.last and self.last.isoformat()}
        chosen = {"outcomes": list(self.outcomes), "products": list(self.products)}
        page = {"after": self.after, "until": self.until, "limit": self.limit}
        return days | chosen | {name: value for name, value in page.items() if value}

    @property
    def is_long(self) -> bool:
        """Whether so many days are asked for that no index by time helps."""
        bounded = self.first and self.last and (self.last - self.first).days <= FEW_DAYS
        return self.limit is None and not bounded

    def sql(self) -> tuple[str, list[Any]]:
        """The FROM and WHERE clauses, and their parameters. Raises UnknownCursor."""
        clauses, parameters = TABLES, []
        bounds = {
            "d.decided_at >= %s": self.first and midnight(self.first),
            "d.decided_at < %s": self.last and midnight(min(self.last, dt.date.max - ONE_DAY) + ONE_DAY),
            "d.outcome = ANY(%s)": list(self.outcomes),
            "c.product = ANY(%s)": list(self.products),
            "d.id <= %s": self.until,
        }
        for clause, value in bounds.items():
            if value not in (None, []):
                clauses += f" AND {clause}"
                parameters.append(value)
        if self.after:
            clauses += " AND (d.id, l.number) > (%s, %s)"
            parameters += _place(self.after)
        return clauses, parameters

    def rows(self) -> tuple[str, list[Any]]:
        """The clauses with order and limit."""
        clauses, parameters = self.sql()
        return clauses + ORDER + (f" LIMIT {self.limit:d}" if self.limit else ""), parameters


def cursor_of(reference: str, line: int) -> str:
    """The cursor of a row: to go on after it."""
    return f"{reference}.{line}"


def last_cursor(selection: Selection) -> str:
    """The cursor of the last row of a selection; "" where it has none."""
    clauses, parameters = selection.rows() if selection.limit else selection.sql()
    statement = f"SELECT c.reference, l.number, d.id AS decision {clauses}"
    order = "decision DESC, number DESC LIMIT 1"
    statement = f"SELECT * FROM ({statement}) page ORDER BY {order}"  # noqa: S608 - all of it is ours
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    return cursor_of(row[0], row[1]) if row else ""


def count(selection: Selection) -> int:
    clauses, parameters = selection.sql()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {clauses}", parameters)
        return cursor.fetchone()[0]


def preview(selection: Selection) -> list[tuple[Any, ...]]:
    """The first rows, as the file will have them."""
    clauses, parameters = selection.sql()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_columns('csv')} {clauses} {ORDER} LIMIT {PREVIEW_ROWS}", parameters)
        return cursor.fetchall()


def permit(*, by: Actor, at: dt.datetime) -> None:
    """Raise NotPermitted, once the attempt stands in the trail, for those who do not export."""
    if by.role not in EXPORT_ROLES | {Role.SYSTEM}:
        with transaction.atomic():
            audit.record(by=by, at=at, action="refused_export_decisions")
        raise NotPermitted(ONLY)


def csv(selection: Selection, *, by: Actor, at: dt.datetime) -> Iterator[bytes]:
    """Write the export into the trail, then stream it: RFC 4180, UTF-8, a header row. Raises NotPermitted."""
    _note(selection, "csv", by, at)
    select, parameters = _select(selection, "csv")
    return _copy(f"COPY ({select}) TO STDOUT WITH (FORMAT csv, HEADER true)", parameters, selection.is_long, b"\r\n")


def jsonl(selection: Selection, *, by: Actor, at: dt.datetime) -> Iterator[bytes]:
    """Write the export into the trail, then stream it as JSON Lines: an object a row. Raises NotPermitted.

    JSON has no control characters, so as quote and delimiter they let COPY pass each object through as it is.
    """
    _note(selection, "jsonl", by, at)
    select, parameters = _select(selection, "jsonl")
    wrapped = f"SELECT row_to_json(export) FROM ({select}) export"  # noqa: S608 - all of it is ours
    statement = f"COPY ({wrapped}) TO STDOUT WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')"
    return _copy(statement, parameters, selection.is_long)


STREAMS = {"csv": csv, "jsonl": jsonl}
MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl"}


def _note(selection: Selection, form: Form, by: Actor, at: dt.datetime) -> None:
    permit(by=by, at=at)
    with transaction.atomic():
        entities = {"columns": f"v{VERSION}", "form": form, "selection": selection.as_dict()}
        audit.record(by=by, at=at, action="export_decisions", entities=entities)


def _select(selection: Selection, form: Form) -> tuple[str, list[Any]]:
    clauses, parameters = selection.rows()
    return f"SELECT {_columns(form)} {clauses}", parameters


def _columns(form: Form) -> str:
    return ", ".join(f"{WRITTEN[form][kind](sql)} AS {name}" for name, (kind, sql) in COLUMNS.items())


def _copy(statement: str, parameters: list[Any], in_order: bool, end: bytes = b"\n") -> Iterator[bytes]:
    """What COPY writes, in blocks of whole rows. It gives row by row, each ended by LF; `end` stands in its place.

    `in_order` has PostgreSQL read the rows in the order of the export. By itself it would join and sort all of them
    first, as if only the last one counted, and nothing would come for seconds.
    """
    block = bytearray()
    with transaction.atomic(), connection.cursor() as cursor:
        if in_order:
            cursor.execute("SET LOCAL enable_sort = off")
        with cursor.copy(statement, parameters) as rows:
            for row in rows:
                block += row[:-1]
                block += end
                if len(block) > BLOCK_BYTES:
                    yield bytes(block)
                    block.clear()
    if block:
        yield bytes(block)


def midnight(day: dt.date) -> dt.datetime:
    """When a day of the plan's time zone begins."""
    return dt.datetime.combine(day, dt.time(), timezone.get_default_timezone())


def _place(cursor_text: str) -> tuple[int, int]:
    """The decision and line that a cursor names. Of a case that was opened again, the earlier decision: rows may then
    come twice, but none is skipped. Raises UnknownCursor."""
    found = re.fullmatch(r"(PA-[0-9A-Z-]{14})\.([1-9][0-9]{0,3})", cursor_text)
    with connection.cursor() as cursor:
        if found:
            statement = "SELECT min(d.id) FROM priorauth_decision d JOIN priorauth_case c ON c.id = d.case_id"
            cursor.execute(f"{statement} WHERE c.reference = %s", [found[1]])
            if decision := cursor.fetchone()[0]:
                return decision, int(found[2])
    raise UnknownCursor("after must be the reference and line of a row that you have, like PA-7K2M-0000-1111.1.")
