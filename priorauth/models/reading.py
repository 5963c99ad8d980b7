"""What a reviewer read in the record of one value that was sent. Written once; a later one stands beside it."""

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Q

from priorauth.models.judgement import TWENTY_CHARACTERS
from priorauth.roles import REVIEWER_ROLES
from priorauth.tenancy import TenantModel


class Reading(TenantModel):
    """One value of one revision's facts v1, by its path, and what the record says of it; the latest counts, whoever
    made it. `file` and `page` say where it was read, as far as it was said. The office does not see it.
    """

    office_sees = False

    class Found(models.TextChoices):
        SAME = "same", "The same"
        COUNTS = "counts", "Something else, and that counts"
        STANDS = "stands", "Something else, but what was sent counts"
        NOT_THERE = "not_there", "I did not find it there"

    DIFFERENT = (Found.COUNTS, Found.STANDS)  # these have the value that was read, and the reason of the choice

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="readings")
    revision = models.ForeignKey("Revision", on_delete=models.PROTECT, related_name="readings")
    path = models.CharField(max_length=60)
    found = models.CharField(max_length=10, choices=Found)
    value = models.JSONField(null=True)
    reason = models.TextField(max_length=2000, blank=True)
    file = models.ForeignKey("Attachment", null=True, on_delete=models.PROTECT, related_name="+")
    page = models.PositiveSmallIntegerField(null=True)
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    read_role = models.CharField(max_length=20, choices=[(r.value, r.label) for r in sorted(REVIEWER_ROLES)])
    read_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(found__in=["same", "not_there"], value__isnull=True)
                | Q(found__in=["counts", "stands"], value__isnull=False, reason__regex=TWENTY_CHARACTERS),
                name="another_value_has_its_reason",
            ),
            models.CheckConstraint(condition=Q(read_role__in=sorted(REVIEWER_ROLES)), name="read_by_a_reviewer"),
            models.CheckConstraint(
                condition=Q(page__isnull=True) | Q(page__gte=1, file__isnull=False), name="a_page_is_of_a_file"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.path}: {self.get_found_display()}"


def latest(readings: Iterable[Reading]) -> dict[str, Reading]:
    """The readings that stand, by path: the last of each, as they come."""
    return {reading.path: reading for reading in readings}


def counting(readings: Iterable[Reading]) -> dict[str, Reading]:
    """Those that stand and whose value counts instead of the one that was sent, by path."""
    return {path: one for path, one in latest(readings).items() if one.found == Reading.Found.COUNTS}
