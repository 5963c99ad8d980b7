"""Ways in that are not a person's session: keys for programs, invitations for people, and the brake on guessing."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from priorauth.roles import Role


class ApiKey(models.Model):
    """A program's key to the API, for one organization. Only its digest is kept; it is shown once, when it is made.

    The program acts as `account`, a user nobody can sign in as; that user's membership names organization and role.
    """

    class Scope(models.TextChoices):
        REQUESTS_READ = "requests:read", "Read the office's requests"
        REQUESTS_WRITE = "requests:write", "Send requests and answer questions"
        DECISIONS_READ = "decisions:read", "Read the plan's decisions"

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="api_key_expires_later"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="api_key_revocation_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class IdempotencyKey(models.Model):
    """One answered POST of an organization's program: the same key with the same body gets the same answer again.

    `answer` is the receipt as JSON text: references, numbers and times, never patient data. The row comes first in
    the transaction of the act, so a row that others can see has its answer.
    """

    organization = models.ForeignKey("Organization", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    route = models.CharField(max_length=60)
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]


class Invitation(models.Model):
    """A link that works once, and not for long: with it one person makes an account in one organization and role.

    Where `user` is set, that person is registered already and the link lets them choose a new password. Only a digest
    of the link's token is kept. `created_by` is None for a link made at the command line.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    email = models.EmailField("work e-mail address")
    organization = models.ForeignKey("Organization", on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=20, choices=[choice for choice in Role.choices if choice[0] != Role.SYSTEM])
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_open_invitation_per_address",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_acceptance_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}, {self.get_role_display()} at {self.organization}"


class SignInBrake(models.Model):
    """How often signing in failed lately for one account, address or browser, and until when the next try waits.

    `subject` is a keyed digest: neither the name that was typed nor the address can be read from the row.
    """

    subject = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    last_failure_at = models.DateTimeField()
    waits_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["last_failure_at"], name="brake_by_age")]
