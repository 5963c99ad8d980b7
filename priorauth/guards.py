"""Append-only tables, enforced by PostgreSQL itself: triggers refuse UPDATE, DELETE and TRUNCATE, for everybody."""

from typing import Any

from django.db import connections

APPEND_ONLY = (
    "priorauth_auditevent",
    "priorauth_revision",
    "priorauth_assessment",
    "priorauth_decision",
    "priorauth_decisionline",
)

FUNCTION = """
CREATE OR REPLACE FUNCTION priorauth_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: rows are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


TRIGGERS = ("append_only_rows", "append_only_table")


def missing(using: str = "default") -> list[str]:
    """The guards that are gone or switched off, as `trigger on table`."""
    wanted = {f"{trigger} on {table}" for table in APPEND_ONLY for trigger in TRIGGERS}
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE tgenabled = 'A' AND tgname = ANY(%s)",
            [list(TRIGGERS)],
        )
        return sorted(wanted - {f"{trigger} on {table}" for trigger, table in cursor.fetchall()})


def install(using: str = "default", **_: Any) -> None:
    """Put the guards on, idempotently. Connected to `post_migrate`."""
    with connections[using].cursor() as cursor:
        cursor.execute(FUNCTION)
        for table in APPEND_ONLY:
            cursor.execute("SELECT to_regclass(%s)", [table])
            if cursor.fetchone()[0] is None:
                continue
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION priorauth_append_only()"
            )
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER append_only_table BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION priorauth_append_only()"
            )
            for trigger in TRIGGERS:
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
