"""Scanning report files for viruses: one job a file (decision 16).

The scanner is asked with no transaction open (F16): the try is counted in a short one, the verdict written in a short
one. One worker scans at a time, so that a scanner that hangs never holds them all.
"""

import datetime as dt
import logging

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from priorauth import audit, jobs, page_images, scanner
from priorauth.alone import Clock, in_turn
from priorauth.models import Attachment, Job
from priorauth.roles import SYSTEM
from priorauth.services import look

log = logging.getLogger(__name__)

ALONE = 484_016  # the advisory lock of the one worker that scans
GONE = "The file's bytes are gone"
LOST = "The worker ended in the middle of each try"
CLEAN, VIRUS = "scan_clean", "scan_virus"  # the actions of the events


def enqueue(attachment: Attachment, at: dt.datetime) -> None:
    """Have a new file scanned, in the transaction that stores its row, and then its pages looked at; where there is no
    scanner, at once."""
    if settings.SCANNER_URL:
        jobs.enqueue(Job.Kind.SCAN, attachment.case, dedupe_key=f"scan:{attachment.pk}", at=at)
    else:
        look.enqueue(attachment, at)


def enqueue_missed(at: dt.datetime) -> int:
    """Have every file scanned that has no verdict and no waiting job: those from before there was a scanner, and those
    that it gave no verdict on. Returns how many. Raises ValueError where there is no scanner."""
    if not settings.SCANNER_URL:
        raise ValueError("There is no scanner: name one with SCANNER_URL.")
    return jobs.enqueue_files(Job.Kind.SCAN, _unscanned(), at)


def run(clock: Clock) -> int:
    """Scan the files that are due, for about a SLICE. Returns how many were tried; 0 where another worker scans."""
    return in_turn(ALONE, Job.Kind.SCAN, _run_next, clock) if settings.SCANNER_URL else 0


def _run_next(clock: Clock) -> bool:
    """Scan the file that has been due longest. Returns whether the next may be tried."""
    job = jobs.take(Job.Kind.SCAN, clock(), scanner.PATIENCE)
    if job is None:
        return False
    attachment = _unscanned().filter(pk=job.dedupe_key.removeprefix("scan:")).select_related("case").first()
    try:
        virus = _ask(job, attachment) if attachment else ""
    except scanner.ScanFailed as failure:
        _put_off(job, failure, clock())
        return not isinstance(failure, scanner.Unavailable)
    _finish(job, attachment, virus, clock())
    return True


def _ask(job: Job, attachment: Attachment) -> str:
    if job.attempts > jobs.MAX_ATTEMPTS:
        raise scanner.ScanFailed(LOST)
    try:
        with attachment.file.open("rb") as file:
            return scanner.virus_in(file, settings.SCANNER_URL)
    except FileNotFoundError as error:
        raise scanner.ScanFailed(GONE) from error


def _finish(job: Job, attachment: Attachment | None, virus: str, at: dt.datetime) -> None:
    """Write the verdict, unless the file was taken out meanwhile or another worker has taken the job over."""
    with transaction.atomic():
        done = jobs.end(job, at)
        verdict = Attachment.Scan.INFECTED if virus else Attachment.Scan.CLEAN
        if attachment and done and _unscanned().filter(pk=attachment.pk).update(scan=verdict, scanned_at=at):
            entities = {
                "case": attachment.case.reference,
                "attachment": str(attachment.pk),
                "sha256": attachment.sha256,
            }
            entities |= {"virus": virus} if virus else {}
            audit.record(by=SYSTEM, at=at, action=VIRUS if virus else CLEAN, entities=entities)
            if virus:
                transaction.on_commit(lambda: page_images.forget(attachment.pk))
            else:
                look.enqueue(attachment, at)


def _put_off(job: Job, failure: scanner.ScanFailed, now: dt.datetime) -> None:
    """Try again later, with the others behind it where no file can be scanned; after the last try a person sees it."""
    away = isinstance(failure, scanner.Unavailable)
    jobs.put_off(job, now, str(failure), with_the_others=away)
    if job.attempts >= jobs.MAX_ATTEMPTS:
        jobs.end(job, now, failure=str(failure))


def _unscanned() -> QuerySet[Attachment]:
    return Attachment.objects.unscoped("every office's files are scanned").filter(scan=Attachment.Scan.UNSCANNED)
