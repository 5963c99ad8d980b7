"""Organizations, people, roles and licences: what administrators keep, and what each person does with their account."""

import datetime as dt

from django.db import connection, models, transaction
from django.db.models import F

from priorauth import audit
from priorauth.models import Membership, Organization, User
from priorauth.roles import SYSTEM, Actor, Role
from priorauth.services import claim
from priorauth.services.errors import NotPermitted
from priorauth.services.hand_over import reviewers

NOT_YOURSELF = "You cannot deactivate yourself or take another role: another administrator can do that."
FOR_ADMINISTRATORS = "This is for administrators."


def keep(row: models.Model, *, by: Actor, at: dt.datetime, change: dict[str, str]) -> None:
    """Save an organization, a person, a membership or a licence as an administrator left it; of one that stands the
    columns alone that `change` names, so that nothing else is undone. Who reviews no more by it holds no case any more.
    Raises NotPermitted.

    The administrator must be one afterwards too. Changes follow one another, so of two who demote each other at once
    one is refused, and there is always an active administrator left.
    """
    action = "people_add" if row._state.adding else "people_change"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))")
        row.save(update_fields=None if row._state.adding else list(change))
        if not is_administrator(by.user_id):
            raise NotPermitted(NOT_YOURSELF)
        _give_back(row, by, at)
        audit.record(by=by, at=at, action=action, entities={row._meta.model_name: row.pk}, change=change)


def _give_back(row: models.Model, by: Actor, at: dt.datetime) -> None:
    person = row.pk if isinstance(row, User) else row.user_id if isinstance(row, Membership) else None
    if person and not reviewers().filter(pk=person).exists():
        claim.give_back(person, by=by, at=at)


def first_plan(at: dt.datetime) -> Organization:
    """The plan of an installation that has none yet. Its administrator gives it its name."""
    with transaction.atomic():
        plan = Organization.objects.create(kind=Organization.Kind.PLAN, name="The plan")
        audit.record(by=SYSTEM, at=at, action="people_add", entities={"organization": plan.pk})
    return plan


def is_administrator(user_id: int | None) -> bool:
    rows = Membership.objects.filter(user=user_id, role=Role.ADMINISTRATOR, user__is_active=True)
    return rows.exists()


def permit(by: Actor) -> None:
    """Refuse everybody but an administrator and the portal itself (a command on its machine)."""
    if by.role not in (Role.ADMINISTRATOR, Role.SYSTEM):
        raise NotPermitted(FOR_ADMINISTRATORS)


def change_own_password(user: User, password: str, *, at: dt.datetime) -> None:
    """Set the password that the person chose. Every session that began under the old one ends."""
    with transaction.atomic():
        set_password(user, password)
        audit.record(by=Actor.of(user), at=at, action="password_change", entities={"user": user.pk})


def sign_out_everywhere(user: User, *, at: dt.datetime) -> None:
    """End every session of this person, the present one included."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
        audit.record(by=Actor.of(user), at=at, action="sign_out_everywhere", entities={"user": user.pk})


def switch_shortcuts(user: User, on: bool, *, at: dt.datetime) -> None:
    """Whether single keys act on this person's pages (WCAG 2.1.4)."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(shortcuts=on)
        change = {"shortcuts": str(on)}
        audit.record(by=Actor.of(user), at=at, action="switch_keys", entities={"user": user.pk}, change=change)


def set_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
