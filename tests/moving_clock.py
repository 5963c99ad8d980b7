"""A clock that stands still until a test moves it: what the pages read when they ask Django for the time."""

import datetime as dt

from django.utils import timezone

from tests.cases import NOW
from tests.factories import COLLECTED_ON

BEFORE_MIDNIGHT = dt.timedelta(minutes=5)


def behind(now: dt.datetime, day: dt.date = COLLECTED_ON) -> dt.timedelta:
    """How far a clock must go behind to show `day` still, in the plan's zone: none, until that day is over."""
    over = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), timezone.get_current_timezone())
    return now - over + BEFORE_MIDNIGHT if now >= over else dt.timedelta()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now.astimezone(dt.UTC)

    def forward(self, **time: float) -> None:
        self.now += dt.timedelta(**time)
