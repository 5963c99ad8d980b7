"""Views of the queue that a person keeps under a name."""

import datetime as dt

from django.db import connection, transaction

from priorauth import audit
from priorauth.models import SavedView
from priorauth.roles import Actor
from priorauth.services.base import needed
from priorauth.services.errors import Incomplete

MOST = 20
LONGEST_NAME = 40


def keep(*, by: Actor, at: dt.datetime, name: str, query: str) -> SavedView:
    """Keep an address of the queue under a name; the same name again replaces it. Raises Incomplete."""
    name = needed(name, "name", "Write a name for the view.")
    if len(name) > LONGEST_NAME:
        raise Incomplete("name", f"A name can have {LONGEST_NAME} characters. This has {len(name)}: shorten it.")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"views:{by.user_id}"])
        mine = SavedView.objects.filter(user=by.user_id)
        if mine.exclude(name=name).count() >= MOST:
            raise Incomplete("name", f"You have {MOST} views. Delete one, then save this one.")
        view, _ = mine.update_or_create(user_id=by.user_id, name=name, defaults={"query": query})
        audit.record(by=by, at=at, action="keep_view", entities={"view": view.pk}, change={"query": query})
    return view


def forget(view: int, *, by: Actor, at: dt.datetime) -> bool:
    """Delete one of one's own views. Returns whether there was one."""
    with transaction.atomic():
        deleted, _ = SavedView.objects.filter(user=by.user_id, pk=view).delete()
        if deleted:
            audit.record(by=by, at=at, action="delete_view", entities={"view": view})
    return bool(deleted)
