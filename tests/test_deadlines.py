"""When a decision is due (FIELD.md 2a; RELIABILITY.md D11, D12), and what a file of regimes may say."""

import datetime as dt
import random
import re
from zoneinfo import ZoneInfo

import pytest

from policies.strict_yaml import YamlError
from priorauth.deadlines import Limit, Longer, Reckoning, Stop, Unit, due_at
from priorauth.regimes import library
from priorauth.regimes.rules import Rule, in_force
from priorauth.regimes.written import Calendar
from tests.regimes import OURS, changed, ours

ZONE = ZoneInfo("America/New_York")
HOUR = dt.timedelta(hours=1)
COMMERCIAL, MEDICARE = (ours().rules[name][0] for name in ("ma-commercial", "cms-ma"))
RECKONING = Reckoning(ZONE, COMMERCIAL.holidays)
TWO_BUSINESS_DAYS = COMMERCIAL.limit("standard")
SEVEN_DAYS = MEDICARE.limit("standard")


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


def every_hour():
    """Each hour of 2026 and 2027 in New York: 17,520 instants, each hour of a fold once and none of a gap."""
    now, end = (dt.datetime(year, 1, 1, tzinfo=ZONE).astimezone(dt.UTC) for year in (2026, 2028))
    while now < end:
        yield now
        now += HOUR


# D11: the clocks of the wall


def by_the_wall(received, hours):
    """The mistake that is easy to make: hours counted on the clock of the wall."""
    return (received.astimezone(ZONE) + dt.timedelta(hours=hours)).astimezone(dt.UTC)


@pytest.mark.parametrize("hours", [24, 72])
def test_hours_are_elapsed_time_in_every_hour_of_two_years(hours):
    spans, on_the_wall = set(), set()
    for received in every_hour():
        spans.add(due_at(received, Limit(hours, Unit.HOURS), RECKONING) - received)
        on_the_wall.add((by_the_wall(received, hours) - received) / HOUR)
    assert spans == {hours * HOUR}
    assert on_the_wall == {hours - 1, hours, hours + 1}, "the planted mistake must show, or this test sees nothing"


def naive_days(received, count, counts):
    """A slow reference: the local day moved on one by one, the time of day kept; what the clocks did is added."""
    local = received.astimezone(ZONE)
    day = local.date()
    while count:
        day = dt.date.fromordinal(day.toordinal() + 1)
        count -= counts(day)
    later = local.replace(year=day.year, month=day.month, day=day.day)
    moved = local.utcoffset() - later.utcoffset()
    return (day - local.date()) + moved


HOLIDAYS = {
    *("2026-01-01", "2026-01-19", "2026-02-16", "2026-04-20", "2026-05-25", "2026-06-19", "2026-07-04", "2026-09-07"),
    *("2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25", "2027-01-01", "2027-01-18", "2027-02-15", "2027-04-19"),
    *("2027-05-31", "2027-06-19", "2027-07-05", "2027-09-06", "2027-10-11", "2027-11-11", "2027-11-25", "2027-12-25"),
}


def works(day):
    return day.weekday() not in (5, 6) and day.isoformat() not in HOLIDAYS


@pytest.mark.parametrize(("limit", "counts"), [(SEVEN_DAYS, lambda _: True), (TWO_BUSINESS_DAYS, works)])
def test_days_keep_the_time_of_day_in_every_hour_of_two_years(limit, counts):
    odd = 0
    for received in every_hour():
        if received.year == 2027 and received.month == 12 and received.day > 20:
            break  # the list above ends with 2027
        span = due_at(received, limit, RECKONING) - received
        assert span == naive_days(received, limit.count, counts), received
        odd += bool(span % dt.timedelta(days=1))
    assert odd > 40, "days of 23 and of 25 hours were among them"


@pytest.mark.parametrize(
    ("received", "limit", "due", "why"),
    [
        ("2026-11-16 09:05", TWO_BUSINESS_DAYS, "2026-11-18 09:05", "Monday to Wednesday"),
        ("2026-11-20 15:30", TWO_BUSINESS_DAYS, "2026-11-24 15:30", "over a weekend"),
        ("2026-11-25 16:12", TWO_BUSINESS_DAYS, "2026-11-30 16:12", "over Thanksgiving and a weekend"),
        ("2026-11-21 10:00", TWO_BUSINESS_DAYS, "2026-11-24 10:00", "received on a Saturday"),
        ("2026-12-31 23:59", TWO_BUSINESS_DAYS, "2027-01-05 23:59", "over New Year's Day and a weekend"),
        ("2026-10-30 01:30", TWO_BUSINESS_DAYS, "2026-11-03 01:30", "over the end of daylight saving time"),
        ("2026-03-06 02:30", TWO_BUSINESS_DAYS, "2026-03-10 02:30", "over its start"),
        ("2028-02-28 08:00", TWO_BUSINESS_DAYS, "2028-03-01 08:00", "over February 29"),
        ("2026-11-20 15:30", SEVEN_DAYS, "2026-11-27 15:30", "calendar days"),
        ("2026-10-25 01:30", SEVEN_DAYS, "2026-11-01 01:30", "into the hour that comes twice: the first of the two"),
        ("2026-03-01 02:30", SEVEN_DAYS, "2026-03-08 03:30", "into the hour that is not: 168 hours"),
        ("2026-11-20 15:30", MEDICARE.limit("expedited"), "2026-11-23 15:30", "72 hours"),
        ("2026-10-31 12:00", COMMERCIAL.limit("expedited"), "2026-11-01 11:00", "24 hours of 25"),
    ],
)
def test_a_due_time(received, limit, due, why):
    assert due_at(at(received), limit, RECKONING) == at(due).astimezone(dt.UTC), why


def test_the_hour_that_comes_twice_is_two_hours():
    first, second = at("2026-11-01 01:30"), at("2026-11-01 01:30").replace(fold=1)
    for limit in (Limit(24, Unit.HOURS), Limit(72, Unit.HOURS)):
        assert due_at(second, limit, RECKONING) - due_at(first, limit, RECKONING) == HOUR
    assert due_at(second, SEVEN_DAYS, RECKONING) == at("2026-11-08 01:30")


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        due_at(dt.datetime(2026, 11, 20), TWO_BUSINESS_DAYS, RECKONING)  # noqa: DTZ001 - the naive time is the test


# D12: a clock that was stopped, and one that runs longer


@pytest.mark.parametrize(
    ("limit", "changes", "due"),
    [
        (SEVEN_DAYS, [Longer(Limit(14, Unit.CALENDAR_DAYS))], "2026-12-11 15:30"),
        (SEVEN_DAYS, [Longer(Limit(1, Unit.HOURS)), Longer(Limit(2, Unit.BUSINESS_DAYS))], "2026-12-01 16:30"),
        (SEVEN_DAYS, [Stop(at("2026-11-22 10:00"), at("2026-11-24 11:00"))], "2026-11-29 16:30"),
        (SEVEN_DAYS, [Stop(at("2026-11-27 15:30"), at("2026-11-28 15:30"))], "2026-11-27 15:30"),
        (TWO_BUSINESS_DAYS, [Stop(at("2026-11-20 17:30"), at("2026-11-23 08:00"))], "2026-11-25 06:00"),
        (TWO_BUSINESS_DAYS, [Stop(at("2026-11-24 13:30"), at("2026-11-25 23:00"))], "2026-11-27 01:00"),
        (TWO_BUSINESS_DAYS, [Stop(at("2026-11-24 13:30"), at("2026-11-26 12:00"))], "2026-11-27 02:00"),
        (TWO_BUSINESS_DAYS, [Stop(at("2026-11-23 15:30"), at("2026-11-27 00:00"))], "2026-11-28 00:00"),
        (Limit(24, Unit.HOURS), [Stop(at("2026-11-21 03:30"), at("2026-11-21 15:30"))], "2026-11-22 03:30"),
    ],
    ids=["+14 days", "twice", "stopped", "too late", "business", "holiday next", "on a holiday", "midnight", "hours"],
)
def test_a_clock_that_was_changed(limit, changes, due):
    assert due_at(at("2026-11-20 15:30"), limit, RECKONING, changes) == at(due)


def slow_business_time(start, end):
    """Minute by minute: how much of a span lies on business days."""
    minutes = 0
    while start < end:
        minutes += works(start.astimezone(ZONE).date())
        start += dt.timedelta(minutes=1)
    return dt.timedelta(minutes=minutes)


def test_what_was_left_when_the_clock_stopped_is_left_when_it_runs():
    """Against the slow reference, at random: the business time after the stop is the business time before it."""
    chance = random.Random(484)
    for _ in range(60):
        received = at("2026-11-18 00:00") + dt.timedelta(minutes=chance.randrange(40 * 24 * 60))
        due = due_at(received, TWO_BUSINESS_DAYS, RECKONING)
        stopped = received + chance.random() * (due - received)
        stopped = stopped.replace(second=0, microsecond=0)
        resumed = stopped + dt.timedelta(minutes=chance.randrange(6 * 24 * 60))
        later = due_at(received, TWO_BUSINESS_DAYS, RECKONING, [Stop(stopped, resumed)])
        assert later >= due
        assert slow_business_time(resumed, later) == slow_business_time(stopped, due), (received, stopped, resumed)
        assert works((later - dt.timedelta(minutes=1)).astimezone(ZONE).date()) or stopped == due


# The file of regimes


def test_which_rule_binds_a_product():
    regimes = ours()
    day = dt.date(2026, 11, 20)
    bound = {product: regimes.of_product(product, day).regime for product in (*regimes.products, "other", "", None)}
    medicare = {"medicare_hmo_blue", "medicare_ppo_blue"}
    assert bound == {product: "cms-ma" if product in medicare else "ma-commercial" for product in bound}
    rule = regimes.of_product("hmo", day)
    assert rule.words("standard") == (
        "Massachusetts commercial, standard: 2 business days from receipt"
        " (M.G.L. c.176O §25; 211 CMR 52, as configured by the plan)"
    )
    assert rule.verified == "Not yet verified by the plan"


def test_holidays_of_2026_and_2027():
    found = COMMERCIAL.holidays(2026) | COMMERCIAL.holidays(2027)
    assert {day.isoformat() for day in found} == HOLIDAYS


def test_the_rule_in_force_on_the_day_of_receipt_is_taken_and_ended_ones_stay(tmp_path):
    two = changed(
        tmp_path,
        ('effective_from: "2026-06-05"\n', 'effective_from: "2026-06-05"\n        effective_to: "2026-12-31"\n'),
        ("  cms-ma:\n", SECOND_RULE + "\n  cms-ma:\n"),
    )
    days = ("2026-01-01", "2026-06-05", "2026-12-31", "2027-01-01", "2030-01-01")
    taken = [two.of_product("hmo", dt.date.fromisoformat(day)) for day in days]
    assert [str(rule.limit("standard")) for rule in taken] == ["2 business days"] * 3 + ["1 business day"] * 2
    assert two.rule("ma-commercial", dt.date(2026, 6, 5)) is taken[0]
    with pytest.raises(KeyError):
        two.rule("ma-commercial", dt.date(2026, 6, 6))


SECOND_RULE = """
      - effective_from: "2027-01-01"
        sources:
          - {text: A later act, read: primary}
        standard: {count: 1, unit: business days}
        expedited: {count: 24, unit: hours}
        holidays: massachusetts
        silence: {words: Nothing is said., deemed_approved: false}
"""


def test_the_digest_holds_all_of_a_rule_but_who_verified_it_and_its_end(tmp_path):
    held = COMMERCIAL.sha256
    confirmed = changed(tmp_path, ("holidays: massachusetts", f"{CONFIRMED}\n        holidays: massachusetts"))
    rule = confirmed.rules["ma-commercial"][0]
    assert (rule.sha256, rule.verified) == (held, "Verified by Example Plan, legal, Nov 2, 2026")
    for before, after in (("count: 24, unit: hours", "count: 25, unit: hours"), ("day: 19", "day: 20")):
        assert changed(tmp_path, (before, after)).rules["ma-commercial"][0].sha256 != held


CONFIRMED = 'verified_by: "Example Plan, legal"\n        verified_on: "2026-11-02"'

WRONG = {
    "a product twice": ("[medicare_hmo_blue, ", "[hmo, medicare_hmo_blue, ", r"products: hmo stands in ma-commercial"),
    "no such product": ("[hmo, pos", "[hmoo, pos", "ma-commercial.products: there is no product hmoo"),
    "no such default": ("default: ma-commercial", "default: none", "there is no regime none"),
    "no such calendar": ("holidays: massachusetts", "holidays: maine", "there is no calendar maine"),
    "no calendar": ("        holidays: massachusetts\n", "", "business days need a calendar"),
    "unknown key": ("deemed_approved: true", "deemed_granted: true", "deemed_granted: is not a known key"),
    "a fraction": ("{count: 24, unit: hours}", "{count: 1.5, unit: hours}", "expedited.count: Input should be"),
    "no such unit": ("unit: business days}", "unit: weeks}", "standard.unit: Input should be"),
    "a day that is none": ('"2026-06-05"', '"2026-02-30"', 'effective_from: must be a day like "2026-11-20"'),
    "half verified": ("holidays: mass", 'verified_by: "Us"\n        holidays: mass', "belong together"),
    "an end of the last": ('"2026-06-05"', '"2026-06-05"\n        effective_to: "2026-12-31"', "the last rule ends"),
    "a holiday of two kinds": ("month: 11, day: 11", "month: 11, day: 11, nth: 1", "needs month and day, or month"),
    "a stop without an end": ("longest: {count: 14, unit: calendar days}", "longest: {count: 14, unit: business days}",
                              "longest must be in hours or calendar days"),
    "no grounds": ("grounds:\n            documents:\n", "grounds: {}\n            documents:\n", "line"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_does_not_fit_is_refused_with_line_and_key(tmp_path, name):
    before, after, message = WRONG[name]
    with pytest.raises(YamlError, match=message) as refused:
        changed(tmp_path, (before, after))
    assert re.match(r"regimes\d*\.yaml, line \d+, ", str(refused.value))


def test_every_kind_of_holiday_has_its_day():
    days = [
        {"name": "Last Friday", "month": 12, "weekday": "friday", "nth": -1},
        {"name": "Leap day", "month": 2, "day": 29},
        {"name": "Once", "date": "2027-01-15"},
        {"name": "Sunday kept", "month": 7, "day": 4},
    ]
    calendar = Calendar.model_validate({"label": "Test", "days": days})
    rule = Rule("test", "Test", COMMERCIAL.text, calendar)
    assert {day.isoformat() for day in rule.holidays(2027)} == {"2027-12-31", "2027-01-15", "2027-07-04"}
    assert dt.date(2028, 2, 29) in rule.holidays(2028)
    assert in_force([rule], dt.date(2000, 1, 1)) is rule
    assert library.load(OURS).default == "ma-commercial"
