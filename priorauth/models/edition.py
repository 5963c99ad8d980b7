"""What the portal remembers of editions: the file under which each first decided, and what a replay found."""

from django.db import models

from priorauth.tenancy import TenantModel


class EditionUse(models.Model):
    """The digest that an edition's file had when the first request was scored under it. It never changes again."""

    policy = models.CharField(max_length=30)
    edition = models.CharField(max_length=20)
    sha256 = models.CharField("digest of the file", max_length=64)
    first_used_at = models.DateTimeField()

    class Meta:
        verbose_name = "edition"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["policy", "edition"], name="edition_first_used_once")]

    def __str__(self) -> str:
        return f"{self.policy} {self.edition}"


class Replay(models.Model):
    """One run of `manage.py replay`: the stored requests re-scored under another edition or reading. No case knows it.

    `matrix` counts requests: stored determination ("" where a request was never scored) -> new one (UNREADABLE where
    the stored document no longer parses) -> number. `differences` are the words of policies/differences.py, from
    the installed edition to the one replayed.
    """

    UNREADABLE = "unreadable"

    made_at = models.DateTimeField()
    policy = models.CharField(max_length=30)
    edition = models.CharField(max_length=20)
    edition_sha256 = models.CharField(max_length=64)
    switches = models.JSONField(default=dict, help_text="the readings that differ from the edition's defaults")
    since = models.DateField(null=True, help_text="first day of receipt")
    requests = models.PositiveIntegerField()
    changed = models.PositiveIntegerField(help_text="requests of which a line changed")
    matrix = models.JSONField()
    differences = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Replay {self.pk}"


class ReplayedCase(TenantModel):
    """What a replay made of one request. `lines` are those that changed, as policies/changes.py tells them."""

    office_sees = False

    replay = models.ForeignKey(Replay, on_delete=models.PROTECT, related_name="cases")
    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey("Revision", on_delete=models.PROTECT, related_name="+")
    old = models.CharField(max_length=30, blank=True)
    new = models.CharField(max_length=30)
    changed = models.BooleanField()
    lines = models.JSONField(default=list)
    fault = models.CharField(max_length=300, blank=True, help_text="why the document does not parse: path and message")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["replay", "case"], name="case_replayed_once")]
        indexes = [models.Index(fields=["replay", "old", "new", "id"], name="replay_by_number")]
