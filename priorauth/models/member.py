import datetime as dt

from django.db import models
from django.db.models.functions import Upper

from priorauth.tenancy import TenantModel


def age_on(birth_date: dt.date, day: dt.date) -> int:
    """Whole years on a day."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


class Member(TenantModel):
    """The insured person, as one office knows them. The plan verifies before it decides."""

    tenant_path = "office"
    sent_path = None

    office = models.ForeignKey("Organization", on_delete=models.PROTECT)
    member_id = models.CharField("member ID", max_length=20)
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    birth_date = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["office", "member_id", "birth_date", "first_name", "last_name"],
                name="member_once_per_office",
            )
        ]
        indexes = [
            models.Index(fields=["member_id", "birth_date"], name="member_of_any_office"),
            models.Index(Upper("member_id"), name="member_by_id"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def short_name(self) -> str:
        return f"{self.first_name[:1]}. {self.last_name}"


class Clinician(TenantModel):
    """The treating clinician, as one office knows them."""

    tenant_path = "office"
    sent_path = None

    office = models.ForeignKey("Organization", on_delete=models.PROTECT)
    npi = models.CharField("NPI", max_length=10)
    name = models.CharField(max_length=120)
    specialty = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["office", "npi", "name", "specialty", "phone"], name="clinician_once_per_office"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Facility(TenantModel):
    """Where the procedure is planned."""

    tenant_path = "office"
    sent_path = None

    office = models.ForeignKey("Organization", on_delete=models.PROTECT)
    npi = models.CharField("NPI", max_length=10)
    name = models.CharField(max_length=120)

    class Meta:
        verbose_name_plural = "facilities"
        constraints = [models.UniqueConstraint(fields=["office", "npi", "name"], name="facility_once_per_office")]

    def __str__(self) -> str:
        return self.name
