"""The queue as pictures: how much time the open cases have left and who has the ball, and whether the pace of the last
four weeks is enough for what falls due. Pure: rows and the time come in, nothing is read."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from priorauth.statuses import Status

HOUR: Final = dt.timedelta(hours=1)
LEFT: Final = 84  # where the bars begin
WIDTH: Final = 176  # of the longest bar
ROW: Final = 30
BALL: Final = {
    Status.IN_REVIEW: "Reviewers",
    Status.WITH_PHYSICIAN: "Physicians",
    Status.INFORMATION_NEEDED: "The office",
    Status.RECEIVED: "Being scored",
}
SPANS: Final = (
    ("Late", "late", None, 0),
    ("Under 8 h", "8h", 0, 8),
    ("8 to 24 h", "24h", 8, 24),
    ("24 to 72 h", "72h", 24, 72),
    ("More", "later", 72, None),
)
STEP: Final = 8  # hours of a column of the burn-down
STEPS: Final = 9
WEEKS: Final = 4
HEIGHT: Final = 120
COLUMN: Final = 32
BAR: Final = 24


class Part(NamedTuple):
    """The cases of one row whose ball one side has: `kind` is the status, which the template gives a pattern."""

    kind: str
    who: str
    count: int
    x: int
    width: int


class Bar(NamedTuple):
    """The cases with so much time left; `due` is the filter of the queue that lists about these."""

    label: str
    due: str
    y: int
    total: int
    parts: tuple[Part, ...]
    counts: tuple[int, ...]


class Ageing(NamedTuple):
    bars: tuple[Bar, ...]
    who: tuple[str, ...]
    height: int
    description: str


class Column(NamedTuple):
    """What is due in all within `hours`, and how many cases the usual pace decides in them."""

    hours: int
    due: int
    capacity: int
    x: int
    y: int
    height: int
    line_y: int


class BurnDown(NamedTuple):
    columns: tuple[Column, ...]
    line: str
    description: str


def ageing(cases: Iterable[tuple[str, dt.datetime]], now: dt.datetime) -> Ageing:
    """The open cases, as (status, due), by hours left and by who has the ball."""
    counted = Counter((_span(due, now), status) for status, due in cases)
    totals = [sum(counted[number, status] for status in BALL) for number in range(len(SPANS))]
    longest = max(totals) or 1
    bars = []
    for number, (label, due, _, _) in enumerate(SPANS):
        counts = tuple(counted[number, status] for status in BALL)
        bars.append(Bar(label, due, number * ROW, totals[number], _parts(counts, longest), counts))
    told = "; ".join(f"{bar.label.lower()}: {bar.total}" for bar in bars)
    return Ageing(tuple(bars), tuple(BALL.values()), len(SPANS) * ROW, f"Open cases by time left. {told.capitalize()}.")


def _span(due: dt.datetime, now: dt.datetime) -> int:
    hours = (due - now) / HOUR
    return next(number for number, (_, _, _, upto) in enumerate(SPANS) if upto is None or hours < upto)


def _parts(counts: Sequence[int], longest: int) -> tuple[Part, ...]:
    ends = [LEFT + round(total * WIDTH / longest) for total in accumulate(counts)]
    starts = [LEFT, *ends]
    return tuple(
        Part(status.value, who, count, x, max(end - x, 1))
        for (status, who), count, x, end in zip(BALL.items(), counts, starts, ends, strict=False)
        if count
    )


def burn_down(cases: Iterable[tuple[str, dt.datetime]], decided: int, now: dt.datetime) -> BurnDown:
    """What falls due within three days, late cases first, against `decided`: the cases of the last four weeks."""
    hours = [(due - now) / HOUR for _, due in cases]
    pace = decided / (WEEKS * 7 * 24)
    steps = [STEP * (number + 1) for number in range(STEPS)]
    due = [sum(left < upto for left in hours) for upto in steps]
    capacity = [int(pace * upto) for upto in steps]
    most = max(*due, *capacity, 1)
    columns = tuple(
        Column(upto, count, able, 4 + number * COLUMN, *_rise(count, most), line_y=HEIGHT - round(able * HEIGHT / most))
        for number, (upto, count, able) in enumerate(zip(steps, due, capacity, strict=True))
    )
    line = " ".join(f"{one.x + BAR // 2},{one.line_y}" for one in columns)
    behind = next((one for one in columns if one.due > one.capacity), None)
    words = (
        f"Due within {behind.hours} h: {behind.due}. The pace of four weeks decides {behind.capacity} by then."
        if behind
        else "The pace of the last four weeks is enough for what falls due in 72 h."
    )
    return BurnDown(columns, line, words)


def _rise(count: int, most: int) -> tuple[int, int]:
    height = round(count * HEIGHT / most)
    return HEIGHT - height, height
