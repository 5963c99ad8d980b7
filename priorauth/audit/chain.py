"""The arithmetic of the trail: canonical form, keyed digests, and the hash that links an event to the one before."""

import datetime as dt
import hmac
import json
from typing import Any

from priorauth.audit.keys import signing_key
from priorauth.models import AuditEvent

GENESIS = "0" * 64
HASHED = (
    "stream", "sequence", "at", "actor_id", "actor_name", "role", "organization", "action", "entities", "fields",
    "change_digest", "case_version", "request_id", "key_id",
)  # fmt: skip

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


def canonical(document: Any) -> bytes:
    """One byte form for one JSON document: sorted keys, no spaces, ASCII, no NaN."""
    return _encode(document).encode()


def keyed(key: bytes, kind: bytes, message: bytes) -> str:
    """HMAC-SHA256 in hexadecimal; `kind` keeps links, digests and checkpoints apart."""
    return hmac.digest(key, kind + message, "sha256").hex()


def event_hash(event: AuditEvent, key: bytes) -> str:
    """The link: a keyed hash over the previous hash and every signed column of the event."""
    values = event.__dict__
    return keyed(key, b"\x00", values["previous"].encode() + canonical({name: values[name] for name in HASHED}))


def digest(change: Any, key: bytes | None = None) -> str:
    """A keyed digest of changed values: proves them later without keeping them in the trail. Empty for no change."""
    return keyed(key or signing_key(), b"\x01", canonical(change)) if change else ""


def same(one: str, other: str) -> bool:
    """Whether two hashes are equal, in constant time; whatever stands in a row that was tampered with."""
    return hmac.compare_digest(one.encode(), other.encode())


def utc_text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
