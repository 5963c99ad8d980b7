"""Kleene's tables, row by row."""

import itertools

from policies.truth import AND, MET, NOT, NOT_MET, OR, UNKNOWN, all_of, any_of

STATES = (NOT_MET, UNKNOWN, MET)  # in this order a conjunction is the least, a disjunction the greatest


def test_tables():
    for one, other in itertools.product(STATES, repeat=2):
        assert AND[one][other] == min(one, other, key=STATES.index)
        assert OR[one][other] == max(one, other, key=STATES.index)
        assert NOT[AND[one][other]] == OR[NOT[one]][NOT[other]]


def test_unknown_is_neither():
    assert all_of([MET, UNKNOWN]) == UNKNOWN
    assert all_of([NOT_MET, UNKNOWN]) == NOT_MET
    assert any_of([NOT_MET, UNKNOWN]) == UNKNOWN
    assert any_of([MET, UNKNOWN]) == MET
    assert NOT[UNKNOWN] == UNKNOWN


def test_of_nothing():
    assert all_of([]) == MET
    assert any_of([]) == NOT_MET
