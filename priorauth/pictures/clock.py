"""The clock of an open case as a bar: how much of the time between receipt and due time is used."""

import datetime as dt
from typing import NamedTuple

from priorauth.admin.words import time_left


class Clock(NamedTuple):
    """`share` of the time that is used, 0 to 100; `left` in words; whether the due time has passed."""

    share: int
    left: str
    late: bool


def read(received: dt.datetime, due: dt.datetime, now: dt.datetime) -> Clock:
    whole, used = (due - received).total_seconds(), (now - received).total_seconds()
    share = 100 if whole <= 0 else round(100 * min(max(used / whole, 0), 1))
    return Clock(share, time_left(due, now), now > due)
