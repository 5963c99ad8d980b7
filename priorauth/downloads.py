"""A report file as an answer: always an attachment, never opened inside the portal (invariant 9)."""

from django.http import FileResponse, Http404

from priorauth.models import Attachment


def download(attachment: Attachment) -> FileResponse:
    """The stored bytes with the stored type and headers that keep them inert. Raises Http404 where they are gone."""
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(content, as_attachment=True, filename=attachment.name, content_type=attachment.content_type)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
