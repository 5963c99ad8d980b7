"""Unknown is never no: forgetting a fact never turns one definite answer into the other, but where the reading says so.

Every fact of every worked case and sentence case is forgotten in turn; and over generated documents, what does not
matter changes nothing: the order of rows, a level that no line names, an interval cut in two.
"""

import copy
import datetime
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policies import facts, registry
from policies.assess import assess
from policies.codes import LEVELS
from tests.boundary_facts import FRACTURE, random_facts
from tests.soak import figure
from tests.test_policy_cases import CASES, document
from tests.test_policy_examples import ROWS

EDITION = registry.edition("bcbsma-484", "2022-06")
DEFINITE = {"meets", "does_not_meet"}
DOCUMENTS = [row["facts"] for row in ROWS] + [document(case.changes) for case in CASES if not case.switches]

CODES_LEVELS = [level for level in LEVELS if level not in ("C1", "C2")]
SPARE = ("C1", "C2")
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


generated = st.integers(0, 10**9).map(random_facts)
many = settings(max_examples=figure(2_000), deadline=None)


def without_order(original):
    """The result with lines by number and everything that follows the order of rows sorted."""
    result = assess(facts.parse(original), EDITION).as_dict()
    for part in (result, *result["lines"], *(level for line in result["lines"] for level in line["levels"])):
        part["flags"] = sorted(part["flags"])
        for holder in (part, part.get("advice") or {}):
            if "missing" in holder:
                holder["missing"] = sorted(holder["missing"], key=str)
    for line in result["lines"]:
        line["levels"] = sorted(line["levels"], key=lambda level: level["level"])
    return {**result, "lines": sorted(result["lines"], key=lambda line: line["line"])}


def test_rows_read_backwards_change_nothing():
    for original in DOCUMENTS:
        turned = copy.deepcopy(original)
        for holder in (turned, *turned["lines"], *turned["levels"].values()):
            for name in ("lines", "levels", "treatments", "imaging", "safety_notes"):
                if isinstance(holder.get(name), list):
                    holder[name].reverse()
        assert without_order(turned) == without_order(original)


@many
@given(generated, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(original, chance: random.Random):
    shuffled = copy.deepcopy(original)
    for rows in (shuffled["lines"], shuffled.get("treatments") or [], shuffled.get("safety_notes") or []):
        chance.shuffle(rows)
    for line in shuffled["lines"]:
        chance.shuffle(line.get("levels") or [])
    for level in shuffled["levels"].values():
        chance.shuffle(level.get("imaging") or [])
    names = list(shuffled["levels"])
    chance.shuffle(names)
    shuffled["levels"] = {name: shuffled["levels"][name] for name in names}
    assert without_order(shuffled) == without_order(original)


@many
@given(generated, st.sampled_from(CODES_LEVELS))
def test_a_level_that_no_line_names_changes_nothing(original, name):
    """Two levels have facts already, so that an admission speaks for neither and no line takes the only one."""
    named = {level for line in original["lines"] for level in line.get("levels") or []}
    assume(name not in named and name not in original["levels"])
    two = copy.deepcopy(original)
    two["levels"] |= {spare: FRACTURE for spare in SPARE if spare not in two["levels"]}
    assume(name not in two["levels"])
    more = copy.deepcopy(two)
    more["levels"][name] = FRACTURE
    assert assess(facts.parse(more), EDITION) == assess(facts.parse(two), EDITION)


@many
@given(generated, st.data())
def test_a_treatment_cut_in_two_changes_nothing(original, data):
    rows = [
        row for row in original.get("treatments") or [] if row.get("start") and (row.get("end") or row.get("ongoing"))
    ]
    assume(rows)
    row = data.draw(st.sampled_from(rows))
    start = datetime.date.fromisoformat(row["start"])
    last = datetime.date.fromisoformat(row["end"] or original["request_date"])
    assume(start < last)
    cut = data.draw(st.dates(start, last - datetime.timedelta(days=1)))
    first = {**row, "end": cut.isoformat()}
    second = {**row, "start": (cut + datetime.timedelta(days=1)).isoformat()}
    halves = [part for one in original["treatments"] for part in ((first, second) if one is row else (one,))]
    assert without_order({**original, "treatments": halves}) == without_order(original)
