"""What a person typed into a page of a session that had ended."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class KeptPost(models.Model):
    """The body of one form that came too late, for the person whose page it was and for nobody else.

    `fields` has the names and texts of the form without its buttons, `files` the names of the files that were chosen
    with it (they are not kept). The latest one of a page takes the place of the one before.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    organization = models.ForeignKey("Organization", on_delete=models.CASCADE, related_name="+")
    path = models.CharField(max_length=200)
    fields = models.JSONField()
    files = models.JSONField(default=list)
    kept_at = models.DateTimeField()
    kept_until = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["owner", "path"], name="kept_post_once_per_page"),
            models.CheckConstraint(condition=Q(kept_until__gt=F("kept_at")), name="kept_post_is_kept_a_while"),
        ]
        indexes = [models.Index(fields=["kept_until"], name="kept_post_by_age")]
