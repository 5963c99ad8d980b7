from django.conf import settings
from django.db import models

from priorauth.roles import OFFICE_ROLES, Role


class Organization(models.Model):
    """A provider office, or the plan whose reviewers decide. One installation serves one plan."""

    class Kind(models.TextChoices):
        OFFICE = "office", "Provider office"
        PLAN = "plan", "Plan"

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=120, unique=True)
    npi = models.CharField("NPI", max_length=10, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kind="office") | ~models.Q(npi=""), name="organization_office_has_npi"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Ties one user to one organization in one role."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    role = models.CharField(max_length=20, choices=[choice for choice in Role.choices if choice[0] != Role.SYSTEM])
    notify = models.BooleanField(
        "gets e-mail notices", default=True, help_text="that something happened to a request, without patient data"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(role=Role.SYSTEM), name="membership_role_is_a_person")
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()} at {self.organization}"

    @property
    def fits(self) -> bool:
        """Whether the role belongs to this kind of organization."""
        return (self.organization.kind == Organization.Kind.OFFICE) == (self.role in OFFICE_ROLES)


class Credential(models.Model):
    """A physician's licence. Only an active one lets its holder sign a determination that does not approve."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    licence_number = models.CharField(max_length=30)
    state = models.CharField(max_length=2)
    specialty = models.CharField(max_length=80)
    npi = models.CharField("NPI", max_length=10)
    expires_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.specialty}, licence {self.licence_number} ({self.state})"
