"""The only writer of audit events, and the check that the chains are whole (DESIGN.md 3.5, RELIABILITY.md 1).

Each case is a stream of its own; acts that concern no case go to a stream per user and day. The hash of an event is
HMAC-SHA256 over the previous hash and the event's canonical form, under a key that is kept outside the database.
"""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from priorauth.correlation import request_id
from priorauth.models import AuditEvent, Case
from priorauth.roles import Actor
from priorauth.statuses import TRANSITIONS, Act, Status

GENESIS = "0" * 64


def canonical(document: Any) -> bytes:
    """One byte form for one JSON document: sorted keys, no spaces, ASCII, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def key_id(key: bytes) -> str:
    return hashlib.sha256(b"key-id" + key).hexdigest()[:8]


def signing_key() -> bytes:
    """The key of the chains. Raises ImproperlyConfigured without one: anybody could forge a chain without a key."""
    if not settings.AUDIT_KEY:
        raise ImproperlyConfigured("AUDIT_KEY is not set: the audit trail needs a secret key.")
    return settings.AUDIT_KEY.encode()


def digest(change: Any) -> str:
    """A keyed digest of changed values: proves them later without keeping them in the trail. Empty for no change."""
    return hmac.new(signing_key(), b"\x01" + canonical(change), hashlib.sha256).hexdigest() if change else ""


def utc_text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def case_stream(case: Case) -> str:
    return f"case:{case.reference}"


def user_stream(actor: Actor, at: dt.datetime) -> str:
    return f"user:{actor.user_id or 'system'}:{at.astimezone(dt.UTC):%Y-%m-%d}"


def event_hash(event: AuditEvent, key: bytes) -> str:
    body = {
        "stream": event.stream,
        "sequence": event.sequence,
        "at": event.at,
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "role": event.role,
        "organization": event.organization,
        "action": event.action,
        "entities": event.entities,
        "fields": event.fields,
        "change_digest": event.change_digest,
        "case_version": event.case_version,
        "request_id": event.request_id,
        "key_id": event.key_id,
    }
    message = b"\x00" + event.previous.encode() + canonical(body)
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def record(
    *,
    by: Actor,
    at: dt.datetime,
    action: str,
    case: Case | None = None,
    entities: dict[str, Any] | None = None,
    change: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append one event, in the caller's transaction.

    `case` puts it on the case's stream, whose row the caller has locked; otherwise it goes to the actor's stream of
    the day, locked here. `change` gives the changed fields: their names are kept, their values only as a digest.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit event belongs to the transaction of its act")
    stream = case_stream(case) if case else user_stream(by, at)
    if case is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [stream])
    last = AuditEvent.objects.filter(stream=stream).order_by("-sequence").values_list("sequence", "hash").first()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    key = signing_key()
    event = AuditEvent(
        stream=stream,
        sequence=sequence,
        at=utc_text(at),
        actor_id=by.user_id,
        actor_name=by.name,
        role=by.role,
        organization=by.organization_name,
        action=action,
        entities=entities or {},
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


@dataclass(frozen=True)
class Fault:
    """The first thing wrong in a stream: which event (its number), and what."""

    stream: str
    sequence: int
    what: str

    def __str__(self) -> str:
        return f"{self.stream}: event {self.sequence} {self.what}"


class Walk(NamedTuple):
    """What a walk along one stream found: its first fault if any, its last sound event, how many events were read,
    and the status to which the acts of a case led."""

    fault: Fault | None
    last: AuditEvent | None
    count: int
    status: str


def walk(stream: str, events: Iterable[AuditEvent]) -> Walk:
    """Read one stream in order, up to its first fault."""
    key = signing_key()
    last, count, status = None, 0, ""
    for count, event in enumerate(events, start=1):
        if what := _broken(event, count, last, key):
            return Walk(Fault(stream, count, what), last, count, status)
        last, status = event, _led_to(event.action) or status
    return Walk(None, last, count, status)


def _broken(event: AuditEvent, number: int, before: AuditEvent | None, key: bytes) -> str:
    if event.sequence != number:
        return f"is missing (the next one present is {event.sequence})"
    if event.previous != (before.hash if before else GENESIS):
        return "does not follow the one before it"
    if event.key_id != key_id(key):
        return "was written under another audit key"
    if not hmac.compare_digest(event_hash(event, key).encode(), event.hash.encode()):
        return "was changed after it was written"
    return ""


def _led_to(action: str) -> str:
    if action == Act.CREATE:
        return Status.DRAFT
    transition = TRANSITIONS.get(action)
    return transition.to or "" if transition else ""


def case_fault(version: int, status: str, stream: str, walked: Walk) -> Fault | None:
    """Whether the trail ends where the case stands: at its version, and in its status."""
    if walked.last is None:
        return Fault(stream, 1, "is missing: the case has no trail")
    if walked.last.case_version != version:
        what = f"is missing: the case stands at version {version}, its trail ends earlier"
        return Fault(stream, walked.count + 1, what)
    if walked.status != status:
        what = f"is missing: the case is “{status}”, its trail ends at “{walked.status}”"
        return Fault(stream, walked.count + 1, what)
    return None


def verify_case(case: Case) -> tuple[Fault | None, int]:
    """Check one case's chain. Returns the first fault, if any, and the number of events read."""
    stream = case_stream(case)
    with transaction.atomic():
        # The row is held, so that no act comes between its version and its events.
        rows = Case.objects.unscoped("the caller fetched the case in scope").select_for_update(of=("self",))
        version, status = rows.values_list("version", "status").get(pk=case.pk)
        walked = walk(stream, AuditEvent.objects.filter(stream=stream).order_by("sequence"))
    return walked.fault or case_fault(version, status, stream, walked), walked.count


def verify_all() -> Iterator[tuple[str, Fault | None, int]]:
    """Check every chain, streaming: yields (stream, first fault or None, events read), cases without a trail last.

    The portal works on meanwhile: a case that started or moved on after the cases were read is read once more.
    """
    everything = Case.objects.unscoped("the audit check reads every case")
    states = {row[0]: row[1:] for row in everything.values_list("reference", "version", "status").iterator()}
    events = AuditEvent.objects.order_by("stream", "sequence").iterator(chunk_size=5000)
    for stream, chain in groupby(events, key=lambda event: event.stream):
        walked = walk(stream, chain)
        fault, count = walked.fault, walked.count
        kind, _, reference = stream.partition(":")
        if kind == "case" and not fault and case_fault(*states.get(reference, (0, "")), stream, walked):
            case = everything.filter(reference=reference).first()
            if case:
                fault, count = verify_case(case)
            else:
                fault = Fault(stream, count, "belongs to a case that no longer exists")
        states.pop(reference, None)
        yield stream, fault, count
    for reference in states:
        yield f"case:{reference}", Fault(f"case:{reference}", 1, "is missing: the case has no trail"), 0
