"""Keeping a correction of a request that was sent: one an office, which several people continue. Keeping is no act
(decision 1); what is sent is the act `amend`."""

import datetime as dt
import secrets
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from priorauth.models import Attachment, Case, Draft
from priorauth.roles import Actor
from priorauth.selectors import held_in
from priorauth.services import draft_versions
from priorauth.services.attach import detach
from priorauth.services.base import moment, permit
from priorauth.services.errors import Conflict
from priorauth.statuses import DECIDED, OPEN, Act, Status

# A correction begins with a number of its own: a page of one that is gone must not be taken for a page of the next.
MOST_FIRST = 10**8
ENDED = DECIDED | {Status.WITHDRAWN}
NOTHING_KEPT = "The correction was sent or discarded while you had it open."


def keep(case: Case, *, by: Actor, at: dt.datetime, version: int, fields: dict[str, Any], corrects: int) -> Draft:
    """Keep the whole form as typed, right or wrong, which began from the revision number `corrects` (0: not known).
    `version` is the one that the page showed, 0 for none.

    Raises Conflict where somebody kept another one since, or the request can no longer be corrected.
    """
    permit(case, Act.AMEND, by=by, at=at)
    with transaction.atomic():
        _hold(case, by, OPEN)
        draft = _kept(case, by) or Draft(case=case, version=0)
        if draft.saved_by_id == by.user_id and (draft.fields, draft.corrects) == (fields, corrects):
            return draft  # the second press of one button
        if draft.version != version:
            if not draft.version:
                raise Conflict(NOTHING_KEPT)
            raise Conflict(f"{draft.saved_by} kept a correction at {moment(draft.saved_at)} while you had it open.")
        draft.replaced = draft_versions.replaced(draft, fields) if draft.version else []
        draft.fields, draft.corrects = fields, corrects
        draft.version = version + 1 if draft.version else 1 + secrets.randbelow(MOST_FIRST)
        draft.saved_by_id, draft.saved_at = by.user_id, at
        draft.save()
    return draft


def files_of(case: Case) -> QuerySet[Attachment]:
    """The files that go when the correction of a request that was sent is dropped; once the request has ended, all that
    were not sent, since nothing can send them any more."""
    return case.attachments.filter(held_in() if case.status in OPEN else Q(revision=None))


def discard(case: Case, *, by: Actor, at: dt.datetime, version: int, files: Collection[str]) -> None:
    """Drop the correction, version 0 for none, and its files. Raises Conflict where it is not the one that was read, or
    its files are not those `files`."""
    permit(case, Act.DETACH, by=by, at=at)
    with transaction.atomic():
        held = _hold(case, by, OPEN | ENDED)
        draft, held_files = _kept(case, by), list(files_of(held))
        known = (draft.version if draft else 0) == version and {str(one.pk) for one in held_files} == set(files)
        if not known or not (draft or held_files):
            raise Conflict("The correction was changed, sent or discarded since you looked at it. Look at it again.")
        if draft:
            draft.delete()
        for attachment in held_files:
            detach(held, attachment, by=by, at=at)


def _hold(case: Case, by: Actor, statuses: Collection[Status]) -> Case:
    """The case as it is now, and stays for the transaction. It comes first and the correction second, as a sending does
    it: the other order could lock the two in a circle."""
    rows = Case.objects.for_actor(by).filter(pk=case.pk, received_at__isnull=False, status__in=statuses)
    held = rows.select_for_update(of=("self",), no_key=True).first()
    if held is None:
        status = Case.objects.for_actor(by).values_list("status", flat=True).get(pk=case.pk)
        raise Conflict(f"The request is now “{Status(status).label}”, so it can no longer be corrected.")
    return held


def _kept(case: Case, by: Actor) -> Draft | None:
    return Draft.objects.for_actor(by).select_related("saved_by").filter(case=case).first()
