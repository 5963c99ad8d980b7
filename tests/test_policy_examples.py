"""The sixty worked cases of policy 484: result, pathways, lines, flags, and the state of every criterion."""

import json
from pathlib import Path

import pytest

from policies import facts, registry
from policies.assess import assess

ROWS = [
    json.loads(row)
    for row in (Path(__file__).parent / "data" / "policy_484_examples.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def edition():
    return registry.edition("bcbsma-484", "2022-06")


def test_all_sixty_are_there():
    assert len({row["case_id"] for row in ROWS}) == 60


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case_id"])
def test_worked_case(row, edition):
    result = assess(facts.parse(row["facts"]), edition).as_dict()
    expected = row["expected"]
    assert result["determination"] == expected["determination"], row["reason"]
    assert result["pathways"] == expected["pathways"]
    assert [line["determination"] for line in result["lines"]] == expected["line_determinations"]
    assert result["mixed"] == expected["mixed"]
    assert sorted(result["flags"]) == sorted(expected["flags"])
    trace = [
        [{key: level[key] for key in ("level", "criteria", "determination")} for level in line["levels"]]
        for line in result["lines"]
    ]
    assert trace == row["trace"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case_id"])
def test_same_words_at_every_height(row, edition):
    """Ids stand in the contract's order; every question and flag of a line stands on the request too."""
    result = assess(facts.parse(row["facts"]), edition).as_dict()
    assert json.loads(json.dumps(result)) == result
    for line in result["lines"]:
        assert all(question in result["missing"] for question in line["missing"])
        assert set(line["flags"]) <= set(result["flags"])
        for level in line["levels"]:
            assert list(level["criteria"]) == list(level["pathways"]) == ["A", "B", "C"]
            for pathway, criteria in level["criteria"].items():
                assert list(criteria) == CRITERIA[pathway]


CRITERIA = {
    "A": [
        "osteoporotic",
        "symptomatic",
        "conservative_6_weeks",
        "failed_to_respond",
        "exam_concordant",
        "imaging_nonhealing",
        "pain_source_certain",
        "not_prophylactic",
    ],
    "B": [
        "osteolytic_lesion",
        "myeloma_or_metastasis",
        "severe_pain",
        "exam_concordant",
        "imaging_lesion",
        "pain_source_certain",
        "not_prophylactic",
    ],
    "C": [
        "osteoporotic",
        "symptomatic",
        "fracture_shown",
        "under_6_weeks",
        "hospitalized_or_unable_to_walk",
        "not_prophylactic",
    ],
}
