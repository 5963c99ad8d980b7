"""The days of treatment in one sentence, as the office reads them under its list."""

import datetime as dt

import pytest

from policies import facts as facts_v1
from policies import registry
from policies.treated import treated_words

EDITION = registry.governing("bcbsma-484", None)
ASKED = "Policy 484 asks for 42 days (6 weeks)."
TODAY = dt.date(2026, 11, 23)


def told(treatments, onset="2026-08-31", levels=("L1",)):
    """The sentences for (modality, start, end) rows; an end of None is still going on, an onset may be a pair."""
    onsets = onset if isinstance(onset, dict) else dict.fromkeys(levels, onset)
    rows = [
        {"modality": kind, "start": start, "end": end, "ongoing": end is None and start is not None, **(more or {})}
        for kind, start, end, more in [(*row, None)[:4] for row in treatments]
    ]
    document = {
        "request_date": TODAY.isoformat(),
        "lines": [],
        "levels": {name: {"onset": days and _interval(days)} for name, days in onsets.items()},
        "treatments": rows,
    }
    return treated_words(facts_v1.parse(document), EDITION)


def _interval(days):
    earliest, latest = (days, days) if isinstance(days, str) else days
    return {"earliest": earliest, "latest": latest}


@pytest.mark.parametrize(
    ("treatments", "words"),
    [
        (
            [("analgesic", "2026-09-01", None), ("physical_therapy", "2026-09-14", "2026-11-01")],
            "Analgesic 83 days, physical therapy 49 days. Any treatment on 83 days of the 84 since onset (Aug 31, 20",
        ),
        # 41 and 42 days: the boundary that the policy draws
        (
            [("rest", "2026-10-13", None)],
            "Rest 41 days. Any treatment on 41 days of the 84 since onset (Aug 31, 2026).",
        ),
        (
            [("rest", "2026-10-12", None)],
            "Rest 42 days. Any treatment on 42 days of the 84 since onset (Aug 31, 2026).",
        ),
        # what came before the onset does not count
        ([("brace", "2026-08-01", "2026-09-01")], "Brace 2 days. Any treatment on 2 days of the 84 since onset"),
        # a pause of 7 days is none, one of 8 is told
        (
            [("rest", "2026-09-01", "2026-09-10"), ("rest", "2026-09-18", "2026-09-20")],
            "Rest 13 days. Any treatment on 13",
        ),
        (
            [("rest", "2026-09-01", "2026-09-10"), ("rest", "2026-09-19", "2026-09-20")],
            "Pauses of more than 7 days: Sep 11 to Sep 18, 2026. The longest course has 10 days.",
        ),
        ([("rest", None, None)], "1 treatment without dates, not counted."),
        (
            [("rest", "2026-09-01", None, {"tolerated": False}), ("brace", "2026-11-22", None)],
            "Brace 1 day. Any treatment on 1 day of the 84 since onset (Aug 31, 2026). 1 treatment stopped for side",
        ),
    ],
)
def test_the_arithmetic_is_told(treatments, words):
    (sentence,) = told(treatments)
    assert words in sentence
    assert sentence.endswith(ASKED)
    assert ("Pauses" in sentence) == ("Pauses" in words)


def test_an_unknown_onset_is_said_and_levels_with_other_onsets_are_told_apart():
    rest = [("rest", "2026-10-12", None)]
    assert "The day of onset is not known yet." in told(rest, onset=None)[0]
    assert len(told(rest, levels=("L1", "L2"))) == 1
    first, second = told(rest, onset={"L1": "2026-08-31", "L2": "2026-11-13"})
    assert first.startswith("L1: Rest 42 days.")
    assert second.startswith("L2: Rest 10 days. Any treatment on 10 days of the 10 since onset (Nov 13, 2026).")


def test_a_day_that_nobody_gave_is_not_said_to_be_the_onset():
    """Of an onset known to the month the latest day counts; one that a study contradicts is known, and does not."""
    rest = [("rest", "2026-10-12", None)]
    latest = "Any treatment on 42 days of the 54 since the latest day that the onset can be (Sep 30, 2026)."
    assert latest in told(rest, onset={"L1": ("2026-09-01", "2026-09-30")})[0]
    assert "The day of onset stands against other facts" in told(rest, onset={"L1": ("2026-09-30", "2026-09-01")})[0]


def test_nothing_is_told_where_nothing_is_listed():
    assert told([]) == ()
