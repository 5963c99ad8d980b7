"""Looking for pages of report files that show nothing: one job a file (decision 45).

The program that looks runs with no transaction open; the verdict is written in a short one. One worker looks at a time,
at one file before it makes room: a heap of long files keeps nobody from scoring.
"""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404

from priorauth import audit, downloads, jobs
from priorauth.alone import Clock, alone
from priorauth.models import Attachment, Case, Job, PageCheck
from priorauth.page_images import seen
from priorauth.page_images.seen import NotSeen, Seen
from priorauth.roles import SYSTEM
from priorauth.statuses import OPEN, Status

ALONE = 484_045  # the advisory lock of the one worker that looks
GONE = "The file's bytes are gone"
LOST = "The worker ended in the middle of each try"
LOOKED = "look_pages"  # the action of the event


def enqueue(attachment: Attachment, at: dt.datetime) -> None:
    """Have a file looked at that may be opened, in the transaction that says so; once."""
    jobs.enqueue_each(Job.Kind.LOOK, attachment.case, [f"look:{attachment.pk}"], at)


def enqueue_missed(at: dt.datetime) -> int:
    """Have the files of undecided requests looked at that nobody looked at and no job waits for: those from before
    pages were looked at, and those whose looks all failed. Returns how many."""
    files = _unseen().filter(case__status__in=[Status.DRAFT, *OPEN], scan__in=_openable())
    return jobs.enqueue_files(Job.Kind.LOOK, files, at)


def run(clock: Clock) -> int:
    """Look at the file that has been due longest, and ask to be sent again. Returns 1, or 0 where there was none, or
    where another worker looks."""
    with alone(ALONE) as mine:
        looked = mine and _run_next(clock)
    if looked:
        jobs.wake(Job.Kind.LOOK)
    return int(looked)


def _run_next(clock: Clock) -> bool:
    job = jobs.take(Job.Kind.LOOK, clock())
    if job is None:
        return False
    attachment = _unseen().filter(pk=job.dedupe_key.removeprefix("look:")).select_related("case").first()
    try:
        found = _look(job, attachment) if attachment else None
    except NotSeen as told:
        jobs.put_off(job, clock(), str(told), with_the_others=False)
        if job.attempts >= jobs.MAX_ATTEMPTS:
            jobs.end(job, clock(), failure=str(told))
    else:
        _finish(job, attachment, found, clock())
    return True


def _look(job: Job, attachment: Attachment) -> Seen | None:
    """What the file's pages show; None for one that a virus was found in meanwhile."""
    if job.attempts > jobs.MAX_ATTEMPTS:
        raise NotSeen(LOST)
    try:
        with downloads.stored(attachment) as file:
            return seen.look(file, attachment.content_type)
    except downloads.Withheld:
        return None
    except Http404 as error:
        raise NotSeen(GONE) from error


def _finish(job: Job, attachment: Attachment | None, found: Seen | None, at: dt.datetime) -> None:
    """Write the verdict, unless the file was taken out meanwhile or another worker has taken the job over."""
    with transaction.atomic():
        if not jobs.end(job, at) or attachment is None or found is None:
            return
        rows = Case.objects.unscoped("no file is taken out meanwhile")
        rows.select_for_update(no_key=True).get(pk=attachment.case_id)
        if not _unseen().filter(pk=attachment.pk).exists():
            return
        blank, unreadable = found.numbers("b"), found.numbers("u")
        PageCheck(
            attachment=attachment,
            pages=found.pages,
            seen=len(found.signs),
            blank=blank,
            unreadable=unreadable,
            locked=found.locked,
            checked_at=at,
        ).save(force_insert=True)
        entities = {"case": attachment.case.reference, "attachment": str(attachment.pk), "sha256": attachment.sha256}
        entities |= {"pages": str(found.pages or 0), "blank": str(len(blank)), "unreadable": str(len(unreadable))}
        audit.record(by=SYSTEM, at=at, action=LOOKED, entities=entities)


def _openable() -> list[str]:
    """The verdicts of the scan with which a file may be opened."""
    return [Attachment.Scan.CLEAN, *([] if settings.SCANNER_URL else [Attachment.Scan.UNSCANNED])]


def _unseen() -> QuerySet[Attachment]:
    return Attachment.objects.unscoped("every office's files are looked at").filter(page_check=None)
