"""The application's role in the database: what web, worker and beat may do there, and nothing more.

`migrate` works as the owner of the tables (DATABASE_OWNER_URL) and gives the role that DATABASE_URL names its password
and its rights, idempotently. That role reads and writes rows; of the append-only tables it only reads and adds.
"""

from typing import Any

from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

from priorauth.guards import APPEND_ONLY

READ_ONLY = "django_migrations"
ROLE_EXISTS = "SELECT FROM pg_roles WHERE rolname = %s"
MAY_MAKE_ROLES = "SELECT FROM pg_roles WHERE rolname = current_user AND (rolcreaterole OR rolsuper)"

RIGHTS = (
    "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON {append_only} FROM {role}",
    "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {read_only} FROM {role}",
)


def install(using: str = "default", **_: Any) -> None:
    """Make the application's role and give it its rights. Connected to `post_migrate`.

    Does nothing where no owner is named: then one role does everything, which a portal in production refuses.
    """
    if not settings.DATABASE_OWNER_URL:
        return
    connection, role = connections[using], settings.APPLICATION_DATABASE["USER"]
    with transaction.atomic(using), connection.cursor() as cursor:
        _set_password(cursor, role, settings.APPLICATION_DATABASE["PASSWORD"])
        tables = connection.introspection.table_names(cursor)
        names = {
            "role": sql.Identifier(role),
            "database": sql.Identifier(connection.settings_dict["NAME"]),
            "append_only": sql.SQL(", ").join(sql.Identifier(name) for name in APPEND_ONLY if name in tables),
            "read_only": sql.Identifier(READ_ONLY),
        }
        for right in RIGHTS:
            cursor.execute(sql.SQL(right).format(**names))


def _set_password(cursor: Any, role: str, password: str) -> None:
    """Make the role if it is not there. Its password leaves this process as a SCRAM verifier, so no log can hold it.

    An owner who may not make roles leaves the role as somebody else made it.
    """
    cursor.execute(ROLE_EXISTS, [role])
    verb = "ALTER" if cursor.fetchone() is not None else "CREATE"
    cursor.execute(MAY_MAKE_ROLES)
    if verb == "ALTER" and cursor.fetchone() is None:
        return
    verifier = cursor.connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
    cursor.execute(statement)


EXCESS = """
SELECT r.rolsuper, r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication,
    has_schema_privilege('public', 'CREATE'),
    EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_has_role(relowner, 'MEMBER')),
    ARRAY(SELECT relname::text FROM pg_class WHERE relname = ANY(%s) AND relnamespace = 'public'::regnamespace
          AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER') ORDER BY relname)
FROM pg_roles r WHERE r.rolname = current_user
"""


def excess(using: str = "default") -> list[str]:
    """What the connected role may do and the application's must not, in words; empty where all is well."""
    with connections[using].cursor() as cursor:
        cursor.execute(EXCESS, [list(APPEND_ONLY)])
        superuser, special, may_create, owns, changeable = cursor.fetchone()
    if superuser:
        return ["is a superuser"]
    found = [
        (special, "may make roles or databases, replicate, or pass by row security"),
        (may_create, "may make tables"),
        (owns, "owns tables"),
        (changeable, f"may change {', '.join(changeable)}"),
    ]
    return [words for is_so, words in found if is_so]
