"""Handing a report file to a reviewer: as a download that no browser runs."""

import uuid

from django.http import FileResponse, HttpRequest
from django.views.decorators.http import require_safe

from priorauth import downloads
from priorauth.models import Attachment
from priorauth.tenancy import get_for


@require_safe
def download(request: HttpRequest, pk: int, file: uuid.UUID) -> FileResponse:
    return downloads.download(get_for(request.actor, Attachment, pk=file, case=pk))
