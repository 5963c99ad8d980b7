"""Processes killed, and their connections ended, at random points of their acts: a case stands exactly where its trail
ends, always (RELIABILITY A6). A tenth of the kills by default."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Count

from priorauth import audit
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from tests.cases import person
from tests.processes import environment
from tests.soak import figure, report
from tests.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parent.parent
OTHERS = (
    "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    " AND backend_type = 'client backend'"
)


@contextmanager
def acting(folder):
    """The process that makes children, which act until they are killed."""
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    command = [sys.executable, "-m", "tests.acting", str(clerk.user_id), str(nurse.user_id)]
    env = environment(os.environ["REDIS_URL"]) | {"DATA_DIR": str(folder)}
    with (folder / "acting.log").open("wb") as log:
        mother = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield mother
        finally:
            os.killpg(mother.pid, signal.SIGKILL)
            mother.communicate()


def child_of(mother):
    mother.stdin.write(b"\n")
    mother.stdin.flush()
    return int(mother.stdout.readline())


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def events():
    return AuditEvent.objects.count()


def test_after_any_kill_every_case_stands_where_its_trail_ends(tmp_path):
    chance, kills = random.Random(6), figure(200)
    with acting(tmp_path) as mother:
        for number in range(kills):
            wanted = events() + chance.randrange(1, 12)
            child = child_of(mother)
            eventually(lambda: events() >= wanted, "the child is at work")  # noqa: B023 - called at once
            time.sleep(chance.uniform(0, 0.03))  # any point of an act
            if number % 2:
                sql(f"SELECT count(pg_terminate_backend(pid)) {OTHERS}")
                time.sleep(chance.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            assert mother.stdout.readline() == b"ended\n", (tmp_path / "acting.log").read_text()
        eventually(lambda: not sql(f"SELECT count(*) {OTHERS} AND state <> 'idle'"), "what was open is undone")
    cases = Case.objects.unscoped("the test counts")
    versions = {f"case:{reference}": version for reference, version in cases.values_list("reference", "version")}
    counted = AuditEvent.objects.filter(stream__startswith="case:").values("stream").annotate(number=Count("pk"))
    assert {row["stream"]: row["number"] for row in counted} == versions
    assert len(versions) >= kills
    assert audit.report().faults == []
    done = f"{kills} kills in {sum(versions.values())} acts"
    report("A6", done, f"{len(versions)} cases stand where their trails end")
