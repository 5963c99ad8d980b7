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


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder with a short path; nothing of it may run when the test is over."""
    made = Path(tempfile.mkdtemp(prefix="portal-run-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    left = {} if none_left(made) else belonging_to(made)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(made, ignore_errors=True)
    assert not left


@pytest.fixture
def start(base: Path) -> Iterator[Callable[..., Run]]:
    """Start `make run`'s program on the folder base/var; whatever still runs at the end is stopped."""
    runs = []

    def started(**env: str) -> Run:
        runs.append(Run(base / "var", **env))
        return runs[-1]

    yield started
    for run in runs:
        if run.process.poll() is None:
            run.ctrl_c()


def rows(folder: Path) -> dict[str, int]:
    """Count the users and cases, with the address of the database that `make run` left for manage.py."""
    env = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("priorauth_user", "priorauth_case")
        }


@pytest.mark.faults
def test_run_twice_shows_the_demo_and_its_passwords_once(base, start):
    first = start()
    address = first.wait_until_up()
    assert "password" in first.text().lower()
    with urllib.request.urlopen(f"{address}livez", timeout=10) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{address}sign-in/", timeout=10) as answer:
        assert answer.status == 200
    before = rows(base / "var")
    assert all(before.values()), before
    worker_log = base / "var" / "log" / "worker.log"
    assert until(lambda: "ready." in worker_log.read_text()), worker_log.read_text()
    assert (base / "var" / "env").stat().st_mode & 0o777 == 0o600
    assert first.ctrl_c() == 0, first.text()
    assert not belonging_to(base)

    second = start()
    second.wait_until_up()
    assert "password" not in second.text().lower()
    assert rows(base / "var") == before
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(60) == 0, second.text()
    assert not belonging_to(base)
    assert "Traceback" not in first.text() + second.text()


@pytest.mark.faults
def test_a_second_run_in_the_same_folder_is_one_sentence(start):
    first = start()
    first.wait_until_up()
    second = start()
    assert second.process.wait(60) == 1
    assert one_sentence(second.text()).startswith("The portal already runs from")
    assert first.process.poll() is None


@pytest.mark.faults
def test_a_killed_run_leaves_no_process_and_the_next_one_starts(base, start):
    first = start()
    first.wait_until_up()
    first.process.kill()
    first.process.wait()
    assert not list((base / "var").glob("beat*")), "beat keeps nothing that a crash could cut short"
    second = start(PORT=first_port(first))
    second.wait_until_up()
    assert second.ctrl_c() == 0
    assert none_left(base)


@pytest.mark.faults
def test_a_process_that_dies_is_named_with_its_log_and_everything_stops(base, start):
    words = {"worker": "--quiet worker", "beat": "--quiet beat", "web": "gunicorn portal.wsgi"}
    words |= {"postgres": "/postgres -D", "valkey": "valkey-server 127"}
    for name, word in words.items():
        run = start()
        run.wait_until_up()
        os.kill(min(pid for pid, arguments in belonging_to(base).items() if word in arguments), signal.SIGKILL)
        assert run.process.wait(90) == 1
        assert f"The {name} process ended (status 137), so everything stops" in run.text()
        assert str(base / "var" / "log" / f"{name}.log") in run.text()
        assert not belonging_to(base)


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
