"""What the marks of the person who decides allow: the way to an approval, and the ground of one that is not given."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from priorauth.models import Assessment, Case, ReasonCode
from priorauth.models.judgement import CERTAINTY
from priorauth.roles import Actor
from priorauth.services.base import lacking
from priorauth.services.errors import Incomplete
from priorauth.services.judge import Standing, standing
from priorauth.services.scored import computed_states
from priorauth.statuses import Act

NOT_MET_COMPUTED = "The scored facts do not meet the policy, so only a physician may approve."
NOT_MET_MARKED = "Your own marks at {levels} say that the policy is not met, so only a physician may approve."
UNMARKED = (
    "First mark at {levels} whether the pain comes from there with a high degree of certainty, and why. "
    "That is for a person to judge."
)
NOT_CITED = "Name at least one criterion that you marked “not met” at a level of line {line}."
NOT_MARKED = "You name {name}, but did not mark it “not met”. Mark it, or name another criterion."
UNSCORED_CODE = "Line {line} was not scored by criteria: choose N03, N06 or N07 as the reason."
NOT_ASKED = (
    "Facts are missing, and the office was not asked for them, or still has time to answer. "
    "Ask for information before you decide not to approve for that."
)
OF_UNSCORED = {ReasonCode.SACRAL, ReasonCode.NOT_RECEIVED, ReasonCode.ADMINISTRATIVE}
Json = dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """What stands against approving lines: `against` what was computed or what the person marked, in words; `unmarked`
    the levels whose certainty this person has yet to judge. Both empty: they may approve."""

    against: str = ""
    unmarked: str = ""


def ground(case: Case, assessment: Assessment | None, *, by: Actor, lines: Collection[int] | None = None) -> Ground:
    """Whether the marks of `by` carry an approval of the lines numbered `lines` (None: of all).

    A level is carried by a pathway that was found met, none of whose criteria that were found met the person marked
    otherwise, and whose “high degree of certainty”, where it asks for that, the person marked met.
    """
    wanted = list(_lines(assessment, lines))
    if assessment is None or not wanted or any(line["determination"] != "meets" for line in wanted):
        return Ground(against=NOT_MET_COMPUTED)
    marks = standing(case, assessment, by.user_id)
    contradicted, unmarked = [], []
    for level in (level for line in wanted for level in line["levels"]):
        ways = [level["criteria"][way] for way, state in level["pathways"].items() if state == "met"]
        open_ways = [way for way in ways if not _contradicted(level["level"], way, marks)]
        if not open_ways:
            contradicted.append(level["level"])
        elif not any(CERTAINTY not in way or (level["level"], CERTAINTY) in marks for way in open_ways):
            unmarked.append(level["level"])
    against = NOT_MET_MARKED.format(levels=_named(contradicted)) if contradicted else ""
    return Ground(against, UNMARKED.format(levels=_named(unmarked)) if unmarked else "")


def against_computed(assessment: Assessment | None, refused: Collection[int]) -> bool:
    """Whether a decision that approves all but the lines `refused` goes against what was computed."""
    scored = {line["line"]: line["determination"] == "meets" for line in _lines(assessment, None)}
    return not scored or any(meets == (number in refused) for number, meets in scored.items())


def founded(
    case: Case,
    assessment: Assessment | None,
    act: Act,
    *,
    by: Actor,
    at: dt.datetime,
    lines: Collection[int],
    codes: Collection[str],
    named: Collection[tuple[str, str]],
) -> None:
    """Refuse, with its event, not to approve `lines` for `codes` and the criteria `named` ((level, criterion)).

    Each line that was scored needs a named criterion that this physician marked not met, each other one a code that
    fits. Missing facts are a reason only once the office was asked, and has answered or had its time.
    Raises Incomplete.
    """
    marks = standing(case, assessment, by.user_id)
    states = computed_states(assessment)
    for key in named:
        if key not in marks or marks[key].verdict != "not_met":
            lacking(case, act, "relied_on", NOT_MARKED.format(name=f"{key[1]} at {key[0]}"), by=by, at=at)
    if set(codes) != {ReasonCode.ADMINISTRATIVE}:
        for line in lines:
            if why := _lacks(line, assessment, codes, named):
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


def _lines(assessment: Assessment | None, numbers: Collection[int] | None) -> Iterator[Json]:
    for line in assessment.result["lines"] if assessment else ():
        if numbers is None or line["line"] in numbers:
            yield line


def _contradicted(level: str, way: dict[str, str], marks: Standing) -> bool:
    """Whether the person says otherwise of something that the pathway was found met by."""
    found = ((marks.get((level, criterion)), state) for criterion, state in way.items())
    return any(mark is not None and state == "met" and mark.verdict != "met" for mark, state in found)


def _lacks(
    number: int, assessment: Assessment | None, codes: Collection[str], named: Collection[tuple[str, str]]
) -> tuple[str, str] | None:
    """The field and the message of what is lacking not to approve a line, or None."""
    levels = {level["level"] for line in _lines(assessment, {number}) for level in line["levels"]}
    if not levels:
        return None if OF_UNSCORED & set(codes) else ("reason_codes", UNSCORED_CODE.format(line=number))
    return None if levels & {level for level, _ in named} else ("relied_on", NOT_CITED.format(line=number))


def _named(levels: list[str]) -> str:
    return ", ".join(dict.fromkeys(levels))
