"""How cases pass between reviewers, whom a reviewer must not decide for, and the views of the queue that they keep."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from priorauth.tenancy import TenantModel


def _person(**options: object) -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", **options)


class Handover(TenantModel):
    """That a case passed from one reviewer to another, or back to the queue, and what was said. Never changed.

    `from_user` held it (None: nobody did), `to_user` holds it now (None: it was released). The office does not see it.
    """

    office_sees = False

    class Kind(models.TextChoices):
        RELEASE = "release", "released"
        HAND_OVER = "hand_over", "handed over"
        TAKE_OVER = "take_over", "taken over"

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="handovers")
    kind = models.CharField(max_length=10, choices=Kind)
    from_user = _person(null=True)
    to_user = _person(null=True)
    words = models.TextField(max_length=500, blank=True)
    by = _person()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="release", to_user__isnull=True)
                | Q(kind__in=["hand_over", "take_over"], to_user__isnull=False, words__regex=r"\S"),
                name="handover_names_the_next",
            ),
            models.CheckConstraint(
                condition=~Q(kind="take_over") | Q(from_user__isnull=False, to_user=F("by")),
                name="taken_over_from_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["from_user", "-at"], name="handover_by_former_holder"),
            models.Index(fields=["to_user", "-at"], name="handover_by_next_holder"),
        ]


class ConflictOfInterest(models.Model):
    """Whose requests a reviewer must not decide: those of an office, a member or a clinician. Ended, never deleted."""

    reviewer = _person()
    office = models.ForeignKey("Organization", null=True, on_delete=models.PROTECT, related_name="+")
    member_id = models.CharField(max_length=40, blank=True)
    birth_date = models.DateField(null=True)
    npi = models.CharField(max_length=10, blank=True)
    note = models.CharField(max_length=200, blank=True)
    declared_by = _person()
    declared_at = models.DateTimeField()
    ended_by = _person(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(office__isnull=False, member_id="", birth_date__isnull=True, npi="")
                | Q(office__isnull=True, birth_date__isnull=False, npi="") & ~Q(member_id="")
                | Q(office__isnull=True, member_id="", birth_date__isnull=True) & ~Q(npi=""),
                name="conflict_is_with_one",
            ),
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True, ended_at__isnull=True)
                | Q(ended_by__isnull=False, ended_at__gte=F("declared_at")),
                name="conflict_end_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["reviewer"], name="conflict_of_reviewer", condition=Q(ended_at__isnull=True)),
        ]


class SavedView(models.Model):
    """A view of the queue that a person keeps under a name: the known parameters of its address, no patient data."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=300)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="view_named_once"),
            models.CheckConstraint(condition=Q(name__regex=r"\S"), name="view_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
