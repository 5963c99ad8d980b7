"""One report file for a form that is open in a browser: stored at once, so that its progress can be shown."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import refill
from portal.web.access import office_page, refused
from portal.web.editing import SENT_MEANWHILE, posted_version
from portal.web.intake import Intake, form_of
from portal.web.rows import Raw
from priorauth.models import Case, Draft
from priorauth.statuses import OPEN, Status
from priorauth.tenancy import get_for

DECIDED_MEANWHILE = "This request was decided or withdrawn while you had it open. The file was not added."
_STUDY = re.compile(r"imaging-([0-9]{1,2})-file")


@office_page
@require_http_methods(["POST"])
def upload(request: HttpRequest, reference: str) -> HttpResponse:
    """Store the file, and answer with the part of the form that shows it. The form links it with its next save; until
    then the file stands with the request under "Other files". `replaced` names the file that it takes the place of."""
    case = get_for(request.actor, Case, reference=reference)
    draft = Draft.objects.for_actor(request.actor).filter(case=case, case__status=Status.DRAFT).first()
    if draft is None:
        return refused(request, SENT_MEANWHILE, status=409)
    return render(request, "requests/upload.html", _stored(request, case, draft.fields))


@office_page
@require_http_methods(["POST"])
def upload_sent(request: HttpRequest, reference: str) -> HttpResponse:
    """The same for an answer or a correction. The form's own version goes on only where nothing else came between."""
    case = get_for(request.actor, Case, reference=reference)
    if case.status not in OPEN:
        return refused(request, DECIDED_MEANWHILE, status=409)
    posted = posted_version(request)
    fresh = posted == case.version
    sent = refill.from_revision(case, case.revisions.order_by("-number")[0])
    context = _stored(request, case, sent) | {"sent_version": case.version if fresh else posted}
    return render(request, "requests/upload.html", context)


def _stored(request: HttpRequest, case: Case, known: Raw) -> dict[str, Any]:
    """Take the file, and what shows it. `known` is the form as it is kept; what links files on the page is posted."""
    intake = Intake(request, timezone.now())
    replaced = list(intake.unwanted)
    intake.take_files(case)
    links = {name: values for name, values in intake.raw.items() if name.endswith("-attachment")}
    raw = known | links | {name: intake.raw[name] for name in ("imaging-count",) if name in intake.raw}
    form = form_of(raw, case, timezone.localdate(intake.at), file_problems=intake.file_problems)
    names = [*request.FILES, *intake.file_problems]
    study = _STUDY.fullmatch(names[0]) if names else None
    context = {"case": case, "form": form, "replaced": replaced}
    if study and int(study[1]) < len(form.studies):
        context |= {"study": form.studies[int(study[1])], "index": int(study[1]), "number": int(study[1]) + 1}
    return context
