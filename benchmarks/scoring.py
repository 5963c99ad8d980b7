"""Scoring, in processor time: no database has a part in it.

1. A case scored with its full trace, against the same decision by one plain hand-written function (plain_484.py).
2. `assess` over a JSON Lines file, against reading the same documents and writing the same results as JSON alone: by
   Python's own json module, and by pydantic-core, which assess uses.
3. A replay's scoring of stored requests, compared with what is stored, against `assess` over the same facts; reading
   from the database and writing to it are not in it.
4. `assess --jobs 2` against one process, by the clock on the wall, which tells little where the cores have other work;
   and in CPU time how much of the work stays with the parent, which bounds how far more processes help.
"""

import io
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from benchmarks.measure import Finding, at_least, ratio
from benchmarks.plain_484 import decide
from policies import cases, registry
from policies.assess import assess
from policies.facts import Facts, parse
from policies.replay import Rescorer, Stored
from policies.streaming import results

EXAMPLES = Path(__file__).parents[1] / "tests" / "data" / "policy_484_examples.jsonl"
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


def spent() -> tuple[float, float, float]:
    """Seconds: on the wall, in CPU time of this process, in CPU time of the workers that have ended."""
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), time.process_time(), workers.ru_utime + workers.ru_stime


def run(jobs: int, documents: bytes) -> tuple[float, float, float]:
    """What it takes to score and write the documents with so many jobs, as `spent`."""
    before = spent()
    with Path(os.devnull).open("wb") as out:
        for text, _ in results(io.BytesIO(documents), registry.DEFAULT_POLICY, jobs):
            out.write(text + b"\n")
    wall, parent, workers = (after - begun for after, begun in zip(spent(), before, strict=True))
    return wall, parent, workers


def jobs_told(documents: bytes) -> Finding:
    rounds = [(run(1, documents), run(2, documents)) for _ in range(5)]
    faster = statistics.median(one[0] / two[0] for one, two in rounds)
    _, parent, workers = (statistics.median(two[place] for _, two in rounds) for place in range(3))
    share = parent / (parent + workers)
    told = f"{share:.0%} of its processor time is the parent's; {os.cpu_count()} cores"
    return Finding("assess --jobs 2 against one, on the wall", "more than 1", f"{faster:.2f}", faster > 1, told)


def measure() -> Iterator[Finding]:
    for name, facts in workloads():
        part, limit, ours = score(facts)
        by_hand, engine = (1e6 * seconds / len(facts) for seconds in (limit, ours))
        yield at_least(f"score, {name}", 0.8, part, f"by hand {by_hand:.1f} us, engine {engine:.1f} us a case")
    rows = [to_json(from_json(row)["facts"]) for row in EXAMPLES.read_bytes().splitlines()]
    documents = b"".join(rows[number % len(rows)] + b"\n" for number in range(LINES))
    for name, json_alone in (("json", plain_json), ("pydantic-core", core_json)):
        part, limit, ours = stream(documents, json_alone)
        told = f"{LINES / limit:,.0f} lines/s read and written, {LINES / ours:,.0f} scored"
        yield at_least(f"assess, one process, against {name}", 0.25, part, told)
    part, limit, ours = replay(documents)
    told = f"{LINES / limit:,.0f} and {LINES / ours:,.0f} requests/s"
    yield at_least("replay's arithmetic against assess", 0.5, part, told)
    yield jobs_told(documents * 2)
