"""Starting and saving a draft. Saving never sends."""

import datetime as dt
import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from priorauth import audit
from priorauth.models import Case, Draft
from priorauth.roles import OFFICE_ROLES, Actor
from priorauth.services import draft_versions, panel_record
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, NotPermitted
from priorauth.services.panel_record import Shown
from priorauth.statuses import Act, Status


def start(*, by: Actor, at: dt.datetime, token: uuid.UUID, fields: dict[str, Any], copy_of: Case | None = None) -> Case:
    """A new draft of `by`'s office. The same `token` sent twice gives the same draft, not a second one.

    `copy_of` is the request that `fields` were copied from, which the caller fetched in `by`'s scope.
    """
    if by.role not in OFFICE_ROLES:
        raise NotPermitted("Only a provider office starts a request.")
    try:
        with transaction.atomic():
            case = Case(
                office_id=by.organization_id,
                started_with=token,
                created_by_id=by.user_id,
                created_at=at,
                updated_at=at,
            )
            case.save(force_insert=True)
            Draft(case=case, fields=fields, saved_by_id=by.user_id, saved_at=at).save(force_insert=True)
            entities = {"copy_of": copy_of.reference} if copy_of else None
            audit.record(by=by, at=at, action=Act.CREATE, case=case, entities=entities)
            return case
    except IntegrityError:
        return Case.objects.for_actor(by).get(started_with=token)


def save(
    draft: Draft,
    *,
    by: Actor,
    at: dt.datetime,
    version: int,
    fields: dict[str, Any],
    shown: Shown | None = None,
) -> Draft:
    """Keep the form as typed, and what it changed of what was `shown` before. Raises Conflict where a colleague saved
    since `version` was read; nothing is lost then: the caller shows what was typed again."""
    record = panel_record.after(draft.record, shown, by=by, at=at)
    with transaction.atomic():
        # The case first and the draft second, as a sending does: the other order could lock the two in a circle.
        cases = Case.objects.for_actor(by).filter(pk=draft.case_id, status=Status.DRAFT)
        rows = Draft.objects.for_actor(by).filter(pk=draft.pk, version=version)
        saved = cases.update(updated_at=at) and rows.update(
            fields=fields,
            replaced=draft_versions.replaced(draft, fields),
            record=record,
            version=F("version") + 1,
            saved_by=by.user_id,
            saved_at=at,
        )
        if not saved:
            transaction.set_rollback(True)
    if not saved:
        latest = Draft.objects.for_actor(by).filter(pk=draft.pk, case__status=Status.DRAFT)
        saver = latest.select_related("saved_by").first()
        if saver is None:
            raise Conflict("A colleague has sent or withdrawn this request while you had it open.")
        if saver.saved_by_id == by.user_id and saver.fields == fields:
            return saver  # the second press of one save
        raise Conflict(
            f"{saver.saved_by} saved this request at {moment(saver.saved_at)} while you had it open."
            " What you typed is still below; press Save to see both versions and choose."
        )
    draft.refresh_from_db()
    return draft


def confirm(draft: Draft, *, by: Actor, doubts: dict[str, str]) -> None:
    """Keep that the office looked at these doubts, words by key, and stands by its answers. The draft as it was read
    is confirmed: raises Conflict where a colleague saved since."""
    record = draft.record | {"confirmed": doubts}
    rows = Draft.objects.for_actor(by).filter(pk=draft.pk, version=draft.version, case__status=Status.DRAFT)
    if not rows.update(record=record):
        raise Conflict("A colleague changed this request while you were reading. Check it again before you send.")
    draft.record = record
