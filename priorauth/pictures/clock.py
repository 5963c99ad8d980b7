"""The clock of an open case as a bar: how much of the time between receipt and due time is used."""

import datetime as dt
from typing import NamedTuple


class Clock(NamedTuple):
    """`share` of the time that is used, 0 to 100, and whether the due time has passed."""

    share: int
    late: bool


def read(received: dt.datetime, due: dt.datetime, now: dt.datetime) -> Clock:
    whole, used = (due - received).total_seconds(), (now - received).total_seconds()
    share = 100 if whole <= 0 else round(100 * min(max(used / whole, 0), 1))
    return Clock(share, now > due)
