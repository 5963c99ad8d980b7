"""Procedure lines from levels and back: the first level, then the add-on, by the edition's own codes."""

import pytest

from policies import coding, registry
from tests.factories import browser, clerk, draft_of, level_row, post_edit, saved_draft, valid_form

CODES = registry.governing("bcbsma-484", None).document.codes.current


@pytest.mark.parametrize(
    ("levels", "lines"),
    [
        (["L1"], [("22511", ("L1",), 1)]),
        (["T12"], [("22510", ("T12",), 1)]),
        (["C5"], [("22510", ("C5",), 1)]),
        (["T12", "L1"], [("22510", ("T12",), 1), ("22512", ("L1",), 1)]),
        (["L1", "T12", "T11"], [("22511", ("L1",), 1), ("22512", ("T12", "T11"), 2)]),
        (["L1", "L1"], [("22511", ("L1",), 1)]),
        (["S1"], []),
        (["S1", "L5", "COCCYX"], [("22511", ("L5",), 1)]),
        ([], []),
    ],
)
def test_lines_follow_from_the_levels_and_fit_them(levels, lines):
    assert [tuple(line) for line in coding.propose(levels, CODES)] == lines
    treated = [level for _, named, _ in lines for level in named]
    assert coding.doubts(treated, [(code, units) for code, _, units in lines], CODES) == []


@pytest.mark.parametrize(
    ("levels", "lines", "doubts"),
    [
        (["L1", "L2", "L3"], [("22511", 1), ("22512", 1)], ["3 levels are named but the codes cover 2."]),
        (["L1"], [("22511", None), ("22512", None)], ["1 level is named but the codes cover 2."]),
        (["L1"], [("22512", 1)], ["22512 is an add-on: add 22510 or 22511."]),
        (["S1"], [("0200T", 1)], []),
        (["L1"], [("0QU03JZ", 1)], []),
        (["L1"], [("22511", 1), ("0200T", 1)], []),
        ([], [("22511", 1)], []),
        (["L1"], [], []),
        (["L1"], [("99999", 1)], []),
    ],
)
def test_what_does_not_fit_is_said(levels, lines, doubts):
    assert coding.doubts(levels, lines, CODES) == doubts


@pytest.mark.django_db
def test_the_button_puts_the_suggested_lines_in_place():
    client = browser(clerk())
    case = saved_draft(client)
    three = {**level_row(1, "L2"), **level_row(2, "T12"), "levels-count": "3"}
    post_edit(client, case, valid_form(**three))
    page = client.get(f"/requests/{case.reference}/edit/")
    assert page.context["code_doubts"] == ["3 levels are named but the codes cover 1."]
    assert "3 levels are named" in page.content.decode()
    answer = post_edit(client, case, valid_form(**three) | {"action": "", "suggest": "codes"})
    assert answer["Location"].endswith("#planned")
    typed = draft_of(case).fields
    assert [typed[f"lines-0-{name}"] for name in ("code", "levels", "units")] == [["22511"], ["L1"], ["1"]]
    assert [typed[f"lines-1-{name}"] for name in ("code", "levels", "units")] == [["22512"], ["L2, T12"], ["2"]]
    assert typed["lines-0-technique"] == ["vertebroplasty"]
    assert typed["lines-count"] == ["2"]
    assert "suggest" not in typed
    none = post_edit(client, case, valid_form(**level_row(0, "")) | {"action": "", "suggest": "codes"})
    assert "Select at least one level. The codes follow" in none.content.decode()
    sacral = post_edit(client, case, valid_form(**level_row(0, "S1")) | {"action": "", "suggest": "codes"})
    assert "No vertebroplasty code is for S1" in sacral.content.decode()
