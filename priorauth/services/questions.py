"""What a reviewer can ask the office about: no more than the policy needs, and not the same twice without a reason."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from priorauth.models import Assessment, Case
from priorauth.roles import Actor
from priorauth.services.base import needed
from priorauth.services.errors import Incomplete
from priorauth.services.judge import standing
from priorauth.services.scored import latest_assessment

NOT_NEEDED = "The policy does not need this fact, so it is not asked. Take it away, or ask in your own words."
TWICE = "The same is asked twice. Take one of them away."
AGAIN = "This was asked before: {what}. Write why you ask again."
Item = dict[str, Any]
Key = tuple[str, str | None]


def due(case: Case, *, by: Actor) -> list[Item]:
    """{criterion, level, ask} of all that the latest facts lack, then of what this person marked “needs more”."""
    assessment = latest_assessment(case)
    if assessment is None:
        return []
    items: list[Item] = list(assessment.result["missing"])
    known = {key_of(item) for item in items}
    marks = standing(case, assessment, by.user_id)
    more = [key for key, mark in marks.items() if mark.verdict == "unknown" and key[::-1] not in known]
    return items + [_item(assessment, key) for key in more]


def askable(case: Case, *, by: Actor) -> list[Item]:
    """What is due; then what else is missing on the closest pathway of a level. That changes no result as it stands,
    where another criterion is not met, but can be worth asking."""
    items, assessment = due(case, by=by), latest_assessment(case)
    known = {key_of(item) for item in items}
    return items + [_item(assessment, key) for key in _missing(assessment) if key[::-1] not in known]


def _missing(assessment: Assessment | None) -> list[tuple[str, str]]:
    """(level, criterion) of what is not known on the closest pathway of each level."""
    levels = [level for line in assessment.explanation["lines"] for level in line["levels"]] if assessment else []
    ways = [
        (level["level"], way) for level in levels for way in level["pathways"] if way["pathway"] == level["closest"]
    ]
    found = [
        (level, one) for level, way in ways for one in way["criteria"] if one["counts"] and one["state"] == "unknown"
    ]
    return list(dict.fromkeys((level, one["criterion"]) for level, one in found))


def _item(assessment: Assessment, key: tuple[str, str]) -> Item:
    level, criterion = key
    story = assessment.stories()[key]
    ask = story["ask"] or f"Please send more on this point: {story['label']}."
    return {"criterion": criterion, "level": level, "ask": ask}


def asked_before(case: Case) -> set[Key]:
    return {key_of(item) for question in case.information_requests.all() for item in question.items}


def chosen(case: Case, items: Sequence[Mapping[str, Any]], *, by: Actor) -> list[Item]:
    """The items as they are asked. Raises Incomplete for one that cannot be asked, or that stands there twice."""
    possible = askable(case, by=by) if items else []
    asked: list[Item] = []
    for item in items:
        same = [one for one in possible if key_of(one) == key_of(item)]
        if not same:
            raise Incomplete("items", NOT_NEEDED)
        asked.append(next((one for one in same if one["ask"] == item.get("ask")), same[0]))
    if any(item in asked[:place] for place, item in enumerate(asked)):
        raise Incomplete("items", TWICE)
    return asked


def reasoned(case: Case, items: Collection[Item], again: str) -> str:
    """The reason to ask again, "" where none is due. Raises Incomplete where one is due and missing."""
    before = asked_before(case) if items else set()
    twice = [item["ask"] for item in items if key_of(item) in before]
    return needed(again, "again", AGAIN.format(what="; ".join(twice))) if twice else ""


def key_of(item: Mapping[str, Any]) -> Key:
    return item["criterion"], item.get("level")
