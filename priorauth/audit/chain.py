"""The arithmetic of the trail: canonical form, keyed digests, and the hash that links an event to the one before."""

import datetime as dt
import hashlib
import hmac
import json
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _text
from typing import Any, NamedTuple

from priorauth.audit.keys import signing_key
from priorauth.models import AuditEvent

GENESIS = "0" * 64
BLOCK = 64  # bytes that SHA-256 takes at once


class Link(NamedTuple):
    """One event as the check reads it: its signed columns, and what chains it."""

    stream: str
    sequence: int
    at: str
    actor_id: int | None
    actor_name: str
    role: str
    organization: str
    action: str
    change_digest: str
    case_version: int | None
    request_id: str
    key_id: str
    previous: str
    hash: str
    entities: dict[str, Any]
    fields: str  # in its canonical form


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


def canonical(document: Any) -> bytes:
    """One byte form for one JSON document: sorted keys, no spaces, ASCII, no NaN."""
    return _encode(document).encode()


def keyed(key: bytes, kind: bytes, message: bytes) -> str:
    """HMAC-SHA256 in hexadecimal; `kind` keeps links, digests and checkpoints apart."""
    return hmac.digest(key, kind + message, "sha256").hex()


def event_hash(event: AuditEvent | Link, key: bytes) -> str:
    """The link: a keyed hash over the previous hash and the canonical form of every signed column of the event."""
    begun, end = _halves(key)
    inner, outer = begun.copy(), end.copy()
    inner.update(_signed(event if type(event) is Link else _link(event)).encode())
    outer.update(inner.digest())
    return outer.hexdigest()


@lru_cache(maxsize=8)
def _halves(key: bytes) -> tuple[Any, Any]:
    """The two hashes of HMAC-SHA256 (RFC 2104) as every link under a key begins them: `hmac` spends on the beginning
    what the check of a link takes."""
    block = (key if len(key) <= BLOCK else hashlib.sha256(key).digest()).ljust(BLOCK, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))
    inner.update(b"\x00")
    return inner, outer


def _link(event: AuditEvent) -> Link:
    """An event that was just made, as the check will read it."""
    *values, fields = (getattr(event, name) for name in Link._fields)
    return Link._make((*values, names(fields)))


def _signed(event: Link) -> str:
    """The previous hash and the canonical form, written out: the check of a long trail does little else."""
    (
        stream,
        sequence,
        at,
        actor,
        name,
        role,
        office,
        action,
        change,
        version,
        request,
        key,
        previous,
        _,
        rows,
        fields,
    ) = event
    return (
        f'{previous}{{"action":{_text(action)},"actor_id":{"null" if actor is None else actor},'
        f'"actor_name":{_text(name)},"at":{_text(at)},"case_version":{"null" if version is None else version},'
        f'"change_digest":{_text(change)},"entities":{_entities(rows)},"fields":{fields},"key_id":{_text(key)},'
        f'"organization":{_text(office)},"request_id":{_text(request)},"role":{_text(role)},"sequence":{sequence},'
        f'"stream":{_text(stream)}}}'
    )


def _entities(entities: dict[str, Any]) -> str:
    """Most events name nothing but rows, each with its digest; whatever else stands there takes the longer way."""
    rows = entities.get("rows") if type(entities) is dict and len(entities) == 1 else None
    if type(rows) is not dict:
        return _encode(entities)
    try:
        named = sorted(rows) if len(rows) > 1 else rows
        return f'{{"rows":{{{",".join([f"{_text(name)}:{_text(rows[name])}" for name in named])}}}}}'
    except TypeError:  # no text
        return _encode(entities)


def names(fields: list[str]) -> str:
    """The canonical form of the names of changed fields."""
    try:
        return f"[{','.join([_text(name) for name in fields])}]" if type(fields) is list else _encode(fields)
    except TypeError:
        return _encode(fields)


def digest(change: Any, key: bytes | None = None) -> str:
    """A keyed digest of changed values: proves them later without keeping them in the trail. Empty for no change."""
    return keyed(key or signing_key(), b"\x01", canonical(change)) if change else ""


def same(one: str, other: str) -> bool:
    """Whether two hashes are equal, in constant time; whatever stands in a row that was tampered with."""
    return hmac.compare_digest(one.encode(), other.encode())


def utc_text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
