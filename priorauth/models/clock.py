"""The clock of a case: by which rule it was set, each act that changed it, and who was told that it runs out."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from priorauth.tenancy import TenantModel


class RegimeUse(models.Model):
    """A rule as it was when it first set a clock: the whole of it, and its digest. It never changes again."""

    regime = models.CharField(max_length=30)
    effective_from = models.DateField()
    content = models.JSONField()
    sha256 = models.CharField("digest of the rule", max_length=64)
    first_used_at = models.DateTimeField()

    class Meta:
        verbose_name = "time limit"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["regime", "effective_from"], name="regime_rule_first_used_once")]

    def __str__(self) -> str:
        return f"{self.regime} from {self.effective_from}"


class ClockChange(TenantModel):
    """One act that moved the time by which a case is due, or stopped its clock. Never changed afterwards.

    `count` and `unit` say how much longer an extension makes it; `until` when a stopped clock runs by itself again;
    `ground` the rule's own words for why; `regime` the rule by which it was done. `changed_by` is a person, but where
    the portal ended the office's time to answer.
    """

    class Kind(models.TextChoices):
        EXTENDED = "extended", "Time extended"
        STOPPED = "stopped", "Clock stopped"
        RESUMED = "resumed", "Clock running again"
        DOWNGRADED = "downgraded", "Standard instead of expedited"
        OTHER_RULE = "other_rule", "Another rule, since the plan of the member was corrected"

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="clock_changes")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    regime = models.CharField(max_length=30)
    due_before = models.DateTimeField()
    due_after = models.DateTimeField()
    count = models.PositiveSmallIntegerField(null=True)
    unit = models.CharField(max_length=20, blank=True)
    until = models.DateTimeField(null=True)
    ground = models.CharField(max_length=200, blank=True)
    reason = models.TextField(max_length=2000, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="clock_change_numbered_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["resumed", "other_rule"]) | Q(reason__regex=r"\S", changed_by__isnull=False),
                name="clock_change_has_an_author_and_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(kind="extended", count__isnull=False, count__gte=1, due_after__gt=F("due_before"))
                & ~Q(unit="")
                | ~Q(kind="extended") & Q(count__isnull=True, unit=""),
                name="extension_says_how_much",
            ),
            models.CheckConstraint(
                condition=Q(kind="stopped", until__isnull=False, until__gt=F("changed_at"))
                | ~Q(kind="stopped") & Q(until__isnull=True),
                name="clock_stop_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"Change {self.number} of the clock: {self.get_kind_display()}"


class DeadlineNotice(TenantModel):
    """That the leads were told once: so many hours before a case is due, or that its time has passed."""

    office_sees = False

    class Kind(models.TextChoices):
        IN_24_HOURS = "24h", "Due within 24 hours"
        IN_8_HOURS = "8h", "Due within 8 hours"
        IN_2_HOURS = "2h", "Due within 2 hours"
        BREACH = "breach", "Late"

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="deadline_notices")
    kind = models.CharField(max_length=10, choices=Kind)
    due_at = models.DateTimeField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "kind", "due_at"], name="told_once_of_a_deadline")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.due_at}"
