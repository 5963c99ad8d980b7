"""Diagnosis codes: suggested by cause and level, found by a word, explained, asked about where they do not fit."""

import re

import pytest
from django.utils import timezone

from policies import diagnoses
from policies.codes import Icd10Cm, Level
from portal.web import doubts, words
from priorauth.admin import facts
from tests.factories import (
    browser,
    clerk,
    draft_of,
    form_of,
    level_row,
    post_edit,
    saved_draft,
    sent_through_the_page,
    valid_form,
)

LINES = diagnoses._data()["codes"]
KNOWN = diagnoses._known()
T11 = {"levels-count": "2", **level_row(1, "T11", etiology="trauma")}


def test_the_list_holds_each_code_once_in_short_words_of_ours():
    expanded = [one for code, label in LINES for one in diagnoses._expanded(code, label)]
    assert len(expanded) == len(KNOWN) > 600
    assert len({one.label for one in expanded}) == len(expanded)
    for one in expanded:
        assert Icd10Cm.parse(one.code) == one.code
        assert all(Level.parse(level) == level for level in one.levels)
        assert len(one.label) <= 100
        assert not re.search("[{}]", one.code + one.label)


@pytest.mark.parametrize(
    ("cause", "level", "codes"),
    [
        ("osteoporosis", "L1", ["M80.08XA", "M80.88XA"]),
        ("osteoporosis_secondary", "T7", ["M80.88XA"]),
        ("trauma", "L1", ["S32.010A"]),
        ("trauma", "T5", ["S22.050A"]),
        ("trauma", "T6", ["S22.050A"]),
        ("trauma", "C7", ["S12.600A"]),
        ("metastasis", "L3", ["C79.51", "M84.58XA"]),
        ("myeloma", "L3", ["C90.00", "M84.58XA"]),
        ("infection", "T12", ["M46.24"]),
        ("degenerative", "S1", ["M47.818"]),
        (None, "L4", ["M48.56XA"]),
        ("none", "L4", []),
    ],
)
def test_codes_follow_from_cause_and_level(cause, level, codes):
    assert [one.code for one in diagnoses.suggested(cause, level)] == codes


def test_every_cause_of_the_form_suggests_codes_of_the_list_at_every_kind_of_level():
    asked = {cause for cause, _ in words.ETIOLOGY} - {"none"}
    assert asked | {"not_recorded"} == set(diagnoses._data()["suggested"])
    assert all(diagnoses.suggested(cause, level) for cause in asked - {"trauma"} for level in ("C4", "T8", "L1", "S2"))


@pytest.mark.parametrize(
    ("text", "first", "total"),
    [
        ("M80.08", "M80.08XA", 6),
        ("m8008xd", "M80.08XD", 1),
        ("c79", "C79.51", 2),
        ("wedge L1", "S32.010A", 6),
        ("l1 WEDGE closed", "S32.010A", 1),
        ("osteoporosis", "M80.08XA", 15),
        ("metast", "C79.51", 2),
        ("T11", "S22.080A", 30),
        ("no such disease", None, 0),
        ("  ", None, 0),
        ("<b>'%", None, 0),
        ("x" * 10_000, None, 0),
    ],
)
def test_a_code_or_a_word_finds_them(text, first, total):
    found = diagnoses.find(text, 12)
    assert (found.first[0].code if found.first else None, found.total) == (first, total)
    assert len(found.first) == min(total, 12)


@pytest.mark.django_db
def test_on_the_page_codes_are_suggested_explained_found_and_added_without_a_script():
    client = browser(clerk())
    case = saved_draft(client, **T11, diagnosis_codes="")
    address = f"/requests/{case.reference}/edit/"
    offered = re.compile(r'name="diagnosis" value="([^"]+)"')
    assert offered.findall(client.get(address).content.decode()) == ["M80.08XA", "M80.88XA", "S22.080A"]

    for code, kept in (
        ("S22.080A", "S22.080A"),
        ("M80.88XA", "S22.080A, M80.88XA"),
        ("M80.88XA", "S22.080A, M80.88XA"),
    ):
        pressed = post_edit(client, case, draft_of(case).fields | {"diagnosis": code, "action": ""})
        assert pressed["Location"] == f"{address}#id_diagnosis_codes"
        assert draft_of(case).fields["diagnosis_codes"] == [kept]
    post_edit(client, case, draft_of(case).fields | {"diagnosis": "'; DROP", "action": ""})
    assert draft_of(case).fields["diagnosis_codes"] == ["S22.080A, M80.88XA"]
    page = client.get(address).content.decode()
    assert offered.findall(page) == ["M80.08XA"]
    assert "<b>M80.88XA</b> Other osteoporosis (steroids, for example) with a vertebral fracture" in page

    looked = post_edit(client, case, draft_of(case).fields | {"find": "codes", "find_code": "wedge L1", "action": ""})
    assert len(offered.findall(looked.content.decode())) == 1 + 6
    assert "6 codes found." in looked.content.decode()
    assert "find_code" not in draft_of(case).fields
    live = draft_of(case).fields | {"find_code": "<none>", "version": draft_of(case).version}
    answer = client.post(f"{address}missing/", live).content.decode()
    assert "No code of the list fits “&lt;none&gt;”" in answer
    assert 'id="diagnoses-named" data-live' in answer


@pytest.mark.django_db
def test_at_a_correction_codes_are_looked_for_too():
    client = browser(clerk())
    case = sent_through_the_page(client)
    typed = {"find": "codes", "find_code": "c79", "base.revision": 1, "note": "kept"}
    page = client.post(f"/requests/{case.reference}/amend/", typed).content.decode()
    assert "2 codes found." in page
    assert "kept</textarea>" in page
    assert (
        "C79.51" in client.post(f"/requests/{case.reference}/amend/", typed | {"diagnosis": "C79.51"}).content.decode()
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("codes", "asked"),
    [
        ("M80.08XA, S32.010D", None),
        ("M80.08XA, S32.020A", "The code S32.020A is for L2, and the form names L1, T11. Is the code right?"),
        ("M80.08XA, S22.070A", "The code S22.070A is for T9 or T10, and the form names L1, T11. Is the code right?"),
        ("M80.08XA, M48.58XA", "is for S1 to COCCYX, and the form names L1, T11."),
        ("M80.08XA, Z99.9", None),
    ],
)
def test_a_code_for_another_level_is_asked_about(codes, asked):
    form = form_of(
        valid_form(**{**T11, "levels-1-etiology": "osteoporosis", "lines-0-levels": "L1, T11"}, diagnosis_codes=codes),
        timezone.localdate(),
    )
    found = [doubt.words for doubt in doubts.find(form) if "Is the code right" in doubt.words]
    assert len(found) == bool(asked)
    assert (asked or "") in "".join(found)


def test_the_reviewer_reads_codes_and_reasons_of_haste_in_words():
    details = {"diagnosis_codes": ["M81.0", "Z99.9"], "urgency_signs": ["cannot_walk", "new_weakness"]}
    told = {label: value for _, label, value, *_ in facts._details(details, {})}
    assert told["Diagnosis codes"] == "M81.0 (Osteoporosis of age, no fracture now); Z99.9"
    assert told["Happening now"] == "The patient cannot walk; New weakness, or loss of bladder or bowel control"
    assert len(told) == 2
