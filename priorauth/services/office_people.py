"""The people of an office: their roles, who leaves, who gets notices. Their own administrator sees to it.

An office always keeps an active administrator. Who was deactivated is brought back by the plan's administrator alone:
an office must not undo what the plan has done.
"""

import datetime as dt
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import QuerySet

from priorauth import audit
from priorauth.models import Membership, Organization, User
from priorauth.roles import OFFICE_ROLES, Actor, Role
from priorauth.services.errors import Incomplete, NotPermitted

ONLY = "Only an administrator of your office does this."
GONE = "This person belongs to your office no more."
THE_LAST = "Your office would have no administrator left. Make a colleague administrator first."


def colleagues(by: Actor) -> QuerySet[Membership]:
    """The people of `by`'s office, programs left out; nobody for an actor who belongs to no office."""
    rows = Membership.objects.select_related("user").order_by("user__last_name", "user__first_name", "pk")
    if not by.is_office:
        return rows.none()
    return rows.filter(organization=by.organization_id, user__is_machine=False)


def change_role(membership: Membership, role: Role, *, by: Actor, at: dt.datetime) -> None:
    """Make a colleague clerk or administrator of the office. Raises NotPermitted, Incomplete for another role."""
    if role not in OFFICE_ROLES:
        raise Incomplete("role", "Choose office clerk or office administrator.")
    with _administering(by) as mine:
        if _colleague(mine, membership).role != role:
            mine.filter(pk=membership.pk).update(role=role)
            entities, change = {"membership": membership.pk}, {"role": role}
            audit.record(by=by, at=at, action="people_change", entities=entities, change=change)


def deactivate(membership: Membership, *, by: Actor, at: dt.datetime) -> None:
    """End a colleague's access at once; what they wrote keeps their name. Raises NotPermitted."""
    with _administering(by) as mine:
        person = _colleague(mine, membership).user_id
        if User.objects.filter(pk=person, is_active=True).update(is_active=False):
            audit.record(by=by, at=at, action="people_change", entities={"user": person}, change={"is_active": False})


def set_notices(wanted: Collection[int], *, shown: Collection[int], by: Actor, at: dt.datetime) -> None:
    """Of the office's people who were `shown`, by their membership, those in `wanted` get e-mail notices and the others
    none; who came meanwhile stays as they are. A clerk sets this for themselves alone. Raises NotPermitted."""
    if not by.is_office:
        raise NotPermitted(ONLY)
    rows = colleagues(by) if by.role == Role.OFFICE_ADMIN else colleagues(by).filter(user=by.user_id)
    with transaction.atomic():
        for membership in rows.filter(pk__in=shown).select_for_update(of=("self",)):
            notify = membership.pk in wanted
            if notify != membership.notify:
                Membership.objects.filter(pk=membership.pk).update(notify=notify)
                entities, change = {"membership": membership.pk}, {"notify": notify}
                audit.record(by=by, at=at, action="people_change", entities=entities, change=change)


def _colleague(mine: QuerySet[Membership], membership: Membership) -> Membership:
    """The membership as it stands now: the plan may have moved the person to another office meanwhile."""
    found = mine.filter(pk=membership.pk).first()
    if found is None:
        raise NotPermitted(GONE)
    return found


@contextmanager
def _administering(by: Actor) -> Iterator[QuerySet[Membership]]:
    """The people of the office, in one transaction at whose end an active administrator is left.

    Changes in one office follow one another: of two administrators who demote each other at once one is refused.
    """
    if by.role != Role.OFFICE_ADMIN:
        raise NotPermitted(ONLY)
    mine = colleagues(by)
    administrators = mine.filter(role=Role.OFFICE_ADMIN, user__is_active=True)
    with transaction.atomic():
        Organization.objects.select_for_update().get(pk=by.organization_id)
        if not administrators.filter(user=by.user_id).exists():
            raise NotPermitted(ONLY)
        yield mine
        if not administrators.exists():
            raise NotPermitted(THE_LAST)
