"""A letter of each kind, as tests issue it. All synthetic."""

import datetime as dt
import re
from typing import Any

from priorauth.letters.content import MEMBER, Bullets, Content, Paragraph
from priorauth.models import Case, Letter
from priorauth.roles import Role
from priorauth.services import downgrade, extend, information, submit
from priorauth.statuses import Urgency
from tests import cases
from tests.cases import NO_IMAGING, NOW, approve, case_in_review, claimed, not_approve, person

HEALED = "A33"  # imaging shows the fracture healed: the policy is not met
FOR_MEMBER = "The new scan shows that the bone has healed. Our rule asks for a break that has not healed."
FOR_CLINICIAN = "MRI of Nov 14 at L1: no edema (A6). A newer MRI with edema would change the answer."
CHANGE = "A newer scan that shows the break has not healed could change our answer."
REASONS = {
    "reason_for_member": FOR_MEMBER,
    "reason_for_clinician": FOR_CLINICIAN,
    "what_would_change": CHANGE,
    "reason_codes": ["N04"],
}


def approved() -> Letter:
    return approve(case_in_review(person(Role.CLERK)), person(Role.NURSE)).letter


def approved_against() -> Letter:
    case = case_in_review(person(Role.CLERK), NO_IMAGING)
    return approve(case, person(Role.PHYSICIAN), reason="I read the MRI report on the phone.").letter


def partly_approved() -> Letter:
    clerk, document = person(Role.CLERK), cases.facts()
    document["levels"]["L2"] = document["levels"]["L1"]
    document["lines"].append({**document["lines"][0], "line": 2, "code": "22512", "levels": ["L2"]})
    case = submit.send(cases.draft_case(clerk), cases.submission(document), by=clerk, at=NOW)
    cases.score_all()
    case.refresh_from_db()
    days = {"valid_from": dt.date(2026, 11, 30), "valid_to": dt.date(2027, 2, 28)}
    return not_approve(case, person(Role.PHYSICIAN), lines=[2], **REASONS, **days).letter


def approved_levels() -> Letter:
    case = cases.case_of_levels(person(Role.CLERK))
    some = {"levels": {2: ["L3"]}, "units": {2: 1}, **cases.DAYS}
    return not_approve(case, person(Role.PHYSICIAN), **REASONS, **some).letter


def refused(**reasons: Any) -> Letter:
    case = case_in_review(person(Role.CLERK), HEALED)
    return not_approve(case, person(Role.PHYSICIAN), **{**REASONS, **reasons}).letter


def asked() -> Letter:
    case, nurse = case_in_review(person(Role.CLERK), NO_IMAGING), person(Role.NURSE)
    items = case.assessments.get().result["missing"]
    question = "Please send the MRI report of L1."
    return information.ask(claimed(case, nurse), by=nurse, at=NOW, question=question, items=items).letter


WAITS = "The bone scan of Nov 30 could show that the bone has not healed."


def of_medicare(urgency: Urgency = Urgency.STANDARD) -> Case:
    """A case whose rule knows more time, and the standard instead of the expedited one."""
    clerk, document = person(Role.CLERK), cases.facts() | {"product": "medicare_hmo_blue"}
    sent = cases.submission(document, urgency=urgency)
    return submit.send(cases.draft_case(clerk), sent, by=clerk, at=NOW)


def extended(reason: str = WAITS) -> Letter:
    values = {"count": 5, "ground": "evidence", "reason": reason}
    return extend.extend(of_medicare(), by=person(Role.NURSE), at=NOW, **values).letter


def downgraded() -> Letter:
    case = of_medicare(Urgency.EXPEDITED)
    return downgrade.downgrade(case, by=person(Role.PHYSICIAN), at=NOW, reason=WAITS).letter


def content(letter: Letter) -> Content:
    return Content.of(letter.content)


def strings(value: Any) -> list[str]:
    """Every text of a letter, line by line."""
    if isinstance(value, str):
        return value.split("\n")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in strings(part)]


def member_text(told: Content) -> str:
    """What is written for the member, without the headings; each line is a sentence or more."""
    lines: list[str] = []
    for block in (block for section in told.sections if section.reader == MEMBER for block in section.blocks):
        if isinstance(block, Paragraph):
            lines.append(block.text)
        elif isinstance(block, Bullets):
            lines += block.items
    return "\n".join(lines)


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)
