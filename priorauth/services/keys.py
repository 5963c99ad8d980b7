"""Keys for programs: `pap_<prefix>_<secret>`. The prefix finds the row, the secret proves it, scanners know the shape.

Only SHA-256 of the key is kept. The secret has 256 random bits, so no dictionary holds it and no guess reaches it: a
slow password hash would cost every request its time and add nothing.
"""

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection

from django.db import transaction
from django.db.models import Q

from priorauth import audit
from priorauth.models import ApiKey, Membership, Organization, User
from priorauth.roles import Actor, Role
from priorauth.services.base import needed
from priorauth.services.errors import Conflict, Incomplete, NotPermitted

SHAPE = re.compile(r"pap_([0-9a-f]{12})_[0-9a-f]{64}")
LONGEST_NAME = 80
LONGEST_DAYS = 730
USE_NOTED_EVERY = dt.timedelta(hours=1)

Scope = ApiKey.Scope
SCOPES = {
    Organization.Kind.OFFICE: (Scope.REQUESTS_READ, Scope.REQUESTS_WRITE),
    Organization.Kind.PLAN: (Scope.DECISIONS_READ,),
}
ROLES = {Organization.Kind.OFFICE: Role.CLERK, Organization.Kind.PLAN: Role.PAYER}


def new_prefix() -> str:
    """The public part of a key that is still to be issued."""
    return secrets.token_hex(6)


def issue(
    *,
    by: Actor,
    at: dt.datetime,
    organization: Organization,
    name: str,
    scopes: Collection[str],
    days: int,
    prefix: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key for a program of an organization, with a machine account of its own. Its text is returned this once.

    `days` is how long it lasts. Raises Incomplete for what is missing, Conflict where `prefix` was issued before.
    """
    _administers(by)
    name = needed(name, "name", "Write which program the key is for.")[:LONGEST_NAME]
    if not scopes or not set(scopes) <= set(SCOPES[organization.kind]):
        may = " or ".join(SCOPES[organization.kind])
        raise Incomplete("scopes", f"Choose what the key may do. For {organization.name} that is {may}.")
    if not 1 <= days <= LONGEST_DAYS:
        raise Incomplete("days", f"A key can last from 1 to {LONGEST_DAYS} days.")
    prefix = prefix or new_prefix()
    text = f"pap_{prefix}_{secrets.token_hex(32)}"
    with transaction.atomic():
        if ApiKey.objects.filter(prefix=prefix).exists():
            raise Conflict("This key was issued already, and it is shown only once. Issue another.")
        key = ApiKey(
            account=_account(organization, name, prefix),
            name=name,
            prefix=prefix,
            digest=_digest(text),
            scopes=sorted(scopes),
            created_by_id=by.user_id,
            created_at=at,
            expires_at=at + dt.timedelta(days=days),
        )
        key.save(force_insert=True)
        change = {"name": name, "scopes": key.scopes, "days": days, "organization": organization.pk}
        audit.record(by=by, at=at, action="key_issue", entities=_entities(key), change=change)
    return key, text


def revoke(key: ApiKey, *, by: Actor, at: dt.datetime) -> ApiKey:
    """End a key at once. A key that was revoked before stays as it is."""
    _administers(by)
    with transaction.atomic():
        rows = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
        if rows.update(revoked_at=at, revoked_by=by.user_id):
            User.objects.filter(pk=key.account_id).update(is_active=False)
            audit.record(by=by, at=at, action="key_revoke", entities=_entities(key))
    key.refresh_from_db()
    return key


def authenticate(text: str, at: dt.datetime) -> ApiKey | None:
    """The key with this text, with its account, if it is good at `at`. When it was last used is noted once an hour."""
    shape = SHAPE.fullmatch(text)
    rows = ApiKey.objects.select_related("account__membership__organization")
    key = rows.filter(prefix=shape[1]).first() if shape else None
    # The digest of nothing stands in for a key that is not there, so that both take the same way.
    known = hmac.compare_digest(key.digest if key else _digest(""), _digest(text))
    if key is None or not known or key.revoked_at or key.expires_at <= at or not key.account.is_active:
        return None
    stale = Q(last_used_at=None) | Q(last_used_at__lte=at - USE_NOTED_EVERY)
    if key.last_used_at is None or key.last_used_at <= at - USE_NOTED_EVERY:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=at)
    return key


def _account(organization: Organization, name: str, prefix: str) -> User:
    """The machine account that the key acts as: nobody can sign in as it."""
    account = User(email=f"{prefix}@program.invalid", first_name=name, is_machine=True)
    account.set_unusable_password()
    account.save(force_insert=True)
    Membership(user=account, organization=organization, role=ROLES[organization.kind]).save(force_insert=True)
    return account


def _administers(by: Actor) -> None:
    if by.role != Role.ADMINISTRATOR:
        raise NotPermitted("Only an administrator issues and revokes keys.")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _entities(key: ApiKey) -> dict[str, str | int]:
    return {"api_key": key.prefix, "user": key.account_id, "organization": key.account.membership.organization_id}
