"""What happens to the demo's requests after they were sent: each step of a story, through the services."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from priorauth.models import Case
from priorauth.roles import Actor, Role
from priorauth.services import claim, decide, escalate, extend, hand_over, information, judge, reopen
from priorauth.services.decision_lines import Verdict
from priorauth.services.scored import latest_assessment

STEP = dt.timedelta(minutes=10)
REASONS = ("reason_codes", "reason_for_member", "reason_for_clinician", "what_would_change")

Step = Callable[[Case, dict[str, Any], dict[Role, Actor], dt.datetime], None]


def tell(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    """The steps of the request's story, half an hour each, from a while after `at`."""
    for number, step in enumerate(request["story"]):
        STEPS[step](case, request, plan, at + STEP + 3 * STEP * number)


def _ask(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    nurse = plan[Role.NURSE]
    claim.claim(case, by=nurse, at=at)
    items = latest_assessment(case).result["missing"]
    information.ask(case, by=nurse, at=at + STEP, question=request["question"], items=items)


def _escalate(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    nurse = plan[Role.NURSE]
    claim.claim(case, by=nurse, at=at)
    escalate.escalate(
        case,
        by=nurse,
        at=at + STEP,
        question=request["question"],
        recommendation=request["recommendation"],
        because=request["because"],
    )


def _approve(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    nurse, first = plan[Role.NURSE], timezone.localdate(at)
    claim.claim(case, by=nurse, at=at)
    _mark(case, nurse, request, at)
    decide.approve(case, by=nurse, at=at + STEP, valid_from=first, valid_to=first + decide.DEFAULT_VALIDITY)


def _not_approve(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    physician = plan[Role.PHYSICIAN]
    claim.claim(case, by=physician, at=at)
    marks = _mark(case, physician, request, at)
    relied_on = [(mark.level, mark.criterion) for mark in marks if mark.verdict == "not_met"]
    verdict = Verdict(lines=[1], relied_on=relied_on, **{name: request[name] for name in REASONS})
    decide.not_approve(case, verdict, by=physician, at=at + STEP)


def _mark(case: Case, reviewer: Actor, request: dict[str, Any], at: dt.datetime) -> list[judge.Mark]:
    marks = [judge.Mark(**mark) for mark in request["marks"]]
    judge.judge(case, by=reviewer, at=at + STEP / 2, marks=marks)
    return marks


def _close(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    nurse = plan[Role.NURSE]
    claim.claim(case, by=nurse, at=at)
    decide.close(case, by=nurse, at=at + STEP, reason=request["reason"])


def _extend(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    nurse = plan[Role.NURSE]
    claim.claim(case, by=nurse, at=at)
    extend.extend(case, by=nurse, at=at + STEP, **request["more_time"])
    claim.release(case, by=nurse, at=at + 2 * STEP)


def _hand_over(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    hand_over.hand_over(case, by=plan[Role.LEAD], at=at, to=plan[Role.NURSE].user_id, line=request["line"])


def _reopen(case: Case, request: dict[str, Any], plan: dict[Role, Actor], at: dt.datetime) -> None:
    reopen.reopen(case, by=plan[Role.LEAD], at=at, reason=request["reason"])


STEPS: dict[str, Step] = {
    "ask": _ask,
    "escalate": _escalate,
    "approve": _approve,
    "not_approve": _not_approve,
    "close": _close,
    "extend": _extend,
    "hand_over": _hand_over,
    "reopen": _reopen,
}
