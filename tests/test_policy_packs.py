"""A second policy, invented, asks what policy 484 does not, and the engine takes it as it is."""

from pathlib import Path

import pytest

from policies import cases, checking, registry, strict_yaml
from policies.assess import assess
from policies.explain import explain
from policies.member import for_member
from tests import mutants
from tests.test_policy_explain import FORBIDDEN, texts

PACKS = Path(__file__).parent / "packs"
FOLDER = PACKS / "example_900"
((EDITION,),) = registry.load(PACKS).values()
CASES = cases.read(FOLDER / "cases")

# Its levels lie from T5 to L5: one outside them does not meet, and a line that does not meet asks nothing of its code.
EQUIVALENT = {
    f"codes.current.{code}.regions.2: {region}" for code in ("X9001", "X9002") for region in ("C", "S", "COCCYX")
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_sentence(case):
    assert not cases.failures(case, EDITION)


def test_the_pack_passes_its_check():
    assert list(checking.faults(PACKS)) == []


def test_every_mutant_of_the_pack_is_noticed():
    plain = strict_yaml.load(FOLDER / "2026-01.yaml").data
    left, refused, noticed = mutants.survivors(plain, CASES)
    assert set(left) == EQUIVALENT
    assert noticed > 200
    assert refused > 500


def test_the_engine_knows_nothing_of_it():
    engine = "".join(path.read_text("utf-8") for path in registry.LIBRARY.parent.rglob("*.py"))
    for word in ("example-900", "X9001", "strong_pain", "few_levels"):
        assert word not in engine


def test_it_exercises_what_policy_484_does_not():
    measures = {criterion.measure for criterion in EDITION.document.criteria.values()}
    ours = registry.edition("bcbsma-484", "2022-06").document
    assert measures.isdisjoint(criterion.measure for criterion in ours.criteria.values())
    text = (FOLDER / "2026-01.yaml").read_text("utf-8")
    assert all(f"{key}:" in text for key in ("any", "not", "at_least", "count"))


def test_it_is_told_to_office_nurse_and_member():
    for case in CASES:
        told = explain(case.facts, assess(case.facts, EDITION), EDITION).as_dict()
        for text in (*texts(told), *texts(for_member(told).as_dict())):
            assert not FORBIDDEN.search(text), text


def test_a_composition_is_told_beside_each_of_its_criteria():
    case = next(case for case in CASES if case.sentence == "the base request meets")
    told = explain(case.facts, assess(case.facts, EDITION), EDITION)
    groups = {one.criterion: one.group for one in told.lines[0].levels[0].pathways[0].criteria}
    assert groups["fragility"] == ""
    assert groups["strong_pain"] == groups["in_hospital"] == "one of these 3 is enough"
    assert groups["thin_bone"] == "at least 2 of these 3"
    assert groups["infection"] == "must not be met"


def test_what_must_not_be_is_told_where_it_is():
    case = next(case for case in CASES if case.sentence == "an infection must not be the cause")
    told = explain(case.facts, assess(case.facts, EDITION), EDITION).lines[0].levels[0].pathways[0]
    (infection,) = [one for one in told.criteria if one.criterion == "infection"]
    assert (infection.word, infection.change) == ("Met", "Records that show that there is no infection.")
    assert told.ruled_out_by.startswith("The record names a cause other than weak bone at L1.")
