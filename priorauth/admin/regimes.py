"""The time limits in the admin: each rule in words, with its citation and who verified it. Read only."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from policies.vocabulary import PRODUCTS, day_words
from priorauth.admin.base import ListAdmin
from priorauth.admin.site import site
from priorauth.models import RegimeUse
from priorauth.regimes import library
from priorauth.regimes.rules import Rule
from priorauth.regimes.written import Changeable, Source
from priorauth.roles import ADMIN_SITE_ROLES
from priorauth.services.base import moment
from priorauth.statuses import Urgency

ALL_OTHERS = "every other product"
READ = {"primary": "its own text was read", "secondary": "read in another's account of it"}


class Listed(NamedTuple):
    """One rule as the page shows it."""

    label: str
    force: str
    binds: str
    verified: str
    rows: list[tuple[str, str]]


@admin.register(RegimeUse, site=site)
class RegimeAdmin(ListAdmin):
    readers = ADMIN_SITE_ROLES

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Every rule of the file that is in force."""
        context = {**site.each_context(request), "title": "Time limits", "rules": list(listed())}
        return TemplateResponse(request, "admin/priorauth/regimeuse/list.html", context)


def listed() -> Iterator[Listed]:
    """The rules by regime, the newest of each first."""
    regimes = library.current()
    uses = {(use.regime, use.effective_from): use for use in RegimeUse.objects.all()}
    for name, rules in regimes.rules.items():
        for rule in reversed(rules):
            use = uses.get((name, rule.effective_from))
            used = ("First used", moment(use.first_used_at) if use else "Not yet")
            yield Listed(rule.label, _force(rule), _binds(regimes, name), rule.verified, [*_rows(rule), used])


def _force(rule: Rule) -> str:
    end = rule.text.effective_to
    return f"from {day_words(rule.effective_from)}{f' to {day_words(end)}' if end else ''}"


def _binds(regimes: library.Library, name: str) -> str:
    products = [PRODUCTS[product] for product in regimes.products_of(name)]
    others = [ALL_OTHERS] if name == regimes.default else []
    return ", ".join([*products, *others]) or "No product of this plan"


def _rows(rule: Rule) -> Iterator[tuple[str, str]]:
    text = rule.text
    yield "Standard", f"{rule.limit('standard')} from receipt"
    yield "Expedited", f"{rule.limit('expedited')} from receipt"
    if rule.calendar:
        yield "Holidays", f"{rule.calendar.label}: {', '.join(day.name for day in rule.calendar.days)}"
    yield "What stops the clock", _stop(rule)
    yield "Extension", _extension(rule)
    yield "From expedited to standard", _downgrade(rule)
    deemed = "deemed approved; a person states it" if text.silence.deemed_approved else "not deemed approved"
    yield "No decision in time", f"{text.silence.words} ({deemed})"
    yield "Where it stands", "; ".join(map(_source, text.sources))


def _stop(rule: Rule) -> str:
    stop = rule.text.stop
    if stop is None:
        return "Nothing"
    question = "A question to the office; " if stop.on_question else ""
    return f"{question}{_grounds(stop)}. For {stop.longest.limit} in all"


def _extension(rule: Rule) -> str:
    extension = rule.text.extension
    if extension is None:
        return "None"
    once = ", once" if extension.once else ""
    return f"At most {extension.most.limit}{once}: {_grounds(extension)}. Who objects is told: {extension.right}"


def _downgrade(rule: Rule) -> str:
    found = rule.text.downgrade
    return f"By a physician. Who objects is told: {found.right}" if found else "Not known to this rule"


def _grounds(rule: Changeable) -> str:
    some = "" if len(rule.urgencies) == len(Urgency) else f" ({' and '.join(rule.urgencies)} only)"
    return "; ".join(ground.label for ground in rule.grounds.values()) + some


def _source(source: Source) -> str:
    return f"{source.text} ({READ[source.read]})"
