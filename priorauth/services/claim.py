"""Claiming a case for review, and giving it back. A claim keeps two people from deciding the same case."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models.functions import Greatest

from priorauth import audit
from priorauth.models import Case, Handover
from priorauth.roles import Actor, Role
from priorauth.services import conflicts, next_case
from priorauth.services.base import acting, begin, end, holder, permit, refuse, visible
from priorauth.services.errors import Conflict, Incomplete
from priorauth.statuses import IN_REVIEW, Act, Status

CLAIM = dt.timedelta(minutes=30)
LONGEST_LINE = 500


def claim(case: Case, *, by: Actor, at: dt.datetime, version: int | None = None) -> Case:
    """Hold the case for 30 minutes; claiming one's own case again renews it, which is no act. Raises Conflict if
    somebody holds it."""
    permit(case, Act.CLAIM, by=by, at=at)
    if case.status == Status.WITH_PHYSICIAN and by.role == Role.NURSE:
        refuse(case, Act.CLAIM, "This case waits for a physician, so a nurse cannot claim it.", by=by, at=at)
    if why := conflicts.conflict(case, by.user_id):
        refuse(case, Act.CLAIM, why, by=by, at=at)
    if holds(case, by, at):
        return renew(case, by=by, at=at)
    if held(case, at):
        raise Conflict(holder(case))
    with acting(case, Act.CLAIM, by=by, at=at, version=version, **_held_by(by, at)):
        pass
    return case


def claim_next(*, by: Actor, at: dt.datetime) -> Case | None:
    """Claim the first case that `by` may decide and nobody holds: expedited first, then by due time. None if none.

    Raises NotPermitted for who may claim none: a physician without an active licence too.
    """
    permit(None, Act.CLAIM, by=by, at=at)
    if why := conflicts.unlicensed(by, at):
        refuse(None, Act.CLAIM, why, by=by, at=at)
    with transaction.atomic():
        case = next_case.lock(by, at)
        if case:
            change = begin(case, Act.CLAIM, by=by, at=at, **_held_by(by, at))
            end(change, Act.CLAIM, by=by, at=at)
    return case


def _held_by(by: Actor, at: dt.datetime) -> dict[str, Any]:
    return {"claimed_by_id": by.user_id, "claimed_until": at + CLAIM, "arrived_at": None}


def held(case: Case, at: dt.datetime) -> bool:
    return case.claimed_by_id is not None and case.claimed_until > at


def holds(case: Case, by: Actor, at: dt.datetime) -> bool:
    return held(case, at) and case.claimed_by_id == by.user_id


def renew(case: Case, *, by: Actor, at: dt.datetime) -> Case:
    """Let a live claim of one's own last 30 minutes from now. It is no act on the case: the version stays, so no open
    form gets stale, and its event stands in the person's own stream. Raises Conflict where it is over."""
    permit(case, Act.CLAIM, by=by, at=at)
    with transaction.atomic():
        rows = Case.objects.unscoped("the caller fetched the case in scope; this only narrows it").filter(
            pk=case.pk, claimed_by=by.user_id, claimed_until__gt=at
        )
        renewed = rows.update(claimed_until=Greatest("claimed_until", at + CLAIM))
        if renewed:
            audit.record(by=by, at=at, action="renew_claim", entities={"case": case.reference})
    case.refresh_from_db()
    if not renewed:
        raise Conflict(_over(case, by, at))
    return case


def release(case: Case, *, by: Actor, at: dt.datetime, line: str = "", version: int | None = None) -> Case:
    """Give the case back, with a line for whoever takes it next. Only its holder or a lead may. Raises Conflict for
    anybody else's claim."""
    permit(case, Act.RELEASE, by=by, at=at)
    if case.claimed_by_id != by.user_id and by.role != Role.LEAD:
        raise Conflict("You do not hold this case, so there is nothing to release.")
    if case.claimed_by_id is None:
        raise Conflict("Nobody holds this case, so there is nothing to release.")
    before, line = case.claimed_by_id, short(line.strip(), "line")
    with acting(case, Act.RELEASE, by=by, at=at, version=version, claimed_by=None, claimed_until=None) as change:
        if visible(line) or before not in (None, by.user_id):
            row = Handover(
                case=case, kind=Handover.Kind.RELEASE, from_user_id=before, words=line, by_id=by.user_id, at=at
            )
            row.save(force_insert=True)
            change.rows.append(row)
            change.fields["words"] = row.words
    return case


def give_back(holder: int, *, by: Actor, at: dt.datetime) -> None:
    """Free what somebody holds who may review no more, in the caller's transaction: others need not wait for the end of
    a claim that nobody can use."""
    rows = Case.objects.unscoped("whoever holds them reviews no more").filter(
        claimed_by=holder, claimed_until__gt=at, status__in=sorted(IN_REVIEW)
    )
    for case in rows.select_for_update(no_key=True).order_by("pk"):
        change = begin(case, Act.RELEASE, by=by, at=at, claimed_by=None, claimed_until=None)
        end(change, Act.RELEASE, by=by, at=at)


def short(text: str, field: str) -> str:
    """A line or a reason that fits its column. Raises Incomplete, naming the field."""
    if len(text) > LONGEST_LINE:
        raise Incomplete(field, f"This can have {LONGEST_LINE} characters. It has {len(text):,}: shorten it.")
    return text


def _over(case: Case, by: Actor, at: dt.datetime) -> str:
    if held(case, at):
        return holder(case)
    if case.status not in IN_REVIEW:
        return f"The case is now “{Status(case.status).label}”."
    return "Your claim has ended. Claim the case again."
