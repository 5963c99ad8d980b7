"""The edition in numbered criteria says all that its file says: every number, list, code, plan and reading."""

import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

from policies import registry, strict_yaml
from policies.asked import ASKED
from policies.assess import assess
from policies.criteria import MEASURES
from policies.document import ENGINE_SWITCHES, SilentFact
from policies.explain import explain
from policies.rulebook import KINDS, SILENT, rulebook
from policies.sentences import READINGS
from policies.vocabulary import words
from tests.test_policy_cases import CASES
from tests.test_policy_explain import FORBIDDEN

EDITION = registry.edition("bcbsma-484", "2022-06")
((EXAMPLE,),) = registry.load(Path(__file__).parent / "packs").values()
BOOK = rulebook(EDITION)
TEXT = registry.LIBRARY.joinpath("bcbsma_484", "2022-06.yaml").read_text("utf-8")


def texts(value):
    """Every text that a page shows; names of switches are addresses there, not words."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key != "name" and not (key == "readings" and all(isinstance(one, str) for one in below)):
                yield from texts(below)
    elif isinstance(value, (list, tuple)):
        for below in value:
            yield from texts(below)
    elif isinstance(value, str):
        yield value


def test_the_criteria_are_numbered_as_an_explanation_counts_them():
    numbers = [[one.anchor for one in pathway.criteria] for pathway in BOOK.pathways]
    assert [(len(found), found[0], found[-1]) for found in numbers] == [
        (8, "A1", "A8"),
        (7, "B1", "B7"),
        (6, "C1", "C6"),
    ]
    case = next(case for case in CASES if not case.switches and case.facts.levels)
    told = explain(case.facts, assess(case.facts, EDITION), EDITION).lines[0].levels[0]
    for pathway, story in zip(BOOK.pathways, told.pathways, strict=True):
        counted = [(one.label, one.locator) for one in story.criteria]
        assert [(one.label, one.locator) for one in pathway.criteria] == counted


@pytest.mark.parametrize("edition", [EDITION, EXAMPLE], ids=lambda one: one.policy)
def test_every_number_and_value_of_a_criterion_is_told_in_words(edition):
    """What no sentence tells: the names of sets and of values that only sort others."""
    told = {one.label: " ".join(one.asks) for pathway in rulebook(edition).pathways for one in pathway.criteria}
    untold = []
    for key, criterion in edition.document.criteria.items():
        if criterion.label not in told:  # it does not appear under the readings that hold
            assert key == "not_prophylactic_unless_said" or key == "imaging_lesion_literal"
            continue
        for name, value in criterion.with_.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and one in edition.document.finding_sets:
                    wanted = [words(finding) for finding in edition.document.finding_sets[one]]
                elif name in ("observation", "fact") or (name, one) in (("failed", "none"), ("lytic", "lytic")):
                    continue
                else:
                    wanted = [words(one)] if isinstance(one, str) else [f"{one:g}"]
                untold += [
                    f"{key}.{name}: {word}" for word in wanted if word.lower() not in told[criterion.label].lower()
                ]
    assert untold == []
    assert edition is EXAMPLE or "42 days (6 weeks)" in told[edition.document.criteria["under_6_weeks"].label]


def test_a_number_changed_in_the_file_is_changed_on_the_page(tmp_path):
    changes = {
        "gap_days: 7": "gap_days: 5",
        "severe_from: 7": "severe_from: 8",
        "claim_weeks: 6": "claim_weeks: 4",
        "default: gap7": "default: strict",
    }
    folder = tmp_path / "bcbsma_484"
    for old, new in changes.items():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        text = TEXT.replace(old, new).replace(
            "[cumulative, strict]", "[cumulative, gap7]" if "strict" in new else "[cumulative, strict]"
        )
        (folder / "2022-06.yaml").write_text(text, "utf-8")
        ((changed,),) = registry.load(tmp_path).values()
        assert (
            sorted({*texts(asdict(rulebook(changed)))} - {*texts(asdict(BOOK))})
            == {
                "gap_days: 7": ["Up to 5 days in a row without treatment do not end a course; they are not counted."],
                "severe_from: 7": [
                    "A score of 8 or more out of 10, or the clinician's word severe where there is no score.",
                    "From 4 to 7 the clinician's word decides.",
                ],
                "claim_weeks: 6": ["A claim of 4 weeks or more is compared with the dates; alone it proves nothing."],
                "default: gap7": ["A day without treatment ends a course."],
            }[old]
        )


@pytest.mark.parametrize("edition", [EDITION, EXAMPLE], ids=lambda one: one.policy)
def test_the_words_are_plain_and_our_own(edition):
    found = list(texts(asdict(rulebook(edition))))
    assert len(found) > 60
    assert [text for text in found if FORBIDDEN.search(text)] == []
    source = " ".join(found).lower()
    assert not re.search(r"medically necessary|bone biopsy|injection, inclusive|synthetic substitute", source)


def test_every_measure_fact_kind_and_switch_has_words():
    assert {*ASKED} == {*MEASURES}
    assert {*SILENT} == {*get_args(SilentFact)}
    assert {*KINDS} == {"scored", "vertebroplasty", "sacral_listed", "sacroplasty"}
    assert {name: sorted(reading.means) for name, reading in READINGS.items()} == {
        name: sorted(values) for name, values in ENGINE_SWITCHES.items()
    }


def test_each_of_the_thirteen_readings_is_told_with_its_alternatives():
    assert [reading.name for reading in BOOK.readings] == [*EDITION.document.switches]
    for reading, switch in zip(BOOK.readings, EDITION.document.switches.values(), strict=True):
        assert len({reading.default, *reading.alternatives}) == 1 + len(switch.alternatives)
        assert reading.question.endswith("?")
        assert (reading.locator, reading.why) == (switch.locator, switch.why)
    linked = {name for pathway in BOOK.pathways for one in pathway.criteria for name in one.readings}
    unlinked = {"as_of", "day_count", "missing", "sacral_codes", "medicare_sacroplasty"}  # of the clock, or of a line
    assert {*EDITION.document.switches} - linked == unlinked


def test_the_tables_are_the_files():
    codes = EDITION.document.codes
    assert [code for row in BOOK.codes for code in row.codes] == [*codes.current]
    assert BOOK.deleted == ((tuple(codes.deleted), "22510, 22511 or 22512"),)
    assert [policy for _, policy in BOOK.related] == ["485", "320"]
    notes = {code: row.note for row in BOOK.codes for code in row.codes}
    assert notes["22512"] == "Add-on: only beside 22510 or 22511, one unit for each level."
    assert notes["0QUS3JZ"].endswith("(484, statement 4)")
    assert notes["0QS03ZZ"].startswith("The code is for repositioning")
    table = {row.product: (row.inpatient, row.elsewhere) for row in BOOK.products if not row.outside}
    assert table == {
        "HMO": ("Required", "Required"),
        "POS": ("Required", "Required"),
        "PPO": ("Required", "Required"),
        "Indemnity": ("Required", "Not listed as required"),
    }
    assert [row.product for row in BOOK.products if row.outside] == [
        "Medicare HMO Blue",
        "Medicare PPO Blue",
        "Another plan",
    ]
    listed = rulebook(EDITION.with_switches(sacral_codes="code_list"))
    assert {code: row.note for row in listed.codes for code in row.codes}["0QUS3JZ"] == ""


def test_a_rule_that_cannot_happen_is_not_told():
    assert len(BOOK.rules) == 11
    assert [rule.says for rule in rulebook(EXAMPLE).rules] == [
        "This policy does not list the code.",
        "The procedure is dated before this edition takes effect.",
        "This policy does not speak of this plan.",
    ]


FAULTS = [
    (
        '    question: "Do the conditions on examination, imaging and purpose also bind pathway B?"\n',
        "",
        "question is mi",
    ),
    ('      "on": "Yes, as in pathway A."\n', "", "means must say what its default and each alternative mean"),
    ("    default: earlier\n", '    default: earlier\n    question: "Which day?"\n', "as_of: means must say what its"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_reading_without_its_words_is_refused(old, new, message, tmp_path):
    assert old in TEXT
    folder = tmp_path / "bcbsma_484"
    folder.mkdir()
    (folder / "2022-06.yaml").write_text(TEXT.replace(old, new, 1), "utf-8")
    with pytest.raises(strict_yaml.YamlError, match=message):
        registry.load(tmp_path)


def test_two_policies_do_not_share_a_number(tmp_path):
    for name, policy in (("bcbsma_484", "bcbsma-484"), ("other_484", "other-484")):
        (tmp_path / name).mkdir()
        text = TEXT.replace("policy: bcbsma-484", f"policy: {policy}", 1)
        (tmp_path / name / "2022-06.yaml").write_text(text, "utf-8")
    with pytest.raises(strict_yaml.YamlError, match=r"number: is the number of bcbsma_484/2022-06.yaml too"):
        registry.load(tmp_path)
    assert registry.numbered("484") == (EDITION,)
    with pytest.raises(registry.UnknownPolicyError, match="there is no policy 485"):
        registry.numbered("485")
