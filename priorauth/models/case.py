import secrets
import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from priorauth.statuses import DECIDED, OPEN, Status, Urgency
from priorauth.tenancy import TenantModel

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
OPEN_AND_SENT = Q(status__in=sorted(OPEN), received_at__isnull=False)
DECIDED_AND_SENT = Q(status__in=sorted(DECIDED), received_at__isnull=False)
FILTERED = ["product", "office", "determination", "paths", "missing", "edition"]  # what every view can be narrowed by

BY_SCORE = (F("score").desc(nulls_last=True), F("id").desc())  # backwards: what was not scored first, then the lowest


def new_reference() -> str:
    """`PA-` and twelve random Crockford base-32 characters (60 bits) in groups of four."""
    letters = "".join(secrets.choice(CROCKFORD) for _ in range(12))
    return f"PA-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


class Case(TenantModel):
    """One prior-authorization request through its whole life. Only `services` write it; `version` counts the acts."""

    tenant_path = "office"
    sent_path = "received_at"

    reference = models.CharField(max_length=17, unique=True, default=new_reference, editable=False)
    office = models.ForeignKey("Organization", on_delete=models.PROTECT)
    started_with = models.UUIDField(default=uuid.uuid4, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1)
    round = models.PositiveSmallIntegerField(default=1)

    # Known once the request was sent; the latest revision's facts stay the truth.
    member = models.ForeignKey("Member", null=True, on_delete=models.PROTECT)
    clinician = models.ForeignKey("Clinician", null=True, on_delete=models.PROTECT)
    facility = models.ForeignKey("Facility", null=True, on_delete=models.PROTECT)
    urgency = models.CharField(max_length=10, choices=Urgency, default=Urgency.STANDARD)
    product = models.CharField(max_length=20, blank=True)
    setting = models.CharField(max_length=30, blank=True)
    levels = models.CharField(max_length=120, blank=True)
    codes = models.CharField(max_length=120, blank=True)
    received_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    regime = models.CharField(max_length=30, blank=True)
    rule_from = models.DateField(null=True)  # the day from which the regime's rule that set the clock was in force
    determination = models.CharField(max_length=30, blank=True)
    score = models.PositiveSmallIntegerField(null=True)
    paths = ArrayField(models.CharField(max_length=20), default=list, help_text="met, or the closest of each level")
    missing = ArrayField(models.CharField(max_length=60), default=list, help_text="criteria, each once")
    edition = models.CharField(max_length=51, blank=True, help_text="policy and edition of the score")

    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="claimed_cases"
    )
    claimed_until = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True, help_text="an answer came that no reviewer has claimed since")
    message_waits = models.BooleanField(default=False, help_text="the last message is the office's")
    decided_at = models.DateTimeField(null=True)
    withdrawal_reason = models.TextField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "started_with"], name="case_started_once"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="case_status_known"),
            models.CheckConstraint(
                condition=Q(received_at__isnull=False, due_at__isnull=False, member__isnull=False) & ~Q(regime="")
                | Q(received_at__isnull=True, due_at__isnull=True, status__in=[Status.DRAFT, Status.WITHDRAWN]),
                name="case_sent_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True, claimed_until__isnull=True)
                | Q(claimed_by__isnull=False, claimed_until__isnull=False),
                name="case_claim_is_whole",
            ),
        ]
        # Whoever reads for the plan asks for `received_at IS NOT NULL` too: with that in the condition, the keys and
        # the count of a list come out of the index alone (decision 33).
        indexes = [
            models.Index(
                fields=["status", "urgency", "due_at", "id"],
                include=["claimed_by", "claimed_until", *FILTERED],
                name="case_work",
                condition=OPEN_AND_SENT,
            ),
            models.Index(
                fields=["urgency", "due_at", "id"],
                include=["status", "claimed_by", "claimed_until", *FILTERED],
                name="case_open",
                condition=OPEN_AND_SENT,
            ),
            models.Index(
                fields=["urgency", "due_at", "id"],
                name="case_message_waits",
                condition=OPEN_AND_SENT & Q(message_waits=True),
            ),
            models.Index(
                fields=["urgency", "due_at", "id"],
                name="case_arrived",
                condition=Q(status=Status.IN_REVIEW, received_at__isnull=False, arrived_at__isnull=False),
            ),
            models.Index(fields=["due_at", "id"], name="case_open_due", condition=OPEN_AND_SENT),
            models.Index(fields=["received_at", "id"], name="case_open_received", condition=OPEN_AND_SENT),
            models.Index(*BY_SCORE, name="case_open_score", condition=OPEN_AND_SENT),
            models.Index(fields=["received_at", "id"], name="case_decided_received", condition=DECIDED_AND_SENT),
            models.Index(*BY_SCORE, name="case_decided_score", condition=DECIDED_AND_SENT),
            models.Index(
                fields=["claimed_by", "claimed_until"],
                name="case_claims",
                condition=Q(claimed_by__isnull=False, received_at__isnull=False),
            ),
            models.Index(
                fields=["-decided_at", "-id"],
                include=["status", "urgency", *FILTERED],
                name="case_decided",
                condition=DECIDED_AND_SENT,
            ),
            models.Index(fields=["-received_at", "-id"], name="case_received", condition=Q(received_at__isnull=False)),
            models.Index(fields=["office", "-updated_at", "-id"], name="case_office_list"),
        ]

    def __str__(self) -> str:
        return self.reference
