"""The audit trail and the job table: rows that belong to the portal, not to an office."""

from django.db import models
from django.db.models import Q


class AuditEvent(models.Model):
    """One link of a hash chain (DESIGN.md 3.5). Holds names and digests, never the values of patient data."""

    stream = models.CharField(max_length=60)
    sequence = models.PositiveIntegerField()
    at = models.CharField("time (UTC)", max_length=27)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=160)
    role = models.CharField(max_length=20)
    organization = models.CharField(max_length=120, blank=True)
    action = models.CharField(max_length=30)
    entities = models.JSONField(default=dict)
    fields = models.JSONField(default=list)
    change_digest = models.CharField(max_length=64, blank=True)
    case_version = models.PositiveIntegerField(null=True)
    request_id = models.CharField(max_length=32, blank=True)
    key_id = models.CharField(max_length=8)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "sequence"], name="audit_sequence_once")]
        indexes = [models.Index(fields=["at"], name="audit_by_time")]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.stream} no. {self.sequence}"


class Checkpoint(models.Model):
    """What the database knows of one line in the file of checkpoints, which is kept elsewhere: cutting the file, or
    setting the database back, leaves the two at odds."""

    number = models.PositiveBigIntegerField(primary_key=True)
    upto = models.BigIntegerField(help_text="the id of the last event that it covers")
    hash = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Checkpoint {self.number}"


class AuditCheck(models.Model):
    """What a check of the whole trail found. Whether the next one waits or runs stands in the job table."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    streams = models.PositiveBigIntegerField()
    events = models.PositiveBigIntegerField()
    checkpoints = models.PositiveBigIntegerField()
    fault_count = models.PositiveBigIntegerField()
    faults = models.JSONField(default=list, help_text="the first of them, in words that name stream and event")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Check of {self.events} events"


class Job(models.Model):
    """Work that must be done once: the truth behind the Celery message that only wakes a worker (invariant 4)."""

    class Kind(models.TextChoices):
        SCORE = "score", "Score a request"
        SCAN = "scan", "Scan a file for viruses"
        LOOK = "look", "Look at the pages of a file"
        VERIFY = "verify", "Check the audit trail"
        NOTIFY = "notify", "Send a notice by e-mail"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Needs a person"

    kind = models.CharField(max_length=20, choices=Kind)
    case = models.ForeignKey("Case", null=True, on_delete=models.CASCADE, related_name="jobs")
    dedupe_key = models.CharField(max_length=60, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    run_after = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "run_after", "id"], name="job_waiting", condition=Q(state="waiting")),
            models.Index(fields=["id"], name="job_failed", condition=Q(state="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_state_display()}"


class Heartbeat(models.Model):
    """When a kind of process last did something, so that one that hangs is noticed."""

    name = models.CharField(primary_key=True, max_length=20)
    at = models.DateTimeField()
