"""What happens next with a request: who does what, and by when."""

import datetime as dt
from dataclasses import dataclass

from priorauth.models import Case
from priorauth.services.base import moment
from priorauth.statuses import OPEN, Status

SENTENCES = {
    Status.DRAFT: "Not sent yet. Everyone in your office can continue it.",
    Status.RECEIVED: "The plan has your request. Its facts are being checked; that takes seconds.",
    Status.IN_REVIEW: "It is with the nurse reviewers of the plan.",
    Status.INFORMATION_NEEDED: "The plan has asked you something and waits for your answer.",
    Status.WITH_PHYSICIAN: "It is with a physician of the plan.",
    Status.APPROVED: "The plan has authorized it.",
    Status.PARTLY_APPROVED: "The plan has authorized a part of it.",
    Status.NOT_APPROVED: "The plan has not authorized it. The reasons are below.",
    Status.WITHDRAWN: "Your office has withdrawn it.",
    Status.CLOSED: "The plan has closed it without a determination. The reason is below.",
}
STEPS = {
    Status.DRAFT: ("You", "complete and send it"),
    Status.RECEIVED: ("Plan", "decision"),
    Status.IN_REVIEW: ("Plan", "decision"),
    Status.INFORMATION_NEEDED: ("You", "answer"),
    Status.WITH_PHYSICIAN: ("Plan", "decision by a physician"),
    Status.APPROVED: ("You", "note the authorization number"),
    Status.PARTLY_APPROVED: ("You", "read what was authorized"),
    Status.NOT_APPROVED: ("You", "read the reasons"),
    Status.CLOSED: ("You", "read the reason"),
    Status.WITHDRAWN: ("Nobody", "it is finished"),
}


@dataclass(frozen=True)
class NextStep:
    who: str
    what: str
    at: dt.datetime | None = None
    late: bool = False

    @property
    def due(self) -> str:
        return moment(self.at) if self.at else ""

    def __str__(self) -> str:
        return f"{self.who}: {self.what}" + (f" by {self.due}" if self.due else "")


def due(case: Case) -> dt.datetime | None:
    """Until when the next step is due: the answer where the plan asked, else the decision; None where nothing runs.

    `case` comes from `selectors.with_answer_by`.
    """
    if case.status not in OPEN:
        return None
    return case.answer_by if case.status == Status.INFORMATION_NEEDED else case.due_at


def next_step(case: Case, now: dt.datetime) -> NextStep:
    """`case` as for `due`."""
    who, what = STEPS[Status(case.status)]
    at = due(case)
    return NextStep(who, what, at, late=at is not None and at < now)
