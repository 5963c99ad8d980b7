"""What /readyz answers in each state of fault, and how soon (RELIABILITY.md D7)."""

import datetime as dt
import os
import signal
import threading
import time

import pytest
from django.db import connection, connections
from django.utils import timezone

from priorauth.models import Job
from tests.fault_proxy import Mode
from tests.soak import report

NAMES = {"database", "migrations", "guards", "worker", "jobs", "broker"}
STATES = {"ok", "late", "unsafe", "full", "failed", "unknown"}
WELL = dict.fromkeys(NAMES, "ok")
IN_TIME = 10
MIGRATION = "app = 'priorauth' AND name = (SELECT max(name) FROM django_migrations WHERE app = 'priorauth')"


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def database_down(site):
    site.database.crash()
    yield
    site.database.start()


def database_silent(site):
    connections.close_all()
    site.database.proxy.set(Mode.HANG)
    yield
    site.database.proxy.set(Mode.PASS)


def migration_missing(site):
    execute(f"CREATE TABLE kept AS SELECT * FROM django_migrations WHERE {MIGRATION}")
    execute(f"DELETE FROM django_migrations WHERE {MIGRATION}")
    yield
    execute("INSERT INTO django_migrations OVERRIDING SYSTEM VALUE SELECT * FROM kept", "DROP TABLE kept")


def guard_off(site):
    execute("ALTER TABLE priorauth_decision DISABLE TRIGGER append_only_rows")
    yield
    execute("ALTER TABLE priorauth_decision ENABLE ALWAYS TRIGGER append_only_rows")


def worker_hung(site):
    group = site.processes["worker"].popen.pid
    os.killpg(group, signal.SIGSTOP)
    then = timezone.now() - dt.timedelta(seconds=61)
    job = Job(kind=Job.Kind.SCORE, dedupe_key="nobody takes it", run_after=then, created_at=then)
    job.save()
    yield
    job.delete()
    os.killpg(group, signal.SIGCONT)


def broker_down(site):
    site.broker.proxy.set(Mode.DOWN)
    yield
    site.broker.proxy.set(Mode.PASS)


def broker_silent(site):
    site.broker.proxy.set(Mode.HANG)
    yield
    site.broker.proxy.set(Mode.PASS)


def broker_forgets(site):
    with site.broker.client() as broker:
        broker.config_set("maxmemory-policy", "allkeys-lru")
        yield
        broker.config_set("maxmemory-policy", "noeviction")


FAULTS = {
    database_down: (503, {"database": "failed", "migrations": "unknown", "guards": "unknown", "worker": "unknown"}),
    database_silent: (503, {"database": "failed"}),
    migration_missing: (503, {"database": "ok", "migrations": "failed"}),
    guard_off: (503, {"database": "ok", "migrations": "ok", "guards": "failed"}),
    worker_hung: (200, {"database": "ok", "worker": "late", "jobs": "late"}),
    broker_down: (200, {"database": "ok", "broker": "failed"}),
    broker_silent: (200, {"database": "ok", "broker": "failed"}),
    broker_forgets: (200, {"database": "ok", "broker": "unsafe"}),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_d7_each_fault_is_told_in_time_and_so_is_its_end(site, fault):
    assert site.says(200, **WELL, seconds=20), site.readiness()
    status, checks = FAULTS[fault]
    breaking = fault(site)
    next(breaking)
    start = time.monotonic()
    try:
        assert site.says(status, **checks, seconds=IN_TIME), site.readiness()
        told = time.monotonic() - start
        asked = time.monotonic()
        _, answered = site.readiness()
        assert time.monotonic() - asked < 3, "the answer does not wait for what hangs"
        assert answered.keys() == NAMES
        assert set(answered.values()) <= STATES
        assert site.status("/livez") == 200
    finally:
        next(breaking, None)
    mended = time.monotonic()
    assert site.says(200, **WELL, seconds=20), site.readiness()
    words = fault.__name__.replace("_", " ")
    report("D7", words, f"{status} after {told:.1f} s (10); ready again after {time.monotonic() - mended:.1f} s")


def test_many_who_ask_cost_the_database_no_more_than_one(site):
    assert site.says(200, **WELL, seconds=20)
    before, start = sessions(), time.monotonic()
    askers = [threading.Thread(target=lambda: [site.status("/readyz") for _ in range(50)]) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    seconds = time.monotonic() - start
    # Two web processes ask once a second; the worker connects once a wake-up.
    assert sessions() - before < 2 * (seconds + 1) + seconds + 5 < 200
    report("D7", f"200 questions in {seconds:.1f} s", f"{sessions() - before} connections to the database")


def sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]
