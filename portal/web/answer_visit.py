"""One visit to the page of an answer: what was sent, what is kept of the answer, and what the page shows of both."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.web import answered, asked, doubts, refill, running
from portal.web.answered import Typed
from portal.web.asked import AskedItem
from portal.web.differences import MINE, Differences
from portal.web.editing import posted_version
from portal.web.intake import files_of, form_of
from portal.web.request_form import RequestForm
from portal.web.rows import Raw, TooMany
from priorauth.models import AnswerDraft, Case, InformationRequest, Revision

CHANGED = "This request changed while you were answering. What you typed is kept and stands below; send it if it fits."


@dataclass
class Answering:
    """One visit to the page: the case, its open question, what was sent last, and what is kept of the answer: `kept_on`
    has it as changes of a revision, by its number."""

    request: HttpRequest
    case: Case
    question: InformationRequest
    at: dt.datetime
    draft: AnswerDraft | None
    problem: str = ""
    note_problem: str = ""
    status: int = 200
    file_problems: dict[str, str] = field(default_factory=dict)
    left: list[AskedItem] = field(default_factory=list)
    in_doubt: list[doubts.Doubt] = field(default_factory=list)
    clash: list[tuple[str, str]] = field(default_factory=list)
    kept_on: dict[int, Raw] = field(default_factory=dict)

    @cached_property
    def latest(self) -> Revision:
        return self.case.revisions.order_by("-number")[0]

    @cached_property
    def sent(self) -> Raw:
        return refill.from_revision(self.case, self.latest)

    @property
    def changes(self) -> Raw:
        return self.draft.changes if self.draft else {}

    @property
    def version(self) -> int:
        return self.draft.version if self.draft else 0

    def take_in(self) -> None:
        """Put what is kept of the answer on what was sent since, as a correction."""
        sent = self.case.revisions.order_by("-number")
        began = sent.filter(created_at__lte=self.draft.saved_at).first() if self.draft else None
        if began and began.number < self.latest.number:
            self.kept_on[began.number] = self.draft.changes
            self.draft.changes = self.onto_latest(self.draft.changes, began)
            self.problem = CHANGED
        self.kept_on[self.latest.number] = self.changes

    def onto_latest(self, changes: Raw, began: Revision) -> Raw:
        """Changes of a revision as changes of the latest. Rows are found by what they are about, since they may have
        moved; where both changed the same, the answer's stands."""
        both = refill.from_revision(self.case, began)
        versions = asked.overlaid(both, changes), self.sent, both, files_of(self.case, self.question)
        clashing = dict.fromkeys((one.key for one in Differences(*versions).open), MINE)
        try:
            return asked.differences(self.sent, Differences(*versions, defaultdict(str, clashing)).merged())
        except TooMany:
            return changes

    def began(self) -> Revision:
        """The revision on which the page was typed."""
        number = posted_version(self.request, "base.revision")
        return self.case.revisions.filter(number=min(number, self.latest.number)).first() or self.latest

    def form(self, raw: Raw, **options: Any) -> RequestForm:
        today, problems = timezone.localdate(self.at), self.file_problems
        return form_of(raw, self.case, today, question=self.question, file_problems=problems, **options)

    def items(self, form: RequestForm) -> list[AskedItem]:
        return asked.items(self.question.items, form)

    def page(self, typed: Typed, items: list[AskedItem] | None = None, form: RequestForm | None = None) -> HttpResponse:
        form = form or self.form(asked.overlaid(self.sent, typed.changes))
        items = items or answered.marked(self.items(form), typed, self.draft)
        context = {
            "running": running.now_of(self.case, self.at),
            "case": self.case,
            "question": self.question,
            "draft": self.draft,
            "kept": self.version,
            "base": self.latest.number,
            "form": form,
            "items": items,
            "typed": typed,
            "problem": self.problem,
            "note_problem": self.note_problem,
            "problems": answered.problems(form, items, typed.changes),
            "left": self.left,
            "in_doubt": self.in_doubt,
            "sends": self.request.POST.get("action"),
            "clash": self.clash,
            "action": self.request.path,
        }
        return render(self.request, "requests/answer.html", context, status=self.status)
