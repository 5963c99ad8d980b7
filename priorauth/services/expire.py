"""A question whose time to answer is over ends: the case goes back to its reviewers, and nothing is decided by it."""

import datetime as dt

from django.db import transaction

from priorauth.models import Case, InformationRequest
from priorauth.roles import SYSTEM
from priorauth.services import clock_rules, notify
from priorauth.services.base import acting
from priorauth.services.errors import Conflict
from priorauth.statuses import Act, Status


def sweep(at: dt.datetime) -> int:
    """End every open question whose time is over. Returns how many. Two who sweep at once end each question once."""
    rows = InformationRequest.objects.unscoped("every office's questions end in time")
    late = rows.filter(answered_at=None, expired_at=None, answer_by__lte=at, case__status=Status.INFORMATION_NEEDED)
    return sum(_expire(*keys, at) for keys in list(late.values_list("case_id", "pk")))


def _expire(case_id: int, question_id: int, at: dt.datetime) -> bool:
    """End one question, unless it was answered, withdrawn or ended meanwhile.

    The case is locked first, as by every act: whoever answers at this moment and this sweep never wait for each other.
    """
    with transaction.atomic():
        cases = Case.objects.unscoped("the case of a question that ends").select_for_update(skip_locked=True)
        case = cases.filter(pk=case_id).first()
        if case is None:
            return False
        question = case.information_requests.filter(pk=question_id, answered_at=None, expired_at=None).first()
        if question is None:
            return False
        try:
            _end(case, question, at)
        except Conflict:
            return False
    return True


def _end(case: Case, question: InformationRequest, at: dt.datetime) -> None:
    turning = clock_rules.Turning.of(case).running(by=SYSTEM, at=at)
    with acting(case, Act.EXPIRE, by=SYSTEM, at=at, **turning.columns) as change:
        turning.write(change)
        question.expired_at = at
        question.save(update_fields=["expired_at"])
        change.rows.append(question)
        change.entities["information_request"] = question.number
        notify.enqueue(case, f"expired:{question.pk}", at)
