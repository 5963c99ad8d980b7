"""What the office keeps of a decision: the number and the hash of its event, which the plan cannot change unseen."""

import re
from typing import NamedTuple

from priorauth.audit.chain import same
from priorauth.audit.keys import key_ring
from priorauth.audit.verify import Fault, links, walk
from priorauth.audit.writer import case_stream
from priorauth.models import AuditEvent, Case, Decision, Letter

FORM = re.compile(r"(PA(?:-[0-9A-Z]{4}){3}):(\d{1,9}):([0-9a-f]{16,64})")
SHORT = 16  # hexadecimal digits that are enough to read out


class Receipt(NamedTuple):
    """One event as somebody outside knows it. `hash` may be its first 16 digits or more."""

    reference: str
    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.reference}:{self.sequence}:{self.hash}"

    @property
    def short(self) -> str:
        return self.hash[:SHORT]


def parse(text: str) -> Receipt:
    """Read REFERENCE:NUMBER:HASH. Raises ValueError saying what a receipt looks like."""
    found = FORM.fullmatch(text.strip())
    if not found:
        raise ValueError("A receipt looks like PA-0000-0000-0000:5:1a2b…: reference, number, at least 16 digits.")
    return Receipt(found[1], int(found[2]), found[3])


def of_decision(decision: Decision) -> Receipt | None:
    """The receipt of a decision; None where no event tells of it."""
    return _first(decision.case, decision=decision.pk)


def of_letter(letter: Letter) -> Receipt | None:
    """The receipt of the act that issued a letter, which for a decision is the decision's own."""
    return _first(letter.case, letter=letter.number)


def _first(case: Case, **entity: int) -> Receipt | None:
    events = AuditEvent.objects.filter(stream=case_stream(case), entities__contains=entity)
    event = events.order_by("sequence").first()
    return Receipt(case.reference, event.sequence, event.hash) if event else None


def fault(receipt: Receipt) -> Fault | None:
    """What is wrong in the trail up to the event of the receipt, or None where it still stands there."""
    stream = f"case:{receipt.reference}"
    events = AuditEvent.objects.filter(stream=stream, sequence__lte=receipt.sequence).order_by("sequence")
    walked = walk(stream, links(events), key_ring())
    if walked.fault:
        return walked.fault
    if walked.last is None or walked.count < receipt.sequence:
        return Fault(stream, receipt.sequence, "is missing, though there is a receipt for it")
    if not same(walked.last.hash[: len(receipt.hash)], receipt.hash):
        return Fault(stream, receipt.sequence, "is not the one on the receipt")
    return None
