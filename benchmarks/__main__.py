"""make bench: the budgets of scoring as ratios inside one run, CPU time, median of the rounds after a warm-up.

1. A case scored with its full trace, against the same decision by one plain hand-written function (plain_484.py).
2. `assess` over a JSON Lines file, against reading the same documents and writing the same results as JSON alone: by
   Python's own json module, and by pydantic-core, which assess uses.
3. A replay's scoring of stored requests, compared with what is stored, against `assess` over the same facts; reading
   from the database and writing to it are not in it.
4. `assess --jobs 2` against one process, by the clock on the wall and in CPU time of all its processes.
"""

import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from benchmarks.measure import ratio
from benchmarks.plain_484 import decide
from policies import cases, registry
from policies.assess import assess
from policies.facts import Facts, parse
from policies.replay import Rescorer, Stored
from policies.streaming import results

FOLDER = Path(__file__).parents[1]
EXAMPLES = FOLDER / "tests" / "data" / "policy_484_examples.jsonl"
EDITION = registry.governing(registry.DEFAULT_POLICY, None)
LINES = 6_000


def workloads() -> Iterator[tuple[str, list[Facts]]]:
    """Parsed facts: the policy's sentence cases, and its worked cases."""
    yield "sentence cases", [case.facts for case in cases.read(EDITION.file.parent / "cases")]
    yield "worked cases", [parse(from_json(row)["facts"]) for row in EXAMPLES.read_bytes().splitlines()] * 8


def score(facts: Sequence[Facts]) -> tuple[float, float, float]:
    def by_hand() -> None:
        for one in facts:
            decide(one)

    def engine() -> None:
        for one in facts:
            assess(one, EDITION)

    return ratio(by_hand, engine, rounds=41)


def plain_json(documents: bytes, scored: Sequence[Any]) -> None:
    out = io.BytesIO()
    for line, result in zip(io.BytesIO(documents), scored, strict=True):
        json.loads(line)
        out.write(json.dumps(result, separators=(",", ":")).encode() + b"\n")


def core_json(documents: bytes, scored: Sequence[Any]) -> None:
    out = io.BytesIO()
    for line, result in zip(io.BytesIO(documents), scored, strict=True):
        from_json(line)
        out.write(to_json(result) + b"\n")


def stream(documents: bytes, json_alone: Callable[[bytes, Sequence[Any]], None]) -> tuple[float, float, float]:
    scored = [from_json(text) for text, _ in results(io.BytesIO(documents), registry.DEFAULT_POLICY, 1)]

    def ours() -> None:
        out = io.BytesIO()
        for text, _ in results(io.BytesIO(documents), registry.DEFAULT_POLICY, 1):
            out.write(text + b"\n")

    return ratio(lambda: json_alone(documents, scored), ours, rounds=5)


def replay(documents: bytes) -> tuple[float, float, float]:
    """Under a reading that changes some of the requests."""
    lines = documents.splitlines()
    scored = [text.decode() for text, _ in results(io.BytesIO(documents), registry.DEFAULT_POLICY, 1)]
    stored = [Stored((), line.decode(), result) for line, result in zip(lines, scored, strict=True)]
    rescore = Rescorer(EDITION.with_switches(modalities="all_three"), {})

    def assess_alone() -> None:
        for _ in results(io.BytesIO(documents), registry.DEFAULT_POLICY, 1):
            pass

    return ratio(assess_alone, lambda: rescore(stored), rounds=5)


def run(jobs: int, file: Path) -> tuple[float, float]:
    """Seconds on the wall and in CPU time of one `assess`."""
    command = [sys.executable, "manage.py", "assess", "--jobs", str(jobs), str(file)]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 (our own command)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; ratios of rates, 1.00 is the limit's own")
    for name, facts in workloads():
        part, limit, ours = score(facts)
        per_case = [1e6 * seconds / len(facts) for seconds in (limit, ours)]
        print(f"score, {name}: {part:.2f} (by hand {per_case[0]:.1f} us, engine {per_case[1]:.1f} us a case)")
    rows = [to_json(from_json(row)["facts"]) for row in EXAMPLES.read_bytes().splitlines()]
    documents = b"".join(rows[number % len(rows)] + b"\n" for number in range(LINES))
    for name, json_alone in (("json", plain_json), ("pydantic-core", core_json)):
        part, limit, ours = stream(documents, json_alone)
        rates = f"{LINES / limit:,.0f} lines/s read and written, {LINES / ours:,.0f} scored"
        print(f"assess, one process, against {name} alone: {part:.2f} ({rates})")
    part, limit, ours = replay(documents)
    print(f"replay, against assess: {part:.2f} ({LINES / limit:,.0f} and {LINES / ours:,.0f} requests/s)")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "facts.jsonl"
        file.write_bytes(documents * 5)
        one, two = ([run(jobs, file) for _ in range(3)] for jobs in (1, 2))
    wall, cpu = (min(each[place] for each in one) / min(each[place] for each in two) for place in (0, 1))
    print(f"assess --jobs 2: {wall:.2f} times as fast on the wall, {cpu:.2f} times in CPU time")


if __name__ == "__main__":
    main()
