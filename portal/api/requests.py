"""The office's operations: check, send, list, read, answer, withdraw."""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from policies import facts as facts_v1
from policies import registry
from policies.assess import assess
from policies.explain import explain
from portal.api import answers, documents, shapes
from portal.api.base import ApiView
from portal.api.document import describe
from portal.api.fields import NOT_AN_OBJECT, Object
from portal.api.queries import RequestsQuery, opened, sealed
from priorauth.models import Case, Decision, InformationRequest, Letter
from priorauth.selectors import with_answer_by
from priorauth.services import bounds, drafts, information, submit, withdraw
from priorauth.services.errors import Conflict, Incomplete
from priorauth.services.idempotency import Answer, once
from priorauth.services.score import POLICY
from priorauth.tenancy import get_for

KEY = re.compile(r"[\x21-\x7e]{1,255}")
NO_KEY = (
    "Send an Idempotency-Key header: 1 to 255 visible ASCII characters, a new one for each request, the same one when"
    " you send a request again."
)
NO_BODY = "Send a JSON object as the body, with its Content-Length."


class OfficeView(ApiView):
    """What the office's operations share: reading a body, and doing a thing once."""

    def body(self) -> Any:
        """The JSON of the body. Raises ParseError."""
        value = self.request.data
        if self.request.stream is None:
            raise ParseError(NO_BODY)
        return value

    def done_once(self, kind: type[Object], act: Callable[[dict[str, Any], dt.datetime], Answer]) -> Response:
        """Validate the body as `kind` and `act` on it, or repeat the answer that the same key got before."""
        key = self.request.headers.get("Idempotency-Key", "")
        if not KEY.fullmatch(key):
            raise ParseError(NO_KEY)
        body, now = self.body(), timezone.now()
        route = " ".join([self.request.resolver_match.url_name, *self.kwargs.values()])
        answer = once(
            by=self.actor, at=now, key=key, route=route, body=body, act=lambda: act(validated(kind, body), now)
        )
        headers = {"Idempotency-Replayed": "true"} if answer.replayed else {}
        if answer.status == 201:
            headers["Location"] = reverse("api:request", args=[answer.body["reference"]])
        return Response(answer.body, status=answer.status, headers=headers)

    def case(self) -> Case:
        """The request that the address names, in the actor's scope. Raises Http404."""
        rows = Case.objects.for_actor(self.actor).select_related("member")
        return get_for(self.actor, Case, rows=rows, reference=self.kwargs["reference"])


def validated(kind: type[Object], body: Any) -> dict[str, Any]:
    """The values of a body. Raises rest_framework's ValidationError."""
    if body is None:
        raise ValidationError([NOT_AN_OBJECT])
    document = kind(data=body)
    document.is_valid(raise_exception=True)
    return document.validated_data


@contextmanager
def renamed(names: dict[str, str], start: str = "") -> Iterator[None]:
    """Let what a service finds incomplete be named as it is called in the body."""
    try:
        yield
    except Incomplete as error:
        field = names.get(error.field) or f"{start}{error.field}"
        raise Incomplete(field, str(error)) from error


class Requests(OfficeView):
    @describe("request_list", "List your requests", shapes.RequestList, query=RequestsQuery)
    def get(self, request: Request) -> Response:
        """In the order of their last change, the oldest first: what changes meanwhile comes at the end.

        To keep up, ask with `updated_since` a minute before the last `updated_at` that you have.
        """
        query, now = RequestsQuery.of(request), timezone.now()
        cases = list(
            chosen(with_answer_by(Case.objects.for_actor(self.actor), self.actor), query)[: query["limit"] + 1]
        )
        page = cases[: query["limit"]]
        last = page[-1] if len(cases) > len(page) else None
        cursor = sealed((last.updated_at.isoformat(), last.pk)) if last else None
        return Response({"results": [answers.brief(case, now) for case in page], "next": cursor})

    @describe("request_send", "Send a request", shapes.Receipt, status=201, body=documents.NewRequest, once=True)
    def post(self, request: Request) -> Response:
        """Facts v1, details, member, clinician and facility. The clock of the decision starts at the receipt."""
        return self.done_once(documents.NewRequest, self._send)

    def _send(self, values: dict[str, Any], now: dt.datetime) -> Answer:
        sent = documents.submission(values, timezone.localdate(now))
        case = drafts.start(by=self.actor, at=now, token=uuid.uuid4(), fields={})
        with renamed({}, "facts."):
            submit.send(case, sent, by=self.actor, at=now)
        return Answer(201, answers.receipt(case))


def chosen(cases: QuerySet[Case], query: dict[str, Any]) -> QuerySet[Case]:
    """The cases that a query asks for, in the order of their last change."""
    if query.get("status"):
        cases = cases.filter(status__in=query["status"])
    if query.get("updated_since"):
        cases = cases.filter(updated_at__gte=query["updated_since"])
    if query["cursor"]:
        at, number = opened(query["cursor"])
        cases = cases.filter(Q(updated_at__gt=at) | Q(updated_at=at, pk__gt=number))
    return cases.order_by("updated_at", "id")


class OneRequest(OfficeView):
    @describe("request_read", "Read one request", shapes.Request, one=True)
    def get(self, request: Request, reference: str) -> Response:
        """Status, next step, due time and its rule, lines, what is missing, questions, when it was opened again, and
        each decision with its letters. Reading one is an event of the audit trail; to wait for a change, list."""
        decisions = Decision.objects.for_actor(self.actor).select_related("decided_by").order_by("-round")
        rows = with_answer_by(Case.objects.for_actor(self.actor), self.actor).prefetch_related(
            "revisions",
            "assessments",
            "information_requests",
            Prefetch("decisions", decisions),
            "decisions__lines",
            Prefetch("letters", Letter.objects.for_actor(self.actor).defer("content")),
        )
        case = get_for(self.actor, Case, rows=rows, reference=reference)
        return Response(answers.whole(case, timezone.now()))


class Answers(OfficeView):
    @describe(
        "request_answer",
        "Answer the plan's question",
        shapes.AnswerReceipt,
        status=201,
        body=documents.NewAnswer,
        once=True,
        one=True,
    )
    def post(self, request: Request, reference: str) -> Response:
        """With a text, with new facts, or with both. New facts replace all that were sent before. Send `question` so
        that an answer never meets a later question."""
        return self.done_once(documents.NewAnswer, self._answer)

    def _answer(self, values: dict[str, Any], now: dt.datetime) -> Answer:
        case = self.case()
        self._is_open(case, values.get("question"))
        facts = values.get("facts")
        if facts is not None:
            facts = documents.aged(facts, case.member.birth_date, timezone.localdate(now))
        with renamed({"note": "text"}, "facts."):
            question = information.answer(case, by=self.actor, at=now, facts=facts, note=values["text"])
        return Answer(201, answers.answered(case, question))

    def _is_open(self, case: Case, number: int | None) -> None:
        """Raise Conflict where another question than the one that the program read is open, or none."""
        rows = InformationRequest.objects.for_actor(self.actor).filter(case=case, answered_at=None, expired_at=None)
        open_number = rows.values_list("number", flat=True).first()
        if open_number is None:
            raise Conflict("No question of the plan is open on this request.")
        if number not in (None, open_number):
            raise Conflict(f"Question {number} is not open on this request: question {open_number} is.")


class Withdrawal(OfficeView):
    @describe(
        "request_withdraw",
        "Withdraw a request",
        shapes.WithdrawalReceipt,
        body=documents.Withdrawal,
        once=True,
        one=True,
    )
    def post(self, request: Request, reference: str) -> Response:
        """With a reason. It cannot be opened again; what was sent stays on record."""
        return self.done_once(documents.Withdrawal, self._withdraw)

    def _withdraw(self, values: dict[str, Any], now: dt.datetime) -> Answer:
        case = withdraw.withdraw(self.case(), by=self.actor, at=now, reason=values["reason"])
        return Answer(200, answers.withdrawn(case))


class Check(OfficeView):
    @describe("facts_check", "Check facts without sending them", shapes.Assessment, body=documents.Check)
    def post(self, request: Request) -> Response:
        """What the policy finds in them and what it still misses, as if they were received today. Nothing is kept."""
        document = validated(documents.Check, self.body())["facts"]
        document = document | {"request_date": timezone.localdate().isoformat(), "case_id": None}
        with renamed({}, "facts."):
            bounds.hold(document)
        facts = facts_v1.parse(document)
        edition = registry.governing(POLICY, facts.service_date or facts.request_date)
        result = assess(facts, edition)
        return Response(answers.assessment(result.as_dict(), explain(facts, result, edition).as_dict()))
