"""for_member(told) -> MemberStory: the explanation in the member's words: short sentences, no codes, no locators.

`told` is `Explanation.as_dict()`, so that the words follow from what is stored. Only the closest way to meet the
policy is told in full, the others in one sentence each.

    MemberStory
      answer
      lines [MemberLine]
        answer                          of the line
        levels [MemberLevel]
          level                         the name of the bone: L1
          way, word                     the closest way in plain words, and whether it fits
          facts [MemberFact]            plain, state, word, change (what could change it, or "")
          others [str]                  the other ways
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.explain import Story
from policies.truth import MET, NOT_MET, UNKNOWN, Truth

ANSWERS: Final = {
    "meets": "What we know fits the plan's rules. A person makes the decision.",
    "does_not_meet": "What we know does not fit the plan's rules so far. A person makes the decision.",
    "insufficient_information": "Some facts are still missing. Your doctor's office can send them.",
    "not_in_scope": "The plan has other rules for this request.",
    "prior_auth_not_required": "You do not need an approval ahead of time. The plan's rules for coverage still apply.",
}
WAYS: Final[dict[Truth, str]] = {MET: "This fits.", UNKNOWN: "This may fit.", NOT_MET: "This does not fit so far."}
FACTS: Final[dict[Truth, str]] = {
    MET: "Yes, the records show this.",
    UNKNOWN: "We do not know this yet.",
    NOT_MET: "No, the records say otherwise.",
}


@dataclass(frozen=True, slots=True)
class MemberFact(Story):
    plain: str
    state: Truth
    word: str
    change: str


@dataclass(frozen=True, slots=True)
class MemberLevel(Story):
    level: str
    way: str
    word: str
    facts: tuple[MemberFact, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemberLine(Story):
    answer: str
    levels: tuple[MemberLevel, ...]


@dataclass(frozen=True, slots=True)
class MemberStory(Story):
    answer: str
    lines: tuple[MemberLine, ...]


def for_member(told: Mapping[str, Any]) -> MemberStory:
    """The member's words of a stored explanation."""
    lines = tuple(
        MemberLine(ANSWERS[line["determination"]], tuple(_level(level) for level in line["levels"]))
        for line in told["lines"]
    )
    return MemberStory(ANSWERS[told["determination"]], lines)


def closest(level: Mapping[str, Any]) -> dict[str, Any]:
    """The way to meet the policy that most speaks for, of a level's story."""
    return next(one for one in level["pathways"] if one["pathway"] == level["closest"])


def _level(level: Mapping[str, Any]) -> MemberLevel:
    told = closest(level)
    return MemberLevel(
        level=level["level"],
        way=told["plain"],
        word=WAYS[told["state"]],
        facts=tuple(_fact(one) for one in told["criteria"] if one["counts"]),
        others=tuple(
            f"Another way: {one['plain']} {WAYS[one['state']]}" for one in level["pathways"] if one is not told
        ),
    )


def _fact(one: Mapping[str, Any]) -> MemberFact:
    return MemberFact(one["plain"], one["state"], FACTS[one["state"]], one["change"])
