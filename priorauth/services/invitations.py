"""Links by which people come in: to make an account, or to choose a new password (decision 12).

Administrators of the plan make them for everybody; an office's administrator invites into the own office alone.

A link's token is 256 random bits; the row keeps its digest. It works once. An open link is one that was neither used
nor taken back; it may have run out.
"""

import datetime as dt
import hashlib
import secrets

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from priorauth import audit
from priorauth.models import Invitation, Membership, Organization, User
from priorauth.roles import OFFICE_ROLES, Actor, Role
from priorauth.services.errors import Conflict, Incomplete, Refused
from priorauth.services.people import permit, set_password

INVITATION_LASTS = dt.timedelta(hours=72)
PASSWORD_LINK_LASTS = dt.timedelta(hours=24)
OPEN = Q(accepted_at=None, revoked_at=None)
LONGEST_ADDRESS = 254
ADDRESS = "Enter the work e-mail address, like name@example.org."
NOT_HERE = "No link can be made for this address here. Ask the plan's administrator."


class Unusable(Refused):
    """The link was used, taken back, has run out, or never was: which of these is not told."""


def invite(email: str, organization: Organization, role: Role, *, by: Actor, at: dt.datetime) -> tuple[Invitation, str]:
    """Make a link for one new person. Returns it with its token, which is kept nowhere.

    Raises NotPermitted, Incomplete where the role does not fit the organization or the person is registered, and
    Conflict where a link for this address is open.
    """
    _permit(by, organization, role)
    email = email.strip().lower()
    if len(email) > LONGEST_ADDRESS:  # a capital letter of another alphabet can be two small ones
        raise Incomplete("email", ADDRESS)
    if not Membership(organization=organization, role=role).fits:
        kind = organization.get_kind_display().lower()
        raise Incomplete("role", f"This role does not belong to a {kind}. Choose one that does.")
    if by.is_office and _taken(email, organization, at):
        raise Incomplete("email", NOT_HERE)
    if User.objects.filter(email=email).exists():
        message = "This person is registered already. On their page you can make a link for a new password."
        raise Incomplete("email", message)
    return _issue(email, organization, role, user=None, action="invitation_make", by=by, at=at)


def password_link(user: User, *, by: Actor, at: dt.datetime) -> tuple[Invitation, str]:
    """Make a link by which a registered person chooses a new password; one made earlier stops to work.

    Raises NotPermitted, and Incomplete for a person who could not sign in anyway.
    """
    permit(by)
    membership = Membership.objects.filter(user=user, user__is_active=True, user__is_machine=False).first()
    if membership is None:
        raise Incomplete("user", "Only an active person who belongs to an organization can sign in: see to that first.")
    with transaction.atomic():
        Invitation.objects.filter(OPEN, email=user.email).update(revoked_at=at)
        place = (membership.organization, Role(membership.role))
        return _issue(user.email, *place, user=user, action="password_link_make", by=by, at=at)


def renew(invitation: Invitation, *, by: Actor, at: dt.datetime) -> tuple[Invitation, str]:
    """Make a new link in place of an open one, which stops to work. Raises NotPermitted, Incomplete, Conflict."""
    with transaction.atomic():
        revoke(invitation, by=by, at=at)
        if invitation.user:
            return password_link(invitation.user, by=by, at=at)
        return invite(invitation.email, invitation.organization, Role(invitation.role), by=by, at=at)


def revoke(invitation: Invitation, *, by: Actor, at: dt.datetime) -> None:
    """Take an open link back. Raises NotPermitted, or Conflict where it is open no longer."""
    _permit(by, invitation.organization, Role(invitation.role), invitation.user)
    with transaction.atomic():
        if not Invitation.objects.filter(OPEN, pk=invitation.pk).update(revoked_at=at):
            raise Conflict("This link was used or taken back in the meantime.")
        audit.record(by=by, at=at, action="invitation_revoke", entities={"invitation": invitation.pk})


def of_token(token: str, at: dt.datetime) -> Invitation:
    """The invitation that a link with this token opens now. Raises Unusable."""
    return _one(_usable(at).filter(digest=digest(token)))


def still_usable(key: int | None, at: dt.datetime) -> Invitation:
    """The invitation that was opened a while ago, if it can be used now. Raises Unusable."""
    return _one(_usable(at).filter(pk=key))


def accept(key: int, *, password: str, first_name: str = "", last_name: str = "", at: dt.datetime) -> User:
    """Use an invitation: make the account with its membership, or set the new password. Once: of two at the same time
    one gets Unusable. `password` was checked by the caller."""
    with transaction.atomic():
        invitation = _one(_usable(at).select_for_update(of=("self",)).filter(pk=key))
        user, action = invitation.user, "password_reset"
        if user:
            set_password(user, password)
        else:
            action = "invitation_accept"
            user = User.objects.create_user(invitation.email, password, first_name=first_name, last_name=last_name)
            Membership.objects.create(user=user, organization=invitation.organization, role=invitation.role)
        invitation.accepted_at, invitation.accepted_by = at, user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        entities = {"invitation": invitation.pk, "user": user.pk}
        audit.record(by=Actor.of(user), at=at, action=action, entities=entities)
    return user


def _permit(by: Actor, organization: Organization, role: Role, user: User | None = None) -> None:
    """Refuse everybody but administrators; those of an office reach beyond neither it nor its two roles, and make no
    link for the password of somebody who is registered."""
    own = by.role == Role.OFFICE_ADMIN and organization.pk == by.organization_id
    if not (own and role in OFFICE_ROLES and user is None):
        permit(by)


def _taken(email: str, organization: Organization, at: dt.datetime) -> bool:
    """Whether the address is registered, or has an open link elsewhere. An office is not told which."""
    elsewhere = Invitation.objects.filter(OPEN, email=email, expires_at__gt=at).exclude(
        organization=organization, user=None
    )
    return User.objects.filter(email=email).exists() or elsewhere.exists()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _usable(at: dt.datetime) -> QuerySet[Invitation]:
    registered = User.objects.filter(email=OuterRef("email"))
    whose = Q(~Exists(registered), user=None) | Q(user__is_active=True, user__membership__isnull=False)
    rows = Invitation.objects.filter(OPEN, whose, expires_at__gt=at)
    return rows.select_related("organization", "user__membership__organization")


def _one(rows: QuerySet[Invitation]) -> Invitation:
    found = rows.first()
    if found is None:
        raise Unusable
    return found


def _issue(
    email: str, organization: Organization, role: Role, *, user: User | None, action: str, by: Actor, at: dt.datetime
) -> tuple[Invitation, str]:
    token = secrets.token_urlsafe(32)
    lasts = PASSWORD_LINK_LASTS if user else INVITATION_LASTS
    made = Invitation(user=user, email=email, organization=organization, role=role, digest=digest(token))
    made.created_by_id, made.created_at, made.expires_at = by.user_id, at, at + lasts
    with transaction.atomic():
        Invitation.objects.filter(OPEN, email=email, expires_at__lte=at).update(revoked_at=at)
        try:
            with transaction.atomic():
                made.save()
        except IntegrityError as error:
            raise Conflict("A link for this address is open. Issue it anew, or revoke it, in the list.") from error
        change = {"email": email, "organization": organization.name, "role": role}
        audit.record(by=by, at=at, action=action, entities={"invitation": made.pk}, change=change)
    return made, token
