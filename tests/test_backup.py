"""An earlier release's data come forward (D3), and a backup brings everything back into an empty cluster (D6)."""

import datetime as dt
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import dj_database_url
import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from portal.embedded import temporary_services
from priorauth.audit.checkpoints import ONE_WRITER
from priorauth.models import Attachment, Case, User
from priorauth.roles import Actor
from priorauth.statuses import Status
from tests import soak
from tests.cases import approve
from tests.factories import browser
from tests.faults.site import on_database
from tests.make_release import ROOT, TRAIL_KEY, postgresql

pytestmark = pytest.mark.faults

RELEASE = ROOT / "tests" / "data" / "releases" / "0.1.0.tar"
AFTER = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)  # the release's demo was made on November 22
WHY = "the test looks at its own cases"


@dataclass
class Place:
    """One database with its files; `owner` and `application` are addresses, `before` what was restored."""

    owner: str
    application: str
    data: Path
    before: dict[str, tuple[int, str]] = field(default_factory=dict)

    def restore(self, backup: Path) -> subprocess.CompletedProcess[str]:
        with backup.open("rb") as file:
            return self._deploy("restore", self.owner, stdin=file, stdout=subprocess.PIPE)

    def back_up(self, target: Path, **env: str) -> subprocess.CompletedProcess[str]:
        with target.open("wb") as file:
            return self._deploy("backup", self.application, stdout=file, env=env)

    def _deploy(self, script: str, url: str, env: dict[str, str] | None = None, **how) -> subprocess.CompletedProcess:
        env = {**postgresql(url), "DATA_DIR": str(self.data), **(env or {})}
        return subprocess.run([ROOT / "deploy" / script], env=env, stderr=subprocess.PIPE, text=True, **how)

    def migrate(self) -> None:
        with override_settings(APPLICATION_DATABASE=dj_database_url.parse(self.application)), on_database(self.owner):
            call_command("migrate", verbosity=0)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let this process be the portal that works here, under the application's role."""
        folders = {"MEDIA_ROOT": self.data / "media", "CHECKPOINT_DIR": self.data / "checkpoints"}
        with override_settings(AUDIT_KEY=TRAIL_KEY, **folders), on_database(self.application):
            yield

    def rows(self) -> dict[str, tuple[int, str]]:
        """Of every table the number of rows and a digest of all of them."""
        with psycopg.connect(self.owner) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            digest = "SELECT count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM {} t"
            return {table: connection.execute(digest.format(table)).fetchone() for (table,) in tables}

    def files(self) -> dict[str, str]:
        """The digest of every attachment by its name."""
        media = self.data / "media"
        found = [path for path in media.rglob("*") if path.is_file()]
        return {str(path.relative_to(media)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture(scope="module")
def old(tmp_path_factory, django_db_setup, django_db_blocker) -> Iterator[Place]:
    """The backup of release 0.1.0, brought back and migrated."""
    owner, name = settings.DATABASE_OWNER_URL, "release"
    with psycopg.connect(owner, autocommit=True) as connection, django_db_blocker.unblock():
        connection.execute(f"CREATE DATABASE {name}")
        data = tmp_path_factory.mktemp("release")
        place = Place(named(owner, name), named(os.environ["DATABASE_URL"], name), data)
        done = place.restore(RELEASE)
        assert done.returncode == 0, done.stderr
        place.before = place.rows()
        place.migrate()
        yield place
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def actor(email: str) -> Actor:
    return Actor.of(User.objects.get(email=email))


def verified() -> str:
    out = StringIO()
    call_command("verify_audit", stdout=out)
    return out.getvalue()


def test_no_row_of_the_earlier_release_is_lost_or_added(old):
    counted = {table: count for table, (count, _) in old.before.items()}
    now = {table: count for table, (count, _) in old.rows().items()}
    for table in ("django_migrations", "django_content_type", "auth_permission"):  # these tell what the code has
        assert counted.pop(table) <= now[table]
    assert counted["priorauth_case"] > 5
    assert counted["priorauth_auditevent"] > 30
    assert counted.items() <= now.items()


# All that a database is made of, but the order of columns. NOT VALID says only that rows were there before, and what
# PostgreSQL writes of a check that it restored has other casts and brackets.
MADE_OF = """
SELECT 'column', attrelid::regclass::text, attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull
    || attidentity::text || coalesce(pg_get_expr(adbin, adrelid), '')
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped
AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')
UNION ALL SELECT 'constraint', conrelid::regclass::text,
    conname || ' ' || replace(pg_get_constraintdef(oid), ' NOT VALID', '') FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgenabled::text || pg_get_triggerdef(oid) FROM pg_trigger
    WHERE NOT tgisinternal
"""
AS_RESTORED = re.compile(r"::(text|character varying)(\(\d+\))?(\[\])?|[()\s]")


def test_the_earlier_releases_tables_become_those_of_a_new_portal(old):
    """It goes through every migration; a new database is made at once (0001_squashed_...)."""
    made = []
    for address in (old.owner, named(settings.DATABASE_OWNER_URL, settings.DATABASES["default"]["NAME"])):
        with psycopg.connect(address) as connection:
            rows = connection.execute(MADE_OF).fetchall()
            made.append({(kind, table, AS_RESTORED.sub("", definition)) for kind, table, definition in rows})
    assert {kind for kind, *_ in made[0]} == {"column", "constraint", "index", "trigger"}
    assert made[0] == made[1]


def test_the_earlier_releases_trail_is_whole_and_its_pages_open(old):
    with old.at_work():
        assert "unbroken" in verified()
        clerk = actor("clerk@harbor.example")
        nurse = actor("nurse@plan.example")
        pages = {clerk: ["/requests/"], nurse: ["/admin/", "/admin/priorauth/case/?view=decided"]}
        pages[nurse] += [f"/admin/priorauth/case/{case.pk}/change/" for case in Case.objects.for_actor(nurse)]
        pages[actor("auditor@plan.example")] = ["/admin/priorauth/auditevent/"]
        for case in Case.objects.for_actor(clerk):
            pages[clerk].append(f"/requests/{case.reference}/" + ("edit/" if case.status == Status.DRAFT else ""))
        assert min(len(pages[clerk]), len(pages[nurse])) > 4
        for person, paths in pages.items():
            client = browser(person)
            for path in paths:
                assert client.get(path).status_code == 200, (person.role, path)
        file = Attachment.objects.unscoped(WHY).filter(case__office_id=clerk.organization_id).first()
        sent = browser(clerk).get(f"/requests/{file.case.reference}/files/{file.pk}/")
        assert hashlib.sha256(b"".join(sent.streaming_content)).hexdigest() == file.sha256
        sent.close()


@pytest.fixture(scope="module")
def worked_on(old) -> Place:
    """The earlier release's data after the portal of today has decided one of its requests."""
    with old.at_work():
        nurse = actor("nurse@plan.example")
        waiting = Case.objects.for_actor(nurse).filter(status=Status.IN_REVIEW).order_by("pk")
        case = next(case for case in waiting if case.assessments.latest("pk").result["determination"] == "meets")
        approve(case, nurse, AFTER)
        assert case.status == Status.APPROVED
        call_command("checkpoint_audit", stdout=StringIO())
        assert "unbroken" in verified()
    return old


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Iterator[Place]:
    """Another cluster, as a new machine would have it: nothing in it but the owner of the database."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DATABASE_URL")
        with temporary_services() as servers:
            yield Place(servers.database, servers.application, tmp_path_factory.mktemp("new-machine"))


@pytest.fixture(scope="module")
def backup(worked_on, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("backups") / "portal.tar"
    done = worked_on.back_up(file)
    assert done.returncode == 0, done.stderr
    return file


def test_a_backup_is_for_its_owner_alone_and_leaves_nothing_behind(backup, worked_on):
    assert backup.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in worked_on.data.iterdir()} == {"media", "checkpoints"}


def test_a_damaged_backup_restores_nothing(backup, empty, tmp_path):
    damaged = tmp_path / "damaged.tar"
    content = bytearray(backup.read_bytes())
    with tarfile.open(backup) as tar:
        dump = tar.getmember("./database.dump")
    content[dump.offset_data + dump.size // 2] ^= 1
    damaged.write_bytes(content)
    done = empty.restore(damaged)
    assert done.returncode == 1
    assert "The backup is damaged" in done.stderr
    assert empty.rows() == {}
    assert not any(empty.data.iterdir())


def test_the_drill(backup, worked_on, empty):
    begin = time.monotonic()
    done = empty.restore(backup)
    assert done.returncode == 0, done.stderr
    empty.migrate()
    assert empty.rows() == worked_on.rows()
    assert empty.files() == worked_on.files() != {}
    with empty.at_work():
        assert "unbroken" in verified()
        stored = Attachment.objects.unscoped(WHY).values_list("file", "sha256")
        assert dict(stored).items() <= empty.files().items()
    took = f"{time.monotonic() - begin:.1f} s"
    soak.report("D6", "backup restored into an empty cluster", f"rows, files and trail equal; {took}")


def test_a_restore_never_mixes_with_what_is_there(backup, empty, tmp_path):
    again = empty.restore(backup)
    assert again.returncode == 1
    assert "The database portal is not empty: restore into a new one" in again.stderr


def test_a_restored_database_that_is_older_than_the_checkpoints_is_told(backup, worked_on, empty):
    """The machine is lost after the backup; its checkpoints, kept elsewhere, are not."""
    with worked_on.at_work():
        browser(actor("nurse@plan.example")).get("/admin/priorauth/case/")
        call_command("checkpoint_audit", stdout=StringIO())
    shutil.copytree(worked_on.data / "checkpoints", empty.data / "checkpoints", dirs_exist_ok=True)
    told = StringIO()
    with empty.at_work(), pytest.raises(CommandError, match="fault"):
        call_command("verify_audit", stderr=told, stdout=StringIO())
    assert "is missing, though checkpoint" in told.getvalue()


def test_a_file_that_comes_or_goes_during_a_backup_is_in_it(worked_on, tmp_path):
    """The database names what was there when it was read, which is between the two looks at the files."""
    media, tools = worked_on.data / "media", tmp_path / "tools"
    early, late = media / "removed-while-it-runs", media / "added-while-it-runs"
    early.write_text("early")
    tools.mkdir()
    real = postgresql(worked_on.application)["PATH"]
    (tools / "pg_dump").write_text(f'#!/bin/sh\nrm "{early}"; echo late > "{late}"\nPATH="{real}" exec pg_dump "$@"\n')
    (tools / "pg_dump").chmod(0o755)
    done = worked_on.back_up(tmp_path / "busy.tar", PATH=f"{tools}:{real}")
    late.unlink()
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "busy.tar") as tar:
        assert {f"./media/{early.name}", f"./media/{late.name}"} <= {*tar.getnames()}


def test_no_checkpoint_falls_between_the_copy_of_them_and_the_database(worked_on, tmp_path):
    """A database that had noted one more than the file would be reported as broken after a restore."""
    tools, free = tmp_path / "tools", tmp_path / "free"
    tools.mkdir()
    real = postgresql(worked_on.application)["PATH"]
    ask = f'PATH="{real}" psql -XAtc "SELECT pg_try_advisory_lock({ONE_WRITER})" >> "{free}"'
    (tools / "cp").write_text(f'#!/bin/sh\ncase "$2" in */checkpoints) {ask} ;; esac\nPATH="{real}" exec cp "$@"\n')
    (tools / "cp").chmod(0o755)
    done = worked_on.back_up(tmp_path / "still.tar", PATH=f"{tools}:{real}")
    assert done.returncode == 0, done.stderr
    assert free.read_text() == "f\n"
