"""What every test gets: a real PostgreSQL and Valkey, keys of its own, a network that ends at this machine.

It stands at the top so that the tests under policies/ get the same. The servers start before Django's
settings are read, which is why pyproject.toml does not name DJANGO_SETTINGS_MODULE: pytest-django would
read them earlier than any conftest. Where the environment names DATABASE_URL and REDIS_URL, those are used.
"""

import asyncio
import gc
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from portal.embedded import StartError, temporary_services

LOCAL_HOSTS = "127.0.0.1,::1,localhost"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_PATHS = ("/usr/bin/chromium", "/usr/bin/chromium-browser")
# What one process runs alone: their tests share a portal, which takes half a minute to start.
TOGETHER = ("tests/browser/", "tests/faults/")
LONGEST = (*TOGETHER, "tests/test_two_commands.py", "tests/test_admin_looks.py", "tests/test_office_accessibility.py")
NO_CHROMIUM = "Chromium is missing: install it (Debian: apt-get install chromium) or name it with CHROMIUM=/path"

OF_THE_MODELS = {"django_content_type", "auth_permission"}

running = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers and name them in the environment that the settings read."""
    config.option.allow_hosts = LOCAL_HOSTS
    config.option.allow_unix_socket = True
    if config.option.help or config.option.version or _only_hands_out(config):
        return
    stack = config.stash[running] = ExitStack()
    try:
        servers = stack.enter_context(temporary_services())
    except StartError as trouble:
        raise pytest.UsageError(str(trouble)) from trouble
    os.environ |= {
        "DATABASE_URL": servers.application,
        "DATABASE_OWNER_URL": servers.database if servers.database != servers.application else "",
        "REDIS_URL": servers.redis,
        "DATA_DIR": str(servers.folder / "files"),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "AUDIT_KEY": secrets.token_urlsafe(48),
        "HTTPS": "0",
        "DEVELOPMENT": "1",
    }
    _keep_bytecode(servers.folder)
    _read_settings()
    del os.environ["DATABASE_OWNER_URL"]  # the tests own the tables; the processes that they start do not


def _keep_bytecode(folder: Path) -> None:
    """Where no bytecode may stand beside the sources, the processes that the tests start keep theirs in `folder`: each
    of them would compile the whole portal anew.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")


def _only_hands_out(config: pytest.Config) -> bool:
    """Whether this process runs no test itself: each of the others that do has servers of its own."""
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers and remove their folder."""
    if stack := config.stash.get(running, None):
        stack.close()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A browser test without a browser is a failure in CI and a skip elsewhere, told once at the end."""
    if item.get_closest_marker("browser") and not chromium_path():
        if os.environ.get("CI"):
            pytest.fail(NO_CHROMIUM, pytrace=False)
        pytest.skip(NO_CHROMIUM)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark `soak` what can do more than a default run does: the tests whose module takes figures from tests/soak.py.

    The longest go first, so that no process is left alone with one of them at the end.
    """
    from tests.soak import figure

    for item in items:
        if getattr(getattr(item, "module", None), "figure", None) is figure:
            item.add_marker("soak")
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_collection_finish() -> None:
    """What is collected stays to the end: the garbage collector need not walk through it again and again.

    The second time it counts what is left: it comes to all of that only where a quarter as much has been added, and
    what is measured in a test would hold the garbage of many others.
    """
    gc.collect()
    gc.freeze()
    gc.collect()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole files, and whole folders where their tests share something."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next(filter(nodeid.startswith, TOGETHER), super()._split_scope(nodeid))

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the long figures to the process that prints them."""
    from tests.soak import reached

    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["reached"] = reached


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the long figures of a process that has run its tests; one that crashed has none."""
    from tests.soak import reached

    reached.extend(getattr(node, "workeroutput", {}).get("reached", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the long figures reached."""
    from tests.soak import SOAK, table

    if lines := table():
        terminalreporter.section("long figures" if SOAK else "a tenth of the long figures (all: make soak)")
        terminalreporter.write_line("\n".join(lines))


@pytest.fixture(autouse=True)
def _one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that goes past midnight stays, some minutes before it, on the day on which its tests were collected."""
    from django.utils import timezone

    from tests.moving_clock import behind

    now = timezone.now
    if late := behind(now()):
        monkeypatch.setattr("django.utils.timezone.now", lambda: now() - late)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that stands still until the test moves it; Django tells its time."""
    from tests.moving_clock import Clock

    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    return clock


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the machine's Chromium, for tests marked `browser`."""
    return chromium_path() or pytest.fail(NO_CHROMIUM)


@pytest.fixture(scope="session")
def started_chromium(chromium: str) -> Iterator[Any]:
    """One Chromium for all tests of this process: to start one takes as long as ten pages."""
    from playwright.sync_api import sync_playwright

    from tests.chromium import FLAGS, be_patient

    be_patient()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        asyncio._set_running_loop(None)
        yield started
        asyncio._set_running_loop(started._loop)
        started.close()


@pytest.fixture
def chrome(started_chromium: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Chromium without a window, cookie or cache of another test.

    Playwright's event loop is marked as running all the while it works. Under the mark Django refuses to work, and has
    connections of its own: those are closed here, and no other test sees the mark.
    """
    from django.db import connections

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    asyncio._set_running_loop(started_chromium._loop)
    yield started_chromium
    for context in started_chromium.contexts:
        context.close()
    connections.close_all()
    asyncio._set_running_loop(None)


def chromium_path() -> str | None:
    """Find Chromium: the variable CHROMIUM first, then the usual places."""
    if named := os.environ.get("CHROMIUM"):
        return named if Path(named).exists() else None
    return next(filter(None, map(shutil.which, (*CHROMIUM_PATHS, *CHROMIUM_NAMES))), None)


def _read_settings() -> None:
    """Let pytest-django, whose turn comes next, find the settings configured."""
    from django.conf import settings

    if settings.configured:
        raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: the settings must be read after the servers start.")
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    settings.WHITENOISE_AUTOREFRESH = True  # each new client would list every static file
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow by design


@pytest.fixture(autouse=True)
def _own_checkpoints(request: pytest.FixtureRequest, settings: Any) -> None:
    """A file of checkpoints for each test: the database that it is about is taken back after it."""
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()
    settings.CHECKPOINT_DIR = settings.DATA_DIR / "checkpoints" / name


@pytest.fixture(autouse=True)
def _canaries() -> Iterator[None]:
    """No office is shown what another wrote, in any answer of the whole suite (T4)."""
    from tests.canaries import watched

    with watched():
        yield


@pytest.fixture(autouse=True)
def _at_home(request: pytest.FixtureRequest) -> Iterator[None]:
    """No page that a test opens in a browser asks another host (P7)."""
    if request.node.get_closest_marker("browser") is None:
        yield
        return
    from tests.browser.staying import at_home

    with at_home():
        yield


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_guards() -> None:
    """Empty the tables after a transactional test: the append-only guards are off meanwhile, then all stands as after
    `migrate`. What Django writes about the models themselves stays; to write it anew takes longer than all else.
    """
    from django.core.management.color import no_style
    from django.db import connection
    from django.test import TransactionTestCase

    from priorauth import grants, guards
    from priorauth.services import first_use, letter_texts

    def teardown(self: TransactionTestCase) -> None:
        tables = {*connection.introspection.django_table_names()} - OF_THE_MODELS
        off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in guards.APPEND_ONLY]
        with connection.cursor() as cursor:
            cursor.execute("; ".join([*off, *connection.ops.sql_flush(no_style(), sorted(tables))]))
        for install in (guards.install, grants.install, letter_texts.install):
            install()
        first_use._held.clear()  # what this process knew to be stored is gone

    TransactionTestCase._fixture_teardown = teardown
