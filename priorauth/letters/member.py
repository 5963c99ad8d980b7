"""The sections that the member reads: short sentences, no codes, every hard word explained."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from django.utils import timezone

from policies.codes import region_of
from policies.member import FACTS
from policies.truth import MET, NOT_MET, UNKNOWN
from policies.vocabulary import day_words
from priorauth.letters.content import MEMBER, Block, Bullets, Heading, Paragraph, Section, bullets, paragraphs
from priorauth.letters.matter import Line, Matter
from priorauth.models import Decision, InformationRequest, Judgement, ReasonCode
from priorauth.roles import Role

CARE: Final = {
    "vertebroplasty": (
        "vertebroplasty",
        "In a vertebroplasty, a doctor puts bone cement into a broken bone of the spine.",
    ),
    "sacroplasty": ("sacroplasty", "In a sacroplasty, a doctor puts bone cement into the base of the spine."),
}
CARE |= {"sacral_listed": CARE["sacroplasty"], "scored": ("the procedure", "")}
UNKNOWN_CARE: Final = CARE["scored"]
PLACES: Final = {
    "C": "a bone in the neck",
    "T": "a bone in the upper or middle back",
    "L": "a bone in the lower back",
    "S": "a bone at the base of the spine",
    "COCCYX": "the tail bone",
}
FITS: Final = "We read the facts that your doctor's office sent. They fit the rule that we use for this care."
FITS_AS_READ: Final = (
    "We read the records that your doctor's office sent. What we found there fits the rule that we use for this care."
)
POINTS: Final = "These points of the rule are met:"
AGAINST: Final = "Not all points of our rule are shown in the records. A doctor of the plan read them and approved it."
READER: Final = {Role.PHYSICIAN: "A doctor", Role.NURSE: "A nurse"}
OTHERWISE: Final = {
    MET: "{who} of the plan read the records and found that they show this.",
    NOT_MET: "{who} of the plan read the records and did not find this shown.",
    UNKNOWN: "{who} of the plan read the records and could not tell.",
}
IN_OUR_WORDS: Final = "What we asked the office stands in the part of this letter that is for the clinician."
NEW_FACTS: Final = "New facts could change our answer."
NEW_REQUEST: Final = "Your doctor's office can send us a new request at any time."


def what_we_decided(matter: Matter, decision: Decision) -> Section:
    groups = [(True, "approved"), (False, "did not approve")]
    told: list[Block] = []
    for approved, word in groups:
        if lines := matter.parts(approved=approved):
            told += _lines(f"We {word}", lines, matter)
    told += [Paragraph(words) for words in _explained(matter)]
    if decision.authorization_number:
        told += [Paragraph(words) for words in _good(matter)]
        told.append(Paragraph(f"Your approval number is {decision.authorization_number}."))
    told += [Paragraph(words) for words in _in_place_of(matter)]
    return Section("What we decided", MEMBER, tuple(told))


def _in_place_of(matter: Matter) -> Iterator[str]:
    """Which decision before this one holds no more."""
    former = matter.former
    if former is None:
        return
    yield f"We looked at this request again. This takes the place of what we decided on {_day(former.decided_at)}."
    if former.authorization_number:
        yield f"From now on the approval number {former.authorization_number} is no longer good."


def _day(at: dt.datetime) -> str:
    return day_words(timezone.localdate(at))


def _good(matter: Matter) -> Iterator[str]:
    """From when to when the approval is good: line by line where they differ; and what is less than was asked for."""
    approved = matter.parts(approved=True)
    for line in approved if len(matter.validities) > 1 else approved[:1]:
        first, last = map(day_words, line.days or ())
        what = f"For {_care_at(line, matter)}, the" if len(matter.validities) > 1 else "The"
        yield f"{what} approval is good from {first} to {last}."
    for line in approved:
        if line.is_less and not (line.left_out and line.units == len(line.levels)):  # then the bones tell it
            yield f"For {_care_at(line, matter)}, we approved {line.units} of the {line.asked} that were asked for."


def what_we_need(matter: Matter, points: Sequence[str]) -> Section:
    told = asked_for(matter)
    told.append(Paragraph("We cannot decide yet, since we need to know more. Your doctor's office can tell us."))
    if points:
        told += [Paragraph("We do not know yet if each of these is so:"), bullets(points)]
    else:
        told.append(Paragraph(IN_OUR_WORDS))
    return Section("What we need", MEMBER, tuple(told))


def asked_for(matter: Matter) -> list[Block]:
    """What the request is about."""
    told = _lines("We were asked to approve", matter.lines, matter)
    return told + [Paragraph(words) for words in _explained(matter)]


def why_approved(matter: Matter, decision: Decision) -> Section:
    if decision.against_computed:
        return Section("Why", MEMBER, (Paragraph(AGAINST),))
    points = _points(matter, matter.lines, _that_is_met)
    fits = FITS_AS_READ if matter.assessment and matter.assessment.otherwise else FITS
    return Section("Why", MEMBER, (Paragraph(fits), *([Paragraph(POINTS), bullets(points)] if points else [])))


def why_not_approved(matter: Matter, decision: Decision) -> Section:
    told: list[Block] = list(paragraphs(decision.reason_for_member))
    refused = matter.parts(approved=False)
    points = _points(matter, refused, _as_found)
    if points:
        levels = dict.fromkeys(level for line in refused for level in line.levels)
        where = f" at {' and '.join(levels)}" if levels and matter.parts(approved=True) else ""
        told += [Paragraph(f"This is what we found for each point of our rule{where}:"), bullets(points)]
    return Section("Why", MEMBER, tuple(told))


def what_could_change(decision: Decision) -> Section:
    facts_count = decision.reason_codes != [ReasonCode.SACRAL]  # of what is investigational for everybody, none do
    new = f"{NEW_FACTS} {NEW_REQUEST}" if facts_count else NEW_REQUEST
    return Section("What could change this", MEMBER, (*paragraphs(decision.what_would_change), Paragraph(new)))


def next_steps_approved(matter: Matter) -> Section:
    return Section("What you can do now", MEMBER, (_steps(matter),))


def _steps(matter: Matter) -> Bullets:
    [(first, last), *others] = [(day_words(first), day_words(last)) for first, last in matter.validities]
    when = "within the days above" if others else f"for a day from {first} to {last}"
    steps = (
        f"Your doctor's office can plan the care {when}.",
        "Keep this letter. Show the approval number if you are asked for it.",
        "If the plan for your care changes, your doctor's office should tell us first.",
    )
    return Bullets(steps)


def next_steps_refused(matter: Matter, ask_by: str) -> Section:
    texts = matter.texts
    approved = (Heading("For what we approved"), _steps(matter)) if matter.validities else ()
    return Section(
        "What you can do now",
        MEMBER,
        (
            *approved,
            Heading(f"Ask us to look again, by {ask_by}"),
            *paragraphs(texts.appeal),
            Heading("If you need an answer fast"),
            *paragraphs(texts.fast_appeal),
            Heading("People outside the plan"),
            *paragraphs(texts.outside_review),
            Heading("Other care"),
            *paragraphs(texts.other_care),
        ),
    )


def next_steps_asked(matter: Matter, question: InformationRequest) -> Section:
    due, answer_by = (timezone.localdate(moment) for moment in (matter.case.due_at, question.answer_by))
    time = f"We have to decide by {day_words(due)}."
    if matter.is_late:
        time = f"We had to decide by {day_words(due)}, so we are late. We still need these facts."
    elif matter.still_until:
        time = f"The time for our answer stands still until then. At the latest we have to decide by {day_words(due)}."
    steps = (
        f"Your doctor's office should answer by {day_words(answer_by)}. {time}",
        "You do not have to do anything. If you like, ask the office if it has sent us the answer.",
    )
    return Section("What you can do now", MEMBER, (Bullets(steps),))


def rule(matter: Matter) -> Section:
    document = matter.edition.document
    told = (
        f"We used medical policy {document.number}: {document.title}.",
        f"We used the text that applies from {day_words(matter.edition.effective)} (edition {document.edition}).",
    )
    return Section("The rule we used", MEMBER, (*map(Paragraph, told), *paragraphs(matter.texts.policy_copy)))


def help_with_it(matter: Matter) -> Section:
    blocks = (*paragraphs(matter.texts.contact), *paragraphs(matter.texts.language_help))
    return Section("Help with this letter", MEMBER, blocks)


def unknown_points(matter: Matter, asked: Sequence[dict[str, Any]]) -> list[str]:
    """In the member's words, the criteria that `asked` ({criterion, level, ask}) is about."""
    wanted = {(item["criterion"], item["level"]) for item in asked}
    points = [
        one["plain"]
        for _, story in matter.told(matter.lines)
        for level in story["levels"]
        for way in level["pathways"]
        for one in way["criteria"]
        if (one["criterion"], level["level"]) in wanted and one["ask"]
    ]
    return list(dict.fromkeys(points))


def _that_is_met(one: dict[str, Any], mark: Judgement | None) -> str:
    return one["plain"] if (mark.verdict if mark else one["state"]) == MET else ""


def _as_found(one: dict[str, Any], mark: Judgement | None) -> str:
    """What was found, by the person where they found otherwise than was computed."""
    if mark is None:
        return f"{one['plain']} {FACTS[one['state']]}"
    who = READER.get(Role(mark.judged_role), "A reviewer")
    return f"{one['plain']} {OTHERWISE[mark.verdict].format(who=who)}"


def _points(matter: Matter, lines: Sequence[Line], say: Callable[[dict[str, Any], Judgement | None], str]) -> list[str]:
    """What `say` says of each criterion that counts, of the way that is told at each level; before it the bones that it
    is about, where it is not about all of them."""
    levels = {
        level["level"]: matter.way(line, level)
        for line, story in matter.told(lines)
        for level in story["levels"]
        if not line.levels or level["level"] in line.levels
    }
    said: dict[str, list[str]] = {}
    for name, way in levels.items():
        for one in matter.counted(name, way):
            if words := say(one, matter.otherwise(name, one)):
                said.setdefault(words, []).append(name)
    return [f"{', '.join(names)}: {words}" if len(names) < len(levels) else words for words, names in said.items()]


def _lines(start: str, lines: Sequence[Line], matter: Matter) -> list[Block]:
    told = [_care_at(line, matter) for line in lines]
    if len(told) == 1:
        return [Paragraph(f"{start} {told[0]}.")]
    return [Paragraph(f"{start}:"), bullets(told)]


def _care_at(line: Line, matter: Matter) -> str:
    """`vertebroplasty at L1 (a bone in the lower back)`."""
    places = [f"{level} ({PLACES[region_of(level)]})" for level in line.levels]
    return _care(line, matter)[0] + (f" at {' and '.join(places)}" if places else "")


def _explained(matter: Matter) -> Iterator[str]:
    """What each kind of care is, once."""
    return iter(dict.fromkeys(words for line in matter.lines if (words := _care(line, matter)[1])))


def _care(line: Line, matter: Matter) -> tuple[str, str]:
    code = matter.edition.document.codes.current.get(line.code)
    return CARE[code.kind] if code else UNKNOWN_CARE
