"""The statuses of a case and the one table of transitions (DESIGN.md 3.4)."""

from dataclasses import dataclass

from django.db.models import TextChoices

from priorauth.roles import OFFICE_ROLES, REVIEWER_ROLES, Role


class Status(TextChoices):
    DRAFT = "draft", "Draft"
    RECEIVED = "received", "Received"
    IN_REVIEW = "in_review", "In review"
    INFORMATION_NEEDED = "information_needed", "Information needed"
    WITH_PHYSICIAN = "with_physician", "With a physician"
    APPROVED = "approved", "Approved"
    PARTLY_APPROVED = "partly_approved", "Partly approved"
    NOT_APPROVED = "not_approved", "Not approved"
    WITHDRAWN = "withdrawn", "Withdrawn"
    CLOSED = "closed", "Closed"


class Urgency(TextChoices):
    STANDARD = "standard", "Standard"
    EXPEDITED = "expedited", "Expedited"


S = Status
IN_REVIEW = frozenset({S.IN_REVIEW, S.WITH_PHYSICIAN})
OPEN = IN_REVIEW | {S.RECEIVED, S.INFORMATION_NEEDED}
REFUSING = frozenset({S.PARTLY_APPROVED, S.NOT_APPROVED})
DECIDED = frozenset({S.APPROVED, S.PARTLY_APPROVED, S.NOT_APPROVED, S.CLOSED})


class Act(TextChoices):
    """What can be done to a case; the value is the audit event's action."""

    CREATE = "create", "started the request"
    ATTACH = "attach", "added a file"
    DETACH = "detach", "removed a file"
    SEND = "send", "sent the request"
    SCORE = "score", "scored the request"
    SCORE_FAILED = "score_failed", "could not score the request"
    CLAIM = "claim", "claimed the case"
    RELEASE = "release", "released the case"
    HAND_OVER = "hand_over", "handed the case over"
    TAKE_OVER = "take_over", "took the case over"
    ASK = "ask", "asked for information"
    ANSWER = "answer", "answered the request for information"
    EXPIRE = "expire", "ended a question whose time to answer was over"
    AMEND = "amend", "corrected or added facts"
    RESCORE = "rescore", "scored the changed request"
    WRITE = "write", "wrote a message"
    JUDGE = "judge", "marked the criteria"
    READ = "read", "said what the record holds"
    ESCALATE = "escalate", "escalated to a physician"
    APPROVE = "approve", "approved"
    PARTLY_APPROVE = "partly_approve", "approved in part"
    NOT_APPROVE = "not_approve", "did not approve"
    CLOSE = "close", "closed without a determination"
    REOPEN = "reopen", "opened the decided case again"
    WITHDRAW = "withdraw", "withdrew the request"
    EXTEND = "extend", "extended the time to decide"
    STOP_CLOCK = "stop_clock", "stopped the clock"
    RESUME_CLOCK = "resume_clock", "set the clock running again"
    DOWNGRADE = "downgrade", "changed the urgency to standard"


@dataclass(frozen=True)
class Transition:
    """From which statuses an act leads where, and who may do it. `to` None keeps the status."""

    sources: frozenset[Status]
    to: Status | None
    roles: frozenset[Role]
    needs: str
    claimed: bool = False


SYSTEM = frozenset({Role.SYSTEM})
NURSES = frozenset({Role.NURSE, Role.LEAD})
PHYSICIANS = frozenset({Role.PHYSICIAN})
LEADS = frozenset({Role.LEAD})

TRANSITIONS: dict[Act, Transition] = {
    Act.ATTACH: Transition(OPEN | {S.DRAFT}, None, OFFICE_ROLES, "an accepted file within the quota"),
    Act.DETACH: Transition(OPEN | DECIDED | {S.DRAFT, S.WITHDRAWN}, None, OFFICE_ROLES, "a file that was not sent"),
    Act.SEND: Transition(frozenset({S.DRAFT}), S.RECEIVED, OFFICE_ROLES, "valid facts and details"),
    Act.SCORE: Transition(frozenset({S.RECEIVED}), S.IN_REVIEW, SYSTEM, "an assessment of the latest revision"),
    Act.SCORE_FAILED: Transition(frozenset({S.RECEIVED}), S.IN_REVIEW, SYSTEM, "a scoring job that used all its tries"),
    Act.CLAIM: Transition(IN_REVIEW, None, REVIEWER_ROLES, "no live claim of somebody else"),
    Act.RELEASE: Transition(IN_REVIEW, None, REVIEWER_ROLES, "own claim, or a lead"),
    Act.HAND_OVER: Transition(
        IN_REVIEW, None, REVIEWER_ROLES, "own claim, or a lead; a reviewer who may decide it; a line"
    ),
    Act.TAKE_OVER: Transition(IN_REVIEW, None, frozenset({Role.LEAD}), "a live claim of somebody else, a reason"),
    Act.ASK: Transition(
        IN_REVIEW, S.INFORMATION_NEEDED, REVIEWER_ROLES, "a question in words, and a time to answer", claimed=True
    ),
    Act.ANSWER: Transition(
        frozenset({S.INFORMATION_NEEDED}), S.RECEIVED, OFFICE_ROLES, "changed facts, a file or a reason"
    ),
    Act.EXPIRE: Transition(
        frozenset({S.INFORMATION_NEEDED}), S.IN_REVIEW, SYSTEM, "a question that nobody answered in its time"
    ),
    Act.AMEND: Transition(OPEN, None, OFFICE_ROLES, "changed facts or a file"),
    Act.RESCORE: Transition(OPEN - {S.RECEIVED}, None, SYSTEM, "a revision that changed a request in review"),
    Act.WRITE: Transition(OPEN, None, OFFICE_ROLES | REVIEWER_ROLES, "words"),
    Act.JUDGE: Transition(IN_REVIEW, None, REVIEWER_ROLES, "scored criteria, and reasons where due", claimed=True),
    Act.READ: Transition(
        IN_REVIEW, None, REVIEWER_ROLES, "scored facts, and for another value which of the two counts", claimed=True
    ),
    Act.ESCALATE: Transition(
        frozenset({S.IN_REVIEW}), S.WITH_PHYSICIAN, NURSES, "a question, and a recommendation", claimed=True
    ),
    Act.APPROVE: Transition(
        IN_REVIEW,
        S.APPROVED,
        REVIEWER_ROLES,
        "facts that meet the policy and one's own mark of certainty, or a physician's reason",
        claimed=True,
    ),
    Act.PARTLY_APPROVE: Transition(
        IN_REVIEW, S.PARTLY_APPROVED, PHYSICIANS, "active licence, criteria marked, codes, reasons, lines", claimed=True
    ),
    Act.NOT_APPROVE: Transition(
        IN_REVIEW, S.NOT_APPROVED, PHYSICIANS, "active licence, criteria marked, codes, reasons", claimed=True
    ),
    Act.CLOSE: Transition(IN_REVIEW, S.CLOSED, REVIEWER_ROLES, "why no determination is due", claimed=True),
    Act.REOPEN: Transition(DECIDED, S.IN_REVIEW, LEADS, "a reason"),
    Act.WITHDRAW: Transition((OPEN | {S.DRAFT}), S.WITHDRAWN, OFFICE_ROLES, "a reason"),
    Act.EXTEND: Transition(OPEN, None, REVIEWER_ROLES, "a rule that knows it, a ground, a reason, before the time"),
    Act.STOP_CLOCK: Transition(OPEN, None, REVIEWER_ROLES, "a rule that knows it, a ground, a reason, before the time"),
    Act.RESUME_CLOCK: Transition(OPEN, None, REVIEWER_ROLES, "a clock that stands still, a reason"),
    Act.DOWNGRADE: Transition(OPEN, None, PHYSICIANS, "active licence, an expedited request, a reason, in time"),
}
