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
from priorauth.models import Case, Draft, InformationRequest
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
    """The same for a correction, or for the answer to the question whose number is posted."""
    case = get_for(request.actor, Case, reference=reference)
    if case.status not in OPEN:
        return refused(request, DECIDED_MEANWHILE, status=409)
    number, question = posted_version(request, "answer.question"), None
    if number:
        question = get_for(request.actor, InformationRequest, case=case, number=min(number, 1000))
    sent = refill.from_revision(case, case.revisions.order_by("-number")[0])
    return render(request, "requests/upload.html", _stored(request, case, sent, question))


def _stored(request: HttpRequest, case: Case, known: Raw, question: InformationRequest | None = None) -> dict[str, Any]:
    """Take the file, and what shows it. `known` is the form as it is kept; what links files on the page is posted. A
    file that is replaced goes with the next save, and is not shown any more."""
    intake = Intake(request, timezone.now(), question)
    replaced = list(intake.unwanted)
    intake.take_files(case)
    if intake.file_problems:
        replaced = []
    links = {name: values for name, values in intake.raw.items() if name.endswith("-attachment")}
    raw = known | links | {name: intake.raw[name] for name in ("imaging-count",) if name in intake.raw}
    today, problems = timezone.localdate(intake.at), intake.file_problems
    form = form_of(raw, case, today, question=question, file_problems=problems)
    form.attachments = {key: one for key, one in form.attachments.items() if one.revision_id or key not in replaced}
    names = [*request.FILES, *intake.file_problems]
    study = _STUDY.fullmatch(names[0]) if names else None
    context = {"case": case, "form": form, "replaced": replaced}
    if study and int(study[1]) < len(form.studies):
        context |= {"study": form.studies[int(study[1])], "index": int(study[1]), "number": int(study[1]) + 1}
    return context
