"""The assess command under load: long lines, many lines, several processes, one of which may die."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from policies.streaming import results
from tests.soak import SOAK
from tests.test_policy_command import FOLDER, GOOD, ROWS, run
from tests.waiting import eventually

MEBIBYTE = 1 << 20
LONG = b'{"case_id": "long", "padding": "' + b"x" * (50 * MEBIBYTE) + b'"}'


def assess(*arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", "assess", *arguments],
        cwd=FOLDER,
        bufsize=0,  # what readline() leaves, communicate() reads
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
    )


ODD = {
    "an onset range reversed": ({"onset": {"earliest": "2026-09-12", "latest": "2026-09-11"}}, None),
    "dates of year 1 and 9999": ({"onset": {"earliest": "0001-01-01", "latest": "9999-12-31"}}, None),
    "10,000 levels": ({f"L{n}": {} for n in range(6, 10_006)}, "levels.L6"),
    "an unknown key": ({"onsett": None}, "levels.L1.onsett"),
}


@pytest.mark.parametrize(("change", "path"), ODD.values(), ids=ODD)
def test_an_odd_line_has_a_result_or_names_its_fault(change, path, tmp_path):
    document = json.loads(json.dumps(GOOD))
    if len(change) > 1:
        document["levels"] |= change
    else:
        document["levels"]["L1"] |= change
    results, well = run(tmp_path, GOOD, document, GOOD)
    assert (len(results), well) == (3, path is None)
    assert results[0] == results[2]
    assert ("error" in results[1]) == (path is not None)
    assert path is None or results[1]["error"]["path"] == path


def test_line_numbers_used_twice_are_named(tmp_path):
    results, well = run(tmp_path, {**GOOD, "lines": GOOD["lines"] * 2})
    assert not well
    assert results[0]["error"] == {
        "path": "lines.1.line",
        "message": "must differ from the number of every other line",
    }


def test_an_empty_file_has_no_results_and_no_error(tmp_path):
    assert run(tmp_path) == ([], True)


def test_a_line_of_50_mb_is_refused_and_the_rest_go_on(tmp_path):
    results, well = run(tmp_path, GOOD, LONG, GOOD)
    assert not well
    assert results[0] == results[2]
    assert results[1]["error"]["message"] == "must be one request of at most 1 MiB on one line"


def test_a_long_last_line_without_an_end_is_refused_too(tmp_path):
    results, _ = run(tmp_path, b" " * (MEBIBYTE + 1))
    assert list(results[0]) == ["case_id", "error"]
    results, well = run(tmp_path, json.dumps(GOOD).encode() + b" " * (MEBIBYTE - 10_000))
    assert (len(results), well) == (1, True)


FLAT = """
import os, resource, sys
import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
django.setup()
few, many = sys.argv[1:]

def peak(path, jobs):
    with open(os.devnull, "w") as out:
        try:
            call_command("assess", path, jobs=jobs, stdout=out)
        except SystemExit:
            pass
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

before = peak(few, 1), peak(few, 2)
print(peak(many, 1) - before[0], peak(many, 2) - before[1])
"""


def test_memory_stays_flat_however_many_lines(tmp_path):
    """The peak of the largest process with many lines, 50 MB ones among them, is that with a few: one job and two."""
    for name, lines in (("few", 200), ("many", 1_000_000 if SOAK else 4_000)):
        with (tmp_path / name).open("wb") as file:
            for number in range(lines):
                file.write((ROWS[number % len(ROWS)] if number % 20 == 0 else b"{}") + b"\n")
            if name == "many":
                file.write(LONG + b"\n" + LONG + b"\n")
    kilobytes = [int(word) for word in said_by(FLAT, tmp_path / "few", tmp_path / "many").split()]
    assert all(growth < 16 * 1024 for growth in kilobytes), kilobytes


def said_by(program: str, *arguments: object) -> str:
    """What a program in another process prints: a fork of the tests' own would take their threads' locks along."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, text=True).stdout


READ_AHEAD = """
from policies.streaming import results

class Endless:
    read = 0
    def readline(self, size):
        self.read += 1
        return b"{}" if self.read < 100_000 else b""

endless = Endless()
found = results(endless, "bcbsma-484", 2)
next(found)
print(endless.read)
found.close()
"""


def test_several_processes_are_read_for_only_a_few_batches_ahead():
    assert int(said_by(READ_AHEAD)) < 1_000


KILLED = """
import multiprocessing, os, signal, sys, time
from policies.workers import WorkerDiedError, in_turn

BIG = 1 << 22  # far more than a pipe holds: whoever answers with it waits until it is read

def work(batch):
    if batch == 1 and sys.argv[1] == "working":
        os.kill(os.getpid(), signal.SIGKILL)
    return [bytes(BIG)]

found, taken = in_turn(range(100), work, 2), 0
try:
    for answer in found:
        taken += 1
        if taken == 1 and sys.argv[1] == "answering":
            workers = multiprocessing.active_children()
            while not all(") S " in open(f"/proc/{worker.pid}/stat").read() for worker in workers):
                time.sleep(0.001)
            for worker in workers:
                worker.kill()
except WorkerDiedError:
    print("stopped", taken, len(multiprocessing.active_children()))
"""


@pytest.mark.parametrize("when", ["working", "answering"])
def test_a_worker_that_is_killed_stops_the_others_and_nobody_waits(when):
    """Half an answer lies in its pipe, which nothing will ever make whole."""
    word, taken, workers = said_by(KILLED, when).split()
    assert (word, workers) == ("stopped", "0")
    assert int(taken) < 20


def test_several_processes_give_the_same_lines_in_the_same_order():
    given = b"\n".join([*ROWS * 5, b"{", b"", LONG[:MEBIBYTE] * 2, *ROWS])
    expected = [text for text, _ in results(io.BytesIO(given), "bcbsma-484", 1)]
    piped = assess("--jobs", "2")
    out, err = piped.communicate(given)
    assert (out.splitlines(), err, piped.returncode) == (expected, b"", 1)
    assert len(expected) == 6 * len(ROWS) + 2


@pytest.fixture
def under_way(tmp_path):
    """An assess of many lines with two workers: it has written a line and waits for somebody to read the next."""
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"\n".join(ROWS * 40))  # 2,400 lines
    with assess("--jobs", "2", str(path)) as process:
        process.first = process.stdout.readline()
        process.workers = children_of(process.pid)
        assert len(process.workers) == 2
        yield process
        process.kill()


def test_a_worker_that_dies_is_reported_and_nothing_after_it_is_written(under_way):
    os.kill(under_way.workers[0], signal.SIGKILL)
    out, err = under_way.communicate()
    assert under_way.returncode == 2
    written = [json.loads(line) for line in (under_way.first + out).splitlines()]
    assert all("determination" in line for line in written)
    assert f"A worker process died. The first {len(written)} results are written" in err.decode()
    assert len(written) < 40 * len(ROWS)


def test_workers_do_not_outlive_their_parent(under_way):
    under_way.kill()
    eventually(lambda: not any(alive(worker) for worker in under_way.workers), "the workers have gone")


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
