"""The only writer of audit events. Each case is a stream of its own; acts that concern no case go to a stream per
user and day."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models, transaction

from priorauth.audit.chain import GENESIS, digest, event_hash, utc_text
from priorauth.audit.contents import seals
from priorauth.audit.keys import key_id, key_ring, signing_key, unknown
from priorauth.correlation import request_id
from priorauth.models import AuditEvent, Case
from priorauth.roles import Actor

# By hand: it runs in every act, and building it anew took longer than running it.
END = "SELECT sequence, hash, key_id FROM priorauth_auditevent WHERE stream = %s ORDER BY sequence DESC LIMIT 1"


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
) -> AuditEvent:
    """Append one event, in the caller's transaction.

    `case` puts it on the case's stream, whose row the caller has locked; otherwise it goes to the actor's stream of
    the day, locked here. `change` gives the changed fields: their names are kept, their values only as a digest.
    `rows` are the rows that a case's act wrote besides the case, `removed` those it deleted: they are sealed.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit event belongs to the transaction of its act")
    stream = case_stream(case) if case else user_stream(by, at)
    if case is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [stream])
    key = signing_key()
    sequence, previous = _end_of(stream)
    event = AuditEvent(
        stream=stream,
        sequence=sequence + 1,
        at=utc_text(at),
        actor_id=by.user_id,
        actor_name=by.name,
        role=by.role,
        organization=by.organization_name,
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
    event.save(force_insert=True)
    return event


def _end_of(stream: str) -> tuple[int, str]:
    """The number and the hash of the last event. Raises ImproperlyConfigured where it has a key unknown here: this
    process was left running with a retired key, or was started without the one before."""
    with connection.cursor() as cursor:
        cursor.execute(END, [stream])
        last = cursor.fetchone()
    if last is None:
        return 0, GENESIS
    if last[2] not in key_ring():
        raise ImproperlyConfigured(f"The last event of {stream} {unknown(last[2])}.")
    return last[:2]
