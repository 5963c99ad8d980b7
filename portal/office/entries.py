"""One clinician or facility of the office's list: add, correct, retire, bring back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import rows
from portal.web.access import office_page
from portal.web.fields import NpiNumber, Phone, Text
from portal.web.part import Part
from priorauth.models import OfficeClinician, OfficeFacility
from priorauth.models.directory import OfficeEntry
from priorauth.posting import SEEN, state_of
from priorauth.services import directory
from priorauth.services.errors import Conflict, Incomplete
from priorauth.tenancy import get_for

KINDS: dict[str, type[OfficeEntry]] = {"clinician": OfficeClinician, "facility": OfficeFacility}
NEEDED = {"npi": "Enter the NPI, 10 digits.", "name": "Enter the name."}


class FacilityPart(Part):
    npi = NpiNumber("NPI", hint="10 digits", inputmode="numeric")
    name = Text("Name", most=120)


class ClinicianPart(FacilityPart):
    specialty = Text("Specialty (optional)", most=80)
    phone = Phone("Phone (optional)", most=40)


PARTS: dict[str, type[Part]] = {"clinician": ClinicianPart, "facility": FacilityPart}


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, kind: str) -> HttpResponse:
    part = _part(kind, request)
    if request.method != "POST" or not _whole(part):
        return _page(request, kind, part)
    try:
        entry = directory.add(KINDS[kind], part.answers, by=request.actor, at=timezone.now())
    except (Incomplete, Conflict) as refusal:
        part.add_error("npi", str(refusal))
        return _page(request, kind, part)
    return _done(request, f"{entry.name} is in your list.")


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, kind: str, entry: int) -> HttpResponse:
    """The entry; a post corrects it, or retires it, or brings it back."""
    known = get_for(request.actor, KINDS[kind], pk=entry)
    if request.method != "POST":
        return _page(request, kind, _part(kind, request, known), known)
    if request.POST.get("action") == "retire":
        directory.retire(known, by=request.actor, at=timezone.now())
        return _done(request, f"{known.name} is retired: requests keep it, the form offers it no longer.")
    if request.POST.get("action") == "restore":
        directory.restore(known, by=request.actor, at=timezone.now())
        return _done(request, f"{known.name} is offered again.")
    part = _part(kind, request)
    if request.POST.get(SEEN, "") not in ("", _state(kind, known)):
        part.add_error("npi", directory.GONE)
    if not _whole(part):
        return _page(request, kind, part, known)
    try:
        directory.change(known, part.answers, by=request.actor, at=timezone.now())
    except (Incomplete, Conflict) as refusal:
        part.add_error("npi", str(refusal))
        return _page(request, kind, part, known)
    return _done(request, f"{known.name} is saved.")


def _part(kind: str, request: HttpRequest, known: OfficeEntry | None = None) -> Part:
    """The questions with what was typed, or with what stands in the list."""
    raw = rows.from_post(request.POST)
    if known:
        raw = {name: [getattr(known, name)] for name in PARTS[kind].base_fields}
    return PARTS[kind](raw, today=timezone.localdate())


def _state(kind: str, known: OfficeEntry) -> str:
    return state_of(known, PARTS[kind].base_fields)


def _whole(part: Part) -> bool:
    for name, message in NEEDED.items():
        if name not in part.errors and not part.answers[name]:
            part.add_error(name, message)
    return not part.errors


def _page(request: HttpRequest, kind: str, part: Part, known: OfficeEntry | None = None) -> HttpResponse:
    shown: list[dict[str, Any]] = []
    if request.method == "POST":
        shown = [{"input_id": bound.auto_id, "message": message} for bound, message in part.problems()]
    title = f"Change {known.name}" if known else f"Add a {kind}"
    context = {"kind": kind, "part": part, "known": known, "title": title, "form": {"problems": shown}}
    if known:
        context["seen"] = request.POST.get(SEEN) or _state(kind, known)
    return render(request, "office/entry.html", context, status=400 if shown else 200)


def _done(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.success(request, sentence, extra_tags="good")
    return redirect("office")
