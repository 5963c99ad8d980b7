"""Handing a report file to a reviewer: as a download that no browser runs, and noted in the case's trail."""

import uuid

from django.db import transaction
from django.http import FileResponse, HttpRequest
from django.utils import timezone
from django.views.decorators.http import require_GET

from priorauth import audit, downloads
from priorauth.models import Attachment, Case
from priorauth.tenancy import get_for

READ_FILE = "read_file"


@require_GET
def download(request: HttpRequest, pk: int, file: uuid.UUID) -> FileResponse:
    """The file; the reading is written down before the first byte leaves."""
    attachment = get_for(request.actor, Attachment, pk=file, case=pk)
    response = downloads.download(attachment)
    with transaction.atomic():
        cases = Case.objects.for_actor(request.actor).select_for_update(of=("self",))
        audit.record(
            by=request.actor,
            at=timezone.now(),
            action=READ_FILE,
            case=cases.get(pk=pk),
            entities={"attachment": str(attachment.pk), "sha256": attachment.sha256},
        )
    return response
