"""What the portal and the reviewers add: assessments and decisions. Both are written once."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.fields.array import ArrayOverlap
from django.db import models
from django.db.models import Q

from policies.places import put
from priorauth.fact_words import otherwise
from priorauth.models.judgement import TWENTY_CHARACTERS
from priorauth.models.reading import Reading, counting
from priorauth.roles import REVIEWER_ROLES, Role
from priorauth.statuses import Status
from priorauth.tenancy import TenantModel


class Assessment(TenantModel):
    """One scoring of one revision under one edition: the result of `assess` and its words, bit for bit.

    `last_reading` is the last of the revision's readings that it knows (None: of the facts as sent).
    """

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="assessments")
    revision = models.ForeignKey("Revision", on_delete=models.PROTECT, related_name="assessments")
    policy = models.CharField(max_length=30)
    edition = models.CharField(max_length=20)
    edition_sha256 = models.CharField(max_length=64)
    result = models.JSONField()
    explanation = models.JSONField()
    created_at = models.DateTimeField()
    last_reading = models.ForeignKey("Reading", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "edition_sha256", "last_reading"],
                nulls_distinct=False,
                name="revision_scored_once_per_edition",
            )
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.edition}, revision {self.revision_id}"

    @cached_property
    def counted(self) -> dict[str, Reading]:
        """The readings whose value was taken instead of the one that was sent, by path."""
        if self.last_reading_id is None:
            return {}
        return counting(self.revision.readings.filter(pk__lte=self.last_reading_id).select_related("read_by"))

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The facts v1 that were scored: as sent, but for the values of `counted`."""
        return put(self.revision.facts, {path: reading.value for path, reading in self.counted.items()})

    @property
    def otherwise(self) -> list[str]:
        """The values of `counted` in words, each with the one that was sent."""
        read = {path: reading.value for path, reading in self.counted.items()}
        return otherwise(self.revision.facts, read) if read else []

    def stories(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(level, criterion) -> its words in the explanation (policies/explain.py), of the closest pathway first, and
        its `number`: its place in that pathway, like A3."""
        levels = [level for line in self.explanation["lines"] for level in line["levels"]]
        ways = [(level, way) for level in levels for way in level["pathways"]]
        ways.sort(key=lambda pair: pair[1]["pathway"] == pair[0].get("closest"))
        return {
            (level["level"], one["criterion"]): one | {"number": f"{way['pathway']}{place}"}
            for level, way in ways
            for place, one in enumerate(way["criteria"], start=1)
        }


class Escalation(TenantModel):
    """A nurse's question to a physician, with what the nurse would do. The office does not see it.

    A physician is shown `recommendation` and `because` once they marked the criteria (services/recommendation.py).
    """

    class Recommendation(models.TextChoices):
        APPROVE = "approve", "Approve"
        NOT_APPROVE = "not_approve", "Not approve"
        ASK = "ask", "Ask for more"

    office_sees = False

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="escalations")
    question = models.TextField(max_length=2000)
    recommendation = models.CharField(max_length=12, choices=Recommendation)
    because = models.TextField(max_length=2000, blank=True)
    escalated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    escalated_at = models.DateTimeField()

    class Meta:
        ordering = ["escalated_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(recommendation__in=["approve", "not_approve", "ask"]), name="escalation_recommends"
            )
        ]


class Reopening(TenantModel):
    """A lead opened a decided case again: `round` is the one that began. The former decision stays."""

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="reopenings")
    round = models.PositiveSmallIntegerField()
    reason = models.TextField(max_length=2000)
    reopened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reopened_role = models.CharField(max_length=20)
    reopened_at = models.DateTimeField()

    class Meta:
        ordering = ["round"]
        constraints = [
            models.UniqueConstraint(fields=["case", "round"], name="reopened_once_per_round"),
            models.CheckConstraint(
                condition=Q(round__gte=2, reopened_role=Role.LEAD, reason__regex=TWENTY_CHARACTERS),
                name="a_lead_reopens_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Reopened, round {self.round}"


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
    physician with a credential, reason codes and reasons in words (invariant 2).

    `relied_on` has the criteria that it names, [{level, criterion}]. `turned_by_reading`: by what a reviewer read in
    the record another result was computed than of what was sent. `clock_from` and `due_at` are the clock that ran when
    it was made: from the first receipt, or from the reopening of its round.
    """

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
    turned_by_reading = models.BooleanField(default=False)
    clock_from = models.DateTimeField()
    due_at = models.DateTimeField()
    reason_codes = ArrayField(models.CharField(max_length=3, choices=ReasonCode), default=list)
    relied_on = models.JSONField(default=list)
    reason_for_member = models.TextField(max_length=2000, blank=True)
    reason_for_clinician = models.TextField(max_length=2000, blank=True)
    what_would_change = models.TextField(max_length=2000, blank=True)
    authorization_number = models.CharField(max_length=17, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "round"], name="one_decision_per_case_and_round"),
            models.CheckConstraint(
                condition=Q(outcome__in=[Status.APPROVED, Status.CLOSED])
                | Q(decided_role=Role.PHYSICIAN, credential__isnull=False)
                & Q(reason_codes__len__gte=1, reason_codes__contained_by=ReasonCode.values)
                & Q(reason_for_member__regex=TWENTY_CHARACTERS)
                & Q(reason_for_clinician__regex=TWENTY_CHARACTERS)
                & Q(what_would_change__regex=TWENTY_CHARACTERS),
                name="denial_needs_a_physician_and_reasons",
            ),
            models.CheckConstraint(condition=Q(decided_role__in=sorted(REVIEWER_ROLES)), name="decided_by_a_person"),
            models.CheckConstraint(
                condition=~Q(outcome__in=[Status.APPROVED, Status.PARTLY_APPROVED]) | ~Q(authorization_number=""),
                name="approval_has_a_number",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Status.APPROVED, against_computed=True)
                | Q(decided_role=Role.PHYSICIAN, reason_for_clinician__regex=TWENTY_CHARACTERS),
                name="override_needs_a_physician_and_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Status.CLOSED) | Q(reason_for_clinician__regex=r"\S"),
                name="closing_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["decided_at", "id"], name="decision_by_time"),
            models.Index(
                fields=["-decided_at", "-id"],
                condition=Q(against_computed=True),
                name="decision_against_computed",
            ),
            models.Index(
                fields=["-decided_at", "-id"],
                condition=Q(turned_by_reading=True),
                name="decision_turned_by_reading",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, round {self.round}"

    @property
    def reasons(self) -> list[str]:
        """The reason codes with their words."""
        return [ReasonCode(code).label for code in self.reason_codes]

    @property
    def cited(self) -> list[str]:
        """The criteria that it relies on, in words."""
        stories = self.assessment.stories() if self.assessment and self.relied_on else {}
        keys = [(one["level"], one["criterion"]) for one in self.relied_on]
        return [criterion_words(key, stories) for key in keys]


def criterion_words(key: tuple[str, str], stories: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """A criterion at a level with its number: `L1, A3: At least 6 weeks of ...`; of what was not scored, its name."""
    if key not in stories:
        return f"{key[0]}: {key[1]}"
    return f"{key[0]}, {stories[key]['number']}: {stories[key]['label']}"


def _named(column: str) -> models.Func:
    """The levels that a column names, as an array."""
    return models.Func(
        models.F(column),
        models.Value(", "),
        function="string_to_array",
        output_field=ArrayField(models.TextField()),
    )


class DecisionLine(TenantModel):
    """One procedure line of a decision: the row that the payer exports.

    An approved line says from when to when, and how many units (None: the request names no number). Its `levels` are
    those that are approved; what was asked for besides stands in `levels_not_approved`. Of any other line `levels` has
    all that was asked for.
    """

    tenant_path = "decision__case__office"
    sent_path = "decision__case__received_at"

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=7)
    levels = models.CharField(max_length=120, blank=True)
    levels_not_approved = models.CharField(max_length=120, blank=True, default="")
    outcome = models.CharField(max_length=20, choices=Decision.Outcome)
    units = models.PositiveSmallIntegerField(null=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    determination = models.CharField(max_length=30, blank=True)
    pathways = models.CharField(max_length=10, blank=True)
    score = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "number"], name="decision_line_once"),
            models.CheckConstraint(condition=~Q(outcome=Status.PARTLY_APPROVED), name="a_line_is_whole"),
            models.CheckConstraint(
                condition=Q(outcome=Status.APPROVED, valid_from__isnull=False, valid_to__gte=models.F("valid_from"))
                | ~Q(outcome=Status.APPROVED) & Q(valid_from__isnull=True, valid_to__isnull=True),
                name="an_approved_line_says_when",
            ),
            models.CheckConstraint(condition=Q(units__isnull=True) | Q(units__gte=1), name="units_are_counted"),
            models.CheckConstraint(
                condition=Q(levels_not_approved="") | Q(outcome=Status.APPROVED) & ~Q(levels=""),
                name="a_line_without_some_levels_has_others",
            ),
            models.CheckConstraint(
                condition=~ArrayOverlap(_named("levels"), _named("levels_not_approved")),
                name="no_level_is_both_approved_and_not",
            ),
        ]
