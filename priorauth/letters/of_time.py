"""Letters about the time to decide: that it is longer, that it stands still, that it is the standard one."""

from typing import Final

from django.utils import timezone

from policies.vocabulary import day_words
from priorauth.clock import counted_from
from priorauth.letters import member
from priorauth.letters.content import (
    BOTH,
    CLINICIAN,
    MEMBER,
    Block,
    Bullets,
    Heading,
    Paragraph,
    Section,
    facts,
    paragraphs,
)
from priorauth.letters.matter import Matter
from priorauth.models import Case, ClockChange
from priorauth.regimes.rules import Rule
from priorauth.services.base import moment

Kind = ClockChange.Kind
KINDS: Final = {
    Kind.EXTENDED: ("extension", "We need more time for this request"),
    Kind.STOPPED: ("clock_stopped", "The time for our answer stands still"),
    Kind.DOWNGRADED: ("standard_time", "We will answer in the standard time"),
}
STILL_OPEN: Final = "This is no answer to the request. We go on with it."
SEND_MORE: Final = "Your doctor's office can send us more facts at any time."


def what_changes(matter: Matter, row: ClockChange) -> Section:
    before, after = (day_words(timezone.localdate(at)) for at in (row.due_before, row.due_after))
    told = {
        Kind.EXTENDED: [f"We had to decide by {before}.", f"We now have to decide by {after}."],
        Kind.STOPPED: [
            "The time that we have to decide stands still from now on.",
            "It runs again when your doctor's office sends us what we need.",
            f"If nothing comes, we have to decide by {after}.",
        ],
        Kind.DOWNGRADED: [
            "Your doctor's office asked us for a fast answer.",
            f"We will answer in the standard time. We now have to decide by {after}.",
        ],
    }[Kind(row.kind)]
    asked = member.asked_for(matter)
    return Section("What changes", MEMBER, (*asked, *map(Paragraph, told), Paragraph(STILL_OPEN)))


def why(row: ClockChange, ground: str) -> Section:
    return Section("Why", MEMBER, (*paragraphs(ground), *paragraphs(row.reason)))


def next_steps(row: ClockChange, rule: Rule) -> Section:
    rights = {
        Kind.EXTENDED: rule.text.extension.right if rule.text.extension else "",
        Kind.DOWNGRADED: rule.text.downgrade.right if rule.text.downgrade else "",
    }
    right = paragraphs(rights.get(Kind(row.kind), ""))
    objecting: tuple[Block, ...] = (Heading("If you do not agree"), *right) if right else ()
    return Section("What you can do now", MEMBER, (Bullets((SEND_MORE,)), *objecting))


def rule_of_time(row: ClockChange, rule: Rule, case: Case) -> Section:
    more = f"{row.count} {row.unit}" if row.count else ""
    return Section(
        "The rule for the time",
        BOTH,
        (
            facts(
                ("Rule", rule.label),
                ("Time to decide", f"{rule.limit(case.urgency)} from {counted_from(case)} ({case.urgency})"),
                ("Longer by", more),
                ("Reason that the rule names", row.ground),
                ("Where it stands", rule.citation),
            ),
        ),
    )


def received(matter: Matter) -> tuple[tuple[str, str], tuple[str, str]]:
    """When the request came, and from when its time counts where that is another moment."""
    again = moment(matter.opened_again) if matter.opened_again else ""
    return ("We received the request on", moment(matter.case.received_at)), ("We opened it again on", again)


def dates(matter: Matter, row: ClockChange) -> Section:
    return Section(
        "Dates",
        BOTH,
        (
            facts(
                *received(matter),
                ("We had to decide by", moment(row.due_before)),
                ("We wrote this on", moment(row.changed_at)),
                ("The time runs again by itself on", moment(row.until) if row.until else ""),
                ("We now have to decide by", moment(row.due_after)),
            ),
        ),
    )


def for_clinician(matter: Matter, row: ClockChange) -> Section:
    requested = "\n".join(f"Line {line.number}: {line.code}, {', '.join(line.levels)}" for line in matter.lines)
    ground = f"{row.ground}." if row.ground else ""
    blocks = (
        facts(("Requested", requested), ("Facts", f"as sent on {day_words(matter.sent_on)}")),
        Heading("The reason"),
        *paragraphs(f"{ground}\n{row.reason}"),
        Heading("To talk about it"),
        *paragraphs(matter.texts.clinician_review),
    )
    return Section("For the clinician", CLINICIAN, blocks)
