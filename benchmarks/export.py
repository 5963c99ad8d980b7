"""The export of every decision, against COPY of the same SELECT by PostgreSQL alone."""

import time
from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from benchmarks.measure import Finding, at_most, on_the_wall
from benchmarks.memory import MIB, resident
from benchmarks.seed import World
from priorauth import exports
from priorauth.roles import SYSTEM

ROUNDS = 3


def measure(world: World) -> Iterator[Finding]:
    began, first, rows = time.perf_counter(), 0.0, 0
    before = highest = resident()
    for number, block in enumerate(_blocks()):
        first = first or time.perf_counter() - began
        rows += block.count(b"\n")
        if number % 100 == 0:
            highest = max(highest, resident())
    part, raw, ours = on_the_wall(_raw, lambda: [None for _ in _blocks()], ROUNDS)
    told = f"{raw:.1f} s raw, {ours:.1f} s ours"
    yield at_most(f"export of {rows - 1:,} decision rows", 1.2, 1 / part, told)
    grown = (highest - before) / MIB
    yield Finding("memory of an export", "at most 30 MiB", f"{grown:.1f} MiB", grown <= 30, "of growth of the process")
    yield Finding("first byte of an export", "at most 1 s", f"{first:.2f} s", first <= 1, "of a whole history")


def _blocks() -> Iterator[bytes]:
    return exports.csv(exports.Selection(), by=SYSTEM, at=timezone.now())


def _raw() -> None:
    """As psql would: the rows are taken off the wire and dropped."""
    select, parameters = exports._select(exports.Selection(), "csv")
    with connection.cursor() as cursor, cursor.copy(f"COPY ({select}) TO STDOUT", parameters) as rows:
        while rows.read():
            pass
