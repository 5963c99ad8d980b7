"""Ratios inside one run: the programs take turns, round after round, and the median round counts."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

Program = Callable[[], object]
Clock = Callable[[], float]


class Finding(NamedTuple):
    """One line of the table: what was measured, the budget, what came of it, whether that holds, and the figures."""

    what: str
    budget: str
    found: str
    holds: bool
    figures: str


def at_least(what: str, budget: float, part: float, figures: str) -> Finding:
    return Finding(what, f"at least {budget:.2f}", f"{part:.2f}", part >= budget, figures)


def at_most(what: str, budget: float, times: float, figures: str) -> Finding:
    return Finding(what, f"at most {budget:.1f} x", f"{times:.2f} x", times <= budget, figures)


def rates(programs: Sequence[Program], rounds: int, clock: Clock = time.process_time) -> list[list[float]]:
    """Seconds of each program in each round, after one round of warm-up: CPU seconds of this process, or what another
    clock tells. The collector runs between rounds only."""
    taken: list[list[float]] = [[] for _ in programs]
    for turn in range(rounds + 1):
        for program, seconds in zip(programs, taken, strict=True):
            gc.collect()
            gc.disable()
            begun = clock()
            program()
            spent = clock() - begun
            gc.enable()
            if turn:
                seconds.append(spent)
    return taken


def ratio(limit: Program, ours: Program, rounds: int, clock: Clock = time.process_time) -> tuple[float, float, float]:
    """Our rate as a part of the limit's (median of the rounds), and the median seconds of both."""
    of_limit, of_ours = rates([limit, ours], rounds, clock)
    parts = [one / other for one, other in zip(of_limit, of_ours, strict=True)]
    return statistics.median(parts), statistics.median(of_limit), statistics.median(of_ours)


def on_the_wall(limit: Program, ours: Program, rounds: int) -> tuple[float, float, float]:
    """As `ratio`, by the clock on the wall: for work that other processes do."""
    return ratio(limit, ours, rounds, time.perf_counter)
