"""The timeline, the spine and the clock: pure functions of the facts, whatever the dates are like."""

import datetime as dt
import itertools
import json
import re
from xml.etree import ElementTree

import pytest
from django.template.loader import get_template, render_to_string

from priorauth.pictures import clock, course, spine, timeline
from tests.cases import EXAMPLES, example_facts

PARTS = ("timeline", "timeline_mark", "spine", "clock")
TEXT, SHAPE = 4.5, 3.0
QUIET_LINES = {"#ccd5dd"}  # the grid: nothing is read from it


def svg(name, picture):
    page = render_to_string(f"parts/{name}.html", {"picture": picture})
    return page, ElementTree.fromstring(re.search("<svg.*</svg>", page, re.DOTALL)[0])


def drawn(facts, sources=None, recorded=()):
    picture = timeline.draw(facts, sources, recorded=recorded)
    return picture, *svg("timeline", picture)


def with_treatments(*treatments):
    return example_facts("A03") | {"treatments": [{"modality": "rest", **one} for one in treatments]}


def with_levels(**levels):
    return example_facts("A03") | {"levels": levels}


def with_stay(first, last=None):
    stay = {"status": "inpatient", "reason": "fracture_pain", "admit_date": first, "discharge_date": last}
    return example_facts("A03") | {"hospitalization": stay}


def marks(picture):
    return {row.label: [mark.shape for mark in row.marks] for row in picture.rows}


def test_every_worked_case_is_drawn_within_its_frame_and_in_a_few_kilobytes():
    for line in EXAMPLES.read_text().splitlines():
        facts = json.loads(line)["facts"]
        picture, page, root = drawn(facts)
        width, height = map(int, root.get("viewBox").split()[2:])
        for row in picture.rows:
            assert all(0 <= mark.x <= mark.x + mark.width <= width for mark in row.marks), facts["case_id"]
        assert height == picture.height
        assert len(ElementTree.tostring(root)) < 6000
        whole, levels = svg("spine", spine.draw(facts))
        assert len(ElementTree.tostring(levels)) < 6500
        for one in (root, levels):
            names = [child.tag.rpartition("}")[2] for child in one]
            assert names[:2] == ["title", "desc"]
            assert one.get("role") == "img"
        assert "style=" not in page + whole


def test_the_usual_course_has_a_row_for_each_thing_and_the_lines_of_six_weeks_and_of_the_request():
    facts = example_facts("A20")
    picture, page, _ = drawn(facts, {"treatments.0": "MRI note, p. 2", "treatments.1": "by phone"}, {"treatments.0"})
    assert marks(picture) == {
        "Pain started, L1": ["onset"],
        "MRI": ["study"],
        "Examination": ["exam"],
        "Pain medicine": ["record"],
        "Physical therapy": ["reported"],
    }
    assert [line.words for line in picture.lines] == ["6 weeks", "Request"]
    six, request = (line.x for line in picture.lines)
    onset = picture.rows[0].marks[0]
    days = (course.ordinal("2026-11-20") - course.ordinal("2026-09-16")) / (request - onset.x - onset.width)
    assert abs((six - onset.x - onset.width) * days - 42) < 1, "drawn to scale, from the last day it can have begun"
    table = {entry.what: entry for entry in picture.entries}
    assert table["Pain started, L1"][1:3] == ("Aug 17, 2026", "Sep 16, 2026")
    assert table["Pain medicine"].where == "In a record: MRI note, p. 2"
    assert table["Physical therapy"][2] == "still going on"
    assert table["Physical therapy"].where.startswith("Reported only: by phone")
    assert table["6 weeks after the pain started"].first == "Oct 28, 2026"
    for words in ("Reported only", "In a record", "the day is not known", "Pain started, L1: Aug 17, 2026"):
        assert words in page


def test_a_stay_is_solid_only_where_a_record_holds_it():
    facts = with_stay("2026-11-16")
    for recorded, shape, where in (((), "reported", "Reported only"), (["hospitalization"], "record", "In a record")):
        picture, page, _ = drawn(facts, recorded=recorded)
        assert marks(picture)["Hospital: inpatient"] == [shape]
        told = next(entry for entry in picture.entries if entry.what == "Hospital: inpatient")
        assert (told.first, told.last, told.where) == ("Nov 16, 2026", "still going on", where)
        assert "Hospital: inpatient: since Nov 16, 2026, still going on" in page


HOSTILE = {
    "onset unknown": (with_levels(L1={}), {"Pain started": []}, "not recorded"),
    "only one end of the onset": (
        with_levels(L1={"onset": {"earliest": None, "latest": "2026-09-01"}}),
        {"Pain started, L1": ["onset"]},
        "Sep 1, 2026",
    ),
    "an onset the wrong way round": (
        with_levels(L1={"onset": {"earliest": "2026-10-09", "latest": "2026-09-01"}}),
        {"Pain started, L1": ["onset"]},
        "Sep 1, 2026 to Oct 9, 2026",
    ),
    "a treatment the wrong way round": (
        with_treatments({"start": "2026-11-09", "end": "2026-11-01"}),
        {"Rest": ["unclear"]},
        "the dates do not fit together",
    ),
    "going on without a start": (with_treatments({"ongoing": True}), {"Rest": ["going-on"]}, "start not recorded"),
    "only an end": (with_treatments({"end": "2026-11-01"}), {"Rest": ["reported"]}, "start not recorded"),
    "a length without dates": (with_treatments({"duration_days": 30}), {"Rest": []}, "30 days, as reported"),
    "years before": (with_treatments({"start": "1999-01-01", "end": "1999-02-01"}), {"Rest": ["earlier"]}, "1999"),
    "since years": (
        with_treatments({"start": "2001-01-01", "ongoing": True}),
        {"Rest": ["reported", "earlier"]},
        "since Jan 1, 2001, still going on",
    ),
    "a stay of years ago that was reported": (
        with_stay("2001-01-01"),
        {"Hospital: inpatient": ["reported", "earlier"]},
        "since Jan 1, 2001",
    ),
    "a stay without its first day": (
        with_stay(None, "2026-11-18"),
        {"Hospital: inpatient": ["reported"]},
        "until Nov 18, 2026",
    ),
    "the ends of the calendar": (
        with_treatments({"start": "0001-01-01", "end": "9999-12-31"}),
        {"Rest": ["reported", "earlier"]},
        "Dec 31, 9999",
    ),
    "a study after the request": (
        with_levels(L1={"imaging": [{"modality": "CT", "date": "2026-12-24", "finding": "edema"}]}),
        {"CT": ["study"]},
        "Dec 24, 2026",
    ),
    "a study years after, one without a date": (
        with_levels(
            L1={
                "imaging": [
                    {"modality": "CT", "date": "2099-12-24", "finding": "edema"},
                    {"modality": "CT", "date": None, "finding": "healed"},
                ]
            }
        ),
        {"CT": ["later"]},
        "no date recorded",
    ),
    "no levels, no lines": (with_levels() | {"lines": []}, {"Pain started": []}, "not recorded"),
    "null for everything": (
        {"request_date": "2026-11-20", "lines": [], "levels": {"L1": None}, "treatments": None, "pain": None},
        {"Pain started": []},
        "not recorded",
    ),
    "markup in a name": (with_treatments({"name": "<b>&\"'\u202e", "start": "2026-10-01"}), {}, "&lt;b&gt;"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_the_dates_are_like_the_picture_is_drawn_and_the_table_says_it(name):
    facts, expected, words = HOSTILE[name]
    picture, page, _ = drawn(facts)
    assert {label: marks(picture)[label] for label in expected} == expected
    assert words in page
    assert all(0 <= mark.x <= mark.x + mark.width <= timeline.WIDTH for row in picture.rows for mark in row.marks)
    svg("spine", spine.draw(facts))


@pytest.mark.parametrize(
    ("start", "end", "beside"),
    [
        ("2026-09-30", "2026-10-01", "see the table"),
        ("2026-08-01", "2026-09-01", "see the table"),
        ("1999-01-01", "2026-11-20", "see the table"),
        ("1999-01-01", "1999-02-01", "Jan 1, 1999 to Feb 1, 1999"),
    ],
)
def test_words_too_long_for_a_row_stand_in_the_table_and_cover_no_bar(start, end, beside):
    typed = "started Sep 2026 (counted from Sep 30, 2026); ended Oct 2026 (counted up to Oct 1, 2026), as it was typed"
    facts = with_treatments({"start": start, "end": end})
    picture = timeline.draw(facts, dated={"treatments.0": typed} if beside == "see the table" else {})
    row = picture.rows[-1]
    assert row.note == beside
    assert row.note_x + row.note_width <= timeline.WIDTH
    bars = [(mark.x, mark.x + mark.width) for mark in row.marks if mark.x > timeline.LEFT]
    assert all(end < row.note_x or row.note_x + row.note_width <= start for start, end in bars)
    assert beside != "see the table" or typed in picture.entries[-3].where


def test_forty_treatments_and_ten_levels_have_a_row_each_and_no_words_on_each_other():
    treatments = [{"name": f"Drug {n}", "start": "2026-09-01", "ongoing": True} for n in range(40)]
    levels = {f"T{n}": {"onset": {"earliest": f"2026-09-{n:02}", "latest": f"2026-09-{n:02}"}} for n in range(3, 13)}
    picture, page, _ = drawn(with_treatments(*treatments) | {"levels": levels})
    assert len({row.y for row in picture.rows}) == len(picture.rows) == 50
    assert len(page) < 60_000
    apart = timeline.draw(
        with_levels(L1=levels["T3"], L2={"onset": {"earliest": "2026-08-01", "latest": "2026-08-01"}})
    )
    places = sorted((line.y, line.x, len(line.words) * timeline.LINE_CHARACTER) for line in apart.lines)
    for (y, x, width), (next_y, next_x, _) in itertools.pairwise(places):
        assert y != next_y or x + width / 2 <= next_x


def test_the_spine_fills_what_is_requested_and_hatches_what_studies_name():
    found = [{"modality": "MRI", "date": "2026-11-08", "finding": "edema"}]
    facts = with_levels(L1={"imaging": found}, T12={"imaging": [found[0] | {"finding": "healed"}]}, COCCYX={})
    picture = spine.draw(facts)
    assert len(picture.vertebrae) == 30, "the coccyx is named"
    assert [(one.name, one.requested, one.found) for one in picture.told] == [
        ("T12", False, "healed (MRI)"),
        ("L1", True, "edema (MRI)"),
    ]
    page, root = svg("spine", picture)
    fills = [rect.get("fill") for rect in root.iter("rect")]
    assert (fills.count("#0b548a"), fills.count("url(#spine-hatch)")) == (1, 2)
    assert "T12: healed (MRI). L1: requested; edema (MRI)." in page
    page, root = svg("spine", spine.draw(facts, {"L1": "/study/", "L2": "/none/"}))
    assert root.get("role") == "group", "what is a picture has no links"
    linked = [child for child in root if child.get("href")]
    assert [one.get("aria-label") for one in linked] == ["L1: requested; edema (MRI). Show the study"]
    assert sum(child.get("aria-hidden") == "true" for child in root) == 29
    nothing, _ = svg("spine", spine.draw(with_levels() | {"lines": []}))
    assert "No level is requested, and no study names a finding." in nothing


@pytest.mark.parametrize(
    ("hours", "share", "late"), [(-1, 0, False), (0, 0, False), (12, 25, False), (48, 100, False), (49, 100, True)]
)
def test_the_clock_is_used_between_receipt_and_due_time(hours, share, late):
    received = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    read = clock.read(received, received + dt.timedelta(hours=48), received + dt.timedelta(hours=hours))
    assert read == (share, late)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_of_the_pictures_stands_out_from_white():
    for part in PARTS:
        source = get_template(f"parts/{part}.html").template.source
        texts = re.findall(r'<text[^>]*?fill="(?:{%[^%]*%})?(#[0-9a-f]{6})', source)
        shapes = re.findall(r'(?:fill|stroke)="[^"#]*(#[0-9a-f]{6})', source)
        assert all(1.05 / (luminance(colour) + 0.05) >= TEXT for colour in texts)
        assert all(1.05 / (luminance(colour) + 0.05) >= SHAPE for colour in {*shapes} - QUIET_LINES)
        assert shapes, part
