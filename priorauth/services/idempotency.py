"""One key, one act: a request that is sent again because its answer was lost is answered again, not done again."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from priorauth.audit import canonical
from priorauth.models import IdempotencyKey
from priorauth.roles import Actor
from priorauth.services.errors import Refused

KEPT = dt.timedelta(days=30)

CLAIM = """
INSERT INTO priorauth_idempotencykey (organization_id, key, route, body_sha256, answer, created_at)
VALUES (%s, %s, %s, %s, '', %s) ON CONFLICT DO NOTHING
"""
SWEEP = """
DELETE FROM priorauth_idempotencykey WHERE id IN (
    SELECT id FROM priorauth_idempotencykey WHERE created_at < %s ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED
)
"""


class KeyReused(Refused):
    """The key was used for another request. Nothing was written."""


@dataclass(frozen=True)
class Answer:
    """The status and the JSON body of an answer. `replayed`: it was given before, and nothing was done now."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


def once(*, by: Actor, at: dt.datetime, key: str, route: str, body: Any, act: Callable[[], Answer]) -> Answer:
    """Do `act` once for this key of `by`'s organization, in one transaction with the row that remembers it.

    Of two at the same time the second waits for the first and repeats its answer. Where `act` raises, nothing stays,
    so the same key can be tried again. Raises KeyReused where the key came with another route or body. Keys are kept
    for 30 days; each use takes out some that are older.
    """
    fingerprint = hashlib.sha256(canonical(body)).hexdigest()
    with transaction.atomic():
        if not _claimed(by, key, route, fingerprint, at):
            return _again(by, key, route, fingerprint)
        answer = act()
        rows = IdempotencyKey.objects.filter(organization_id=by.organization_id, key=key)
        rows.update(status=answer.status, answer=json.dumps(answer.body))
    return answer


def _claimed(by: Actor, key: str, route: str, fingerprint: str, at: dt.datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(SWEEP, [at - KEPT])
        cursor.execute(CLAIM, [by.organization_id, key, route, fingerprint, at])
        return cursor.rowcount == 1


def _again(by: Actor, key: str, route: str, fingerprint: str) -> Answer:
    row = IdempotencyKey.objects.get(organization_id=by.organization_id, key=key)
    if (row.route, row.body_sha256) != (route, fingerprint):
        raise KeyReused("This Idempotency-Key was used for another request. Send a new key with a new request.")
    return Answer(row.status, json.loads(row.answer), replayed=True)
