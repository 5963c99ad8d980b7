"""Whole letters: of a decision, of a question to the office, and of a change of the time to decide."""

import datetime as dt
from typing import Final

from policies.vocabulary import day_words
from priorauth.letters import clinician, member, of_time
from priorauth.letters.characters import printable
from priorauth.letters.content import BOTH, Content, Facts, Paragraph, Section, facts
from priorauth.letters.matter import Matter
from priorauth.models import ClockChange, Decision, InformationRequest
from priorauth.regimes.rules import Rule
from priorauth.roles import Role
from priorauth.services.base import moment
from priorauth.statuses import Status

TITLES: Final = {
    Status.APPROVED: "We approved this request",
    Status.PARTLY_APPROVED: "We approved a part of this request",
    Status.NOT_APPROVED: "We did not approve this request",
    Status.INFORMATION_NEEDED: "We need more facts for this request",
}
A_PERSON: Final = "A program sorted the facts. A person read them and decided."


def of_decision(matter: Matter, decision: Decision) -> Content:
    """The letter of a decision that approves all, a part or nothing."""
    ask_by = matter.day + dt.timedelta(days=matter.texts.appeal_days)
    if decision.outcome == Decision.Outcome.APPROVED:
        middle = (member.why_approved(matter, decision), member.next_steps_approved(matter))
        dates = _dates(matter, decision)
    else:
        middle = (
            member.why_not_approved(matter, decision),
            member.what_could_change(decision),
            member.next_steps_refused(matter, day_words(ask_by)),
        )
        dates = _dates(matter, decision, ("Last day to ask us to look again", day_words(ask_by)))
    sections = (
        member.what_we_decided(matter, decision),
        *middle,
        member.rule(matter),
        Section("Who decided", BOTH, (_who(matter), Paragraph(A_PERSON))),
        Section("Dates", BOTH, (dates,)),
        member.help_with_it(matter),
        clinician.of_decision(matter, decision),
    )
    return _content(matter, decision.outcome, TITLES[Status(decision.outcome)], sections)


def of_question(matter: Matter, question: InformationRequest) -> Content:
    """The letter that asks for facts."""
    still = ("At the latest, the time runs again on", moment(matter.still_until) if matter.still_until else "")
    must = "We had to decide by" if matter.is_late else "We have to decide by"
    due = (("Please answer by", moment(question.answer_by)), (must, moment(matter.case.due_at)))
    sections = (
        member.what_we_need(matter, member.unknown_points(matter, question.items)),
        member.next_steps_asked(matter, question),
        member.rule(matter),
        Section("Who asks", BOTH, (_who(matter),)),
        Section(
            "Dates", BOTH, (facts(*of_time.received(matter), ("We asked on", day_words(matter.day)), still, *due),)
        ),
        member.help_with_it(matter),
        clinician.of_question(matter, question),
    )
    return _content(matter, Status.INFORMATION_NEEDED, TITLES[Status.INFORMATION_NEEDED], sections)


def of_clock(matter: Matter, row: ClockChange, rule: Rule, ground: str) -> Content:
    """The letter that tells of more time, of time that stands still, or of the standard time; `ground` is the rule's
    reason in the member's words."""
    kind, title = of_time.KINDS[ClockChange.Kind(row.kind)]
    sections = (
        of_time.what_changes(matter, row),
        of_time.why(row, ground),
        of_time.next_steps(row, rule),
        of_time.rule_of_time(row, rule, matter.case),
        Section("Who decided", BOTH, (_who(matter),)),
        of_time.dates(matter, row),
        member.help_with_it(matter),
        of_time.for_clinician(matter, row),
    )
    return _content(matter, kind, title, sections)


def receipt_section(receipt: str) -> Section:
    """What stands under a letter, though it can be known only when the act is recorded."""
    words = "With this number the plan can show at any time that its records still hold this letter unchanged."
    return Section("Receipt", BOTH, (Paragraph(words), Paragraph(receipt)))


def _content(matter: Matter, kind: str, title: str, sections: tuple[Section, ...]) -> Content:
    case = matter.case
    about = facts(
        ("Date", day_words(matter.day)),
        ("For", str(case.member)),
        ("Member ID", case.member.member_id),
        ("Doctor", str(case.clinician)),
        ("Doctor's office", case.office.name),
        ("Place of the procedure", str(case.facility)),
        ("Reference", case.reference),
    )
    letterhead = tuple(printable(matter.texts.letterhead).split("\n"))
    return Content(kind, title, case.reference, matter.day, letterhead, about, sections)


def _who(matter: Matter) -> Facts:
    held = matter.credential
    licence = f"{held.licence_number} ({held.state})" if held else ""
    return facts(
        ("Name", matter.by.name),
        ("Title", Role(matter.by.role).label),
        ("Specialty", held.specialty if held else ""),
        ("Licence", licence),
    )


def _dates(matter: Matter, decision: Decision, *more: tuple[str, str]) -> Facts:
    valid = []
    if len(matter.validities) == 1:
        first, last = map(day_words, matter.validities[0])
        valid = [("First day of the approval", first), ("Last day of the approval", last)]
    return facts(*of_time.received(matter), ("We decided on", moment(matter.at)), *valid, *more)
