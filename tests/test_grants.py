"""The application's role in the database: the portal works under it, and it cannot touch what is written (A2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import dj_database_url
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from portal import demo
from priorauth import exports, grants, guards
from priorauth.models import AuditEvent, Decision
from priorauth.roles import SYSTEM
from tests.processes import environment

pytestmark = pytest.mark.django_db

CHANGES = {
    "UPDATE": "UPDATE {table} SET {column} = {column}",
    "DELETE": "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table} CASCADE",
    "ALTER": "ALTER TABLE {table} ADD COLUMN mine int",
    "DROP": "DROP TABLE {table} CASCADE",
    "DISABLE TRIGGER": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "session_replication_role": "SET session_replication_role = replica",
}
BEYOND = {
    "a new table": "CREATE TABLE public.mine (id int)",
    "a temporary table": "CREATE TEMPORARY TABLE priorauth_auditevent (id int)",
    "another guard": "CREATE OR REPLACE FUNCTION priorauth_append_only() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "a role": "CREATE ROLE mine",
    "the owner's role": "SET ROLE portal",
    "a migration taken back": "DELETE FROM django_migrations",
    "a file of the server": "COPY priorauth_auditevent TO '/tmp/trail'",
}


@contextmanager
def signed_in_as(address: dict[str, str]) -> Iterator[None]:
    """Let this process's connection be that of another role."""
    names = ("USER", "PASSWORD")
    before = {name: connection.settings_dict[name] for name in names}
    connection.close()
    connection.settings_dict.update({name: address[name] for name in names})
    yield
    connection.close()
    connection.settings_dict.update(before)


@pytest.fixture
def application(transactional_db) -> Iterator[None]:
    """Work under the application's role, as web, worker and beat do, until the test is over."""
    with signed_in_as(settings.APPLICATION_DATABASE):
        yield


@contextmanager
def owner() -> Iterator[None]:
    """Work as the owner for once, as `migrate` does."""
    with signed_in_as(dj_database_url.parse(settings.DATABASE_OWNER_URL)):
        yield


def refusal(statement: str) -> str:
    """What the database says to a statement; it must refuse it."""
    with pytest.raises(ProgrammingError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return str(refused.value)


@pytest.mark.parametrize("table", guards.APPEND_ONLY)
def test_the_application_can_change_no_append_only_table_in_any_way(application, table):
    column = next(model._meta.pk.column for model in apps.get_models() if model._meta.db_table == table)
    for name, change in CHANGES.items():
        said = refusal(change.format(table=table, column=column))
        assert "permission denied" in said or "must be owner" in said, (name, said)


def test_the_application_can_make_and_take_nothing_else_either(application):
    for name, statement in BEYOND.items():
        said = refusal(statement)
        assert "permission denied" in said or "must be owner" in said, (name, said)


def test_the_whole_line_from_form_to_export_works_under_the_applications_role(application, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    now = timezone.now()
    demo.load(now)
    day = timezone.localdate(now)
    selection = exports.Selection(day.replace(year=day.year - 1), day)
    assert Decision.objects.unscoped("the test counts").count() > 2
    assert b"".join(exports.csv(selection, by=SYSTEM, at=now)).count(b"\r\n") > 3
    assert AuditEvent.objects.count() > 30
    call_command("verify_audit", verbosity=0)
    assert grants.excess() == []


def test_the_owners_excess_is_told(db):
    assert grants.excess() == [
        "may make roles or databases, replicate, or pass by row security",
        "may make tables",
        "owns tables",
        f"may change {', '.join(sorted(guards.APPEND_ONLY))}",
    ]


def test_one_right_too_many_on_one_table_is_told(application):
    with owner(), connection.cursor() as cursor:
        cursor.execute("GRANT DELETE ON priorauth_revision TO portal_app")
    assert grants.excess() == ["may change priorauth_revision"]
    with owner():
        grants.install()
    assert grants.excess() == []


def test_the_processes_of_the_tests_run_under_the_applications_role(settings):
    url = urlsplit(environment("redis://none/0")["DATABASE_URL"])
    assert url.username == settings.APPLICATION_DATABASE["USER"] != settings.DATABASES["default"]["USER"]


def test_a_new_password_in_database_url_becomes_the_roles_own(application, settings):
    settings.APPLICATION_DATABASE = {**settings.APPLICATION_DATABASE, "PASSWORD": "another one"}
    with owner():
        grants.install()
    connection.close()
    connection.settings_dict["PASSWORD"] = "another one"
    assert grants.excess() == []
