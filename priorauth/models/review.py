"""What the portal and the reviewers add: assessments and decisions. Both are written once."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from priorauth.roles import REVIEWER_ROLES, Role
from priorauth.statuses import Status
from priorauth.tenancy import TenantModel


class Assessment(TenantModel):
    """One scoring of one revision under one edition: the result of `assess` and its words, bit for bit."""

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="assessments")
    revision = models.ForeignKey("Revision", on_delete=models.PROTECT, related_name="assessments")
    policy = models.CharField(max_length=30)
    edition = models.CharField(max_length=20)
    edition_sha256 = models.CharField(max_length=64)
    result = models.JSONField()
    explanation = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "edition_sha256"], name="revision_scored_once_per_edition")
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.edition}, revision {self.revision_id}"


class Escalation(TenantModel):
    """A nurse's question to a physician. The office does not see it."""

    office_sees = False

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="escalations")
    question = models.TextField(max_length=2000)
    escalated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    escalated_at = models.DateTimeField()

    class Meta:
        ordering = ["escalated_at", "id"]


class ReasonCode(models.TextChoices):
    """Our own reason codes for a determination that does not approve."""

    TREATMENT = "N01", "N01 Fewer than 6 weeks of treatment, and neither hospital nor walking condition"
    CAUSE = "N02", "N02 Cause is not osteoporosis, myeloma or metastasis"
    SACRAL = "N03", "N03 Sacral level or sacroplasty"
    PREVENTIVE = "N04", "N04 Preventive, or a healed fracture"
    NOT_TIED = "N05", "N05 Exam and imaging do not tie the pain to the level"
    NOT_RECEIVED = "N06", "N06 Requested facts were not received"
    ADMINISTRATIVE = "N07", "N07 Administrative: not a member, or a duplicate"


class Decision(TenantModel):
    """What a person decided, under which assessment, in which round. The database refuses a denial by anyone but a
    physician with a credential, a reason code and reasons in words (invariant 2)."""

    class Outcome(models.TextChoices):
        APPROVED = Status.APPROVED.value, Status.APPROVED.label
        PARTLY_APPROVED = Status.PARTLY_APPROVED.value, Status.PARTLY_APPROVED.label
        NOT_APPROVED = Status.NOT_APPROVED.value, Status.NOT_APPROVED.label
        CLOSED = Status.CLOSED.value, Status.CLOSED.label

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    revision = models.ForeignKey("Revision", on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey("Assessment", null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_role = models.CharField(max_length=20, choices=[(r.value, r.label) for r in sorted(REVIEWER_ROLES)])
    credential = models.ForeignKey("Credential", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    against_computed = models.BooleanField(default=False)
    reason_code = models.CharField(max_length=3, choices=ReasonCode, blank=True)
    reason_for_member = models.TextField(max_length=2000, blank=True)
    reason_for_clinician = models.TextField(max_length=2000, blank=True)
    authorization_number = models.CharField(max_length=17, blank=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "round"], name="one_decision_per_case_and_round"),
            models.CheckConstraint(
                condition=Q(outcome__in=[Status.APPROVED, Status.CLOSED])
                | Q(decided_role=Role.PHYSICIAN, credential__isnull=False)
                & ~Q(reason_code="")
                & Q(reason_for_member__regex=r"\S")
                & Q(reason_for_clinician__regex=r"\S"),
                name="denial_needs_a_physician_and_reasons",
            ),
            models.CheckConstraint(condition=Q(decided_role__in=sorted(REVIEWER_ROLES)), name="decided_by_a_person"),
            models.CheckConstraint(
                condition=~Q(outcome__in=[Status.APPROVED, Status.PARTLY_APPROVED])
                | Q(valid_from__isnull=False, valid_to__gte=models.F("valid_from")) & ~Q(authorization_number=""),
                name="approval_has_number_and_validity",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Status.CLOSED) | Q(reason_for_clinician__regex=r"\S"),
                name="closing_has_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["decided_at", "id"], name="decision_by_time")]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, round {self.round}"


class DecisionLine(TenantModel):
    """One procedure line of a decision: the row that the payer exports."""

    tenant_path = "decision__case__office"
    sent_path = "decision__case__received_at"

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=7)
    levels = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=20, choices=Decision.Outcome)
    determination = models.CharField(max_length=30, blank=True)
    pathways = models.CharField(max_length=10, blank=True)
    score = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "number"], name="decision_line_once"),
            models.CheckConstraint(condition=~Q(outcome=Status.PARTLY_APPROVED), name="a_line_is_whole"),
        ]
