"""What the marks of the person who decides allow: the way to an approval, and the ground of one that is not given."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from priorauth.models import Assessment, Case, ReasonCode
from priorauth.models.judgement import CERTAINTY
from priorauth.roles import Actor
from priorauth.services.base import lacking
from priorauth.services.decision_lines import ALL, Part
from priorauth.services.errors import Incomplete
from priorauth.services.judge import Standing, made, standing
from priorauth.services.scored import computed_states
from priorauth.statuses import Act

# What stands against approving a line, by what was found of it, the gravest first.
NOT_MEETING = {
    "does_not_meet": "The scored facts of line {line} do not meet the policy, so only a physician may approve.",
    "insufficient_information": "Facts for line {line} are still missing, so only a physician may approve.",
    "not_in_scope": "The policy does not cover line {line}, so only a physician may approve.",
    "prior_auth_not_required": "Line {line} was found to need no authorization, so only a physician may approve.",
}
NOT_SCORED = "The facts of this request were not scored, so only a physician may approve."
NOT_MET_MARKED = "Your own marks at {levels} say that the policy is not met, so only a physician may approve."
UNMARKED = (
    "First mark at {levels} whether the pain comes from there with a high degree of certainty, and why. "
    "That is for a person to judge."
)
ANEW = (
    "After you marked {levels}, other facts count there. Mark again what the case page shows as marked before: "
    "your mark was said of the earlier facts."
)
NOT_CITED = "Name at least one criterion that you marked “not met” for {place}."
NOT_MARKED = (
    "You name {number} at {level} ({label}), but did not mark it “not met”. Mark it, or name another criterion."
)
NO_CRITERION = "The policy does not ask what you name. Name criteria that the case page shows."
UNSCORED_CODE = "No criteria were scored for {place}: choose N03, N06 or N07 as the reason."
NOT_ASKED = (
    "Facts are missing, and the office was not asked for them, or still has time to answer. "
    "Ask for information before you decide not to approve for that."
)
OF_LEVELS = {"meets", "does_not_meet", "insufficient_information"}  # what the levels of a line make of it
OF_UNSCORED = {ReasonCode.SACRAL, ReasonCode.NOT_RECEIVED, ReasonCode.ADMINISTRATIVE}
Json = dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """What stands against approving lines: `against` what was computed or what the person marked, in words; `unmarked`
    the levels that this person has yet to judge, or to judge anew. Both empty: they may approve."""

    against: str = ""
    unmarked: str = ""


def ground(case: Case, assessment: Assessment | None, *, by: Actor, part: Part = ALL) -> Ground:
    """Whether the marks of `by` carry an approval of what `part` approves.

    A level is carried by a pathway that was found met, none of whose criteria that were found met the person marked
    otherwise, and whose “high degree of certainty”, where it asks for that, the person marked met; and of no criterion
    of which what they marked fell and was not marked anew (judge.made).
    """
    wanted = [line for line in _lines(assessment) if line["line"] not in part.refused]
    if not wanted:
        return Ground(against=NOT_SCORED)
    found = {line["line"]: _found(line, part) for line in wanted}
    for state, why in NOT_MEETING.items():
        if against := [number for number, one in found.items() if one == state]:
            return Ground(against=why.format(line=against[0]))
    made_here = made(case, assessment)
    marks, fallen = made_here.of(by.user_id), made_here.fallen_of(by.user_id)
    contradicted, unmarked, anew = [], [], []
    for level in (level for line in wanted for level in _kept(line, part)):
        ways = [level["criteria"][way] for way, state in level["pathways"].items() if state == "met"]
        open_ways = [way for way in ways if not _contradicted(level["level"], way, marks)]
        if not open_ways:
            contradicted.append(level["level"])
            continue
        settled = [way for way in open_ways if not any((level["level"], one) in fallen for one in _met(way))]
        if not settled:
            anew.append(level["level"])
        elif not any(CERTAINTY not in way or (level["level"], CERTAINTY) in marks for way in settled):
            unmarked.append(level["level"])
    against = NOT_MET_MARKED.format(levels=_named(contradicted)) if contradicted else ""
    lacks = [why.format(levels=_named(levels)) for why, levels in ((UNMARKED, unmarked), (ANEW, anew)) if levels]
    return Ground(against, " ".join(lacks))


def refuses_what_meets(assessment: Assessment | None, part: Part) -> bool:
    """Whether something that `part` does not approve was found to meet the policy, or nothing was scored at all."""
    lines = list(_lines(assessment))
    refused = (line for line in lines if line["line"] in part.refused)
    left_out = (level for line in lines for level in line["levels"] if level["level"] in _left_out(line, part))
    return not lines or any(one["determination"] == "meets" for one in (*refused, *left_out))


def founded(
    case: Case,
    assessment: Assessment | None,
    act: Act,
    *,
    by: Actor,
    at: dt.datetime,
    part: Part,
    codes: Collection[str],
    named: Collection[tuple[str, str]],
) -> None:
    """Refuse, with its event, to approve no more than `part` for `codes` and the criteria `named` ((level, criterion)).

    Each scored level that is not approved needs a named criterion that this physician marked not met; what was not
    scored, a code that fits. Missing facts are a reason only once the office was asked,
    and has answered or had its time. Raises Incomplete.
    """
    marks = standing(case, assessment, by.user_id)
    states = computed_states(assessment)
    for key in named:
        if key not in marks or marks[key].verdict != "not_met":
            lacking(case, act, "relied_on", _not_marked(assessment, key), by=by, at=at)
    if set(codes) != {ReasonCode.ADMINISTRATIVE}:
        for place, levels in _places(assessment, part):
            if why := _lacks(place, levels, codes, named):
                lacking(case, act, *why, by=by, at=at)
    unknown = {key for key in named if "unknown" in states[key]}
    over = [question for question in case.information_requests.all() if not question.is_open]
    asked = {(item["level"], item["criterion"]) for question in over for item in question.items}
    if not unknown <= asked:
        lacking(case, act, "relied_on", NOT_ASKED, by=by, at=at)
    if ReasonCode.NOT_RECEIVED in codes and not over:
        lacking(case, act, "reason_codes", NOT_ASKED, by=by, at=at)


def reason_codes(codes: Collection[str]) -> list[str]:
    """The codes, each once, in order. Raises Incomplete where none is given, or one that is not ours."""
    if not codes or not set(codes) <= set(ReasonCode.values):
        raise Incomplete("reason_codes", "Choose at least one reason.")
    return sorted(set(codes))


def _lines(assessment: Assessment | None) -> list[Json]:
    return assessment.result["lines"] if assessment else []


def _left_out(line: Json, part: Part) -> tuple[str, ...]:
    return part.left_out.get(line["line"], ())


def _kept(line: Json, part: Part) -> list[Json]:
    return [level for level in line["levels"] if level["level"] not in _left_out(line, part)]


def _found(line: Json, part: Part) -> str:
    """The determination of a scored line; of one without some of its levels, that of those which stay, where nothing
    stands against the line itself, like a missing code or that it is out of scope."""
    kept = _kept(line, part)
    if not _left_out(line, part) or line["determination"] not in OF_LEVELS or not kept:
        return line["determination"]
    states = {level["determination"] for level in kept}
    asked = {question["level"] for question in line["missing"]}
    if not asked.isdisjoint({None, *(level["level"] for level in kept)}):
        states.add("insufficient_information")
    return next((state for state in NOT_MEETING if state in states), "meets")


def _contradicted(level: str, way: dict[str, str], marks: Standing) -> bool:
    """Whether the person says otherwise of something that the pathway was found met by."""
    found = (marks.get((level, criterion)) for criterion in _met(way))
    return any(mark is not None and mark.verdict != "met" for mark in found)


def _met(way: dict[str, str]) -> list[str]:
    return [criterion for criterion, state in way.items() if state == "met"]


def _not_marked(assessment: Assessment | None, key: tuple[str, str]) -> str:
    story = assessment.stories().get(key) if assessment else None
    return NOT_MARKED.format(level=key[0], **story) if story else NO_CRITERION


def _places(assessment: Assessment | None, part: Part) -> Iterator[tuple[str, set[str]]]:
    """What a ground is due for, with the levels that can give it: each level that is not approved; a line of which no
    level was scored, or of which only units are not approved."""
    scored = {line["line"]: [level["level"] for level in line["levels"]] for line in _lines(assessment)}
    for number in part.touched:
        of_line = scored.get(number, [])
        levels = of_line if number in part.refused else part.left_out.get(number, ())
        if not levels:
            yield f"line {number}", set(of_line)
        for level in levels:
            yield f"{level} of line {number}", {level} & set(of_line)


def _lacks(
    place: str, levels: set[str], codes: Collection[str], named: Collection[tuple[str, str]]
) -> tuple[str, str] | None:
    """The field and the message of what is lacking not to approve a line or level, or None."""
    if not levels:
        return None if OF_UNSCORED & set(codes) else ("reason_codes", UNSCORED_CODE.format(place=place))
    return None if levels & {level for level, _ in named} else ("relied_on", NOT_CITED.format(place=place))


def _named(levels: list[str]) -> str:
    return ", ".join(dict.fromkeys(levels))
