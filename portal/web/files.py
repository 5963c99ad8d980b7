"""A report file for its own office."""

import uuid

from django.http import FileResponse, HttpRequest
from django.views.decorators.http import require_safe

from portal.web.access import office_page
from priorauth import downloads
from priorauth.models import Attachment
from priorauth.tenancy import get_for


@office_page
@require_safe
def download(request: HttpRequest, reference: str, file_id: uuid.UUID) -> FileResponse:
    return downloads.download(get_for(request.actor, Attachment, pk=file_id, case__reference=reference))
