"""What a reviewer says of one criterion, beside what was computed. Written once; a later mark stands beside it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from priorauth.roles import REVIEWER_ROLES
from priorauth.tenancy import TenantModel

CERTAINTY = "pain_source_certain"  # "a high degree of certainty": a person's judgement, always with a reason
TWENTY_CHARACTERS = r"\S.{18,}\S"  # no blanks at the ends; what can be seen is counted before (services/base.py)


class Judgement(TenantModel):
    """One person's mark of one criterion at one level, made on one revision: a new revision needs new marks, and so
    does a round (services/judge.py).

    The latest of a person for a revision, level and criterion counts. `computed` is the state as it was scored then.
    The office does not see it.
    """

    office_sees = False

    class Verdict(models.TextChoices):
        MET = "met", "Met"
        NOT_MET = "not_met", "Not met"
        UNKNOWN = "unknown", "Needs more"

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="judgements")
    revision = models.ForeignKey("Revision", on_delete=models.PROTECT, related_name="judgements")
    level = models.CharField(max_length=10)
    criterion = models.CharField(max_length=40)
    computed = models.CharField(max_length=10, choices=Verdict)
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.TextField(max_length=2000, blank=True)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    judged_role = models.CharField(max_length=20, choices=[(r.value, r.label) for r in sorted(REVIEWER_ROLES)])
    judged_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(criterion=CERTAINTY) & Q(verdict=F("computed")) | Q(reason__regex=TWENTY_CHARACTERS),
                name="judgement_has_its_reason",
            ),
            models.CheckConstraint(condition=Q(judged_role__in=sorted(REVIEWER_ROLES)), name="judged_by_a_reviewer"),
            models.CheckConstraint(
                condition=Q(verdict__in=["met", "not_met", "unknown"], computed__in=["met", "not_met", "unknown"]),
                name="judgement_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level}, {self.criterion}: {self.get_verdict_display()}"
