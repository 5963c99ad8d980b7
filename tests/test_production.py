"""A portal that is not safe for people does not start, and says what would be right (RELIABILITY.md D1)."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings

from portal import production
from tests.processes import environment
from tests.running import ROOT

pytestmark = pytest.mark.django_db  # the processes look at the tests' own database

PROGRAMS = {
    "web": ["gunicorn", "portal.wsgi", "--bind=127.0.0.1:0", "--workers=1", "--no-control-socket"],
    "worker": ["celery", "-A", "portal", "worker", "--pool=solo"],
    "beat": ["celery", "-A", "portal", "beat"],
    "migrate": ["django", "migrate", "--plan"],
    "check": ["django", "check", "--deploy", "--fail-level=WARNING"],
}
OWNER = "owner"  # stands for the address of the owner of the tables
SAME = secrets.token_urlsafe(48)

# What is set wrongly (None: not at all), and what the refusal says of it.
FAULTS: dict[str, tuple[dict[str, str | None], str]] = {
    "debug": ({"DJANGO_SETTINGS_MODULE": "debugging"}, "DEBUG is on"),
    "no secret key": ({"SECRET_KEY": None}, "SECRET_KEY is missing or weak"),
    "a short secret key": ({"SECRET_KEY": "changeme"}, "SECRET_KEY is missing or weak"),
    "no audit key": ({"AUDIT_KEY": None}, "AUDIT_KEY is missing or weak"),
    "one key for both": ({"SECRET_KEY": SAME, "AUDIT_KEY": SAME}, "AUDIT_KEY is the same as SECRET_KEY"),
    "another database": ({"DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL does not name a PostgreSQL"),
    "no https": ({"HTTPS": "0"}, "HTTPS is 0"),
    "every host": ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS is empty or takes every host name"),
    "no host": ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is empty or takes every host name"),
    "no static files": ({"STATIC_ROOT": "/proc/none"}, "STATIC_ROOT names a folder in which no files were collected"),
    "the owner's role": ({"DATABASE_URL": OWNER}, "The role that DATABASE_URL names could rewrite"),
    "the owner's address": ({"DATABASE_OWNER_URL": OWNER}, "The role that DATABASE_OWNER_URL names could rewrite"),
}
STARTS = [
    *(("web", fault) for fault in ("debug", "a short secret key", "another database", "no https", "every host")),
    *(("worker", fault) for fault in ("one key for both", "no audit key", "no https", "no static files")),
    *(("web", "the owner's role"), ("worker", "the owner's address"), ("beat", "the owner's role")),
    *(("beat", "no secret key"), ("migrate", "no audit key")),
]


@pytest.fixture(scope="module")
def start(django_db_setup, django_db_blocker, tmp_path_factory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Start one of PROGRAMS as production would, but for one fault; return how it ended."""
    folder = tmp_path_factory.mktemp("production")
    (folder / "debugging.py").write_text("from portal.settings import *\nDEBUG = True\n")
    with django_db_blocker.unblock():
        database = environment("")["DATABASE_URL"]
    login = database.partition("@")[0]
    owner = settings.DATABASE_OWNER_URL.partition("@")[0] + database.removeprefix(login)
    safe = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        "SECRET_KEY": secrets.token_urlsafe(48),
        "AUDIT_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "portal.example.org",
        "SCANNER_URL": "clamd://scanner:3310",
    }

    def started(program: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        env = {
            name: owner if value == OWNER else value for name, value in (safe | changes).items() if value is not None
        }
        command = [sys.executable, "-m", *PROGRAMS[program]]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)

    return started


@pytest.fixture(scope="module")
def endings(start) -> dict[tuple[str, str], subprocess.CompletedProcess[str]]:
    """How every start of STARTS ended; four at a time, since most of a start is waiting."""
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(STARTS, pool.map(lambda each: start(each[0], **FAULTS[each[1]][0]), STARTS), strict=True))


@pytest.mark.faults
@pytest.mark.parametrize(("program", "fault"), STARTS)
def test_an_unsafe_start_is_refused_in_words_that_name_the_variable(endings, program, fault):
    ended = endings[program, fault]
    assert ended.returncode not in (0, None)
    assert FAULTS[fault][1] in ended.stderr, ended.stderr[-2000:]
    others = {says for _, says in FAULTS.values()} - {FAULTS[fault][1]}
    assert not [says for says in others if says in ended.stderr], "only what is wrong is told"


SETTINGS = {
    "debug": {"DEBUG": True},
    "no secret key": {"SECRET_KEY": ""},
    "a short secret key": {"SECRET_KEY": "changeme"},
    "no audit key": {"AUDIT_KEY": ""},
    "one key for both": {"SECRET_KEY": SAME, "AUDIT_KEY": SAME},
    "no https": {"HTTPS": False},
    "every host": {"ALLOWED_HOSTS": ["*"]},
    "no host": {"ALLOWED_HOSTS": [""]},
    "no static files": {"STATIC_ROOT": "/proc/none"},
}


@pytest.mark.parametrize("fault", SETTINGS)
def test_each_unsafe_setting_is_told_and_nothing_else(settings, fault):
    safe = {"SECRET_KEY": secrets.token_urlsafe(48), "HTTPS": True, "ALLOWED_HOSTS": ["portal.example.org"]}
    for name, value in {**safe, "DEVELOPMENT": False, **SETTINGS[fault]}.items():
        setattr(settings, name, value)
    [told] = production.settings_are_safe(None)
    assert told.msg.startswith(FAULTS[fault][1])
    assert told.hint
    settings.DEVELOPMENT = True
    assert production.settings_are_safe(None) == []


def test_production_as_described_has_no_issue_in_djangos_own_deployment_checks(start):
    ended = start("check")
    assert ended.returncode == 0, ended.stderr
    assert "no issues" in ended.stdout


def test_migrate_may_work_as_the_owner(start):
    ended = start("migrate", DATABASE_OWNER_URL=OWNER)
    assert ended.returncode == 0, ended.stderr
    assert "No planned migration operations" in ended.stdout


def test_a_database_that_is_down_refuses_nobody():
    """The portal starts and waits for it: /readyz says so meanwhile."""
    code = "from portal import wsgi; print('started')"
    env = {
        **{name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "AUDIT_KEY")},
        "PATH": os.environ["PATH"],
        "DATA_DIR": "/proc/none",
        "ALLOWED_HOSTS": "portal.example.org",
        "DATABASE_URL": "postgresql://portal:none@127.0.0.1:1/portal",
    }
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert ended.stdout == "started\n", ended.stderr
