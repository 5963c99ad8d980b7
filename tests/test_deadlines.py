"""When a decision is due (FIELD.md 2a)."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from priorauth.deadlines import (
    MA_COMMERCIAL,
    MEDICARE_ADVANTAGE,
    REGIMES,
    due_at,
    holidays,
    is_business_day,
    regime_for,
)

ZONE = ZoneInfo("America/New_York")


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("received", "due", "why"),
    [
        ("2026-11-16 09:05", "2026-11-18 09:05", "Monday to Wednesday"),
        ("2026-11-20 15:30", "2026-11-24 15:30", "over a weekend"),
        ("2026-11-25 16:12", "2026-11-30 16:12", "over Thanksgiving and a weekend"),
        ("2026-11-21 10:00", "2026-11-24 10:00", "received on a Saturday"),
        ("2026-12-31 23:59", "2027-01-05 23:59", "over New Year's Day and a weekend"),
        ("2026-10-30 01:30", "2026-11-03 01:30", "over the end of daylight saving time"),
        ("2026-03-06 02:30", "2026-03-10 02:30", "over its start"),
        ("2028-02-28 08:00", "2028-03-01 08:00", "over February 29"),
    ],
)
def test_two_business_days(received, due, why):
    assert due_at(at(received), MA_COMMERCIAL, "standard", ZONE) == at(due), why


def test_expedited_is_24_hours_of_elapsed_time_whatever_the_clocks_do():
    received = at("2026-10-31 12:00")
    due = due_at(received, MA_COMMERCIAL, "expedited", ZONE)
    assert due - received.astimezone(dt.UTC) == dt.timedelta(hours=24)
    assert due.astimezone(ZONE).hour == 11


def test_medicare_counts_calendar_days():
    assert due_at(at("2026-11-20 15:30"), MEDICARE_ADVANTAGE, "standard", ZONE) == at("2026-11-27 15:30")
    assert due_at(at("2026-11-20 15:30"), MEDICARE_ADVANTAGE, "expedited", ZONE) == at("2026-11-23 15:30")


@pytest.mark.parametrize(
    ("product", "regime"),
    [
        ("hmo", "ma-commercial"),
        ("pos", "ma-commercial"),
        ("ppo", "ma-commercial"),
        ("indemnity", "ma-commercial"),
        (None, "ma-commercial"),
        ("other", "ma-commercial"),
        ("medicare_hmo_blue", "cms-ma"),
        ("medicare_ppo_blue", "cms-ma"),
    ],
)
def test_the_regime_of_a_product(product, regime):
    assert regime_for(product).id == regime
    assert REGIMES[regime].rule("standard").startswith(REGIMES[regime].label)


def test_holidays_of_2026_and_2027():
    assert sorted(holidays(2026)) == [
        dt.date(2026, *day)
        for day in (
            (1, 1),
            (1, 19),
            (2, 16),
            (4, 20),
            (5, 25),
            (6, 19),
            (7, 4),
            (9, 7),
            (10, 12),
            (11, 11),
            (11, 26),
            (12, 25),
        )
    ]
    assert dt.date(2027, 7, 5) in holidays(2027), "July 4, 2027 is a Sunday"
    assert not is_business_day(dt.date(2026, 11, 26))


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        due_at(dt.datetime(2026, 11, 20), MA_COMMERCIAL, "standard", ZONE)  # noqa: DTZ001 - the naive time is the test
