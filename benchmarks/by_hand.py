"""Rows as one would write them without an ORM: the columns of a row that the services wrote, as SQL with names."""

from typing import Any

from django.db import connection, models
from django.db.backends.postgresql.base import ServerBindingCursor


def columns(row: models.Model) -> dict[str, Any]:
    """The values of a row as the driver takes them, without its key."""
    return {
        field.column: field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in row._meta.concrete_fields
        if field.column != "id"
    }


def insert(model: type[models.Model], names: dict[str, Any], prefix: str = "") -> str:
    """The INSERT of one row; each value is a parameter of that name after `prefix`."""
    places = ", ".join(f"%({prefix}{name})s" for name in names)
    return f"INSERT INTO {model._meta.db_table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608


def cursor() -> ServerBindingCursor:
    """The driver's own cursor, none of Django's: one that binds values in the server, or nothing is ever prepared."""
    return ServerBindingCursor(connection.connection)
