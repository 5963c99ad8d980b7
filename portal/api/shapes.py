"""The shapes of the answers, for the OpenAPI document. `answers.py` makes them; the tests hold the two together."""

from rest_framework import serializers as drf

from portal.api.fields import OneOf
from priorauth.models import Decision, ReasonCode
from priorauth.models import Letter as LetterDocument
from priorauth.statuses import Status, Urgency

DETERMINATIONS = ["meets", "does_not_meet", "insufficient_information", "not_in_scope", "prior_auth_not_required"]


def text(**options) -> drf.CharField:
    return drf.CharField(**options)


def maybe(field: type[drf.Field] = drf.CharField, **options) -> drf.Field:
    return field(allow_null=True, **options)


class Missing(drf.Serializer):
    """One thing that the policy misses, in words for the office."""

    criterion = text()
    level = maybe()
    ask = text()


class AssessedLine(drf.Serializer):
    line = drf.IntegerField()
    code = text()
    determination = OneOf(DETERMINATIONS)
    pathways = drf.ListField(child=text())
    missing = Missing(many=True)
    sentence = text()


class Assessment(drf.Serializer):
    """What the policy finds in the facts. It recommends and asks; it never denies. A person decides."""

    policy = text()
    edition = text()
    as_of = drf.DateField()
    determination = OneOf(DETERMINATIONS)
    mixed = drf.BooleanField(help_text="whether lines differ")
    pathways = drf.ListField(child=text())
    sentence = text()
    missing = Missing(many=True)
    lines = AssessedLine(many=True)


class NextStep(drf.Serializer):
    who = OneOf(["you", "plan", "nobody"])
    what = text()


class RequestBrief(drf.Serializer):
    """Where a request stands. Nothing in it says who the patient is."""

    reference = text()
    status = OneOf(Status.values)
    urgency = OneOf(Urgency.values)
    created_at = drf.DateTimeField()
    updated_at = drf.DateTimeField()
    received_at = maybe(drf.DateTimeField)
    due_at = maybe(drf.DateTimeField)
    late = drf.BooleanField(
        help_text="whether the next step is late: the answer where the plan asked, else the decision"
    )
    next_step = NextStep()


class RequestList(drf.Serializer):
    results = RequestBrief(many=True)
    next = maybe(help_text="the cursor of the next page; null at the end")


class Line(drf.Serializer):
    line = drf.IntegerField()
    code = text()
    levels = drf.ListField(child=text())
    determination = OneOf(DETERMINATIONS, allow_null=True)


class Question(drf.Serializer):
    number = drf.IntegerField()
    question = text()
    missing = Missing(many=True)
    asked_at = drf.DateTimeField()
    answer = maybe()
    answered_at = maybe(drf.DateTimeField, help_text="null while the plan waits for an answer")
    answer_by = drf.DateTimeField(help_text="the last instant for an answer")
    expired_at = maybe(drf.DateTimeField, help_text="when the question ended without an answer")


class DecidedLine(drf.Serializer):
    line = drf.IntegerField()
    code = text()
    levels = drf.ListField(child=text(), help_text="of an approved line those that are approved, else all")
    levels_not_approved = drf.ListField(child=text(), help_text="what was asked for in this line and is not approved")
    outcome = OneOf(Decision.Outcome.values)
    authorization_number = maybe()
    units = maybe(drf.IntegerField, help_text="null where the request names no number, or the line is not approved")
    valid_from = maybe(drf.DateField)
    valid_to = maybe(drf.DateField)


class Letter(drf.Serializer):
    """The words of a decision for one reader."""

    to = OneOf(["clinician", "member"])
    text = text()


class IssuedLetter(drf.Serializer):
    """A letter as a document. People of the office open its addresses when they are signed in; a key does not."""

    number = drf.IntegerField(help_text="counts the letters of the request")
    kind = OneOf(LetterDocument.Kind.values)
    issued_at = drf.DateTimeField()
    sha256 = text(help_text="of the letter's content; it never changes")
    page = text()
    pdf = text()


class ReliedOn(drf.Serializer):
    """A criterion that a decision not to approve rests on."""

    level = text()
    criterion = text()


class Reopening(drf.Serializer):
    """That the plan opened a decided request again. The time to decide runs anew from then on; the last decision holds
    until there is a new one."""

    round = drf.IntegerField(help_text="the round that began")
    reopened_at = drf.DateTimeField()


class DecisionShape(drf.Serializer):
    round = drf.IntegerField(help_text="the round that it ended; of several the last one holds, until there is another")
    outcome = OneOf(Decision.Outcome.values)
    decided_at = drf.DateTimeField()
    decided_by = text()
    decided_by_role = text()
    reason_codes = drf.ListField(child=OneOf(ReasonCode.values))
    reasons = drf.ListField(child=text(), help_text="the codes in words")
    relied_on = ReliedOn(many=True)
    what_would_change = maybe()
    letters = Letter(many=True)
    lines = DecidedLine(many=True)

    class Meta:
        ref_name = "Decision"


class Request(RequestBrief):
    """A request as its office may read it."""

    rule = maybe(help_text="the rule that set the due time, in words")
    revision = maybe(drf.IntegerField, help_text="counts the sending and each answer")
    lines = Line(many=True)
    assessment = maybe(Assessment, help_text="null until the facts were scored")
    read_otherwise = drf.ListField(
        child=text(), help_text="what a reviewer read in the record and counts, each in words with what was sent"
    )
    questions = Question(many=True)
    round = drf.IntegerField(help_text="1, and one more each time that the plan opened the request again")
    reopenings = Reopening(many=True)
    decisions = DecisionShape(many=True)
    issued_letters = IssuedLetter(many=True)
    withdrawal_reason = maybe()


class Receipt(drf.Serializer):
    reference = text()
    status = OneOf([Status.RECEIVED.value])
    received_at = drf.DateTimeField()
    due_at = drf.DateTimeField()
    rule = text()
    revision = drf.IntegerField()


class AnswerReceipt(drf.Serializer):
    reference = text()
    status = OneOf([Status.RECEIVED.value])
    question = drf.IntegerField()
    answered_at = drf.DateTimeField()
    due_at = drf.DateTimeField()
    revision = drf.IntegerField()


class WithdrawalReceipt(drf.Serializer):
    reference = text()
    status = OneOf([Status.WITHDRAWN.value])
    withdrawn_at = drf.DateTimeField()


class Fault(drf.Serializer):
    path = text(help_text="dotted path to the value, such as facts.levels.L1.onset.earliest")
    message = text()


class Problem(drf.Serializer):
    """A problem document (RFC 9457)."""

    type = text()
    title = text()
    status = drf.IntegerField()
    detail = text()
    request_id = text(help_text="the number to give when asking for help")
    errors = Fault(many=True, required=False)
