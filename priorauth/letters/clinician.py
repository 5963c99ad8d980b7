"""The part for the clinician: each criterion by its number, the facts relied on, the sums, and what would change it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from policies.vocabulary import day_words
from priorauth import typed
from priorauth.letters.content import CLINICIAN, Block, Heading, Paragraph, Section, Table, bullets, facts, paragraphs
from priorauth.letters.matter import Json, Line, Matter
from priorauth.models import Decision, InformationRequest, Judgement
from priorauth.roles import Role

MOST_FACTS: Final = 8  # of one criterion that are told; the request has them all
MOST_FILES: Final = 20
HEADER: Final = ("No.", "Criterion", "Result", "Facts relied on")
WHO: Final = {Role.PHYSICIAN: "Physician", Role.NURSE: "Nurse"}
OUTCOMES: Final = {True: ": approved", False: ": not approved", None: ""}


def of_decision(matter: Matter, decision: Decision) -> Section:
    reason = paragraphs(decision.reason_for_clinician)
    codes = tuple(Paragraph(f"{words}.") for words in decision.reasons)
    told: tuple[Block, ...] = (
        (Heading(f"The {_role(matter.by.role).lower()}'s reason"), *codes, *reason) if reason else ()
    )
    if decision.relied_on:
        told += (Paragraph("This rests on:"), bullets(_relied_on(matter)))
    if decision.what_would_change:
        told += (Heading("What would change this decision"), *paragraphs(decision.what_would_change))
    return _section(matter, told)


def _relied_on(matter: Matter) -> list[str]:
    """The criteria that a decision names, by number and label, with their locator in the policy."""
    words = {
        f"{level['level']}: {number(way, one)} {one['label']} ({one['locator']})": (level["level"], one["criterion"])
        for line, story in matter.told(matter.lines)
        for level in story["levels"]
        for way in (matter.way(line, level), *level["pathways"])
        for one in way["criteria"]
        if (level["level"], one["criterion"]) in matter.relied_on
    }
    first = {key: words for words, key in reversed(words.items())}
    return [first[key] for key in dict.fromkeys(words.values())]


def of_question(matter: Matter, question: InformationRequest) -> Section:
    asks = list(dict.fromkeys(_asked(item) for item in question.items))
    told = (Heading("What we ask"), *paragraphs(question.question), *([bullets(asks)] if asks else []))
    return _section(matter, told)


def number(pathway: Json, criterion: Json) -> str:
    """A criterion's number: its place in its pathway, like A3."""
    return f"{pathway['pathway']}{pathway['criteria'].index(criterion) + 1}"


def _asked(item: Json) -> str:
    return f"{item['level']}: {item['ask']}" if item["level"] else item["ask"]


def _section(matter: Matter, told: Sequence[Block]) -> Section:
    blocks = [_what_was_read(matter), *told]
    dated = typed.of_treatments(matter.revision, matter.assessment.facts if matter.assessment else None)
    lines = list(matter.told(matter.lines))
    told_with = _told_with(lines)
    for line, story in lines:
        blocks += _line(matter, line, story, told_with, dated)
    if matter.assessment is None:
        blocks.append(Paragraph("The facts could not be compared with the criteria by program; a person read them."))
    blocks += [Heading("To talk about it"), *paragraphs(matter.texts.clinician_review)]
    return Section("For the clinician", CLINICIAN, tuple(blocks))


def _what_was_read(matter: Matter) -> Block:
    document, case = matter.edition.document, matter.case
    names = list(case.attachments.filter(revision__isnull=False).values_list("name", flat=True))
    more = [f"and {len(names) - MOST_FILES} more"] if len(names) > MOST_FILES else []
    as_of = f", counted up to {matter.assessment.explanation['as_of']}" if matter.assessment else ""
    otherwise = matter.assessment.otherwise if matter.assessment else []
    return facts(
        (
            "Policy",
            f"{document.number}, edition {document.edition}, in force from {day_words(matter.edition.effective)}",
        ),
        ("Requested", "\n".join(_requested(line) for line in matter.lines)),
        ("Diagnosis codes", ", ".join(matter.revision.details.get("diagnosis_codes") or ())),
        ("Facts", f"as sent on {day_words(matter.sent_on)} (revision {matter.revision.number}){as_of}"),
        ("Read otherwise in the record", "\n".join(otherwise)),
        ("Files", "\n".join([*names[:MOST_FILES], *more]) or "none"),
    )


def _requested(line: Line) -> str:
    """`Line 1: 22511, L1: approved`, or `Line 2: 22512: approved for L2, 1 of 2 units; not approved for L3`."""
    less = f", {line.units} of {line.asked} units" if line.is_less else ""
    if line.left_out:
        kept, left_out = ", ".join(line.kept), ", ".join(line.left_out)
        return f"Line {line.number}: {line.code}: approved for {kept}{less}; not approved for {left_out}"
    levels = f", {', '.join(line.levels)}" if line.levels else ""
    return f"Line {line.number}: {line.code}{levels}{OUTCOMES[line.approved]}{less}"


def _told_with(lines: Sequence[tuple[Line, Json]]) -> dict[str, int]:
    """The number of the line with which each level is told, once: the first that does not approve it, or the first."""
    asked = [(level["level"], line) for line, story in reversed(lines) for level in story["levels"]]
    return {name: line.number for name, line in sorted(asked, key=lambda one: one[1].refuses(one[0]))}


def _line(
    matter: Matter, line: Line, story: Json, told_with: Mapping[str, int], dated: Mapping[str, str]
) -> Iterator[Block]:
    """A line's own words, and each of its levels that is told with it."""
    if not story["levels"]:
        yield Heading(_requested(line))
        yield Paragraph(f"{story['sentence']} ({story['locator']})" if story["locator"] else story["sentence"])
    for level in story["levels"]:
        if told_with[level["level"]] == line.number:
            yield from _level(matter, line, level, dated)


def _level(matter: Matter, line: Line, level: Json, dated: Mapping[str, str]) -> Iterator[Block]:
    name, way = level["level"], matter.way(line, level)
    yield Heading(f"Line {line.number}, {name}. Pathway {way['pathway']}: {way['label']} ({way['locator']})")
    counted = matter.counted(name, way)
    yield Table(HEADER, tuple(_row(way, one, matter.otherwise(name, one), dated) for one in counted))
    yield bullets([_other(matter, name, other) for other in level["pathways"] if other is not way])
    if not line.refuses(name):
        return
    found = [(number(way, one), matter.change(name, one)) for one in counted]
    if changes := [f"{of}: {words}" for of, words in found if words]:
        yield Heading(f"What would change the result at {name}")
        yield bullets(changes)
    if level["next_step"]:
        yield Paragraph(level["next_step"])


def _row(way: Json, one: Json, mark: Judgement | None, dated: Mapping[str, str]) -> tuple[str, ...]:
    """A criterion as it was computed, and what who decides found otherwise, with their reason as written."""
    paths = one.get("paths") or [""] * len(one["found"])
    told = [typed.with_dates(words, path, dated) for words, path in zip(one["found"], paths, strict=True)]
    found, more = told[:MOST_FACTS], len(one["found"]) - MOST_FACTS
    relied = [*found, *([f"and {more} more, in the request"] if more > 0 else []), one["arithmetic"]]
    about = one["label"] if one["state"] != "not_met" else f"{one['label']}\n{one['not_met']}"
    facts_relied_on = "\n".join(filter(None, relied)) or "none sent"
    if mark is None:
        return (number(way, one), f"{about}\n({one['locator']})", one["word"], facts_relied_on)
    result = f"Computed: {one['word']}\n{_marked(mark)}"
    return (number(way, one), f"{about}\n({one['locator']})", result, f"{facts_relied_on}\n{_who(mark)}: {mark.reason}")


def _other(matter: Matter, level: str, way: Json) -> str:
    told = f"Pathway {way['pathway']}, {way['label']}: {way['word']}."
    marks = [(one, matter.otherwise(level, one)) for one in way["criteria"]]
    said = [f"{number(way, one)}, computed: {one['word']}; {_marked(mark)}." for one, mark in marks if mark]
    return " ".join(filter(None, [told, *said, way["ruled_out_by"]]))


def _marked(mark: Judgement) -> str:
    """`Physician: Not met`"""
    return f"{_who(mark)}: {mark.get_verdict_display()}"


def _who(mark: Judgement) -> str:
    return _role(mark.judged_role)


def _role(role: str) -> str:
    return WHO.get(Role(role), "Reviewer")
