"""The assess command under load: long lines, many lines, several processes, one of which may die."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_memory_stays_flat_however_many_lines(jobs, tmp_path):
    """The peak of the largest process with many lines, 50 MB ones among them, against that with a few."""
    few, many = 200, 1_000_000 if SOAK else 4_000
    peaks = []
    for lines in (few, many):
        with (tmp_path / "facts.jsonl").open("wb") as file:
            for number in range(lines):
                file.write((ROWS[number % len(ROWS)] if number % 20 == 0 else b"{}") + b"\n")
            if lines == many:
                file.write(LONG + b"\n" + LONG + b"\n")
        peaks.append(peak_of(tmp_path / "facts.jsonl", jobs))
    assert peaks[1] - peaks[0] < 16 * 1024, peaks


def test_several_processes_are_read_for_only_a_few_batches_ahead():
    program = """
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
    out = subprocess.run([sys.executable, "-c", program], cwd=FOLDER, check=True, capture_output=True).stdout
    assert int(out) < 1_000


def peak_of(path: Path, jobs: str) -> int:
    """Kilobytes at the peak of `assess`, in the largest of its processes."""
    program = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", program, sys.executable, "manage.py", "assess", "--jobs", jobs, str(path)]
    return int(subprocess.run(command, cwd=FOLDER, check=True, capture_output=True).stdout)


def test_several_processes_give_the_same_lines_in_the_same_order(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_bytes(b"\n".join([*ROWS * 5, b"{", b"", LONG[:MEBIBYTE] * 2, *ROWS]))
    one, two, piped = assess(str(path)), assess("--jobs", "2", str(path)), assess("--jobs", "2")
    outputs = [process.communicate(path.read_bytes() if process is piped else None) for process in (one, two, piped)]
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(outputs[0][0].splitlines()) == 6 * len(ROWS) + 2
    assert {one.returncode, two.returncode, piped.returncode} == {1}


@pytest.fixture
def under_way(tmp_path):
    """An assess of many lines with two workers: it has written a line and waits for somebody to read the next."""
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"\n".join(ROWS * 40))
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
