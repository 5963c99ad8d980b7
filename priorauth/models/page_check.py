"""What the pages of a report file show (decision 45)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from priorauth.tenancy import TenantModel


class PageCheck(TenantModel):
    """The pages of one file, as a program looked at them, from 1. Without a row nobody looked yet.

    `pages` is None for a file that cannot be opened, `locked` where it wants a password. Of a long file only the first
    `seen` pages were looked at. It goes with its file, and is no act on the case (decision 16).
    """

    tenant_path = "attachment__case__office"
    sent_path = "attachment__revision"

    attachment = models.OneToOneField(
        "Attachment", primary_key=True, on_delete=models.CASCADE, related_name="page_check"
    )
    pages = models.PositiveIntegerField(null=True)
    seen = models.PositiveSmallIntegerField(default=0)
    blank = ArrayField(models.PositiveSmallIntegerField(), default=list)
    unreadable = ArrayField(models.PositiveSmallIntegerField(), default=list)
    locked = models.BooleanField(default=False)
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pages__isnull=True, seen=0) | Q(pages__gte=1, locked=False),
                name="a_file_that_opens_has_pages",
            )
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return f"Pages of {self.attachment_id}"
