"""One visit to the page of a correction: what it shows, and how what is typed is kept beside what others did."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from portal.web import versions
from portal.web.access import saves_itself
from portal.web.correction import Correction, taken_in
from portal.web.differences import Difference, Differences
from portal.web.doubts import Doubt
from portal.web.editing import posted_version
from portal.web.intake import files_of, form_of
from portal.web.rows import Raw, TooMany, from_post
from priorauth.clock import Clock
from priorauth.models import Case
from priorauth.statuses import TRANSITIONS, Act

ENDED = "This request is no longer open, so it can no longer be corrected. Nothing was done; what you typed is below."


@dataclass
class Visit:
    """`raw` is the form as it stands, `base` the number of the revision that it has taken in (0: not known), `taken`
    what others did meanwhile that is part of it."""

    request: HttpRequest
    case: Case
    at: dt.datetime
    raw: Raw = field(default_factory=dict)
    base: int = 0
    taken: list[Difference] = field(default_factory=list)

    @cached_property
    def of(self) -> Correction:
        return Correction(self.case, self.request.actor)

    @property
    def is_open(self) -> bool:
        return self.case.status in TRANSITIONS[Act.AMEND].sources

    @property
    def posted_base(self) -> int:
        """The number of the revision that the page began with; 0 for one that never was."""
        base = posted_version(self.request, "base.revision")
        return base if base <= self.of.latest.number else 0

    def keep(self, typed: Raw, began: int, base: int, problem: str = "") -> HttpResponse | None:
        """Keep what is typed, put together with what somebody else kept since version `began`; where both changed one
        answer, the page on which a person chooses, and nothing is kept. Raises Conflict as the service does."""
        of = self.of
        if of.draft and began != of.version:
            found = of.beside_kept(typed, began, base)
            try:
                merged = found.merged()
            except TooMany as too_many:
                return self.beside_kept(found, typed, began, base, str(too_many))
            if found.open:
                return self.beside_kept(found, typed, began, base, problem)
            self.taken = list(taken_in(found))
            typed, base = of.whole(merged), max(base, of.draft.corrects or 0)
        elif began and of.draft is None and base != of.latest.number:
            base = 0  # what it began with was sent by a colleague, and went with that
        if of.draft or of.files or of.changes(typed, base):
            of.keep(typed, base, self.at)
        self.raw, self.base = typed, base
        return None

    def opened(self, *, problem: str = "", status: int = 200, **options: Any) -> HttpResponse:
        """The correction as it is kept, with what was sent since; where none is begun, what was sent last."""
        of = self.of
        self.raw, self.base = of.whole(of.draft.fields) if of.draft else of.sent, of.latest.number
        if of.is_behind:
            found = of.beside_sent()
            try:
                self.raw = of.whole(found.merged())
            except TooMany as too_many:
                return self.beside_sent(found, str(too_many))
            if found.open:
                return self.beside_sent(found, status=status)
            self.taken = [*self.taken, *taken_in(found)]
        return self.page(problem=problem, status=status, **options)

    def page(
        self,
        *,
        problem: str = "",
        status: int = 200,
        kept: int | None = None,
        in_doubt: Sequence[Doubt] = (),
        **options: Any,
    ) -> HttpResponse:
        """`kept` is the version of the correction that the page began with, `in_doubt` what it asks about."""
        context = {
            "case": self.case,
            "still": Clock.of(self.case).stop_at(self.at),
            "form": form_of(self.raw, self.case, timezone.localdate(self.at), **options),
            "draft": self.of.draft,
            "latest": self.of.latest,
            "kept": self.of.version if kept is None else kept,
            "base": self.base,
            "taken": self.taken,
            "in_doubt": in_doubt,
            "problem": problem,
            "fixed": True,
            "action": reverse("request-amend", args=[self.case.reference]),
        }
        return render(self.request, "requests/amend.html", context, status=status)

    def beside_kept(
        self, found: Differences, mine: Raw, began: int, base: int, problem: str = "", status: int = 409
    ) -> HttpResponse:
        """Mine, which is kept nowhere yet, and what somebody kept since."""
        draft = self.of.draft
        other = {"who": versions.who(self.request, draft), "when": draft.saved_at, "kind": "correction"}
        hidden = {"version": draft.version, "base.version": began, "base.revision": base}
        return self._versions(found, hidden, mine, problem, status, other)

    def beside_sent(self, found: Differences, problem: str = "", status: int = 409) -> HttpResponse:
        """The correction as it is kept, and what was sent since it was begun."""
        latest = self.of.latest
        other = {"who": latest.created_by, "when": latest.created_at, "kind": "sent"}
        hidden = {"version": self.of.version, "base.sent": latest.number}
        return self._versions(found, hidden, {}, problem, status, other)

    def _versions(
        self, found: Differences, hidden: dict[str, int], mine: Raw, problem: str, status: int, other: dict[str, Any]
    ) -> HttpResponse:
        action = reverse("request-amend-versions", args=[self.case.reference])
        return versions.page(self.request, self.case, found, action, hidden, mine, problem, status, **other)

    def saved(self, not_saved: str = "") -> HttpResponse:
        """The answer to a page that saved itself: its new version, or why nothing was saved."""
        began, draft = posted_version(self.request, "answer.kept"), self.of.draft
        context = {
            "case": self.case,
            "action": reverse("request-amend", args=[self.case.reference]),
            "version": self.case.version,
            "kept": began if not_saved else self.of.version,
            "saved_at": draft and draft.saved_at,
            "not_saved": not_saved,
            "attachments": [] if not_saved else files_of(self.case).values(),
            "read": None if not_saved else form_of(self.raw, self.case, timezone.localdate(self.at)),
        }
        return render(self.request, "requests/parts/sent_saved.html", context, status=409 if not_saved else 200)

    def ended(self) -> HttpResponse:
        """Of a request that is decided or withdrawn: nothing but what was typed, to be read."""
        of, posted = self.of, self.request.method == "POST"
        if saves_itself(self.request):
            return self.saved(ENDED)
        typed = from_post(self.request.POST) if posted else of.draft.fields if of.draft else {}
        if not typed:
            return redirect("request", self.case.reference)
        return self.read(typed, problem=ENDED) if posted else self.read(typed)

    def read(self, typed: Raw | None = None, problem: str = "") -> HttpResponse:
        """What is typed, or else kept, where it differs from what was sent: to be read, or to be discarded."""
        of = self.of
        typed = typed or (of.draft.fields if of.draft else of.sent)
        found = of.beside(of.whole(typed), of.sent)
        context = {"case": self.case, "draft": of.draft, "differences": found, "problem": problem, "open": self.is_open}
        context["files"] = of.files
        return render(self.request, "requests/correction.html", context, status=409 if problem else 200)
