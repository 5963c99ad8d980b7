"""`make run` from start to Ctrl-C, with its own data folder and port, and the sentences for expected troubles."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from portal.__main__ import main
from tests.folder_processes import belonging_to, none_left
from tests.running import ADDRESS, ROOT, Run
from tests.waiting import until


@contextlib.contextmanager
def short() -> Iterator[Path]:
    """A folder with a short path."""
    made = Path(tempfile.mkdtemp(prefix="portal-run-", dir="/tmp"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def left_by_all(folder: Path) -> Iterator[Path]:
    """Nothing of the folder may run at the end."""
    yield folder
    left = {} if none_left(folder) else belonging_to(folder)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left


@pytest.fixture
def base() -> Iterator[Path]:
    """A new folder; nothing of it may run when the test is over."""
    with short() as folder, left_by_all(folder):
        yield folder


@pytest.fixture(scope="module")
def lasting() -> Iterator[Path]:
    with short() as folder:
        yield folder


@pytest.fixture
def lived_in(lasting: Path) -> Iterator[Path]:
    """The folder of the tests before: to make tables and demo anew takes longer than most of what they ask."""
    with left_by_all(lasting):
        yield lasting


@contextlib.contextmanager
def starting(base: Path) -> Iterator[Callable[..., Run]]:
    """Start `make run`'s program on the folder base/var; whatever still runs at the end is stopped."""
    runs = []

    def started(**env: str) -> Run:
        runs.append(Run(base / "var", **env))
        return runs[-1]

    yield started
    for run in runs:
        if run.process.poll() is None:
            run.ctrl_c()


@pytest.fixture
def start(base: Path) -> Iterator[Callable[..., Run]]:
    with starting(base) as started:
        yield started


@pytest.fixture
def start_again(lived_in: Path) -> Iterator[Callable[..., Run]]:
    with starting(lived_in) as started:
        yield started


def rows(folder: Path) -> dict[str, int]:
    """Count the users and cases, with the address of the database that `make run` left for manage.py."""
    env = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("priorauth_user", "priorauth_case")
        }


@pytest.mark.faults
def test_run_twice_shows_the_demo_and_its_passwords_once(lived_in, start_again):
    first = start_again()
    address = first.wait_until_up()
    assert "password" in first.text().lower()
    with urllib.request.urlopen(f"{address}livez", timeout=10) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{address}sign-in/", timeout=10) as answer:
        assert answer.status == 200
    before = rows(lived_in / "var")
    assert all(before.values()), before
    worker_log = lived_in / "var" / "log" / "worker.log"
    assert until(lambda: "ready." in worker_log.read_text()), worker_log.read_text()
    assert (lived_in / "var" / "env").stat().st_mode & 0o777 == 0o600
    assert first.ctrl_c() == 0, first.text()
    assert not belonging_to(lived_in)

    second = start_again()
    second.wait_until_up()
    assert "password" not in second.text().lower()
    assert rows(lived_in / "var") == before
    beside = start_again()
    assert beside.process.wait(60) == 1
    assert one_sentence(beside.text()).startswith("The portal already runs from")
    assert second.process.poll() is None
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(60) == 0, second.text()
    assert not belonging_to(lived_in)
    assert "Traceback" not in first.text() + second.text()


@pytest.mark.faults
def test_whatever_dies_everything_stops_and_the_next_run_starts(lived_in, start_again):
    first = start_again()
    first.wait_until_up()
    first.process.kill()
    first.process.wait()
    assert not list((lived_in / "var").glob("beat*")), "beat keeps nothing that a crash could cut short"
    words = {"worker": "--quiet worker", "beat": "--quiet beat", "web": "gunicorn portal.wsgi"}
    words |= {"postgres": "/postgres -D", "valkey": "valkey-server 127"}
    for name, word in words.items():
        run = start_again(PORT=first_port(first))
        run.wait_until_up()
        os.kill(min(pid for pid, arguments in belonging_to(lived_in).items() if word in arguments), signal.SIGKILL)
        assert run.process.wait(90) == 1
        assert f"The {name} process ended (status 137), so everything stops" in run.text()
        assert str(lived_in / "var" / "log" / f"{name}.log") in run.text()
        assert not belonging_to(lived_in)


@pytest.mark.faults
def test_ctrl_c_while_it_starts_leaves_nothing(base, start):
    run = start()
    assert until(lambda: (base / "var" / "postgres" / "data").exists())
    assert run.ctrl_c() == 0, run.text()
    assert none_left(base), belonging_to(base)


def test_a_port_in_use_is_one_sentence_that_names_the_way_out(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = start(PORT=str(taken.getsockname()[1]))
        assert run.process.wait(60) == 1
    assert "make run PORT=" in one_sentence(run.text())


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "٨٠٠٠"])
def test_a_port_that_is_none_is_one_sentence(start, port):
    run = start(PORT=port)
    assert run.process.wait(60) == 1
    assert one_sentence(run.text()).startswith("PORT must be a number")


def test_a_folder_that_cannot_be_written_is_one_sentence(start):
    run = start(DATA_DIR="/proc/self/none")
    assert run.process.wait(60) == 1
    assert one_sentence(run.text()).startswith("The folder /proc/self/none cannot be made")


def test_an_older_python_is_one_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match=r"^The portal needs Python 3\.11 or newer, and this is 3\.10\.$"):
        main()


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        ("exit 1", "The portal needs Python 3.11 or newer"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "cannot make virtual environments"),
    ],
    ids=["too old", "without venv"],
)
def test_make_says_which_python_it_misses(base, python, sentence):
    """On a machine whose only Python answers like an old one, or like Debian's without python3-venv."""
    tools = base / "tools"
    tools.mkdir()
    (tools / "python3").write_text(f"#!/bin/sh\n{python}\n")
    (tools / "python3").chmod(0o755)
    for name in ("make", "sh", "cmp"):
        (tools / name).symlink_to(shutil.which(name))
    for name in ("Makefile", "requirements-dev.lock"):
        shutil.copy(ROOT / name, base)
    made = subprocess.run(["make", "run"], cwd=base, env={"PATH": str(tools)}, capture_output=True, text=True)
    assert made.returncode != 0
    assert sentence in made.stderr.splitlines()[0]
    assert not (base / ".venv").exists()


def first_port(run: Run) -> str:
    return ADDRESS.search(run.text())[1].rstrip("/").rpartition(":")[2]


def one_sentence(text: str) -> str:
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) == 1, text
    return text.strip()
