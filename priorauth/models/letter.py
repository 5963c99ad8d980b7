"""Letters as they were issued, and the plan's own texts in them. Both are written once."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from priorauth.statuses import Status
from priorauth.tenancy import TenantModel

TEXTS: Final = (
    "letterhead", "contact", "appeal", "fast_appeal", "outside_review", "other_care", "clinician_review",
    "policy_copy", "language_help",
)  # fmt: skip


def _text(label: str, help_text: str) -> models.TextField:
    return models.TextField(label, max_length=2000, help_text=help_text)


class LetterText(models.Model):
    """One version of what the plan itself says in its letters. A new version never changes a letter that was issued.

    Version 1 comes with the portal (priorauth/letters/first-texts.yaml), kept by nobody: the plan has yet to confirm
    it.
    """

    version = models.PositiveIntegerField(unique=True, editable=False)
    letterhead = _text("Letterhead", "Name and address of the plan, a line each. It stands at the top.")
    contact = _text("How to reach the plan", "Telephone, hours and address, for questions about the letter.")
    appeal = _text("How to ask the plan to look again", "In letters that do not approve all of a request.")
    appeal_days = models.PositiveSmallIntegerField(
        "Days to ask the plan to look again",
        help_text="Calendar days from the date of the letter; it names the day.",
    )
    fast_appeal = _text("How to get a faster answer", "For when waiting could harm the member's health.")
    other_care = _text("Other care that the plan covers", "In letters that do not approve all of a request.")
    outside_review = _text("Review by people outside the plan", "Who does it, and how to ask for it.")
    clinician_review = _text("How the clinician can talk to the plan", "Stands in the part for the clinician.")
    policy_copy = _text("How to get the rule, free of charge", "Whom to ask for a copy of the whole policy.")
    language_help = _text("Help with language and reading", "Free help in other languages, large print, relay calls.")
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    kept_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-version"]
        verbose_name = "letter text"
        constraints = [
            models.CheckConstraint(
                condition=Q(*(Q(**{f"{name}__regex": r"\S"}) for name in TEXTS), appeal_days__gte=1),
                name="letter_texts_are_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(kept_by__isnull=True, kept_at__isnull=True, version=1)
                | Q(kept_by__isnull=False, kept_at__isnull=False),
                name="letter_texts_have_an_author",
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.version}"


ACTS: Final = ("decision", "information_request", "clock_change")
DECISIONS: Final = (Status.APPROVED.value, Status.PARTLY_APPROVED.value, Status.NOT_APPROVED.value)
OF_THE_CLOCK: Final = ("extension", "clock_stopped", "standard_time")


def _tells_of(act: str) -> Q:
    """The letter belongs to this one of ACTS, and to no other."""
    return Q(**{f"{name}__isnull": name != act for name in ACTS})


class Letter(TenantModel):
    """A letter that was issued by an act, with the content from which it is shown and printed (priorauth/letters).

    `number` counts the letters of a case. It belongs to the decision, the question or the change of the clock that it
    tells of.
    """

    payer_sees = True

    class Kind(models.TextChoices):
        APPROVED = Status.APPROVED.value, "Approved"
        PARTLY_APPROVED = Status.PARTLY_APPROVED.value, "Partly approved"
        NOT_APPROVED = Status.NOT_APPROVED.value, "Not approved"
        INFORMATION_NEEDED = Status.INFORMATION_NEEDED.value, "Information needed"
        EXTENSION = "extension", "More time"
        CLOCK_STOPPED = "clock_stopped", "Time stands still"
        STANDARD_TIME = "standard_time", "Standard instead of expedited"

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="letters")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    decision = models.OneToOneField("Decision", null=True, on_delete=models.PROTECT)
    information_request = models.OneToOneField("InformationRequest", null=True, on_delete=models.PROTECT)
    clock_change = models.OneToOneField("ClockChange", null=True, on_delete=models.PROTECT)
    texts = models.ForeignKey(LetterText, on_delete=models.PROTECT, related_name="+")
    content = models.JSONField()
    sha256 = models.CharField(max_length=64, help_text="of the content")
    issued_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="letter_numbered_once"),
            models.CheckConstraint(
                condition=Q(kind__in=DECISIONS) & _tells_of("decision")
                | Q(kind=Status.INFORMATION_NEEDED) & _tells_of("information_request")
                | Q(kind__in=OF_THE_CLOCK) & _tells_of("clock_change"),
                name="letter_tells_of_one_act",
            ),
        ]
        indexes = [models.Index(fields=["issued_at", "id"], name="letter_by_time")]

    def __str__(self) -> str:
        return f"Letter {self.number}: {self.get_kind_display()}"
