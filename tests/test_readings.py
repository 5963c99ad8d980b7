"""What a reviewer read in the record: whose values count, what is scored then, and who may say so (decision 38)."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from priorauth.models import Case, Reading
from priorauth.roles import Actor, Role
from priorauth.services import read, score
from priorauth.services.read import Finding
from priorauth.services.scored import latest_assessment
from tests.cases import NOW, WORDS, case_in_review, claimed, person

pytestmark = pytest.mark.django_db
ONSET = ("levels.L1.onset.earliest", "levels.L1.onset.latest")
HEALED = Finding("levels.L1.imaging.0.finding", "counts", "healed", WORDS)


@pytest.fixture
def nurse() -> Actor:
    return person(Role.NURSE)


@pytest.fixture
def case(nurse: Actor) -> Case:
    return claimed(case_in_review(person(Role.CLERK)), nurse)


def says(case: Case, by: Actor, *findings: Finding, at: dt.datetime = NOW, **where: Any) -> list[Reading]:
    return read.read(case, by=by, at=at, findings=findings, **where)


def started(day: str, found: str = "counts") -> list[Finding]:
    return [Finding(path, found, day, WORDS) for path in ONSET]


def test_what_is_read_the_same_changes_nothing_and_another_value_counts_only_where_that_is_said(case, nurse):
    sent, first = case.revisions.get().facts, latest_assessment(case)
    says(case, nurse, Finding("pain.score", "same"), Finding("treatment_response", "not_there"))
    says(case, nurse, *started("2026-10-30", "stands"))
    assert latest_assessment(case) == first
    assert case.determination == "meets"
    says(case, nurse, *started("2026-10-30"))
    later = latest_assessment(case)
    assert (case.determination, later.result["determination"]) == ("does_not_meet", "does_not_meet")
    assert later.facts["levels"]["L1"]["onset"] == {"earliest": "2026-10-30", "latest": "2026-10-30"}
    assert case.revisions.get().facts == sent, "what was sent stays"
    says(case, nurse, *(Finding(path, "same") for path in ONSET))
    assert (case.determination, latest_assessment(case).facts) == ("meets", sent)
    assert case.assessments.count() == 3
    with transaction.atomic(), pytest.raises(IntegrityError, match="scored_once"):
        score.evaluate(case.revisions.get(), NOW).save()
