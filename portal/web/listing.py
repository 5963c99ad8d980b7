"""The office's home: its requests with status, next step and due time; and the search, which no URL remembers."""

import datetime as dt
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Case as If
from django.db.models import Count, F, Func, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.web import dates, rows
from portal.web.access import office_page
from portal.web.editing import typed_name
from portal.web.names import pattern as name_pattern
from portal.web.next_step import next_step
from priorauth import selectors
from priorauth.models import Case
from priorauth.posting import typed_text
from priorauth.roles import Actor
from priorauth.services import office_people
from priorauth.statuses import DECIDED, IN_REVIEW, OPEN, Status

PER_PAGE = 25
RECENT = dt.timedelta(days=30)
LONGEST_SEARCH = 80
DUE_FIRST = ("", "needs-you", "with-plan")
PART_OF_A_REFERENCE = re.compile(r"(PA)?[0-9A-HJKMNP-TV-Z]{4,12}", re.IGNORECASE)
ORDERS = {"due": "Next-step date", "updated": "Latest change"}
LABELS = {
    "needs-you": "Needs you",
    "drafts": "Drafts",
    "with-plan": "With the plan",
    "decided": "Decided in the last 30 days",
}


def filters(now: dt.datetime) -> dict[str, Q]:
    return {
        "needs-you": Q(status=Status.INFORMATION_NEEDED),
        "drafts": Q(status=Status.DRAFT),
        "with-plan": Q(status__in=[Status.RECEIVED, *IN_REVIEW]),
        "decided": Q(status__in=DECIDED, decided_at__gte=now - RECENT),
    }


@dataclass(frozen=True)
class View:
    """What a list shows: a filter, a colleague's key or "me", an order, and what was searched for."""

    show: str = ""
    who: str = ""
    order: str = ""
    sought: str = ""

    @classmethod
    def of(cls, asked: QueryDict, sought: str = "") -> "View":
        """As the address or a form asks; what it does not know counts for nothing."""
        show = asked.get("show", "") if asked.get("show") in LABELS else ""
        who = asked.get("who", "")
        order = asked.get("order", "") if asked.get("order") in ORDERS else ""
        return cls(show, who if re.fullmatch(r"me|[0-9]{1,9}", who) else "", order, sought)

    @property
    def ordered_by(self) -> str:
        return self.order or ("due" if self.show in DUE_FIRST else "updated")

    def address(self) -> str:
        """The query of the list, without the search."""
        parts = {"show": self.show, "who": self.who, "order": self.order}
        return urlencode({name: value for name, value in parts.items() if value})

    def rows(self, actor: Actor, now: dt.datetime) -> QuerySet[Case]:
        cases = selectors.office_requests(actor).select_related("draft").defer("draft__replaced", "draft__record")
        cases = selectors.with_answer_by(selectors.with_last_message(cases, actor), actor)
        if self.sought:
            cases = search(cases, self.sought)
        elif self.show:
            cases = cases.filter(filters(now)[self.show])
        if self.who:
            cases = cases.filter(created_by=actor.user_id if self.who == "me" else int(self.who))
        return cases.order_by(NEXT_STEP.asc(nulls_last=True), "-id") if self.ordered_by == "due" else cases


NEXT_STEP = If(
    When(status=Status.INFORMATION_NEEDED, then=F("answer_by")), When(status__in=sorted(OPEN), then=F("due_at"))
)


def searched_for(request: HttpRequest) -> str:
    return typed_text(request, "sought")[:LONGEST_SEARCH]


@office_page
@require_http_methods(["GET", "HEAD", "POST"])
def requests(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    asked = request.POST if request.method == "POST" else request.GET
    view = View.of(asked, searched_for(request))
    page = Paginator(view.rows(request.actor, now), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "view": view,
        "filters": _counts(request.actor, view, now),
        "orders": ORDERS.items(),
        "owners": _owners(request.actor),
        "rows": [row_of(case, now) for case in page],
        "page": page,
        "pages": view.address(),
        "chosen": LABELS.get(view.show, ""),
        "sought": view.sought,
    }
    return render(request, "requests/list.html", context)


def _counts(actor: Actor, view: View, now: dt.datetime) -> list[dict[str, Any]]:
    counted = Case.objects.for_actor(actor).aggregate(
        **{name.replace("-", "_"): Count("pk", filter=condition) for name, condition in filters(now).items()}
    )
    return [
        {
            "name": name,
            "address": View(show=name, who=view.who).address(),
            "label": label,
            "count": counted[name.replace("-", "_")],
            "current": name == view.show and not view.sought,
        }
        for name, label in LABELS.items()
    ]


def _owners(actor: Actor) -> list[tuple[str, str]]:
    """Whose requests can be shown alone, oneself first."""
    others = [one for one in office_people.colleagues(actor) if one.user_id != actor.user_id]
    return [("me", "My own"), *((str(one.user_id), str(one.user)) for one in others)]


def search(cases: QuerySet[Case], sought: str) -> QuerySet[Case]:
    """By reference or how it begins, patient's name, member ID or date of birth, however they are written.

    What a draft says is compared as it is typed there, without what people write between the parts of a number.
    """
    cases = cases.annotate(typed_id=_bare(_typed_as("member_id")), typed_birth=_typed_as("birth_date"))
    plain = re.sub(r"[ .-]", "", sought)
    found = Q(member__member_id__iexact=plain) | Q(typed_id__iexact=plain) | Q(typed_birth=sought)
    if PART_OF_A_REFERENCE.fullmatch(plain):
        cases = cases.annotate(bare_reference=_bare(F("reference")))
        found |= Q(bare_reference__contains=plain.upper())
    with suppress(dates.DateProblem):
        born = dates.read(sought, short=dates.of_a_birth(timezone.localdate())).first
        found |= Q(member__birth_date=born) | Q(typed_birth__iregex=dates.pattern(born))
    return cases.filter(found | _named(sought))


def _typed_as(name: str) -> KeyTextTransform:
    """What a draft's field says."""
    return KeyTextTransform(0, KeyTransform(name, "draft__fields"))


def _bare(text: KeyTextTransform | F) -> Func:
    """A text without spaces, dots and dashes."""
    return Func(text, Value("[ .-]"), Value(""), Value("g"), function="regexp_replace", output_field=TextField())


def _named(sought: str) -> Q:
    """Every word begins a word of the first or the last name; `B. Example` stands for the first letter."""
    names = Q()
    for word in re.findall(r"[^ ,.]+", sought)[:4]:
        begins = "(^|[ -])" + name_pattern(word)
        names &= (
            Q(member__last_name__iregex=begins)
            | Q(member__first_name__iregex=begins)
            | Q(draft__fields__last_name__0__iregex=begins)
            | Q(draft__fields__first_name__0__iregex=begins)
        )
    return names


def row_of(case: Case, now: dt.datetime) -> dict[str, Any]:
    """What the list says of one request."""
    draft = getattr(case, "draft", None) if case.status == Status.DRAFT else None
    fields = draft.fields if draft else {}
    return {
        "case": case,
        "patient": case.member.short_name if case.member else typed_name(fields),
        "codes": case.codes or ", ".join(_typed(fields, "lines", "code")),
        "levels": case.levels or ", ".join(_typed(fields, "levels", "name")),
        "next": next_step(case, now),
        "plan_wrote": case.office_wrote_last is False and case.status in OPEN,
    }


def _typed(fields: dict[str, list[str]], group: str, name: str) -> list[str]:
    """What a draft says so far, as typed, in the first three rows of a group."""
    values = [rows.typed(fields, f"{group}-{index}-{name}")[:12] for index in range(3)]
    return [value for value in values if value]
