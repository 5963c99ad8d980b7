"""Roles, and the actor in whose name every read and write is done (DESIGN.md 3.3)."""

from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import TextChoices


class Role(TextChoices):
    CLERK = "clerk", "Office clerk"
    OFFICE_ADMIN = "office_admin", "Office administrator"
    NURSE = "nurse", "Nurse reviewer"
    PHYSICIAN = "physician", "Medical director"
    LEAD = "lead", "Review lead"
    PAYER = "payer", "Payer operations"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"
    SYSTEM = "system", "The portal"


OFFICE_ROLES = frozenset({Role.CLERK, Role.OFFICE_ADMIN})
REVIEWER_ROLES = frozenset({Role.NURSE, Role.PHYSICIAN, Role.LEAD})
ADMIN_SITE_ROLES = REVIEWER_ROLES | {Role.AUDITOR, Role.ADMINISTRATOR}
EXPORT_ROLES = frozenset({Role.PAYER, Role.LEAD})
CASE_READER_ROLES = REVIEWER_ROLES | {Role.AUDITOR}
TRAIL_READER_ROLES = frozenset({Role.LEAD, Role.AUDITOR, Role.ADMINISTRATOR})
LONGEST_NAME = 160  # that the audit trail keeps of an actor


@dataclass(frozen=True)
class Actor:
    """Who acts: one user in one role for one organization; `SYSTEM` acts for the portal itself."""

    user_id: int | None
    name: str
    role: Role
    organization_id: int | None
    organization_name: str

    @property
    def is_office(self) -> bool:
        return self.role in OFFICE_ROLES

    @classmethod
    def of(cls, user: AbstractBaseUser | AnonymousUser) -> "Actor | None":
        """The actor for a signed-in user, or None for a user who belongs to no organization."""
        membership = getattr(user, "membership", None)
        if membership is None:
            return None
        organization = membership.organization
        return cls(user.pk, str(user)[:LONGEST_NAME], Role(membership.role), organization.pk, organization.name)


SYSTEM = Actor(None, "The portal", Role.SYSTEM, None, "")
