"""Every sentence of policy 484's cases holds; a mistyped case is an error; every reading, flag and state has one."""

import re

import pytest

from policies import cases, facts, registry, strict_yaml
from policies.strict_yaml import StrictDocument, YamlError

FOLDER = registry.LIBRARY / "bcbsma_484" / "cases"
BASE = strict_yaml.load(FOLDER / "base.yaml").data
CASES = cases.read(FOLDER)
EDITION = registry.edition("bcbsma-484", "2022-06")


def document(changes):
    """The base request of policy 484 with changes at dotted paths."""
    return cases.changed(BASE, changes)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_sentence(case):
    assert not cases.failures(case, EDITION)


def test_every_sentence_is_said_once():
    assert len({case.sentence for case in CASES}) == len(CASES)


def test_every_flag_has_a_case_that_raises_it_and_one_that_does_not():
    raised = {flag.partition(": ")[0] for case in CASES for flag in case.expect.get("flags", ())}
    spared = {flag.partition(": ")[0] for case in CASES for flag in case.expect.get("no_flags", ())}
    assert raised == spared == set(EDITION.document.flags)


def test_every_switch_value_has_a_case():
    tried = {(name, value) for case in CASES for name, value in case.switches.items()}
    switches = EDITION.document.switches.items()
    assert tried == {(name, value) for name, switch in switches for value in switch.alternatives}


def test_every_criterion_has_a_case_for_each_state_that_it_can_take():
    assert list(cases.uncovered(EDITION.document, CASES)) == []


ROW = re.compile(r"^\| (\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NO_CASE = {"39", "48", "50"}  # what an edition does not do: the test below


def test_every_one_of_the_fifty_readings_is_shown_by_a_case():
    rows = ROW.findall((FOLDER.parent / "NOTES.md").read_text("utf-8"))
    assert [number for number, *_ in rows] == [str(number) for number in range(1, 51)]
    sentences = {case.sentence.partition(": ")[0] for case in CASES}
    assert {number for number, _, shown in rows if shown not in sentences} == NO_CASE
    named = [name for _, read_as, _ in rows for name in re.findall(r"`(\w+)`", read_as)]
    assert sorted(named) == sorted(EDITION.document.switches)


def test_no_rule_is_taken_from_the_summary_of_evidence_no_diagnosis_is_asked_and_no_word_decides():
    places = {use.locator.removeprefix("484, ") for one in EDITION.document.pathways.values() for use in one.uses()} | {
        part.locator.removeprefix("484, ") for part in EDITION.document.switches.values()
    }
    assert all(place.startswith(("statement", "all statements", "coding section")) for place in places)
    assert not any("diagnos" in name for name in facts.Facts.model_fields)
    for answer in ("meets", "does_not_meet"):
        assert EDITION.document.says(answer).endswith("a person decides.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {case: a, facts: {}, expects: {}, expect: {mixed: true}}", "0.expects: is not a known key"),
        ("- {case: a, facts: {}, expect: {mixd: true}}", "0.expect.mixd: is not a known key"),
        ("- {case: a, facts: {}, expect: {}}", "0.expect: expects nothing"),
        ("- {case: a, facts: {}}", "0.expect: is missing"),
        ("- {case: a, expect: {criteria: {A.x: maybe}}}", "0.expect.criteria.A.x: Input should be"),
        ("- {case: a, facts: {pain.scor: 3}, expect: {mixed: true}}", "0.facts: pain.scor: is not a fact"),
        ("- {case: a, facts: {levels.L2.onset: {}}, expect: {mixed: true}}", "0.facts: 'L2'"),
        ("- {case: a, case: b, facts: {}, expect: {mixed: true}}", "0.case: is repeated"),
        ("case: a", "the document: must be a list of cases"),
    ],
)
def test_a_mistyped_case_is_an_error_with_its_line(text, message):
    with pytest.raises(YamlError, match=r"^cases\.yaml, line 1, ") as caught:
        list(cases.read_file(StrictDocument(text, "cases.yaml"), BASE))
    assert message in str(caught.value)
