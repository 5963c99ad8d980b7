"""Adding a report file to a request: PDF, PNG or JPEG, checked by its bytes, stored under a uuid (invariant 9)."""

import datetime as dt
import hashlib
import logging
import re
import unicodedata
import uuid
from pathlib import PurePath

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from priorauth import filetypes
from priorauth.models import Attachment, Case, InformationRequest
from priorauth.models.content import attachment_path
from priorauth.roles import Actor
from priorauth.selectors import held_in
from priorauth.services import scan
from priorauth.services.base import acting, permit
from priorauth.services.errors import Incomplete
from priorauth.statuses import Act

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 25 * 1024 * 1024
MAX_CASE_BYTES = 40 * 1024 * 1024
MAX_FILES = 10
MAX_NAME = 120
TOO_LARGE = "The file must be 25 MB or smaller. Send the report, not the pictures themselves."

ENDED = "This question was answered, or its time is over, so the file was not added. Add it to a correction."
CANNOT_STORE = "The portal cannot store files just now. The rest is kept: add the file again later."
# Names that Windows keeps for its devices: saved under one of them, a file could not be opened.
DEVICES = re.compile(r"^(CON|PRN|AUX|NUL|(COM|LPT)[0-9¹²³])(?=\.|$)", re.IGNORECASE)


def attach(
    case: Case, upload: UploadedFile, *, by: Actor, at: dt.datetime, question: InformationRequest | None = None
) -> Attachment:
    """Store one file with the case's draft or correction, or with the answer to `question`: it goes where that is sent.
    Raises Incomplete saying what would be accepted; nothing is kept then.

    The bytes are written before the transaction, so that no lock is held while a disk is slow.
    """
    permit(case, Act.ATTACH, by=by, at=at)
    name = clean_name(upload.name or "")
    attachment = Attachment(
        id=uuid.uuid4(),
        case=case,
        information_request=question,
        name=name,
        content_type=kind_of(upload, name),
        size=upload.size,
        sha256=_sha256(upload),
        added_by_id=by.user_id,
        added_at=at,
    )
    _within_quota(attachment)
    _store(attachment, upload)
    try:
        with acting(case, Act.ATTACH, by=by, at=at) as change:
            _within_quota(attachment)
            attachment.save(force_insert=True)
            change.entities |= {"attachment": str(attachment.pk), "sha256": attachment.sha256, "bytes": attachment.size}
            if question:
                _still_open(question)
                change.entities["information_request"] = question.number
            change.rows.append(attachment)
            scan.enqueue(attachment, at)
    except BaseException:
        attachment.file.delete(save=False)
        raise
    return attachment


def _store(attachment: Attachment, upload: UploadedFile) -> None:
    """Write the bytes. Where the disk refuses them no part of the file stays, and the person reads what to do."""
    try:
        attachment.file.save(attachment.name, upload, save=False)
    except OSError as error:
        attachment.file.storage.delete(attachment_path(attachment, attachment.name))
        log.error("a file could not be stored: %s", error.strerror)
        raise Incomplete("file", CANNOT_STORE) from error


def clean_name(name: str) -> str:
    """The name as it may be shown and saved under: no folders, no control or direction characters, no device of
    Windows, no dot in front, at most 120 characters."""
    base = PurePath(name.replace("\\", "/")).name
    shown = "".join(c for c in unicodedata.normalize("NFC", base) if unicodedata.category(c)[0] != "C")
    stem, dot, suffix = " ".join(shown.split()).rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    ending = (dot + suffix)[:10]
    stem = stem.strip(" .")[: MAX_NAME - 1 - len(ending)] or "file"
    return DEVICES.sub(r"_\1", stem) + ending


def kind_of(upload: UploadedFile, name: str) -> str:
    """The content type on which name, declared type and bytes agree. Raises Incomplete otherwise."""
    if not upload.size:
        raise Incomplete("file", "The file is empty. Choose the report again.")
    if upload.size > MAX_FILE_BYTES:
        raise Incomplete("file", TOO_LARGE)
    try:
        return filetypes.kind_of(upload, upload.size, name, upload.content_type or "")
    except filetypes.FileProblem as problem:
        raise Incomplete("file", str(problem)) from problem


def _sha256(upload: UploadedFile) -> str:
    upload.seek(0)
    checksum = hashlib.sha256()
    for chunk in upload.chunks():
        checksum.update(chunk)
    upload.seek(0)
    return checksum.hexdigest()


def _within_quota(attachment: Attachment) -> None:
    sizes = list(attachment.case.attachments.values_list("size", flat=True))
    if len(sizes) >= MAX_FILES:
        raise Incomplete("file", f"A request can hold {MAX_FILES} files. {_make_room(attachment)}")
    if sum(sizes) + attachment.size > MAX_CASE_BYTES:
        raise Incomplete("file", f"The files of one request can be 40 MB together. {_make_room(attachment)}")


def _make_room(attachment: Attachment) -> str:
    """What can be done where a request is full: a file that was not sent is removed where it was added."""
    files, question = attachment.case.attachments, attachment.information_request
    here = files.filter(held_in(question)).count()
    elsewhere = files.filter(revision=None).count() - here
    if here:
        return "Remove one first."
    if elsewhere:
        place = "the correction" if question else "the answer to the plan"
        which = "is in {}, not sent: remove it" if elsewhere == 1 else "are in {}, not sent: remove one"
        return f"{elsewhere} of them {which.format(place)} there first."
    return "All of them were sent, and stay. Tell the plan in a message what else you have."


def _still_open(question: InformationRequest) -> None:
    """Raises Incomplete for a question that ended; none ends while its case is locked."""
    question.refresh_from_db(fields=["answered_at", "expired_at"])
    if not question.is_open:
        raise Incomplete("file", ENDED)


def detach(case: Case, attachment: Attachment, *, by: Actor, at: dt.datetime) -> None:
    """Take out a file that was not sent yet. Raises Incomplete for one that was: it stays with its revision."""
    if attachment.revision_id is not None:
        raise Incomplete("file", "This file was sent with the request, so it stays.")
    with acting(case, Act.DETACH, by=by, at=at) as change:
        change.entities |= {"attachment": str(attachment.pk), "sha256": attachment.sha256}
        change.removed.append(Attachment(pk=attachment.pk))
        attachment.delete()
        transaction.on_commit(lambda: attachment.file.delete(save=False))
