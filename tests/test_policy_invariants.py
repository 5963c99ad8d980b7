"""Unknown is never no: forgetting a fact never turns one definite answer into the other, but where the reading says so.

Every fact of every worked case and sentence case is forgotten in turn.
"""

import copy

import pytest

from policies import facts, registry
from policies.assess import assess
from policies.codes import LEVELS
from tests.test_policy_cases import CASES, document
from tests.test_policy_examples import ROWS

EDITION = registry.edition("bcbsma-484", "2022-06")
DEFINITE = {"meets", "does_not_meet"}
DOCUMENTS = [row["facts"] for row in ROWS] + [document(case.changes) for case in CASES if not case.switches]

CLINICAL = {
    "levels",
    "pain",
    "patient",
    "treatments",
    "treatment_response",
    "stated_treatment_weeks",
    "hospitalization",
    "ambulation",
}

# Where forgetting may turn an answer, and why.
SILENCE_IS_ACCEPTED = {
    "levels.level.other_pain_source",  # accepted when silent, flagged
    "levels.level.purpose",  # accepted when silent, in pathway C
    "levels.level.mechanism",
    "patient",
    "patient.t_score",
    "patient.osteoporosis_dx",
    "ambulation.baseline",
    "hospitalization.admit_date",  # a stay because of the fracture counts without its date
    "treatments.item.tolerated",  # a treatment is taken as tolerated unless it is said to have been stopped
}
CONTRADICTION_VANISHES = {
    "levels.level.imaging.item.date",  # of two studies that differ, one no longer counts
    "levels.level.onset",
    "levels.level.onset.earliest",
    "pain.present",  # absent, but called severe
    "treatments.item.start",  # dates that win over a duration
    "treatments.item.end",  # an end that wins over "ongoing"
}


def places(value, at=()):
    if isinstance(value, dict):
        for key, part in value.items():
            yield (*at, key)
            yield from places(part, (*at, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, (*at, index))


def name_of(place):
    return ".".join("item" if isinstance(step, int) else "level" if step in LEVELS else step for step in place)


def forgotten(original, place):
    changed = copy.deepcopy(original)
    part = changed
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = None
    try:
        return facts.parse(changed)
    except facts.FactsError:
        return None


def determinations(parsed):
    return [level.determination for line in assess(parsed, EDITION).lines for level in line.levels]


def test_forgetting_a_fact_never_turns_an_answer():
    turned = set()
    for original in DOCUMENTS:
        before = determinations(facts.parse(original))
        for place in places(original):
            if place[0] not in CLINICAL:
                continue
            parsed = forgotten(original, place)
            if parsed is not None:
                pairs = zip(before, determinations(parsed), strict=True)
                if any({one, other} == DEFINITE for one, other in pairs):
                    turned.add(name_of(place))
    assert turned <= SILENCE_IS_ACCEPTED | CONTRADICTION_VANISHES


@pytest.mark.parametrize("level", ["L1", "T9"])
def test_a_request_with_nothing_but_a_code_is_never_a_no(level):
    bare = {"request_date": "2026-11-20", "lines": [{"line": 1, "code": "22512", "levels": [level]}], "levels": {}}
    for product in ("ppo", "hmo", "pos", "indemnity", None):
        result = assess(facts.parse({**bare, "product": product}), EDITION)
        assert result.determination == "insufficient_information"
        assert result.missing


def test_an_insufficient_line_always_asks_something():
    for original in DOCUMENTS:
        result = assess(facts.parse(original), EDITION)
        for line in result.lines:
            assert bool(line.missing) == (line.determination == "insufficient_information")
        if result.determination == "insufficient_information":
            assert result.missing
