"""What is kept so that nobody types it twice: the plan's members, and each office's own clinicians and facilities.

What a request names are rows of their own (member.py), which never change: an entry here may be corrected or retired
at any time, and says nothing about what was sent.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from policies.vocabulary import PRODUCTS
from priorauth.tenancy import TenantModel


class PlanMember(models.Model):
    """An insured person, as the plan's member file has them. Several people can share ID and date of birth: twins.

    An office learns of one only by giving both exactly (services/members.py, which alone reads these rows).
    """

    member_id = models.CharField("member ID", max_length=20)
    birth_date = models.DateField()
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    product = models.CharField(max_length=20, choices=list(PRODUCTS.items()))
    covered_from = models.DateField()
    covered_to = models.DateField(null=True, help_text="the last covered day; none while the coverage is open")

    class Meta:
        constraints = [
            models.UniqueConstraint(F("member_id"), F("birth_date"), Lower("first_name"), name="plan_member_once"),
            models.CheckConstraint(
                condition=Q(covered_to__isnull=True) | Q(covered_to__gte=F("covered_from")),
                name="plan_member_coverage_ends_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"


class MemberFileLine(models.Model):
    """A line of the member file while it is read in; no row outlives the transaction that made it."""

    line = models.PositiveBigIntegerField()
    member_id = models.CharField(max_length=20)
    birth_date = models.DateField()
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    product = models.CharField(max_length=20)
    covered_from = models.DateField()
    covered_to = models.DateField(null=True)

    class Meta:
        default_permissions = ()


class MemberLookup(TenantModel):
    """That a draft may be told who has the member ID and date of birth typed in it: it asked once, and was counted.

    `asked` is a keyed digest of the two.
    """

    sent_path = None

    case = models.OneToOneField("Case", on_delete=models.CASCADE, related_name="member_lookup")
    asked = models.CharField(max_length=64)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()


class OfficeEntry(TenantModel):
    """Somebody or some place that an office names often. Retired, it is no longer offered."""

    tenant_path = "office"
    sent_path = None

    office = models.ForeignKey("Organization", on_delete=models.PROTECT)
    npi = models.CharField("NPI", max_length=10)
    name = models.CharField(max_length=120)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.name}, NPI {self.npi}"


class OfficeClinician(OfficeEntry):
    specialty = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=40, blank=True)

    class Meta(OfficeEntry.Meta):
        verbose_name = "clinician"
        constraints = [models.UniqueConstraint(fields=["office", "npi"], name="office_clinician_once")]


class OfficeFacility(OfficeEntry):
    class Meta(OfficeEntry.Meta):
        verbose_name = "facility"
        constraints = [models.UniqueConstraint(fields=["office", "npi", "name"], name="office_facility_once")]
