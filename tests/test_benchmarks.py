"""The benchmark is honest: the hand-written policy gives the engine's decision, and what is run is what is told."""

import json
from importlib import import_module
from itertools import chain

import pytest

from benchmarks import measure
from benchmarks.__main__ import ALONE, SEEDED, SMALL
from benchmarks.plain_484 import decide
from policies.assess import assess
from policies.facts import parse
from tests.boundary_facts import GROUPS, one_in, random_facts
from tests.soak import SOAK, figure
from tests.test_policy_cases import CASES, EDITION
from tests.test_policy_examples import ROWS

DOCUMENTS = [
    pytest.param(lambda: [row["facts"] for row in ROWS], id="worked cases"),
    pytest.param(lambda: chain.from_iterable(one_in(1 if SOAK else 70, group()) for group in GROUPS), id="boundaries"),
    pytest.param(lambda: map(random_facts, range(figure(20_000))), id="random documents"),
]


def both(facts):
    result = assess(facts, EDITION)
    lines = tuple(line.determination for line in result.lines)
    return (result.determination, result.mixed, result.pathways, result.score, lines), tuple(decide(facts))


@pytest.mark.parametrize("documents", DOCUMENTS)
def test_the_hand_written_policy_gives_the_same_decision(documents):
    for document in documents():
        engine, by_hand = both(parse(document))
        assert engine == by_hand, json.dumps(document)


def test_it_gives_the_same_decision_for_every_sentence_case():
    for case in CASES:
        if not case.switches:
            engine, by_hand = both(case.facts)
            assert engine == by_hand, case.sentence


def test_every_measure_loads():
    measures = [import_module(f"benchmarks.{name}") for name in (*ALONE, *SMALL, *SEEDED)]
    assert all(callable(one.measure) for one in measures)


def test_a_program_that_does_half_the_work_has_twice_the_rate():
    def work(times):
        for _ in range(times * 200_000):
            pass

    part, limit, ours = measure.ratio(lambda: work(1), lambda: work(2), rounds=5)
    assert 0.3 < part < 0.7
    assert limit < ours
