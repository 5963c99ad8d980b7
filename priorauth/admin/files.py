"""Handing a report file to a reviewer: as a download that no browser runs, and noted in the reader's stream."""

import uuid

from django.db import transaction
from django.http import FileResponse, HttpRequest
from django.utils import timezone
from django.views.decorators.http import require_GET

from priorauth import audit, downloads
from priorauth.models import Attachment
from priorauth.tenancy import get_for

READ_FILE = "read_file"


@require_GET
def download(request: HttpRequest, pk: int, file: uuid.UUID) -> FileResponse:
    """The file; the reading is written down before the first byte leaves."""
    attachment = get_for(request.actor, Attachment, pk=file, case=pk)
    response = downloads.download(attachment)
    entities = {"case": attachment.case.reference, "attachment": str(attachment.pk), "sha256": attachment.sha256}
    with transaction.atomic():
        audit.record(by=request.actor, at=timezone.now(), action=READ_FILE, entities=entities)
    return response
