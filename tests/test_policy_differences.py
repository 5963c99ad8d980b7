"""What differs between two editions is told in words, and nothing that differs is left out."""

import copy
from itertools import islice
from pathlib import Path

import pytest

from policies import registry, strict_yaml
from policies.differences import PARTS, Difference, differences
from tests import mutants
from tests.soak import SOAK

FILES = {
    "484": registry.LIBRARY / "bcbsma_484" / "2022-06.yaml",
    "900": Path(__file__).parent / "packs" / "example_900" / "2026-01.yaml",
}
PLAIN = {name: strict_yaml.load(file).data for name, file in FILES.items()}
EDITIONS = {name: mutants.edition_of(plain) for name, plain in PLAIN.items()}
OURS = EDITIONS["484"]
STEP = {"484": 1 if SOAK else 4, "900": 1}  # every fourth change of the larger file, all of them under `make soak`
CODE, SEVERE = "vertebroplasty", PLAIN["484"]["criteria"]["severe_pain"]
EXAM = "A documented examination finds the tenderness at this level"
TREATED = "At least 6 weeks of conservative treatment since the fracture"

# What is changed (a path into the file and the new value, or the switches), and all that is told of it.
PAIRS = {
    "a number": (
        (("criteria", "conservative_6_weeks", "with", "days"), 35),
        [("Criteria", f"{TREATED}: days asked", "42", "35")],
    ),
    "a reading": (
        {"modalities": "all_three"},
        [("Readings", "Kinds of treatment asked (modalities)", "any", "all three")],
    ),
    "a reading that takes a criterion out": (
        {"and_when_B": "off"},
        [
            ("Readings", "“And when” conditions in pathway B (and_when_B)", "generator", "off"),
            *(
                ("Pathways", f"Pathway B: {label}", "must be met", "shown only, does not count")
                for label in (
                    EXAM,
                    "Imaging shows the lesion at this level",
                    "No other source explains the pain",
                    "The procedure treats current pain and is not preventive",
                )
            ),
        ],
    ),
    "a code": (
        (("codes", "current", "22511", "regions"), ["T", "L"]),
        [("Codes", "Code 22511", f"{CODE}, lumbar, primary code", f"{CODE}, thoracic, lumbar, primary code")],
    ),
    "a code that is gone": (
        (("codes", "related", "27278"), mutants.GONE),
        [("Codes", "Code 27278", "policy 320 governs it", "")],
    ),
    "a plan": (
        (("products", "indemnity", "elsewhere"), "required"),
        [("Plans", "Indemnity, elsewhere", "authorization not required", "authorization required")],
    ),
    "a set": (
        (("finding_sets", "sclerotic"), ["blastic_lesion", "motion"]),
        [("Days and sets", "Findings that count as “sclerotic”", "sclerotic lesion", "sclerotic lesion, motion")],
    ),
    "a question": (
        (("criteria", "severe_pain", "ask"), "How severe is the pain?"),
        [("Wording", "The pain is severe: question", SEVERE["ask"], "How severe is the pain?")],
    ),
    "the day": ((("effective",), "2022-07-01"), [("The edition", "In force from", "Jun 1, 2022", "Jul 1, 2022")]),
    "who confirms": (
        (("criteria", "exam_concordant", "judgement"), False),
        [("Criteria", f"{EXAM}: judgement", "a person confirms", "")],
    ),
}


@pytest.mark.parametrize(("change", "told"), PAIRS.values(), ids=PAIRS)
def test_a_pair(change, told):
    other = (
        OURS.with_switches(**change)
        if isinstance(change, dict)
        else mutants.edition_of(mutants._put(PLAIN["484"], *change))
    )
    assert differences(OURS, other) == [Difference(*row) for row in told]
    back = [Difference(part, subject, after, before) for part, subject, before, after in told]
    assert differences(other, OURS) == back


@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_does_not_differ_from_itself(name):
    assert differences(EDITIONS[name], mutants.edition_of(copy.deepcopy(PLAIN[name]))) == []


@pytest.mark.parametrize("name", EDITIONS)
def test_no_change_of_a_rule_is_left_out(name):
    left, told = [], 0
    for change, plain in islice(mutants.mutants(PLAIN[name]), 0, None, STEP[name]):
        try:
            other = mutants.edition_of(plain)
        except ValueError:
            continue
        found = differences(EDITIONS[name], other)
        told += bool(found)
        if not found:
            left.append(change)
    assert left == []
    assert told > 150


def texts(value, at=()):
    """The place of every sentence and locator."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict | list):
        for step, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(part, (*at, step))


@pytest.mark.parametrize("name", EDITIONS)
def test_no_change_of_the_wording_is_left_out(name):
    """A switch may not take a sentence; everything else that reads as words may."""
    left, told = [], 0
    for place in islice(texts(PLAIN[name]), 0, None, STEP[name]):
        if not {*place} & (mutants.SENTENCES - {"words"} | {"gap", "determinations", "rules", "number", "title"}):
            continue
        try:
            other = mutants.edition_of(mutants._put(PLAIN[name], place, "Said otherwise."))
        except ValueError:
            continue
        found = differences(EDITIONS[name], other)
        told += bool(found)
        if not found:
            left.append(place)
    assert left == []
    assert told > 30


def test_every_part_has_something_to_tell():
    bare = dict.fromkeys(PARTS, 0)
    for change in differences(OURS, EDITIONS["900"]):
        bare[change.part] += 1
        assert change.subject
        assert "_" not in change.subject.partition(" (")[0]
    assert all(bare.values())
