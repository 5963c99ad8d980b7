"""Asking the office for facts, and the office's answer, which is a new revision."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from priorauth import audit
from priorauth.models import AnswerDraft, Case, InformationRequest, ItemAnswer, Revision
from priorauth.roles import Actor
from priorauth.services import answer_time, clock_rules, letters, notify, questions
from priorauth.services.barred import keep_apart
from priorauth.services.base import Change, acting, needed, permit, visible
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.scored import latest_assessment
from priorauth.services.submit import carried, columns_of, essence, revise, stamped
from priorauth.statuses import Act

# What the form adds to the details: it speaks of the facts that were typed on it.
OF_THE_FORM = frozenset({"form", "typed_dates", "studies", "sources"})
SEND = "Write what the office should send."
NOTHING = "Change an answer, add a file, or write why you do not have what was asked."
NO_REASON = "Write why you do not have what was asked."
LONGEST_WORDS = 500


@dataclass(frozen=True)
class Item:
    """How one item of a question was answered: by whom, when, in which words. `place` is its place in the question."""

    place: int
    not_held: bool
    words: str
    by_id: int
    at: dt.datetime


def ask(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    question: str,
    items: Sequence[Mapping[str, Any]],
    again: str = "",
    answer_by: dt.datetime | None = None,
    version: int | None = None,
) -> InformationRequest:
    """Ask the office in the reviewer's words. `items` are the {criterion, level} that the question is about, each one
    that can be asked (questions.askable); what was asked before needs `again`, the reason why.

    `answer_by` is the last instant for the answer (None: the usual one). The clock stands still where the rule of the
    case says so. The claim ends, since it is the office's turn.
    """
    permit(case, Act.ASK, by=by, at=at)
    keep_apart(case, Act.ASK, by=by, at=at)
    question = needed(question, "question", SEND)
    asked = questions.chosen(case, items, by=by)
    again = questions.reasoned(case, asked, again)
    turning = clock_rules.with_question(case, by=by, at=at)
    answer_by = answer_time.usual(turning, at) if answer_by is None else answer_time.check(turning, answer_by, at)
    columns = {"claimed_by": None, "claimed_until": None} | turning.columns
    with acting(case, Act.ASK, by=by, at=at, version=version, **columns) as change:
        turning.write(change)
        about = {"question": question, "items": asked, "again": again}
        request = _write(change, about, answer_by, by=by, at=at)
        notify.enqueue(case, f"asked:{request.pk}", at)
        letters.of_question(change, request, latest_assessment(case), by=by)
    return request


def _write(
    change: Change, about: dict[str, Any], answer_by: dt.datetime, *, by: Actor, at: dt.datetime
) -> InformationRequest:
    request = InformationRequest(
        case=change.case,
        number=change.case.information_requests.count() + 1,
        answer_by=answer_by,
        asked_by_id=by.user_id,
        asked_at=at,
        **about,
    )
    request.save(force_insert=True)
    change.rows.append(request)
    change.entities["information_request"] = request.number
    change.fields |= about | {"answer_by": audit.utc_text(answer_by)}
    return request


def answer(
    case: Case,
    *,
    by: Actor,
    at: dt.datetime,
    note: str,
    facts: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    items: Sequence[Item] = (),
    version: int | None = None,
    draft_version: int | None = None,
) -> InformationRequest:
    """Answer the open question with facts, files or a reason: a new revision, scored again.

    `items` say who answered what, and what the office does not have. Without `facts` those sent last stand; new facts
    without `details` drop what was typed on the form. `draft_version` is the version of the kept answer that is sent,
    and so used up; None leaves what people keep, who did not see this answer.
    Raises Incomplete where nothing changed and no reason says why, and for facts outside facts v1; Conflict where
    somebody kept another answer since.
    """
    permit(case, Act.ANSWER, by=by, at=at)
    latest = case.revisions.order_by("-number").first()
    if latest is None:
        raise Conflict("This request was not sent yet: change its draft.")
    document = stamped(latest.facts if facts is None else facts, case, at)
    same = essence(document) == essence(latest.facts)
    if details is None:
        details = latest.details if same else {k: v for k, v in latest.details.items() if k not in OF_THE_FORM}
    details = carried(latest, details)
    note = (note or "").strip()
    if same and details == latest.details and not visible(note) and not items:
        raise Incomplete("note", NOTHING)
    turning = clock_rules.with_facts(case, document.get("product"), by=by, at=at).running(by=by, at=at)
    columns = columns_of(document) | turning.columns | {"arrived_at": at}
    with acting(case, Act.ANSWER, by=by, at=at, version=version, **columns) as change:
        turning.write(change)
        revision = revise(change, document, details, number=latest.number + 1, by=by, at=at)
        request = _close(change, revision, note)
        _answer_items(change, request, items)
        _use_up(request, draft_version)
    return request


def _use_up(request: InformationRequest, draft_version: int | None) -> None:
    """Take what is kept of the answer that is being sent. One statement: nobody keeps another between."""
    if draft_version is None:
        return
    rows = AnswerDraft.objects.unscoped("the question's own draft").filter(information_request=request)
    if not rows.filter(version=draft_version).delete()[0]:
        raise Conflict("A colleague kept an answer while you were sending yours. Press Keep to see both.")


def _close(change: Change, revision: Revision, note: str) -> InformationRequest:
    """The open question with the revision that answers it."""
    request = change.case.information_requests.get(answered_at__isnull=True, expired_at__isnull=True)
    request.answer, request.answered_by_id, request.answered_at = note, revision.created_by_id, revision.created_at
    request.revision = revision
    request.save(update_fields=["answer", "answered_by", "answered_at", "revision"])
    change.rows.append(request)
    change.entities["information_request"] = request.number
    change.fields["answer"] = note
    return request


def _answer_items(change: Change, request: InformationRequest, items: Sequence[Item]) -> None:
    """Write each answered item. Raises Incomplete for one that the office does not have and gives no reason for."""
    for item in items:
        if item.not_held and not visible(item.words):
            raise Incomplete(f"items.{item.place}", NO_REASON)
        row = ItemAnswer(
            case=change.case,
            information_request=request,
            item=item.place,
            not_held=item.not_held,
            words=item.words,
            answered_by_id=item.by_id,
            answered_at=item.at,
        )
        row.save(force_insert=True)
        change.rows.append(row)
