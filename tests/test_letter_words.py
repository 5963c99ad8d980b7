"""The words of a letter: how hard they read, which characters they may have, and that HTML and PDF show the same."""

import datetime as dt
import html
import re

import pytest

from priorauth.audit import receipts
from priorauth.letters import answers, reading
from priorauth.letters.characters import RANGES, printable
from priorauth.letters.content import BOTH, CLINICIAN, Content, Facts, Paragraph, Section, Table, facts
from priorauth.letters.pdf import pdf
from priorauth.models import Letter
from priorauth.roles import Role
from priorauth.services import submit
from tests import cases
from tests.cases import NOW, approve, person
from tests.factories import browser
from tests.letters import bare, content, refused, strings
from tests.pdf_words import pages, words

pytestmark = pytest.mark.django_db

# How hard it reads


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("The cat sat on the mat.", -1.45),
        ("The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.", 11.27),
        ("Utilization review determined that the documentation insufficiently demonstrates necessity.", 25.94),
        ("We are open from 8 a.m. to 5 p.m. each day.", 3.72),
        ("Yes.\nNo.", -3.4),
        ("", 0.0),
    ],
)
def test_the_grade_is_that_of_flesch_and_kincaid(text, grade):
    assert reading.grade(text) == pytest.approx(grade, abs=0.01)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The MRI of L1 and 22511 (N05)", ["MRI", "22511", "N05"]),
        ("An MRI (a scan that uses magnets) of T12", []),
        ("A scan (MRI) and the code 0200T", ["0200T"]),
        ("M80 and MRI, MRI", ["M80", "MRI"]),
        ("In 1948 she came in 2 days. A cat.", []),
    ],
)
def test_abbreviations_and_codes_are_found_unless_brackets_explain_them(text, found):
    assert reading.unexplained(text) == found


# The file


def test_the_page_and_the_file_say_the_same_words_and_the_file_is_accessible_and_always_the_same():
    letter, clerk = refused(), person(Role.CLERK)
    address = f"/requests/{letter.case.reference}/letter/1"
    page, file = (browser(clerk).get(f"{address}{kind}") for kind in ("/", ".pdf"))
    shown = bare(html.unescape(re.sub(r"<[^>]+>", " ", page.content.decode())))
    footer = rf"{letter.case.reference} Page \d of \d"
    printed, count = re.subn(footer, "", words(file.content))
    printed = bare(printed)
    texts = [bare(text) for text in strings(answers.whole(letter).as_dict()) if text not in ("member", "both")]
    meta = {
        "heading",
        "paragraph",
        "bullets",
        "facts",
        "table",
        "clinician",
        "not_approved",
        str(letter.content["day"]),
    }
    assert len(texts) > 100
    assert [text for text in texts if text not in meta and text not in shown] == []
    assert [text for text in texts if text not in meta and text not in printed] == []
    assert str(receipts.of_decision(letter.decision)) in shown
    assert count >= 3, "each page has the reference and its number"

    for part in (
        b"%PDF-1.7", b"/MarkInfo<</Marked true", b"/Lang(en-US)", b"/DisplayDocTitle true", b"<pdfuaid:part>1<",
        b"<dc:title>", f"{letter.content['title']}, {letter.case.reference}".encode(), b"/S/TH", b"/S/H1", b"/S/LI",
    ):  # fmt: skip
        assert part in file.content.replace(b"/S /", b"/S/"), part
    assert re.findall(rb"<xmp:\w+Date>([^<]+)<", file.content) == [b"2026-11-20T00:00:00Z"] * 2, "the letter's own day"
    again = browser(clerk).get(f"{address}.pdf")
    assert again.content == file.content == pdf(answers.whole(Letter.objects.for_actor(clerk).get(pk=letter.pk)))
    assert file["Content-Disposition"] == f'attachment; filename="{letter.case.reference}-letter-1.pdf"'
    assert (file["Content-Type"], file["Content-Security-Policy"]) == ("application/pdf", "sandbox; default-src 'none'")


HOSTILE = [
    "#panic() *bold* _it_ $x^2$ `raw` @ref <label> // no /* no */ \\ #read(\"/etc/passwd\") = Heading",
    "<script>alert(1)</script> &amp; {{ settings }} {% debug %} ' \" -- ;",
    "\u202edenrut \u2066a\u2069 👍🏽 e\u0301 ﬁ 漢 \ufeff\u200b\t z",
    "W" * 500,
    "a\n" * 990,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=["typst", "html", "characters", "long", "lines"])
def test_hostile_words_are_shown_as_they_are_and_do_nothing(text):
    letter = refused(
        reason_for_member=f"{text} {'on the long scan ' * 3}", reason_for_clinician=f"{text} {'on the long scan ' * 3}"
    )
    shown = printable(text)
    page = browser(person(Role.CLERK)).get(f"/requests/{letter.case.reference}/letter/1/").content.decode()
    assert html.escape(shown.split("\n")[0], quote=True).replace("&#x27;", "&#39;") in page.replace("&#x27;", "&#39;")
    assert "<script>alert" not in page
    printed = bare(words(pdf(content(letter))))
    assert printed.count(bare(shown.split("\n")[0])) >= 2


def test_what_an_office_typed_into_its_facts_is_printed_as_it_can_be():
    clerk, document = person(Role.CLERK), cases.facts()
    document["treatments"][0]["name"] = "Gel \U0001f44d #panic()\u202e"
    case = submit.send(cases.draft_case(clerk), cases.submission(document), by=clerk, at=NOW)
    cases.score_all()
    case.refresh_from_db()
    letter = approve(case, person(Role.NURSE)).letter
    (told,) = (line for line in strings(letter.content) if "Gel" in line)
    assert "(Gel [thumbs up sign] #panic())" in told
    assert bare(told) in bare(words(pdf(content(letter))))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\u2028c\x0bd", "a\nb\nc\nd"),
        (" a \t  b\xa0\u3000c ", "a b c"),
        ("\u202eabc\u202c\x00\ufeff\u200d\ud800", "abc"),
        ("José Müller Łukasz Nguyễn Ελένη Иван שלום", "José Müller Łukasz Nguyễn Ελένη Иван שלום"),
        ("e\u0301 ﬁ \uff21 ①", "é fi A 1"),
        ("👍 漢", "[thumbs up sign] [cjk unified ideograph-6f22]"),
    ],
)
def test_a_letter_holds_only_what_can_be_printed(text, shown):
    assert printable(text) == shown
    assert printable(printable(text)) == printable(text)


def test_every_character_that_a_letter_may_hold_has_a_glyph():
    """PDF/UA refuses a file with a character that no font has."""
    every = " ".join(chr(code) for first, last in RANGES for code in range(first, last + 1))
    section = Section("Characters", BOTH, (Paragraph(every), Facts(((every, every),))))
    day = dt.date(2026, 11, 20)
    assert pdf(Content("approved", "All", "PA-0000-0000-0000", day, (), facts(("a", "b")), (section,)))


def test_a_row_of_a_letter_is_never_broken_between_pages_but_where_it_is_longer_than_one():
    """Its own words, and rows of dates: what begins on a page ends there."""
    rows = [
        (f"A{number}", "\n".join([f"begins{number}", *["goes on"] * (3 + number % 4), f"ends{number}"]), "Met", "Fact")
        for number in range(40)
    ]
    dates = [
        facts((f"begins{number}", "first"), ("A label", "goes on"), ("Another", f"ends{number}"))
        for number in range(40, 80)
    ]
    long = ("B1", "begins99\n" + "a reason of many words " * 400 + "\nends99", "Met", "Fact")
    blocks = (Table(("No.", "Criterion", "Result", "Facts"), (*rows, long)), *dates)
    section = Section("For the clinician", CLINICIAN, blocks)
    day = dt.date(2026, 11, 27)
    printed = pages(pdf(Content("approved", "All", "PA-0000-0000-0000", day, (), facts(("a", "b")), (section,))))
    numbers = [[set(re.findall(rf"{word}(\d+)", page)) for word in ("begins", "ends")] for page in printed]
    assert [begun - {"99"} for begun, _ in numbers] == [ended - {"99"} for _, ended in numbers]
    assert len(set().union(*(ended for _, ended in numbers))) == 81
    assert any("99" in begun and "99" not in ended for begun, ended in numbers), "what is longer goes on in the next"
