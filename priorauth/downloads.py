"""A report file as an answer: always an attachment, never opened inside the portal (invariant 9)."""

from typing import TypeVar

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase

from priorauth.models import Attachment

Response = TypeVar("Response", bound=HttpResponseBase)

UNSCANNED = "This file is still being checked for viruses. Try again in a minute."
INFECTED = "A virus was found in this file, so nobody can open it. A new copy is needed."


class Withheld(PermissionDenied):
    """The file is there and is not handed out to anybody; `str(withheld)` says why."""


def withheld(attachment: Attachment) -> str:
    """Why nobody may have the file: it has a virus, or there is a scanner that has not found it clean; "" otherwise."""
    if attachment.scan == Attachment.Scan.INFECTED:
        return INFECTED
    return UNSCANNED if settings.SCANNER_URL and attachment.scan != Attachment.Scan.CLEAN else ""


def permit(attachment: Attachment) -> None:
    """Raises Withheld for a file that nobody may have."""
    if why_not := withheld(attachment):
        raise Withheld(why_not)


def stored(attachment: Attachment) -> File:
    """The stored bytes of a file that may be opened. Raises Withheld, and Http404 where they are gone."""
    permit(attachment)
    try:
        return attachment.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error


def download(attachment: Attachment) -> FileResponse:
    """The stored bytes with the stored type and headers that keep them inert. Raises as `stored` does."""
    response = FileResponse(
        stored(attachment), as_attachment=True, filename=attachment.name, content_type=attachment.content_type
    )
    return inert(response)


def inert(response: Response) -> Response:
    """The same answer, with which no browser does anything but keep or show it."""
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
