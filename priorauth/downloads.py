"""A report file as an answer: always an attachment, never opened inside the portal (invariant 9)."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404

from priorauth.models import Attachment

UNSCANNED = "This file is still being checked for viruses. Try again in a minute."
INFECTED = "A virus was found in this file, so nobody can open it. A new copy is needed."


class Withheld(PermissionDenied):
    """The file is there and is not handed out to anybody; `str(withheld)` says why."""


def download(attachment: Attachment) -> FileResponse:
    """The stored bytes with the stored type and headers that keep them inert. Raises Http404 where they are gone, and
    Withheld for a file with a virus and, where there is a scanner, for one that it has not found clean."""
    if attachment.scan == Attachment.Scan.INFECTED:
        raise Withheld(INFECTED)
    if settings.SCANNER_URL and attachment.scan != Attachment.Scan.CLEAN:
        raise Withheld(UNSCANNED)
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(content, as_attachment=True, filename=attachment.name, content_type=attachment.content_type)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
