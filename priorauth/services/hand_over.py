"""Passing a case from one reviewer to another: handed over with a line, or taken over by a lead with a reason."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import QuerySet

from priorauth.models import Case, Handover, User
from priorauth.roles import REVIEWER_ROLES, Actor, Role
from priorauth.services import claim
from priorauth.services.barred import barred, permit_unbarred
from priorauth.services.base import Change, acting, long_enough, needed, permit, refuse
from priorauth.services.errors import Conflict, Incomplete
from priorauth.statuses import Act, Status

HANDED = dt.timedelta(hours=4)  # a case that was handed over is kept for its next holder, who may be away
TOLD_FOR = dt.timedelta(hours=24)
WHY = "Write in at least 20 characters why you take the case over."
LINE = "Write a line for the next reviewer."
TO_ONESELF = "Somebody works on this case. To have it yourself, take it over, and write why."


def reviewers() -> QuerySet[User]:
    """Everybody who reviews, by name."""
    people = User.objects.filter(is_active=True, membership__role__in=sorted(REVIEWER_ROLES))
    return people.select_related("membership__organization").order_by("last_name", "first_name", "id")


def hand_over(case: Case, *, by: Actor, at: dt.datetime, to: int, line: str, version: int | None = None) -> Case:
    """Give the case to the reviewer with the key `to`: its holder may, and a lead may, whoever holds it or nobody.

    The next holder has it for four hours, but not past the due time, and for 30 minutes in any case. Raises Conflict,
    also for a lead who would give somebody else's to themself: that is a take-over; Incomplete; NotPermitted where that
    person may not decide it.
    """
    permit(case, Act.HAND_OVER, by=by, at=at)
    if not claim.holds(case, by, at) and by.role != Role.LEAD:
        raise Conflict("You do not hold this case, so you cannot hand it over.")
    line = claim.short(needed(line, "line", LINE), "line")
    if to == by.user_id and claim.held(case, at) and not claim.holds(case, by, at):
        raise Conflict(TO_ONESELF)
    person = _reviewer(to)
    if why := _unfit(case, person, at):
        refuse(case, Act.HAND_OVER, why, by=by, at=at)
    if claim.holds(case, person, at):
        raise Conflict(f"{person.name} holds this case already. Choose somebody else.")
    until = max(at + claim.CLAIM, min(at + HANDED, case.due_at))
    with _passing(case, Act.HAND_OVER, person.user_id, until, line, by=by, at=at, version=version):
        pass
    return case


def take_over(case: Case, *, by: Actor, at: dt.datetime, reason: str, version: int | None = None) -> Case:
    """Take a case out of somebody's live claim: for a lead, with a reason that the former holder is told."""
    permit_unbarred(case, Act.TAKE_OVER, by=by, at=at)
    if not claim.held(case, at) or claim.holds(case, by, at):
        raise Conflict("Nobody else holds this case, so there is nothing to take over.")
    reason = long_enough(reason, "reason", WHY)
    reason = claim.short(reason, "reason")
    with _passing(case, Act.TAKE_OVER, by.user_id, at + claim.CLAIM, reason, by=by, at=at, version=version):
        pass
    return case


def taken_from(actor: Actor, at: dt.datetime) -> list[Handover]:
    """What others took from this person within a day: taken over, handed on or released by a lead."""
    rows = Handover.objects.for_actor(actor).filter(from_user=actor.user_id, at__gt=at - TOLD_FOR)
    return list(rows.exclude(by=actor.user_id).select_related("case", "by", "to_user")[:10])


@contextmanager
def _passing(
    case: Case, act: Act, to: int, until: dt.datetime, words: str, *, by: Actor, at: dt.datetime, version: int | None
) -> Iterator[Change]:
    before = case.claimed_by_id if claim.held(case, at) else None
    columns = {"claimed_by_id": to, "claimed_until": until, "arrived_at": None}
    with acting(case, act, by=by, at=at, version=version, **columns) as change:
        row = Handover(
            case=case, kind=act.value, from_user_id=before, to_user_id=to, words=words, by_id=by.user_id, at=at
        )
        row.save(force_insert=True)
        change.rows.append(row)
        change.entities["user"] = to
        change.fields["words"] = words
        yield change


def _reviewer(pk: int) -> Actor:
    for user in reviewers().filter(pk=pk):
        return Actor.of(user)
    raise Incomplete("to", "Choose a person who reviews.")


def _unfit(case: Case, person: Actor, at: dt.datetime) -> str:
    """Why this person cannot be given the case, or "". It does not tell the reason: that is theirs."""
    if case.status == Status.WITH_PHYSICIAN and person.role == Role.NURSE:
        return f"This case waits for a physician, and {person.name} is a nurse. Choose a physician."
    if barred(case, by=person, at=at):
        return f"{person.name} may not decide this case. Choose somebody else."
    return ""
