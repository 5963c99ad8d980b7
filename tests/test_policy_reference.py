"""The engine against an independent reading of policy 484, at the boundaries and on random documents.

A twentieth of the 400,000 enumerated documents by default, all of them with `SOAK=1` in the environment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import pytest

from policies.assess import assess
from policies.facts import parse
from policies.registry import edition
from tests.boundary_facts import GROUPS, one_in, random_facts
from tests.reference_484 import evaluate
from tests.soak import SOAK

Json = dict[str, Any]

ONE_IN = 1 if SOAK else 20
SEEDS = 100_000 if SOAK else 2_000


def questions(items: Iterable[Any]) -> list[tuple[str, str]]:
    """(criterion, level) of each question, however it is written down."""
    pairs = [(item["criterion"], item["level"]) if isinstance(item, dict) else item for item in items]
    return sorted((criterion, level or "") for criterion, level in pairs)


def advice(given: Json | None) -> Json | None:
    return given and {"determination": given["determination"], "missing": questions(given["missing"])}


def comparable(result: Json) -> Json:
    """What both sides must agree on, by name."""
    view = {name: result[name] for name in ("determination", "mixed", "pathways", "score")}
    view["flags"] = sorted(result["flags"])
    for line in result["lines"]:
        at = f"line {line['line']}"
        view |= {f"{at} {name}": line[name] for name in ("code", "determination", "pathways")}
        view[f"{at} flags"] = sorted(flag for flag in line["flags"] if not flag.startswith("safety: "))
        view[f"{at} missing"] = questions(line["missing"])
        view[f"{at} advice"] = advice(line["advice"])
        for level in line["levels"]:
            names = ("determination", "pathways", "criteria")
            view |= {f"{at} {level['level']} {name}": level[name] for name in names}
    return view


def differences(facts: Json) -> Json:
    engine = comparable(assess(parse(facts), edition("bcbsma-484", "2022-06")).as_dict())
    reference = comparable(evaluate(facts))
    names = sorted(engine.keys() | reference.keys())
    return {
        name: {"engine": engine.get(name), "reference": reference.get(name)}
        for name in names
        if engine.get(name) != reference.get(name)
    }


def disagreements(documents: Iterable[Json]) -> Iterator[str]:
    for facts in documents:
        found = differences(facts)
        if found:
            yield json.dumps({"differences": found, "facts": facts})


def report(documents: Iterable[Json]) -> str:
    """The first three documents on which the two disagree, one per line."""
    return "\n".join(islice(disagreements(documents), 3))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_boundaries(group: Callable[[], Iterator[Json]]) -> None:
    assert report(one_in(ONE_IN, group())) == ""


def test_random_documents() -> None:
    assert report(random_facts(seed) for seed in range(SEEDS)) == ""
