"""One report file for a draft whose form is open in a browser: stored at once, so that its progress can be shown."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web.access import office_page, refused
from portal.web.editing import SENT_MEANWHILE
from portal.web.intake import Intake, form_of
from priorauth.models import Case, Draft
from priorauth.statuses import Status
from priorauth.tenancy import get_for

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
    intake = Intake(request, timezone.now())
    replaced = list(intake.unwanted)
    intake.take_files(case)
    links = {name: values for name, values in intake.raw.items() if name.endswith("-attachment")}
    form = form_of(draft.fields | links, case, timezone.localdate(intake.at), file_problems=intake.file_problems)
    names = [*request.FILES, *intake.file_problems]
    study = _STUDY.fullmatch(names[0]) if names else None
    context = {"case": case, "form": form, "replaced": replaced}
    if study and int(study[1]) < len(form.studies):
        context |= {"study": form.studies[int(study[1])], "index": int(study[1]), "number": int(study[1]) + 1}
    return render(request, "requests/upload.html", context)
