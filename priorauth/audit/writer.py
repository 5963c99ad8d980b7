"""The only writer of audit events. Each case is a stream of its own; acts that concern no case go to a stream per
user and day."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models, transaction

from priorauth import prepared
from priorauth.audit.chain import GENESIS, digest, event_hash, utc_text
from priorauth.audit.contents import seals
from priorauth.audit.keys import key_id, key_ring, signing_key, unknown
from priorauth.correlation import request_id
from priorauth.models import AuditEvent, Case
from priorauth.roles import Actor

# One column: number, hash and key of the last event of a stream, or NULL.
LAST = """(SELECT ARRAY[sequence::text, hash, key_id] FROM priorauth_auditevent WHERE stream = %s
    ORDER BY sequence DESC LIMIT 1)"""


def case_stream(case: Case) -> str:
    return f"case:{case.reference}"


def user_stream(actor: Actor, at: dt.datetime) -> str:
    return f"user:{actor.user_id or 'system'}:{at.astimezone(dt.UTC):%Y-%m-%d}"


def record(
    *,
    by: Actor,
    at: dt.datetime,
    action: str,
    case: Case | None = None,
    entities: dict[str, Any] | None = None,
    change: dict[str, Any] | None = None,
    rows: Iterable[models.Model] = (),
    removed: Iterable[models.Model] = (),
    last: list[str] | None = None,
) -> AuditEvent:
    """Append one event, in the caller's transaction.

    `case` puts it on the case's stream, whose row the caller has locked; otherwise it goes to the actor's stream of
    the day, locked here. `change` gives the changed fields: their names are kept, their values only as a digest.
    `rows` are the rows that a case's act wrote besides the case, `removed` those it deleted: they are sealed.
    `last` is what LAST gave since the stream was locked; without it, it is asked for here.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit event belongs to the transaction of its act")
    stream, key = case_stream(case) if case else _own_stream(by, at), signing_key()
    sequence, previous = _after(stream, last or _end_of(stream))
    event = AuditEvent(
        stream=stream,
        sequence=sequence,
        at=utc_text(at),
        **_who(by),
        action=action,
        entities=(entities or {}) | ({"rows": seals([case, *rows], removed)} if case else {}),
        fields=sorted(change or {}),
        change_digest=digest(change),
        case_version=case.version if case else None,
        request_id=request_id.get(),
        key_id=key_id(key),
        previous=previous,
    )
    event.hash = event_hash(event, key)
    prepared.insert(event)
    return event


def _who(by: Actor) -> dict[str, Any]:
    return {
        "actor_id": by.user_id,
        "actor_name": by.name,
        "role": by.role,
        "organization": by.organization_name,
    }


def _own_stream(by: Actor, at: dt.datetime) -> str:
    """The person's stream of the day, locked."""
    stream = user_stream(by, at)
    with prepared.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [stream])
    return stream


def _end_of(stream: str) -> list[str] | None:
    with prepared.cursor() as cursor:
        cursor.execute(f"SELECT {LAST}", [stream])
        return cursor.fetchone()[0]


def _after(stream: str, last: list[str] | None) -> tuple[int, str]:
    """The number of the next event, and the hash of the last. Raises ImproperlyConfigured where that has a key unknown
    here: this process was left running with a retired key, or was started without the one before."""
    if last is None:
        return 1, GENESIS
    sequence, previous, key = last
    if key not in key_ring():
        raise ImproperlyConfigured(f"The last event of {stream} {unknown(key)}.")
    return int(sequence) + 1, previous
