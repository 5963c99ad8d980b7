"""Whether the web process answers (`/livez`), and whether the portal works (`/readyz`; RELIABILITY.md D7).

Both are open to everybody and say nothing about a patient, a person or a version. `/readyz` answers 503 only where
this process cannot serve pages: taking it out of service then helps. Whatever leaves requests received, but their
scoring late, answers 200 and is named:

| what is wrong                                               | status | the check that is not `ok`            |
|-------------------------------------------------------------|--------|---------------------------------------|
| PostgreSQL is down, starts, or is silent for a second       | 503    | database failed (those below unknown) |
| a migration of this code is not applied                     | 503    | migrations failed                     |
| an append-only guard is gone or switched off                | 503    | guards failed                         |
| no worker gave a sign of life: killed, hung, or beat stopped| 200    | worker late                           |
| a job has been due for more than a minute                   | 200    | jobs late                             |
| the broker is down, or silent for a second                  | 200    | broker failed                         |
| the broker may drop messages (not `noeviction`)             | 200    | broker unsafe                         |
| the broker's memory is full, so it refuses wake-ups         | 200    | broker full                           |
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import cache

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from priorauth import guards, jobs

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds until a server that does not answer counts as failed
KEPT = 1.0  # seconds for which one answer serves everybody who asks

Checks = dict[str, str]
NO_DATABASE = {"database": "failed"} | dict.fromkeys(("migrations", "guards", "worker", "jobs"), "unknown")
NEEDED = ("database", "migrations", "guards")


def livez(_request: HttpRequest) -> HttpResponse:
    """The process is up. Asks nothing of database or broker."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """Every check by name: ok, late, unsafe, full, failed or unknown; answered within PATIENCE, whatever hangs."""
    checks = _kept.checks()
    unavailable = any(checks[name] != "ok" for name in NEEDED)
    degraded = any(state != "ok" for state in checks.values())
    status = "unavailable" if unavailable else "degraded" if degraded else "ready"
    return JsonResponse({"status": status, "checks": checks}, status=503 if unavailable else 200)


def database() -> Checks:
    """What the database says of itself and of the work. Raises django.db.Error when it is silent."""
    try:
        missing = _migrations() - MigrationRecorder(connection).applied_migrations().keys()
        if missing:
            return NO_DATABASE | {"database": "ok", "migrations": "failed"}
        now = timezone.now()
        return {
            "database": "ok",
            "migrations": "ok",
            "guards": "failed" if guards.missing() else "ok",
            "worker": "late" if jobs.silent(now) else "ok",
            "jobs": "late" if jobs.overdue(now).exists() else "ok",
        }
    finally:
        connection.close()


def broker() -> Checks:
    """Whether the broker answers, keeps every message, and has room for one. Raises redis.RedisError when silent."""
    with redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
    ) as server:
        memory = server.info("memory")
    if memory["maxmemory_policy"] != "noeviction":
        return {"broker": "unsafe"}
    return {"broker": "full" if 0 < memory["maxmemory"] <= memory["used_memory"] else "ok"}


@cache
def _migrations() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).disk_migrations)


class Probe:
    """Asks one server in a thread of its own: while that hangs, no answer waits and no second thread is started."""

    def __init__(self, ask: Callable[[], Checks], silence: Checks) -> None:
        self._ask, self._silence, self._answer = ask, silence, silence
        self._thread = threading.Thread()

    def start(self) -> None:
        """Ask, unless the last question is still open."""
        if not self._thread.is_alive():
            self._answer = self._silence
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def answer(self, deadline: float) -> Checks:
        """What came back until `deadline` (of time.monotonic)."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except (Error, redis.RedisError) as error:
            log.warning("not ready: %s", type(error).__name__)


class _Kept:
    """The last answer, for a second: however many ask, the servers are asked once."""

    def __init__(self) -> None:
        self._lock, self._until, self._checks = threading.Lock(), 0.0, {}

    def checks(self) -> Checks:
        if self._lock.acquire(blocking=not self._checks):
            try:
                if time.monotonic() >= self._until:
                    self._checks = self._measured()
                    self._until = time.monotonic() + KEPT
            finally:
                self._lock.release()
        return self._checks

    def _measured(self) -> Checks:
        deadline = time.monotonic() + PATIENCE
        probes = (_database, _broker)
        for probe in probes:
            probe.start()
        return {name: state for probe in probes for name, state in probe.answer(deadline).items()}


_database = Probe(database, NO_DATABASE)
_broker = Probe(broker, {"broker": "failed"})
_kept = _Kept()
