"""A clock that stands still until a test moves it: what the pages read when they ask Django for the time."""

import datetime as dt

from tests.cases import NOW


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now.astimezone(dt.UTC)

    def forward(self, **time: float) -> None:
        self.now += dt.timedelta(**time)
