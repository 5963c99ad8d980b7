"""The list as a file for a spreadsheet: what the page shows, all of it. Asked for by POST, since it may be a search."""

import csv
import io
import re

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.web.access import office_page
from portal.web.listing import View, row_of, searched_for
from portal.web.next_step import due
from priorauth.audit.chain import utc_text
from priorauth.exports import FORMULA
from priorauth.posting import posted_from

COLUMNS = ("Reference", "Patient", "Procedure", "Levels", "Status", "Next step", "Due", "Updated", "Owner")
READ_AT_ONCE = 500


@posted_from("requests")
@office_page
def download(request: HttpRequest) -> HttpResponse:
    """CSV: RFC 4180, UTF-8, ISO 8601 UTC, and no cell that a spreadsheet reads as a formula."""
    now = timezone.now()
    text = io.StringIO()
    file = csv.writer(text)
    file.writerow(COLUMNS)
    for case in View.of(request.POST, searched_for(request)).rows(request.actor, now).iterator(READ_AT_ONCE):
        row = row_of(case, now)
        step = f"{row['next'].who}: {row['next'].what}"
        until = due(case)
        cells = (case.reference, row["patient"], row["codes"], row["levels"], case.get_status_display(), step)
        file.writerow(
            map(_safe, (*cells, utc_text(until) if until else "", utc_text(case.updated_at), str(case.created_by)))
        )
    name = f"requests-{timezone.localdate(now)}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _safe(cell: str) -> str:
    return f"'{cell}" if re.match(FORMULA, cell) else cell
