"""Ratios inside one run: the programs take turns, round after round, in CPU time, and the median round counts."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence

Program = Callable[[], object]


def rates(programs: Sequence[Program], rounds: int) -> list[list[float]]:
    """CPU seconds of each program in each round, after one round of warm-up. The collector runs between rounds only."""
    taken: list[list[float]] = [[] for _ in programs]
    for turn in range(rounds + 1):
        for program, seconds in zip(programs, taken, strict=True):
            gc.collect()
            gc.disable()
            begun = time.process_time()
            program()
            spent = time.process_time() - begun
            gc.enable()
            if turn:
                seconds.append(spent)
    return taken


def ratio(limit: Program, ours: Program, rounds: int) -> tuple[float, float, float]:
    """Our rate as a part of the limit's (median of the rounds), and the median seconds of both."""
    of_limit, of_ours = rates([limit, ours], rounds)
    parts = [one / other for one, other in zip(of_limit, of_ours, strict=True)]
    return statistics.median(parts), statistics.median(of_limit), statistics.median(of_ours)
