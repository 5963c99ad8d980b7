"""Signing in and out, as events of the trail. What was typed is never in them."""

import datetime as dt

from django.db import transaction

from priorauth import audit
from priorauth.models import User
from priorauth.roles import SYSTEM, Actor
from priorauth.services import brake

SIGN_IN, SIGN_OUT, SIGN_IN_FAILED = "sign_in", "sign_out", "sign_in_failed"


def signed_in(user: User, *, at: dt.datetime, own: str, shared: list[str]) -> None:
    """Write the event, and take back the try that was counted against `own` and `shared` (brake.forgive)."""
    with transaction.atomic():
        brake.forgive(own, shared)
        audit.record(by=Actor.of(user), at=at, action=SIGN_IN)
    brake.sweep(at)


def failed(email: str, *, at: dt.datetime, refused_until: dt.datetime | None) -> None:
    """Write that a password did not match, and until when further tries are refused unread.

    The event stands in the stream of the account's holder; for a name that nobody has in the portal's own, with a
    keyed digest in place of the name. A refused try writes nothing, so the brake also bounds how fast the trail grows.
    """
    user = User.objects.select_related("membership__organization").filter(email=email).first()
    actor = Actor.of(user)
    entities = {} if actor else {"account": brake.subject("account", email)[:16]}
    if refused_until:
        entities["refused_until"] = audit.utc_text(refused_until)
    with transaction.atomic():
        audit.record(by=actor or SYSTEM, at=at, action=SIGN_IN_FAILED, entities=entities)


def signed_out(actor: Actor, *, at: dt.datetime) -> None:
    with transaction.atomic():
        audit.record(by=actor, at=at, action=SIGN_OUT)
