"""The arithmetic of the trail: canonical form, keyed digests, and the hash that links an event to the one before."""

import datetime as dt
import hmac
import json
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _text
from typing import Any, NamedTuple

from priorauth.audit.keys import signing_key
from priorauth.models import AuditEvent

GENESIS = "0" * 64


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
    fields: list[str]


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


def canonical(document: Any) -> bytes:
    """One byte form for one JSON document: sorted keys, no spaces, ASCII, no NaN."""
    return _encode(document).encode()


def keyed(key: bytes, kind: bytes, message: bytes) -> str:
    """HMAC-SHA256 in hexadecimal; `kind` keeps links, digests and checkpoints apart."""
    return hmac.digest(key, kind + message, "sha256").hex()


def event_hash(event: AuditEvent | Link, key: bytes) -> str:
    """The link: a keyed hash over the previous hash and the canonical form of every signed column of the event."""
    link = _begun(key).copy()
    link.update(f"{event.previous}{_signed(event)}".encode())
    return link.hexdigest()


@lru_cache(maxsize=8)
def _begun(key: bytes) -> hmac.HMAC:
    """What every link under a key begins with."""
    return hmac.new(key, b"\x00", "sha256")


def _signed(event: AuditEvent | Link) -> str:
    """The canonical form, written out: the check of a long trail does little else."""
    actor = "null" if event.actor_id is None else event.actor_id
    version = "null" if event.case_version is None else event.case_version
    return (
        f'{{"action":{_text(event.action)},"actor_id":{actor},"actor_name":{_text(event.actor_name)},'
        f'"at":{_text(event.at)},"case_version":{version},"change_digest":{_text(event.change_digest)},'
        f'"entities":{_entities(event.entities)},"fields":{_names(event.fields)},"key_id":{_text(event.key_id)},'
        f'"organization":{_text(event.organization)},"request_id":{_text(event.request_id)},'
        f'"role":{_text(event.role)},"sequence":{event.sequence},"stream":{_text(event.stream)}}}'
    )


def _entities(entities: dict[str, Any]) -> str:
    """Most events name nothing but rows, each with its digest; whatever else stands there takes the longer way."""
    rows = entities.get("rows") if type(entities) is dict and len(entities) == 1 else None
    if type(rows) is not dict:
        return _encode(entities)
    try:
        return f'{{"rows":{{{",".join([f"{_text(name)}:{_text(rows[name])}" for name in sorted(rows)])}}}}}'
    except TypeError:  # no text
        return _encode(entities)


def _names(fields: list[str]) -> str:
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
