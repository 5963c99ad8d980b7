"""Reading the plan's member file in: CSV, streamed, so that its length costs no memory.

The good lines of a file are kept and each wrong one is told by line and column: one mistyped date must not leave
everybody else's coverage old. A file that cannot be read to its end (no CSV, a wrong heading) changes nothing. The same
file twice changes nothing the second time. Whom a file does not name stays as they are: coverage ends by a date.
"""

import csv
import datetime as dt
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.db import connection, transaction

from policies.vocabulary import PRODUCTS
from priorauth import audit
from priorauth.models import MemberFileLine
from priorauth.roles import Actor, Role
from priorauth.services.errors import NotPermitted, Refused

COLUMNS = ("member_id", "birth_date", "first_name", "last_name", "product", "covered_from", "covered_to")
MOST_ERRORS = 100
LONGEST_NAME = 60
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('member file', 0))"
COPY = f"COPY priorauth_memberfileline (line, {', '.join(COLUMNS)}) FROM STDIN"
NUMBERED = """
SELECT l.*, first_value(line) OVER same AS first, row_number() OVER same AS nth,
    (last_name, product, covered_from, covered_to) IS DISTINCT FROM
    (first_value(last_name) OVER same, first_value(product) OVER same, first_value(covered_from) OVER same,
     first_value(covered_to) OVER same) AS differs
FROM priorauth_memberfileline l
WINDOW same AS (PARTITION BY member_id, birth_date, lower(first_name) ORDER BY line)
"""
CONTRADICTIONS = f"SELECT line, first FROM ({NUMBERED}) n WHERE differs ORDER BY line"  # noqa: S608 - all of it is ours
MERGE = f"""
INSERT INTO priorauth_planmember AS known ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)} FROM ({NUMBERED}) n WHERE nth = 1
ON CONFLICT (member_id, birth_date, lower(first_name)) DO UPDATE SET first_name = EXCLUDED.first_name,
    last_name = EXCLUDED.last_name, product = EXCLUDED.product, covered_from = EXCLUDED.covered_from,
    covered_to = EXCLUDED.covered_to
WHERE (known.first_name, known.last_name, known.product, known.covered_from, known.covered_to) IS DISTINCT FROM
    (EXCLUDED.first_name, EXCLUDED.last_name, EXCLUDED.product, EXCLUDED.covered_from, EXCLUDED.covered_to)
RETURNING (xmax = 0)::int
"""  # noqa: S608 - all of it is ours
COUNTED = f"WITH merged (added) AS ({MERGE}) SELECT count(*), coalesce(sum(added), 0) FROM merged"  # noqa: S608 - all of it is ours


class Unreadable(Refused):
    """The file cannot be read to its end: nothing of it was kept. `str(refusal)` says why."""


@dataclass
class Report:
    """What a file did. `errors` are the first sentences, `wrong` counts all lines that were left out."""

    lines: int = 0
    added: int = 0
    changed: int = 0
    wrong: int = 0
    errors: list[str] = field(default_factory=list)
    sha256: str = ""

    @property
    def same(self) -> int:
        return self.lines - self.wrong - self.added - self.changed

    def refuse(self, line: int, why: str) -> None:
        self.wrong += 1
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(f"line {line}: {why}")


class _Wrong(ValueError):
    """A cell that cannot be right; the text begins with its column."""


def read_in(file: BinaryIO, *, by: Actor, at: dt.datetime, dry_run: bool = False) -> Report:
    """Take a member file in, in one transaction with its audit event. `dry_run` reports the same and keeps nothing.

    Raises NotPermitted for everybody but the portal itself (a command on its machine), and Unreadable.
    """
    if by.role != Role.SYSTEM:
        raise NotPermitted("The member file is read in at the command line.")
    report = Report()
    hashed = _Hashed(file)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK)
        _copy(cursor, _rows(hashed, report))
        cursor.execute(CONTRADICTIONS)
        for line, first in cursor:
            report.refuse(line, f"names the same person as line {first} with other values; line {first} counts")
        cursor.execute(COUNTED)
        written, report.added = cursor.fetchone()
        report.changed = written - report.added
        MemberFileLine.objects.all().delete()
        report.sha256 = hashed.digest.hexdigest()
        counts = {name: getattr(report, name) for name in ("lines", "added", "changed", "wrong", "sha256")}
        audit.record(by=by, at=at, action="import_members", entities=counts)
        transaction.set_rollback(dry_run)
    return report


class _Hashed(io.RawIOBase):
    """The file, with the digest of what was read from it so far."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self.file.read(len(buffer))
        self.digest.update(block)
        buffer[: len(block)] = block
        return len(block)


def _copy(cursor: Any, rows: Iterator[list[Any]]) -> None:
    with cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _rows(file: io.RawIOBase, report: Report) -> Iterator[list[Any]]:
    """The good lines as rows of the table. Raises Unreadable."""
    text = io.TextIOWrapper(io.BufferedReader(file, 256 * 1024), "utf-8-sig", "surrogateescape", newline="")
    reader = csv.reader(text, strict=True)
    try:
        heading = [name.strip().lower() for name in next(reader, [])]
        if sorted(heading) != sorted(COLUMNS):
            raise Unreadable(f"The first line must name the columns {', '.join(COLUMNS)}, in any order.")
        start = reader.line_num + 1
        for cells in reader:
            if cells:
                report.lines += 1
                try:
                    yield [start, *_read(heading, cells)]
                except _Wrong as wrong:
                    report.refuse(start, str(wrong))
            start = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num}: this is not CSV ({error}). Nothing was kept.") from error


def _read(heading: list[str], cells: list[str]) -> list[Any]:
    """The values of one line in the order of COLUMNS. Raises _Wrong."""
    if len(cells) != len(heading):
        raise _Wrong(f"has {len(cells)} cells, the first line has {len(heading)}")
    typed = {name: cell.strip() for name, cell in zip(heading, cells, strict=True)}
    values = [READERS[name](name, typed[name]) for name in COLUMNS]
    covered_from, covered_to = values[-2:]
    if covered_to and covered_to < covered_from:
        raise _Wrong("covered_to: give covered_from or a later day")
    return values


def _member_id(name: str, text: str) -> str:
    plain = re.sub(r"[\s\-]", "", text).upper()
    if not re.fullmatch(r"[A-Z0-9]{6,20}", plain):
        raise _Wrong(f"{name}: give 6 to 20 letters and digits")
    return plain


def _name(name: str, text: str) -> str:
    if not 0 < len(text) <= LONGEST_NAME:
        raise _Wrong(f"{name}: give 1 to {LONGEST_NAME} characters")
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cs":
            raise _Wrong(f"{name}: is not UTF-8; save the file as UTF-8")
        if kind in ("Cc", "Cf"):
            raise _Wrong(f"{name}: has a character that cannot be seen")
    return text


def _product(name: str, text: str) -> str:
    product = text.lower().replace(" ", "_")
    if product not in PRODUCTS:
        raise _Wrong(f"{name}: give one of {', '.join(PRODUCTS)}")
    return product


def _day(name: str, text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:
        raise _Wrong(f"{name}: write the day like 1948-03-14")
    return day


def _open_day(name: str, text: str) -> dt.date | None:
    return _day(name, text) if text else None


READERS = {
    "member_id": _member_id,
    "birth_date": _day,
    "first_name": _name,
    "last_name": _name,
    "product": _product,
    "covered_from": _day,
    "covered_to": _open_day,
}
