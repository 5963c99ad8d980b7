"""Statements that PostgreSQL parses and plans once for each connection, not each time: those that run in every act.

Django's own cursors write the values into the text, so that no two statements are the same. The settings say that these
are prepared the first time (`prepare_threshold`), and that a plan is made for any values (`plan_cache_mode`).
"""

from functools import cache

from django.db import connections, models
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from psycopg.types.json import Jsonb


def cursor() -> CursorWrapper:
    """A cursor as `connection.cursor()` gives, whose statements are prepared. PostgreSQL has to see the type of each
    value: from the column that it stands beside, or from a cast."""
    default = connections["default"]
    if default.queries_logged:  # a prepared statement cannot tell its text and its values
        return default.cursor()
    default.ensure_connection()
    return default.make_cursor(ServerBindingCursor(default.connection))


def insert(row: models.Model) -> None:
    """What `row.save(force_insert=True)` does where no signal listens. The driver adapts the values."""
    statement, names, documents = _insert(type(row))
    values = [Jsonb(getattr(row, name)) if name in documents else getattr(row, name) for name in names]
    with cursor() as opened:
        opened.execute(statement, values)
        (row.pk,) = opened.fetchone()
    row._state.adding, row._state.db = False, "default"


@cache
def _insert(model: type[models.Model]) -> tuple[str, list[str], frozenset[str]]:
    """The statement, the attributes of a row in its order, and those of them that are documents."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns, places = (", ".join(each) for each in ([field.column for field in fields], ["%s"] * len(fields)))
    statement = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places}) RETURNING id"  # noqa: S608
    documents = frozenset(field.attname for field in fields if isinstance(field, models.JSONField))
    return statement, [field.attname for field in fields], documents
