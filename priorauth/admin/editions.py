"""The editions in the admin: which there are, since when each decided, and two of them side by side. Read only."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from policies import registry
from policies.differences import differences, reading
from policies.edition import Edition
from policies.vocabulary import day_words, words
from priorauth.admin.base import ListAdmin
from priorauth.admin.site import site
from priorauth.models import EditionUse
from priorauth.roles import ADMIN_SITE_ROLES
from priorauth.services.base import moment

SET = "set-"
UNCHANGED = [("", "As the edition has it")]


class Listed(NamedTuple):
    """One edition as the list shows it."""

    policy: str
    edition: str
    title: str
    effective: str
    first_used: str
    sha256: str
    state: str


class CompareForm(forms.Form):
    """Which two editions, and at which readings the second."""

    one = forms.ChoiceField(label="This edition", required=False)
    other = forms.ChoiceField(label="With this one", required=False)

    def __init__(self, data: Any, known: dict[str, Edition]) -> None:
        super().__init__(data, label_suffix="", use_required_attribute=False)
        newest = list(known)[-1]
        for name in ("one", "other"):
            self.fields[name].choices = [(key, key) for key in known]
            self.fields[name].initial = newest
            self.fields[name].error_messages["invalid_choice"] = "Choose an edition of the list."
        self.known, self.second = known, known.get(data.get("other", ""), known[newest])
        for switch in self.second.document.switches:
            values = [(value, words(value)) for value in self.second.document.values_of(switch)[1:]]
            field = forms.ChoiceField(label=reading(switch), required=False, choices=UNCHANGED + values)
            field.error_messages["invalid_choice"] = "Choose a reading of the list."
            self.fields[SET + switch] = field

    def readings(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(SET)]

    def pair(self) -> tuple[Edition, Edition]:
        """The two editions; the newest where none is chosen."""
        chosen = {name.removeprefix(SET): value for name, value in self.cleaned_data.items() if name.startswith(SET)}
        first = self.known[self.cleaned_data["one"] or self.fields["one"].initial]
        return first, self.second.with_switches(**{name: value for name, value in chosen.items() if value})


@admin.register(EditionUse, site=site)
class EditionAdmin(ListAdmin):
    readers = ADMIN_SITE_ROLES

    def get_urls(self) -> list[URLPattern]:
        compare = self.admin_site.admin_view(self.compare)
        return [path("compare/", compare, name="priorauth_editionuse_compare"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Every edition that is installed, and every one that decided."""
        uses = {(use.policy, use.edition): use for use in EditionUse.objects.order_by("first_used_at", "id")}
        return page(request, "list.html", title="Editions", editions=list(listed(uses)))

    def compare(self, request: HttpRequest) -> HttpResponse:
        """Two editions side by side: what differs, in words."""
        known = {f"{one.policy} {one.edition}": one for those in registry.editions().values() for one in those}
        form = CompareForm(request.GET, known)
        if not form.is_valid():
            return page(request, "compare.html", 400, title="Compare editions", form=form)
        one, other = form.pair()
        found = [difference._asdict() for difference in differences(one, other)]
        context = {"form": form, "one": one, "other": other, "parts": by_part(found), "open": bool(other.changed)}
        context["after"] = f"{other.edition}, read otherwise" if other.changed else other.edition
        return page(request, "compare.html", title="Compare editions", **context)


def listed(uses: dict[tuple[str, str], EditionUse]) -> Iterator[Listed]:
    """The newest edition of a policy first; at the end those whose files are gone."""
    for editions in registry.editions().values():
        for one in reversed(editions):
            use = uses.pop((one.policy, one.edition), None)
            used = moment(use.first_used_at) if use else "Not yet"
            state = "Not used yet" if use is None else "Unchanged since" if use.sha256 == one.sha256 else "File changed"
            name = (one.policy, one.edition, one.document.title, day_words(one.effective))
            yield Listed(*name, used, one.sha256, state)
    for use in uses.values():
        yield Listed(use.policy, use.edition, "", "", moment(use.first_used_at), use.sha256, "File gone")


def by_part(found: Iterable[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    """Differences under the heading of their part."""
    return [(part, list(rows)) for part, rows in groupby(found, itemgetter("part"))]


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    context |= site.each_context(request)
    return TemplateResponse(request, f"admin/priorauth/editionuse/{template}", context, status=status)
