"""Finding a case by what a caller says. The search is posted, so that no patient data stands in an address."""

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from priorauth.admin.site import site
from priorauth.admin.words import age
from priorauth.models import Case
from priorauth.roles import Actor

MOST = 50


class FindForm(forms.Form):
    text = forms.CharField(
        label="Reference, member ID, member's last name, or NPI",
        max_length=60,
        error_messages={"required": "Enter what you look for."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 30}),
    )


def found(actor: Actor, text: str) -> list[Case]:
    """At most MOST cases, the latest received first."""
    compact = text.replace(" ", "").upper()
    match = (
        Q(reference=compact)
        | Q(member__member_id__iexact=compact.replace("-", ""))
        | Q(member__last_name__istartswith=text.strip())
        | Q(clinician__npi=compact)
        | Q(facility__npi=compact)
    )
    cases = Case.objects.for_actor(actor).filter(match).select_related("member", "office")
    return list(cases.order_by("-received_at", "-id")[: MOST + 1])


@sensitive_post_parameters("text")
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    form = FindForm(request.POST or None, label_suffix="", use_required_attribute=False)
    searched = form.is_bound and form.is_valid()
    cases = found(request.actor, form.cleaned_data["text"]) if searched else []
    now = timezone.now()
    context = {
        **site.each_context(request),
        "title": "Find a case",
        "form": form,
        "searched": searched,
        "cases": [(case, age(case.member.birth_date, now)) for case in cases[:MOST]],
        "more": len(cases) > MOST,
    }
    return TemplateResponse(request, "admin/priorauth/case/find.html", context, status=400 if form.errors else 200)
