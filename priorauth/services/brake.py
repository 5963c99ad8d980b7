"""The brake on guessing passwords: it delays, and never locks anybody out (RELIABILITY.md T11, decision 12).

Tries are counted per subject: an account, an address, a browser. After a few that failed, each further one makes the
next wait, longer every time. A try during the wait is refused before its password is read, and is not counted, so that
who keeps on trying makes nobody wait longer. For every ten minutes in which none fails, one is forgotten: an office
whose people mistype now and then does not wait, and who guesses on gets 144 tries a day.
"""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Max
from django.utils.crypto import salted_hmac

from priorauth.models import SignInBrake
from priorauth.services.errors import Refused

FREE_TRIES = 5
FIRST_WAIT = dt.timedelta(seconds=30)
LONGEST_WAIT = dt.timedelta(minutes=10)
ONE_IS_FORGOTTEN = LONGEST_WAIT
KEPT = dt.timedelta(days=1)
SWEPT_AT_ONCE = 1000


class Braked(Refused):
    """This try was not read. The next one is, at `until`."""

    def __init__(self, until: dt.datetime) -> None:
        super().__init__("Too many tries: wait before the next one.")
        self.until = until


def subject(kind: str, name: str) -> str:
    """Under which key tries are counted: neither a typed name nor an address can be read from it."""
    return salted_hmac("priorauth.brake", f"{kind}:{name}", algorithm="sha256").hexdigest()


def wait_after(failures: int) -> dt.timedelta:
    """How long the next try waits: none for the first ones, then 30 s, doubled each time, 10 minutes at most."""
    if failures < FREE_TRIES:
        return dt.timedelta(0)
    return min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - FREE_TRIES, 10))


def count(subjects: Sequence[str], at: dt.datetime) -> dt.datetime | None:
    """Count one try against every subject, as failed until `forgive` is called. Call it before the password is read.

    Returns until when the next try waits (None: not at all). Raises Braked where this one must wait; then nothing was
    counted. The rows are locked in one order, so that tries at the same moment are counted one by one.
    """
    if until := _waits_until(subjects, at):
        raise Braked(until)
    with transaction.atomic():
        fresh = [SignInBrake(subject=one, failures=0, last_failure_at=at) for one in sorted(subjects)]
        SignInBrake.objects.bulk_create(fresh, ignore_conflicts=True)
        rows = list(SignInBrake.objects.select_for_update().filter(subject__in=subjects).order_by("subject"))
        if until := _waits_until(subjects, at):
            raise Braked(until)
        for row in rows:
            forgotten = (at - row.last_failure_at) // ONE_IS_FORGOTTEN
            row.failures = max(0, row.failures - forgotten) + 1
            row.last_failure_at = at
            wait = wait_after(row.failures)
            row.waits_until = at + wait if wait else None
            row.save()
    return max((row.waits_until for row in rows if row.waits_until), default=None)


def forgive(own: str, shared: Sequence[str] = ()) -> None:
    """Take back the try that was counted and did match: `own` starts afresh, `shared` is as it was before it."""
    SignInBrake.objects.filter(subject=own).delete()
    take_back(shared)


def take_back(subjects: Sequence[str]) -> None:
    """Make the try that was counted last as if it had not been: what failed before it still counts."""
    rows = SignInBrake.objects.filter(subject__in=subjects, failures__gt=0)
    rows.update(failures=F("failures") - 1, waits_until=None)


def sweep(at: dt.datetime) -> None:
    """Delete rows that no longer count. Those that somebody works on are left for the next time."""
    with transaction.atomic():
        old = SignInBrake.objects.filter(last_failure_at__lte=at - KEPT)
        keys = [*old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:SWEPT_AT_ONCE]]
        SignInBrake.objects.filter(pk__in=keys).delete()


def _waits_until(subjects: Sequence[str], at: dt.datetime) -> dt.datetime | None:
    waiting = SignInBrake.objects.filter(subject__in=subjects, waits_until__gt=at)
    return waiting.aggregate(until=Max("waits_until"))["until"]
