"""Which words of a page are marked for a fact: days, levels, values and typed words, in the ways people write them."""

import datetime as dt
import time

import pytest

from priorauth import passages
from priorauth.page_images.answer import Word
from priorauth.phrases import MOST, Phrase, phrases
from tests.cases import facts

SIZE = (1240, 1600)
IMPRESSION = "Bone marrow edema below the upper endplate of L1, no retropulsion"
STUDY = {"modality": "MRI", "date": "2026-10-03", "finding": "edema", "impression": IMPRESSION}
THERAPY = {"modality": "physical_therapy", "start": "2026-09-07", "end": None, "name": "Harbor Clinic", "visits": 12}
ONSET = {"earliest": "2026-09-01", "latest": "2026-09-30"}
LEVEL = {"onset": ONSET, "imaging": [STUDY], "exam": {"finding": "focal_tenderness_at_level"}}
DOCUMENT = facts() | {
    "levels": {"L1": LEVEL},
    "treatments": [THERAPY],
    "pain": {"score": 7},
    "patient": {"t_score": -3.0},
}
MRI, DAY, SHOWN = (f"levels.L1.imaging.0{end}" for end in ("", ".date", ".finding"))


def page(text: str) -> list[Word]:
    """The words of a text, its lines below each other, ten pixels a character."""
    found = []
    for number, line in enumerate(text.split("\n")):
        at = 100
        for word in line.split():
            found.append(Word(word, at, 100 + 40 * number, at + 10 * len(word), 120 + 40 * number))
            at += 10 * len(word) + 10
    return found


def find(text: str, *paths: str, months: dict | None = None) -> passages.Passages:
    return passages.find(page(text), SIZE, phrases(DOCUMENT, paths, months))


def quotes(text: str, *paths: str) -> list[str]:
    return [quote for mark in find(text, *paths).marks for quote in mark.quotes]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (DAY, "Oct 3, 2026 / October 3rd 2026 / OCT. 03, 2026", ["Oct 3, 2026", "October 3rd 2026", "OCT. 03, 2026"]),
        (DAY, "on 3 Oct 2026, the 3rd of October, 2026", ["3 Oct 2026", "3rd of October, 2026"]),
        (DAY, "10/3/2026 10-03-2026 10.03.26 2026-10-03T09", ["10/3/2026", "10-03-2026", "10.03.26", "2026-10-03T09"]),
        (DAY, "\uff11\uff10/3/2026", ["\uff11\uff10/3/2026"]),
        (DAY, "MR-2026-10-03-0917", ["MR-2026-10-03-0917"]),
        (DAY, "Octo-\nber 3, 2026", ["October 3, 2026"]),
        (DAY, "3/10/2026 10/3/2025 10/30/2026 110/3/2026 October 2026 10 3 2026 Oct 3", []),
        ("levels.L1.onset", "Sept. 2026; 9/2026 September of 2026", ["Sept. 2026", "9/2026", "September of 2026"]),
        ("levels.L1.onset", "09/01/2026 and Sep 1, 2026", []),
        (SHOWN, "No bone marrow edema. OEDEMA", ["No bone marrow edema", "OEDEMA"]),
        (SHOWN, "L1, L-1 and T12-L1. But not L10, EL1 or L11", ["L1", "L-1", "T12-L1"]),
        ("levels.L1.exam", "focal tenderness over\nthe first; tender", ["focal tenderness", "tender"]),
        ("treatments.0", "PT at Harbor Clinic from 9/7/26, 12 visits", ["Harbor Clinic", "9/7/26", "12 visits", "PT"]),
        ("levels.L1.exam", "Tender here, tender there", ["tender"]),
        ("treatments.0.name", "the harbor, the clinical", ["harbor"]),
        ("pain.score", "pain 7/10; 7 out of 10; at 17/10 7 10", ["7/10", "7 out of 10"]),
        ("pain.score", "a score of 7/10", ["score of 7/10"]),
        ("pain.score", "pain score 7-\n8 or 9", ["pain score 7-"]),
        ("patient.t_score", "T-score: \u22123.00 (L1-L4), z-score -3.0", ["T-score: \u22123.00"]),
        (f"{MRI}.impression", "at the upper end-\nplate of L1: no edema", ["the upper endplate of L1: no"]),
        (f"{MRI}.impression", "Without bone marrow edema below", ["Without bone marrow edema below"]),
        (f"{MRI}.impression", "the upper body below the edge of the canal", []),
    ],
)  # fmt: skip
def test_a_fact_is_found_in_the_ways_that_people_write_it_and_not_in_others(path, text, found):
    assert [quote for quote in quotes(text, path) if quote not in ("L1", "L-1", "T12-L1") or quote in found] == found


def test_the_reports_own_words_come_first_and_what_is_not_there_is_said():
    found = find(f"{IMPRESSION}.\nL1 L1 L1 L1 L1 L1 L1 on 10/3/2026", MRI)
    assert [(one.number, one.what, one.quotes, one.more) for one in found.marks] == [
        (1, "L1: Imaging 1, impression", [IMPRESSION], 0),
        (2, "L1: Imaging 1, day of the study", ["10/3/2026"], 0),
        (3, "the level", ["L1"], 3),
        (4, "L1: Imaging 1, what it shows", ["Bone marrow edema"], 0),
    ]
    assert len(found.marks[2].outlines) == passages.PLACES
    missing = find("A letter about something else", MRI, "levels.L1.onset").missing
    assert [(one.what, one.said) for one in missing] == [
        ("L1: Imaging 1, impression", IMPRESSION),
        ("L1: Pain started", "Sep 2026"),
        ("L1: Imaging 1, day of the study", "Oct 3, 2026"),
        ("the level", "L1"),
        ("L1: Imaging 1, what it shows", "Edema"),
    ]


def test_a_month_that_was_typed_for_a_treatment_is_looked_for_and_not_the_day_that_was_counted():
    months = {"treatments.0.start": (dt.date(2026, 9, 1), dt.date(2026, 9, 30))}
    told = [one.said for one in phrases(DOCUMENT, ["treatments.0"], months)]
    assert ("Sep 2026" in told, "Sep 7, 2026" in told) == (True, False)
    fortnight = {"treatments.0.start": (dt.date(2026, 9, 7), dt.date(2026, 9, 20))}
    told = [one.said for one in phrases(DOCUMENT, ["treatments.0.start"], fortnight)]
    assert told == ["Sep 7, 2026", "Sep 20, 2026"]


def test_only_the_facts_of_the_path_are_looked_for_and_a_typed_text_is_no_choice():
    many = DOCUMENT | {"treatments": [{**THERAPY, "name": f"Clinic {number}"} for number in range(11)]}
    assert [one.said for one in phrases(many, ["treatments.1"]) if one.typed] == ["Clinic 1"]
    first = DOCUMENT | {"treatments": [{**THERAPY, "start": "2026-09-01"}]}
    assert [one.said for one in phrases(first, ["treatments.0.start"])] == ["Sep 1, 2026"]
    source = DOCUMENT | {"levels": {"L1": {"other_pain_source_name": "infection"}}}
    assert [one.typed for one in phrases(source, ["levels.L1.other_pain_source_name"])] == [True, False]


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("IV 5", "given IV 5 then", ["IV 5"]),
        ("Harbor 2026", "seen in 2026", []),
        ("word " * 40, "word " * 40, [("word " * 24).strip() + " "]),
    ],
)
def test_of_a_typed_text_a_run_is_marked_that_says_something(typed, text, found):
    marks = passages.find(page(text), SIZE, [Phrase("", typed, (tuple(typed.lower().split()),), typed=True)]).marks
    assert [quote for mark in marks for quote in mark.quotes] == found


def test_one_day_of_two_levels_is_one_phrase():
    both = DOCUMENT | {"levels": {name: {"imaging": [STUDY]} for name in ("L1", "T12")}}
    found = phrases(both, [f"levels.{name}.imaging.0.date" for name in ("L1", "T12")])
    assert [(one.what, one.said) for one in found] == [
        ("L1: Imaging 1, day of the study; T12: Imaging 1, day of the study", "Oct 3, 2026"),
        ("the level", "L1"),
        ("the level", "T12"),
    ]


def test_outlines_hold_their_words_and_numbers_cover_neither_words_nor_each_other():
    text = "\n\n".join(
        [
            "words above every one\nedema there",
            "Bone marrow edema of L1, and of",
            "T12 on 10/3/2026: edema, bone-",
            "marrow edema again",
        ]
    )
    words, found = page(text), find(text, MRI)
    outlines = [one for mark in found.marks for one in mark.outlines]
    inside = [one for one in words if any(o.x < one.left and one.right < o.x + o.width for o in outlines)]
    assert {"Bone", "edema", "L1,", "10/3/2026:"} <= {one.text for one in inside}
    labels = [one.label for one in outlines if one.label]
    side = passages.LABEL
    for place, (x, y) in enumerate(labels):
        assert not any(abs(x - a) < side and abs(y - b) < side for a, b in labels[place + 1 :])
        assert not [w for w in words if w.left < x + side and x < w.right and w.top < y + side and y < w.bottom]
    corner = passages.find([Word("L1", 0, 0, 20, 20)], (20, 20), [Phrase("", "L1", (("l", "1"),))])
    assert corner.marks[0].outlines == [(0, 0, 20, 20, (0, 0))], "clipped to its page"
    crowd = [Phrase(text, text, ((text,),)) for text in ("a", "b")]
    found = passages.find([Word("a", 0, 0, 20, 20), Word("b", 0, 0, 20, 20)], (20, 20), crowd).marks
    assert [mark.outlines[0].label for mark in found] == [(0, 0), (side, 0)]
    broken = [Word("a", 100, 100, 110, 120), Word("b", 300, 140, 310, 160)]
    lines = passages.find(broken, SIZE, [Phrase("", "a b", (("a", "b"),))]).marks[0].outlines
    assert [(one.y, bool(one.label)) for one in lines] == [(96, True), (136, False)], "one number, two lines"


def test_the_longest_page_and_the_longest_words_are_looked_through_at_once():
    words = [Word("the L1 edema 10/3/2026 bone marrow"[place % 30 :][:3], 0, 0, 9, 9) for place in range(6000)]
    hostile = [Word("a", 0, 0, 9, 9)] * 6000
    typed = DOCUMENT | {"safety_notes": ["a " * 5000, *(f"a {number}" for number in range(100))]}
    sought = phrases(typed, ["safety_notes", MRI, "treatments.0"])
    start = time.process_time()
    found = [passages.find(page, SIZE, sought) for page in (words, hostile, [Word("a" * 20_000, 0, 0, 9, 9)])]
    assert time.process_time() - start < 1
    assert len(sought) == MOST
    assert max(len(mark.outlines) for one in found for mark in one.marks) <= passages.PLACES * 60
