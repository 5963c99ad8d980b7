"""What passes between office and plan about a sent request, and who has looked at it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from priorauth.tenancy import TenantModel


class Message(TenantModel):
    """What one side wrote to the other about a request. Never changed afterwards."""

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="messages")
    from_office = models.BooleanField()
    text = models.TextField(max_length=2000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(text__regex=r"\S"), name="message_says_something")]

    def __str__(self) -> str:
        return f"Message {self.pk}"


class ItemAnswer(TenantModel):
    """One item of a question, as it was answered: by whom, and whether the office has it. Never changed afterwards.

    `item` is the item's place in the question. `words` are the office's own; where it does not have what was asked
    they are the reason.
    """

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="item_answers")
    information_request = models.ForeignKey("InformationRequest", on_delete=models.PROTECT, related_name="item_answers")
    item = models.PositiveSmallIntegerField()
    not_held = models.BooleanField()
    words = models.TextField(max_length=500, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["item"]
        constraints = [
            models.UniqueConstraint(fields=["information_request", "item"], name="item_answered_once"),
            models.CheckConstraint(condition=Q(not_held=False) | Q(words__regex=r"\S"), name="not_held_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"Answer to item {self.item + 1}"


class AnswerDraft(TenantModel):
    """An answer that the office prepares, by one or several people; gone once it is sent.

    `changes` are the form's fields that differ from what was sent last: field name -> list of texts. `items` has for
    each answered item, by its place, {not_held, words, by, at}.
    """

    tenant_path = "information_request__case__office"
    sent_path = None

    information_request = models.OneToOneField("InformationRequest", on_delete=models.CASCADE, related_name="draft")
    changes = models.JSONField(default=dict)
    items = models.JSONField(default=dict)
    note = models.TextField(max_length=2000, blank=True)
    version = models.PositiveIntegerField(default=1)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()


class Opening(TenantModel):
    """That a reviewer opened a case: when first, when last, up to which revision, and up to which before that.

    The office is told the times, not the names.
    """

    office_sees = False

    case = models.ForeignKey("Case", on_delete=models.CASCADE, related_name="openings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    revision = models.PositiveSmallIntegerField()
    revision_before = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "user"], name="opening_once_per_person"),
            models.CheckConstraint(condition=Q(last_at__gte=F("first_at")), name="opened_last_after_first"),
        ]
