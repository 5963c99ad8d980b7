"""Asking the office for facts, and the office's answer, which is a new revision."""

import datetime as dt
from typing import Any

from priorauth.models import Case, InformationRequest
from priorauth.roles import Actor
from priorauth.services import letters
from priorauth.services.base import acting, needed, permit, visible
from priorauth.services.decide import latest_assessment
from priorauth.services.errors import Incomplete
from priorauth.services.submit import columns_of, revise, stamped
from priorauth.statuses import Act

# What the form adds to the details: it speaks of the facts that were typed on it.
OF_THE_FORM = frozenset({"form", "typed_dates", "studies", "sources"})


def ask(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    question: str,
    items: list[dict[str, Any]],
    version: int | None = None,
) -> InformationRequest:
    """Ask the office in the reviewer's words. `items` are the {criterion, level, ask} that the question is about.

    The clock runs on: the default regime knows no stop. The claim ends, since it is the office's turn.
    """
    permit(case, Act.ASK, by=by, at=at)
    question = needed(question, "question", "Write what the office should send.")
    with acting(case, Act.ASK, by=by, at=at, version=version, claimed_by=None, claimed_until=None) as change:
        request = InformationRequest(
            case=case,
            number=case.information_requests.count() + 1,
            question=question,
            items=items,
            asked_by_id=by.user_id,
            asked_at=at,
        )
        request.save(force_insert=True)
        change.rows.append(request)
        change.entities["information_request"] = request.number
        change.fields |= {"question": question, "items": items}
        letters.of_question(change, request, latest_assessment(case), by=by)
    return request


def answer(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    note: str,
    facts: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    version: int | None = None,
) -> InformationRequest:
    """Answer the open question with facts, files or a reason: a new revision, scored again.

    Without `facts` those sent last stand; new facts without `details` drop what was typed on the form.
    Raises Incomplete where nothing changed and no reason says why, and for facts outside facts v1.
    """
    permit(case, Act.ANSWER, by=by, at=at)
    latest = case.revisions.order_by("-number")[0]
    document = stamped(latest.facts if facts is None else facts, case, at)
    if details is None:
        same = _essence(document) == _essence(latest.facts)
        details = latest.details if same else {k: v for k, v in latest.details.items() if k not in OF_THE_FORM}
    note = (note or "").strip()
    unchanged = _essence(document) == _essence(latest.facts) and details == latest.details
    if unchanged and not visible(note):
        raise Incomplete("note", "Change an answer, add a file, or write why you do not have what was asked.")
    columns = columns_of(document, case.received_at, case.urgency)
    with acting(case, Act.ANSWER, by=by, at=at, version=version, **columns) as change:
        revision = revise(change, document, details, number=latest.number + 1, by=by, at=at)
        request = case.information_requests.get(answered_at__isnull=True)
        request.answer, request.answered_by_id, request.answered_at = note, by.user_id, at
        request.revision = revision
        request.save(update_fields=["answer", "answered_by", "answered_at", "revision"])
        change.rows.append(request)
        change.entities["information_request"] = request.number
        change.fields["answer"] = note
    return request


def _essence(document: dict[str, Any]) -> dict[str, Any]:
    """The facts without what each receipt sets anew."""
    return {key: value for key, value in document.items() if key != "request_date"}
