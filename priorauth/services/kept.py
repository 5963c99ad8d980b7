"""What was typed into a page of a session that had ended, or on a page that keeps words until they are sent: kept for
its person alone, gone after some hours."""

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet

from priorauth.models import KeptPost
from priorauth.roles import Actor

LASTS = dt.timedelta(hours=4)
MOST = 20  # pages of one person; the oldest makes room


def keep(*, by: Actor, at: dt.datetime, path: str, fields: dict[str, list[str]], files: list[str]) -> KeptPost:
    """Keep the form that `by` filled on the page `path`, in place of what was kept of that page before.

    Null characters, which no database keeps, are left out.
    """
    clean = {name.replace("\x00", ""): [text.replace("\x00", "") for text in texts] for name, texts in fields.items()}
    names = [name.replace("\x00", "") for name in files]
    values = {"organization_id": by.organization_id, "fields": clean, "files": names}
    values |= {"kept_at": at, "kept_until": at + LASTS}
    with transaction.atomic():
        kept, _ = KeptPost.objects.update_or_create(owner_id=by.user_id, path=path, defaults=values)
        older = KeptPost.objects.filter(owner_id=by.user_id).order_by("-kept_at", "-pk")[MOST:]
        KeptPost.objects.filter(pk__in=[row.pk for row in older]).delete()
    return kept


def of(by: Actor, at: dt.datetime) -> QuerySet[KeptPost]:
    """What is kept for this person in this organization, the latest first. Nobody else is ever offered it."""
    rows = KeptPost.objects.filter(owner_id=by.user_id, organization_id=by.organization_id, kept_until__gt=at)
    return rows.order_by("-kept_at", "-pk")


def forget(key: str, *, by: Actor) -> None:
    """Delete one that was put back or is not wanted; a key of somebody else's finds nothing."""
    KeptPost.objects.filter(pk=key, owner_id=by.user_id).delete()


def forget_page(path: str, *, by: Actor) -> None:
    """Delete what is kept of a page: its words went out, or were taken back."""
    KeptPost.objects.filter(path=path, owner_id=by.user_id).delete()


def sweep(at: dt.datetime) -> int:
    """Delete what has been kept long enough. Returns how many."""
    deleted, _ = KeptPost.objects.filter(kept_until__lte=at).delete()
    return deleted
