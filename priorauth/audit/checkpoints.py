"""Checkpoints: every few minutes one line about the newest events goes to a file outside the database (RELIABILITY A8).

A line covers the events whose ids lie after those of the line before it, up to `upto`: how many they are, and for each
stream among them its last event. A line is chained to the one before it and signed like an event. With the chains
themselves that proves every event it covers: who rewrites one with the key in hand, removes a case with its trail,
cuts a stream that concerns no case or sets the database back is found, for everything older than the newest line.

The database notes number and hash of each line, so that cutting the file is found too. Whoever can do both within
the same few minutes is found by a line that was printed or mailed (`manage.py checkpoint_audit`).
"""

import datetime as dt
import json
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from priorauth.audit.chain import GENESIS, canonical, keyed, same, utc_text
from priorauth.audit.keys import KeyRing, key_id, key_ring, signing_key
from priorauth.guards import EVENT_GATE
from priorauth.models import AuditEvent, Checkpoint

FILE = "audit.jsonl"
MOST_EVENTS = 10_000  # that one line covers: a line is read whole
ONE_WRITER = EVENT_GATE + 1
PATIENCE = "500ms"  # for acts to end; shorter than PostgreSQL waits before it looks for a deadlock
TRIES = 5

Line = dict[str, Any]


class Event(NamedTuple):
    """What a checkpoint looks at."""

    id: int
    stream: str
    sequence: int
    hash: str
    key_id: str


def path() -> Path:
    return Path(settings.CHECKPOINT_DIR) / FILE


def newest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-number").first()


def take(at: dt.datetime) -> int:
    """Write a line for what is new, several where that is much. Returns how many; 0 also while another process writes.

    Raises OSError where the file cannot be written and OperationalError where acts do not end in time: the events then
    wait for the next checkpoint.
    """
    settled = _settled()
    written = 0
    with transaction.atomic():
        if not _alone():
            return 0
        with _opened() as file:
            last = _adopted(file)
            while found := list(events_between(last.upto, settled)[:MOST_EVENTS]):
                line = _signed(_line(last, [Event(*row) for row in found], utc_text(at)))
                _append(file, line)
                last = _note(line)
                written += 1
    return written


def _settled() -> int:
    """The highest id so far, once every event with a lower one is committed or gone: ids are given out before the
    commit, so that a higher one can be seen first. For a moment no act can append its event."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [EVENT_GATE])
                cursor.execute("SELECT coalesce(max(id), 0) FROM priorauth_auditevent")
                return cursor.fetchone()[0]
        except OperationalError:
            if attempt == TRIES:
                raise
    raise AssertionError


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_WRITER])
        return cursor.fetchone()[0]


def events_between(after: int, upto: int) -> QuerySet:
    """The events whose ids lie after `after` up to `upto`, in their order, as rows of Event."""
    return AuditEvent.objects.filter(id__gt=after, id__lte=upto).order_by("id").values_list(*Event._fields)


def _line(last: Checkpoint, events: list[Event], at: str) -> Line:
    return {
        "number": last.number + 1,
        "at": at,
        "after": last.upto,
        "upto": events[-1].id,
        "events": len(events),
        "heads": {event.stream: [event.sequence, event.hash] for event in events},
        "previous": last.hash,
    }


def _signed(line: Line) -> Line:
    line = line | {"key_id": key_id(signing_key())}
    return line | {"hash": _hash(line, signing_key())}


def _hash(line: Line, key: bytes) -> str:
    return keyed(key, b"\x02", canonical({name: value for name, value in line.items() if name != "hash"}))


def rightly_signed(line: Line, ring: KeyRing) -> bool:
    """Whether a line stands as it was written, under one of the known keys."""
    return line["key_id"] in ring and same(_hash(line, ring[line["key_id"]]), line["hash"])


@contextmanager
def _opened() -> Iterator[BinaryIO]:
    """The file, for appending; made for this user alone where there is none."""
    folder = path().parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(path(), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(number, "r+b") as file:
        yield file


def _append(file: BinaryIO, line: Line) -> None:
    """Put the line on the disk, on a line of its own even where a torn one stands before it."""
    end = file.seek(0, os.SEEK_END)
    torn = end and _tail(file, end)[-1:] != b"\n"
    file.write((b"\n" if torn else b"") + canonical(line) + b"\n")
    file.flush()
    os.fsync(file.fileno())
    if not end:
        _sync_folder()


def _sync_folder() -> None:
    folder = os.open(path().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _tail(file: BinaryIO, end: int) -> bytes:
    """The last line of the file with its line end; without one if it was torn."""
    with mmap.mmap(file.fileno(), end, access=mmap.ACCESS_READ) as content:
        return content[content.rfind(b"\n", 0, end - 1) + 1 : end]


def _adopted(file: BinaryIO) -> Checkpoint:
    """The newest checkpoint that the database knows. A process that was stopped between file and database left a line
    that it does not know yet: that one is noted now, if it says of the events what they are."""
    known = newest() or Checkpoint(number=0, upto=0, hash=GENESIS)
    end = file.seek(0, os.SEEK_END)
    line = parsed(_tail(file, end)) if end else None
    if line is None or line["number"] != known.number + 1 or not rightly_signed(line, key_ring()):
        return known
    events = [Event(*row) for row in events_between(known.upto, line["upto"])]
    if not events or not _line(known, events, line["at"]).items() <= line.items():
        return known
    return _note(line)


def _note(line: Line) -> Checkpoint:
    noted = Checkpoint(number=line["number"], upto=line["upto"], hash=line["hash"])
    noted.save(force_insert=True)
    return noted


KEYS = {"number": int, "at": str, "after": int, "upto": int, "events": int, "heads": dict, "previous": str,
        "key_id": str, "hash": str}  # fmt: skip


def parsed(raw: bytes) -> Line | None:
    """One line of the file; None for one that was torn or garbled."""
    try:
        line = json.loads(raw) if raw.endswith(b"\n") else None
    except ValueError:
        return None
    if not isinstance(line, dict) or {name: type(value) for name, value in line.items()} != KEYS:
        return None
    return line
