"""What an office writes: the draft, the revisions, the files, and the questions it answers."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from priorauth.tenancy import TenantModel


class Draft(TenantModel):
    """The form as it was typed, right or wrong: field name -> list of texts. Gone once the request is sent.

    Of a request that was sent it is a correction that is not sent yet: `corrects` is the number of the revision that it
    began from, 0 where that is not known any more.
    """

    sent_path = None

    case = models.OneToOneField("Case", on_delete=models.CASCADE)
    corrects = models.PositiveSmallIntegerField(null=True)
    fields = models.JSONField(default=dict)
    record = models.JSONField(default=dict, help_text="what was changed after the panel: services/panel_record.py")
    replaced = models.JSONField(default=list, help_text="what each save replaced: services/draft_versions.py")
    version = models.PositiveIntegerField(default=1)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()


class Revision(TenantModel):
    """Facts v1 and details as they were sent or answered (DESIGN.md 3.1). Never changed afterwards."""

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    facts = models.JSONField()
    details = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="revision_numbered_once")]

    def __str__(self) -> str:
        return f"Revision {self.number}"


def attachment_path(attachment: "Attachment", _name: str) -> str:
    return f"attachments/{attachment.pk.hex[:2]}/{attachment.pk.hex}"


class Attachment(TenantModel):
    """A report file: PDF, PNG or JPEG, stored under a uuid, private and inert (invariant 9).

    It belongs to the revision that first sent it; until then only its office sees it, in the draft, in the correction,
    or in the answer to `information_request` (selectors.held_in).
    """

    sent_path = "revision"

    class Scan(models.TextChoices):
        UNSCANNED = "unscanned", "Not scanned yet"
        CLEAN = "clean", "Scanned, clean"
        INFECTED = "infected", "Infected: never opened"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="attachments")
    revision = models.ForeignKey("Revision", null=True, on_delete=models.PROTECT, related_name="attachments")
    information_request = models.ForeignKey("InformationRequest", null=True, on_delete=models.PROTECT, related_name="+")
    file = models.FileField(upload_to=attachment_path, max_length=80)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    scan = models.CharField(max_length=10, choices=Scan, default=Scan.UNSCANNED)
    scanned_at = models.DateTimeField(null=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["added_at", "id"]

    def __str__(self) -> str:
        return self.name


class InformationRequest(TenantModel):
    """What a reviewer asked the office, in the reviewer's words, and the office's answer.

    `answer_by` is the last instant for it; a question that nobody answered by then ends (`expired_at`) and decides
    nothing. `again` says why something was asked a second time.
    """

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="information_requests")
    number = models.PositiveSmallIntegerField()
    question = models.TextField(max_length=2000)
    items = models.JSONField(default=list, help_text="[{criterion, level, ask}] that the policy misses")
    again = models.TextField(max_length=2000, blank=True)
    answer_by = models.DateTimeField()
    expired_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.TextField(max_length=2000, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    revision = models.ForeignKey("Revision", null=True, on_delete=models.PROTECT, related_name="answers")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="question_numbered_once"),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(answered_at__isnull=True, expired_at__isnull=True),
                name="one_open_question_per_case",
            ),
            models.CheckConstraint(condition=Q(answer_by__gt=F("asked_at")), name="question_leaves_time"),
            models.CheckConstraint(
                condition=Q(expired_at__isnull=True)
                | Q(expired_at__gte=F("answer_by"), answered_at__isnull=True, revision__isnull=True),
                name="only_an_unanswered_question_expires",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, revision__isnull=True)
                | Q(answered_at__gte=F("asked_at"), answered_by__isnull=False, revision__isnull=False),
                name="question_answer_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_by"],
                name="question_waits",
                condition=Q(answered_at__isnull=True, expired_at__isnull=True),
            )
        ]

    @property
    def is_open(self) -> bool:
        return self.answered_at is None and self.expired_at is None
