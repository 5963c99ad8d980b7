"""Keeping an answer that is not sent yet: several people prepare it, part by part. Keeping is no act (decision 1)."""

import datetime as dt
from typing import Any

from django.db import transaction

from priorauth.models import AnswerDraft, InformationRequest
from priorauth.roles import Actor
from priorauth.services.base import moment
from priorauth.services.errors import Conflict
from priorauth.statuses import Status

GONE = "This question was answered, its time ended, or the request was withdrawn while you had it open."


def keep(
    question: InformationRequest,
    *,
    by: Actor,
    at: dt.datetime,
    version: int,
    changes: dict[str, Any],
    items: dict[str, Any],
    note: str,
) -> AnswerDraft:
    """Keep the whole answer as it stands, right or wrong. `version` is the draft's that the page showed, 0 for none.

    Raises Conflict where somebody kept another one since, or the question is no longer open.
    """
    with transaction.atomic():
        open_ones = InformationRequest.objects.for_actor(by).filter(
            pk=question.pk, answered_at=None, expired_at=None, case__status=Status.INFORMATION_NEEDED
        )
        if open_ones.select_for_update(of=("self",)).first() is None:
            raise Conflict(GONE)
        rows = AnswerDraft.objects.for_actor(by).select_related("saved_by").filter(information_request=question)
        draft = rows.first() or AnswerDraft(information_request=question, version=0)
        if draft.saved_by_id == by.user_id and _said(draft.changes, draft.items, draft.note) == _said(
            changes, items, note
        ):
            return draft  # the second press of one button
        if draft.version != version:
            raise Conflict(f"{draft.saved_by} kept an answer at {moment(draft.saved_at)} while you had it open.")
        draft.changes, draft.items, draft.note = changes, items, note
        draft.version, draft.saved_by_id, draft.saved_at = version + 1, by.user_id, at
        draft.save()
    return draft


def discard(question: InformationRequest, *, by: Actor, version: int) -> None:
    """Drop what is kept of an answer. Raises Conflict where it is not the version that was read."""
    rows = AnswerDraft.objects.for_actor(by).filter(information_request=question, version=version)
    if not rows.delete()[0]:
        raise Conflict("The answer was changed, sent or discarded since you looked at it. Look at it again.")


def _said(changes: dict[str, Any], items: dict[str, Any], note: str) -> tuple[Any, ...]:
    """What an answer says, whoever said it and when."""
    words = {place: (item["not_held"], item["words"]) for place, item in items.items()}
    return changes, words, note
