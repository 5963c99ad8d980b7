"""People who act at the same instant, on connections of their own (RELIABILITY.md C1, C2, C8, C11)."""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from priorauth import audit
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from priorauth.services import (
    amend,
    attach,
    claim,
    decide,
    drafts,
    escalate,
    expire,
    hand_over,
    information,
    read,
    withdraw,
)
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Refused
from priorauth.statuses import DECIDED, TRANSITIONS, Act, Status
from tests.cases import DAYS, NOW, WORDS, case_in_review, certain, claimed, person
from tests.factories import report as report_file
from tests.soak import figure, report

pytestmark = pytest.mark.django_db(transaction=True)

MOST = 16  # threads
WHY = "the test looks at its own cases"


@pytest.fixture
def at_once() -> Iterator[Callable[..., list[Any]]]:
    """A function that does all acts at the same instant, give or take a few milliseconds, each on a connection of its
    own; it returns what each returned, or the refusal that it raised, in order."""
    with ThreadPoolExecutor(MOST) as threads:

        def run(*acts: Callable[[], Any]) -> list[Any]:
            barrier = threading.Barrier(len(acts))
            return list(threads.map(lambda act: _done(act, barrier), acts))

        yield run
        all_here = threading.Barrier(MOST)
        list(threads.map(lambda _: (all_here.wait(timeout=20), connections.close_all()), range(MOST)))


def _done(act: Callable[[], Any], barrier: threading.Barrier) -> Any:
    barrier.wait(timeout=20)
    time.sleep(random.uniform(0, 0.03))  # lets each be the faster one at times
    try:
        return act()
    except Refused as refusal:
        return refusal


def fresh(case: Case) -> Case:
    return Case.objects.unscoped(WHY).select_related("clinician").get(pk=case.pk)


def test_c1_of_two_who_decide_one_decides_and_the_other_reads_who_was_faster(at_once):
    rounds = figure(500) // 2
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    for _ in range(rounds):
        case = certain(claimed(case_in_review(clerk), nurse), nurse)
        windows = [fresh(case), fresh(case)]
        answers = at_once(*[lambda mine=mine: decide.approve(mine, by=nurse, at=NOW, **DAYS) for mine in windows])
        lost = [answer for answer in answers if isinstance(answer, Refused)]
        assert [type(answer) for answer in lost] == [Conflict]
        assert str(lost[0]) == f"{nurse.name} decided this case at {moment(NOW)}: approved."
        assert fresh(case).decisions.count() == 1
    report("C1", f"{rounds} rounds, one case decided in two windows", "1 decision each; the loser reads who and when")


def test_c1_two_reviewers_who_both_claim_and_decide_make_one_decision(at_once):
    rounds = figure(500) // 2
    clerk, reviewers = person(Role.CLERK), [person(Role.NURSE), person(Role.LEAD)]

    def claim_and_decide(case: Case, by: Any) -> Any:
        return decide.approve(certain(claim.claim(case, by=by, at=NOW), by), by=by, at=NOW, **DAYS)

    for _ in range(rounds):
        case = case_in_review(clerk)
        copies = [(fresh(case), by) for by in reviewers]
        answers = at_once(*[lambda mine=mine, by=by: claim_and_decide(mine, by) for mine, by in copies])
        lost = [answer for answer in answers if isinstance(answer, Refused)]
        assert [type(answer) for answer in lost] == [Conflict]
        winner = fresh(case).decisions.get().decided_by
        assert str(winner) in str(lost[0]) or "The case was changed at" in str(lost[0]), lost
    report("C1", f"{rounds} rounds, two reviewers claim and decide", "1 decision each; the loser reads why")


RACES = {
    "decide, withdraw": (Status.IN_REVIEW, ("approve", "withdraw")),
    "decide, ask": (Status.IN_REVIEW, ("approve", "ask")),
    "escalate, withdraw": (Status.IN_REVIEW, ("escalate", "withdraw")),
    "ask, withdraw": (Status.IN_REVIEW, ("ask", "withdraw")),
    "decide, correct": (Status.IN_REVIEW, ("approve", "amend")),
    "decide, read": (Status.IN_REVIEW, ("approve", "read")),
    "read, correct": (Status.IN_REVIEW, ("read", "amend")),
    "hand over, decide": (Status.IN_REVIEW, ("hand over", "approve")),
    "answer, add a file": (Status.INFORMATION_NEEDED, ("answer", "attach")),
    "answer, withdraw": (Status.INFORMATION_NEEDED, ("answer", "withdraw")),
    "answer, correct": (Status.INFORMATION_NEEDED, ("answer", "amend")),
    "answer, end the question": (Status.INFORMATION_NEEDED, ("answer", "end")),
    "withdraw, end the question": (Status.INFORMATION_NEEDED, ("withdraw", "end")),
}


def ended() -> None:
    """The sweep, which ends what nobody is answering; where somebody is, it says so as a refusal does."""
    if not expire.sweep(NOW + timedelta(days=9)):
        raise Conflict("somebody was faster")


def acts_on(case: Case, clerk: Any, nurse: Any, colleague: int) -> dict[str, Callable[[], Any]]:
    """What each person can do to the case, as they have it open."""
    mine = [fresh(case) for _ in range(9)]
    facts = case.revisions.get().facts
    other = {**facts, "pain": {"present": True, "score": 7}}
    found = [read.Finding("levels.L1.imaging.0.finding", "counts", "cleft", WORDS)]
    return {
        "amend": lambda: amend.amend(mine[6], by=clerk, at=NOW, facts=other, details={}),
        "read": lambda: read.read(mine[7], by=nurse, at=NOW, findings=found),
        "hand over": lambda: hand_over.hand_over(mine[8], by=nurse, at=NOW, to=colleague, line="The MRI came today."),
        "end": ended,
        "approve": lambda: decide.approve(mine[0], by=nurse, at=NOW, **DAYS),
        "ask": lambda: information.ask(mine[1], by=nurse, at=NOW, question="Which plan is it?", items=[]),
        "escalate": lambda: escalate.escalate(
            mine[2], by=nurse, at=NOW, question="Is the fracture new?", recommendation="approve"
        ),
        "withdraw": lambda: withdraw.withdraw(mine[3], by=clerk, at=NOW, reason="Sent by mistake."),
        "answer": lambda: information.answer(mine[4], by=clerk, at=NOW, facts=facts, details={}, note="It is a PPO."),
        "attach": lambda: attach.attach(mine[5], report_file(), by=clerk, at=NOW),
    }


@pytest.mark.parametrize("race", RACES)
def test_c2_whatever_the_office_does_while_a_reviewer_acts_the_case_ends_where_the_table_allows(at_once, race):
    rounds = max(1, figure(300) // len(RACES))
    status, names = RACES[race]
    clerk, nurse, colleague = person(Role.CLERK), person(Role.NURSE), person(Role.LEAD)
    first = Counter()
    for _ in range(rounds):
        case = certain(claimed(case_in_review(clerk), nurse), nurse)
        if status is Status.INFORMATION_NEEDED:
            information.ask(case, by=nurse, at=NOW, question="Which plan is it?", items=[])
        possible = acts_on(case, clerk, nurse, colleague.user_id)
        answers = at_once(*[possible[name] for name in names])
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert [type(refusal) for refusal in refused] == [Conflict], "one act was done, the other was told"
        first[names[0] if answers[1] in refused else names[1]] += 1
        assert_legal(case)
    report("C2", f"{rounds} rounds: {race}", f"all legal, 1 act each ({dict(first)})")


def test_c2_a_question_that_ends_while_somebody_answers_it_waits_for_nobody(at_once):
    """Whoever answers has locked the case, and locks the question next; the sweep must not hold it meanwhile."""
    nurse = person(Role.NURSE)
    case = claimed(case_in_review(person(Role.CLERK)), nurse)
    question = information.ask(case, by=nurse, at=NOW, question="Which plan is it?", items=[])

    def sweep() -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        return expire.sweep(question.answer_by)

    with transaction.atomic():
        Case.objects.unscoped(WHY).select_for_update().get(pk=case.pk)
        assert at_once(sweep) == [0]
        case.information_requests.select_for_update(nowait=True).get()
    assert expire.sweep(question.answer_by) == 1
    assert_legal(case)


def assert_legal(case: Case) -> None:
    """The trail is whole and leads, act by act as the table allows, to where the case stands."""
    case = fresh(case)
    assert audit.verify_case(case)[0] is None
    stream = AuditEvent.objects.filter(stream=audit.case_stream(case)).order_by("sequence")
    status = Status.DRAFT
    for action in list(stream.values_list("action", flat=True))[1:]:
        transition = TRANSITIONS[Act(action)]
        assert status in transition.sources
        status = transition.to or status
    assert status == case.status
    assert case.decisions.count() == (1 if case.status in DECIDED else 0)


def test_c8_references_are_distinct_when_many_start_requests_at_once(at_once):
    each = figure(200)
    clerk = person(Role.CLERK)

    def start() -> list[str]:
        made = [drafts.start(by=clerk, at=NOW, token=uuid.uuid4(), fields={}) for _ in range(each)]
        return [case.reference for case in made]

    made = [reference for references in at_once(*[start] * MOST) for reference in references]
    assert len(made) == MOST * each
    assert len(set(made)) == len(made)
    report("C8", f"{MOST} threads x {each} requests", f"{len(set(made))} distinct references")


def test_c11_eight_nurses_take_every_case_once(at_once):
    cases = figure(400)
    clerk, nurses = person(Role.CLERK), [person(Role.NURSE) for _ in range(8)]
    queue = {case_in_review(clerk).reference for _ in range(cases)}

    def take_all(nurse: Any) -> list[str]:
        taken = []
        while case := claim.claim_next(by=nurse, at=NOW):
            taken.append(case.reference)
        return taken

    taken = at_once(*[lambda nurse=nurse: take_all(nurse) for nurse in nurses])
    assert Counter(reference for mine in taken for reference in mine) == Counter(queue)
    report("C11", f"8 nurses, {cases} cases", f"each taken once, no deadlock ({sorted(map(len, taken))} each)")
