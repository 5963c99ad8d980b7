"""The reviewer's marks: what a mark needs, which of them counts, and what the database refuses."""

import pytest
from django.db import IntegrityError, transaction

from priorauth.models import AuditEvent, Judgement
from priorauth.roles import Role
from priorauth.services import information, judge
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from tests.cases import CLEAN, NO_IMAGING, NOW, WORDS, case_in_review, claimed, facts, person, score_all

pytestmark = pytest.mark.django_db
Mark = judge.Mark
CERTAIN = "pain_source_certain"


def held(reviewer, name=CLEAN, clerk=None):
    return claimed(case_in_review(clerk or person(Role.CLERK), name), reviewer)


def mark(case, by, *marks, at=NOW):
    return judge.judge(case, by=by, at=at, marks=[Mark("L1", *given) for given in marks])


def test_several_marks_are_one_act_and_the_latest_of_a_person_counts():
    nurse, other = person(Role.NURSE), person(Role.NURSE)
    case = held(nurse)
    mark(case, nurse, (CERTAIN, "met", f"  {WORDS} "), ("symptomatic", "met"), ("failed_to_respond", "not_met", WORDS))
    mark(case, nurse, ("failed_to_respond", "met"))
    scored = case.assessments.get()
    standing = judge.standing(case, scored, nurse.user_id)
    assert {key: row.verdict for key, row in standing.items()} == {
        ("L1", CERTAIN): "met",
        ("L1", "symptomatic"): "met",
        ("L1", "failed_to_respond"): "met",
    }
    assert standing["L1", CERTAIN].reason == WORDS
    assert not judge.standing(case, scored, other.user_id)
    assert judge.standing(case, scored, None) == standing
    assert AuditEvent.objects.filter(action="judge").count() == 2
    assert case.status == "in_review"


@pytest.mark.parametrize(
    ("marks", "field", "message"),
    [
        ([], "marks", "at least one"),
        ([Mark("L9", CERTAIN, "met", WORDS)], f"L9.{CERTAIN}", "does not ask"),
        ([Mark("L1", "no_such", "met", WORDS)], "L1.no_such", "does not ask"),
        ([Mark("L1", "symptomatic", "yes", WORDS)], "L1.symptomatic", "Choose"),
        ([Mark("L1", CERTAIN, "met")], f"L1.{CERTAIN}", "20 characters"),
        ([Mark("L1", CERTAIN, "met", "nineteen characters")], f"L1.{CERTAIN}", "20 characters"),
        ([Mark("L1", CERTAIN, "met", "\u200b" * 40)], f"L1.{CERTAIN}", "20 characters"),
        ([Mark("L1", "symptomatic", "not_met")], "L1.symptomatic", "differs"),
        ([Mark("L1", "symptomatic", "unknown", " " * 30)], "L1.symptomatic", "differs"),
        ([Mark("L1", "symptomatic", "unknown", "x" * 2001)], "L1.symptomatic", "2,000"),
    ],
)
def test_what_a_mark_needs(marks, field, message):
    nurse = person(Role.NURSE)
    case = held(nurse)
    with pytest.raises(Incomplete, match=message) as refused:
        judge.judge(case, by=nurse, at=NOW, marks=[Mark("L1", "osteoporotic", "met"), *marks] if marks else [])
    assert refused.value.field == field
    assert not case.judgements.exists(), "all marks or none"


def test_marks_hold_for_their_revision_only():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = held(nurse, NO_IMAGING, clerk)
    mark(case, nurse, ("imaging_nonhealing", "unknown"))
    information.ask(case, by=nurse, at=NOW, question="Please send the MRI report.", items=[])
    information.answer(case, by=clerk, at=NOW, facts=facts(), details={}, note="Here it is.")
    score_all()
    case.refresh_from_db()
    first, second = case.assessments.order_by("revision__number")
    assert judge.standing(case, first, nurse.user_id)
    assert not judge.standing(case, second, nurse.user_id)


def test_who_may_not_mark():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = held(nurse, clerk=clerk)
    for actor, error in [(clerk, NotPermitted), (person(Role.AUDITOR), NotPermitted), (person(Role.LEAD), Conflict)]:
        with pytest.raises(error):
            mark(case, actor, ("symptomatic", "met"))
    assert not case.judgements.exists()
    assert AuditEvent.objects.filter(action="refused_judge").count() == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"criterion": CERTAIN, "reason": ""},
        {"verdict": "not_met", "reason": " "},
        {"verdict": "not_met", "reason": "x" + " " * 30},
        {"verdict": "yes", "computed": "yes"},
        {"judged_role": "clerk"},
    ],
)
def test_the_database_itself_refuses_a_mark_without_its_reason(changes):
    nurse = person(Role.NURSE)
    case = held(nurse)
    row = {"level": "L1", "criterion": "symptomatic", "computed": "met", "verdict": "met", "judged_role": "nurse"}
    about = {"case": case, "revision": case.revisions.get(), "judged_by_id": nurse.user_id, "judged_at": NOW}
    with pytest.raises(IntegrityError, match=r"judgement_|judged_"), transaction.atomic():
        Judgement(**about, **{**row, **changes}).save()
