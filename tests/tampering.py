"""What somebody who owns the database could do: switch the guards off, write, and switch them on again."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from priorauth import guards


def force(statement: str, *parameters: object) -> None:
    """Execute one statement past the guards."""
    with guards_off(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@contextmanager
def guards_off() -> Iterator[None]:
    """No guard watches inside; what was written before is checked first, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for table in guards.TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for guard in guards.GUARDS:
            cursor.execute(f"ALTER TABLE {guard.table} ENABLE ALWAYS TRIGGER {guard.name}")
