"""Doubts about the pages of report files: those that show nothing, and those that a fact names and that show nothing,
or are not there."""

from collections.abc import Iterator

from portal.web.typed_form import TypedForm
from priorauth import page_words, sources
from priorauth.filetypes import is_locked
from priorauth.models import Attachment

Asked = tuple[str, str]  # the id of an input, and the question


def find(form: TypedForm) -> Iterator[Asked]:
    """What was sent already was asked about then."""
    places = [(study.attachment, f"id_{study.part.file_name}") for study in form.studies if study.attachment]
    places += [(attachment, "id_other_file") for attachment in form.other_attachments]
    for attachment, place in places:
        if attachment.revision_id is None and (question := _question(attachment)):
            yield place, question
    for what, file, page, place in _cited(form):
        check = page_words.check_of(file) if file and file.revision_id is None else None
        if page and (trouble := page_words.of_page(check, page)):
            yield place, f"{what} is said to be on page {page} of {file}, but {trouble}. Which page is right?"


def _question(attachment: Attachment) -> str:
    if attachment.scan == Attachment.Scan.INFECTED:
        return ""
    check = page_words.check_of(attachment)
    if check is None:
        if not _says_locked(attachment):
            return ""
        return (
            f"{attachment.name} says that it is password protected, and a reviewer has no password. Does it open"
            " without one?"
        )
    if check.locked:
        return f"{attachment.name} is password protected, and a reviewer has no password. Is there one without?"
    trouble = page_words.trouble(check)
    return f"{attachment.name} {trouble}. Is it the right file, and whole?" if trouble else ""


def _says_locked(attachment: Attachment) -> bool:
    if attachment.content_type != "application/pdf":
        return False
    with attachment.file.open("rb") as file:
        return is_locked(file, attachment.size)


def _cited(form: TypedForm) -> Iterator[tuple[str, Attachment | None, int | None, str]]:
    """Each fact with the file and the page where it is said to be, and the input that says so."""
    for number, study in enumerate(form.studies, start=1):
        page = sources.page_of_study(study.part.answers["page"])
        yield f"The report of study {number}", study.attachment, page, study.part["page"].auto_id
    files = list(form.attachments.values())
    for level in form.levels:
        where = sources.cited(level.part.answers["onset_source"], files)
        yield f"The start of the pain at {level.name or 'this level'}", *where, level.part["onset_source"].auto_id
    for number, treatment in enumerate(form.treatments, start=1):
        where = sources.cited(treatment.answers["source"], files)
        yield f"Treatment {number}", *where, treatment["source"].auto_id
