"""A report file for download: always an attachment, never opened inside the portal (invariant 9)."""

import uuid

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from portal.web.access import office_page
from priorauth.models import Attachment
from priorauth.tenancy import get_for


@office_page
@require_safe
def download(request: HttpRequest, reference: str, file_id: uuid.UUID) -> FileResponse:
    attachment = get_for(request.actor, Attachment, pk=file_id, case__reference=reference)
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(content, as_attachment=True, filename=attachment.name, content_type=attachment.content_type)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
