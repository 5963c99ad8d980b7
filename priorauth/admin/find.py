"""Finding a case by what a caller says. The search is posted, so that no patient data stands in an address."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from priorauth.admin.site import site
from priorauth.admin.words import age
from priorauth.models import Case, Clinician, Facility
from priorauth.roles import Actor

MOST = 50
WITH_NPI = (Clinician, Facility)
WHY = "they lead to cases, which are found in the actor's scope"


class FindForm(forms.Form):
    text = forms.CharField(
        label="Reference, member ID, member's last name, or NPI",
        max_length=60,
        error_messages={"required": "Enter what you look for."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 30}),
    )


def found(actor: Actor, text: str) -> list[Case]:
    """At most MOST + 1 cases, the latest received first. Each way to find one has an index of its own, which a single
    condition over all of them could not use."""
    compact = text.replace(" ", "").upper()
    named = [model.objects.unscoped(WHY).filter(npi=compact).values_list("pk", flat=True) for model in WITH_NPI]
    clinicians, facilities = map(list, named)
    ways = [
        {"reference": compact},
        {"member__member_id__iexact": compact.replace("-", "")},
        {"member__last_name__istartswith": text.strip()},
        {"clinician__in": clinicians},
        {"facility__in": facilities},
    ]
    cases = Case.objects.for_actor(actor).order_by("-received_at", "-id")
    keys = [cases.filter(**way).values("pk")[: MOST + 1] for way in ways]
    return list(cases.filter(pk__in=keys[0].union(*keys[1:])).select_related("member", "office")[: MOST + 1])


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
