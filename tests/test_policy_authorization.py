"""Is authorization needed: every plan, place and kind of code is answered in the order of the policy's gates."""

from datetime import date
from itertools import product as every
from typing import get_args

import pytest

from policies import facts, registry
from policies.assess import assess
from policies.authorization import needed
from policies.facts import Product, Setting
from tests.test_policy_explain import FORBIDDEN

EDITION = registry.edition("bcbsma-484", "2022-06")
DAY = date(2026, 11, 20)
COMMERCIAL, MEDICARE = ("hmo", "pos", "ppo", "indemnity"), ("medicare_hmo_blue", "medicare_ppo_blue")
RELATED = {
    **dict.fromkeys(("22513", "22514", "22515", "22523", "22524", "22525"), "related_policy_485"),
    **dict.fromkeys(("27278", "27279", "27280"), "related_policy_320"),
}
SACROPLASTY, DELETED = ("0200T", "0201T"), ("22520", "22521", "22522")
SACRAL = ("0QU13JZ", "0QU14JZ", "0QS13ZZ", "0QUS3JZ", "0QSS3ZZ")
SCORED = ("22510", "22511", "22512", "0PU33JZ", "0PU34JZ", "0PU43JZ", "0PU44JZ", "0QU03JZ", "0QU04JZ")
REPOSITION = ("0PS33ZZ", "0PS43ZZ", "0QS03ZZ")
CODES = (*RELATED, *SACROPLASTY, *DELETED, *SACRAL, *SCORED, *REPOSITION, "99213")


def by_the_readings(product, setting, code):
    """The gates once more, by hand: related policy, (edition,) plan, deleted code, sacrum, authorization."""
    if code in RELATED:
        return "not_answered", RELATED[code]
    if code == "99213":
        return "not_answered", "code_not_listed"
    if product in MEDICARE:
        return "not_answered", "medicare_sacroplasty" if code in SACROPLASTY else "medicare"
    if product == "other":
        return "not_answered", "product_outside"
    if code in DELETED:
        return "incomplete", "deleted_code"
    rule = "sacroplasty" if code in SACROPLASTY else "sacral_code" if code in SACRAL else "no_level"
    if product is None:
        return "incomplete", rule
    if product == "indemnity" and setting != "inpatient":
        return ("not_required" if setting else "incomplete"), rule
    return "required", rule


def test_every_plan_place_and_code_is_answered_in_the_order_of_the_gates():
    assert {*EDITION.document.codes.current} == {*SACROPLASTY, *SACRAL, *SCORED, *REPOSITION}
    asked = list(every((*get_args(Product), None), (*get_args(Setting), None), CODES))
    found = {one: needed(EDITION, *one, DAY) for one in asked}
    assert {one: (answer.need, answer.rule) for one, answer in found.items()} == {
        one: by_the_readings(*one) for one in asked
    }
    assert len(found) == 8 * 6 * 32
    for answer in found.values():
        assert answer.grounds[0].locator.startswith("484, ")
        assert not [ground for ground in answer.grounds if not ground.says or FORBIDDEN.search(ground.says)]


@pytest.mark.parametrize("code", ["22511", "0200T", "22513", "22520"])
@pytest.mark.parametrize("day", [date(1, 1, 1), date(2022, 5, 31)])
def test_a_day_before_the_edition_is_not_its_to_answer_and_its_first_day_is(code, day):
    before, first = needed(EDITION, "hmo", "inpatient", code, day), date(2022, 6, 1)
    rule = "related_policy_485" if code == "22513" else "earlier_edition"
    assert (before.need, before.rule) == ("not_answered", rule)
    assert needed(EDITION, "hmo", "inpatient", code, first) == needed(EDITION, "hmo", "inpatient", code, DAY)


@pytest.mark.parametrize(
    ("product", "code", "says"),
    [
        ("hmo", " 22511 ", ["Policy 484 asks for an authorization for this plan and place."]),
        ("indemnity", "22511", ["The policy asks for no authorization here; its criteria still govern coverage."]),
        ("indemnity", "0200T", ["The policy asks for no auth", "Sacroplasty is investigational by this policy; a p"]),
        ("pos", "0qs03zz", ["Policy 484 asks for an authorization", "The code is for repositioning: please confirm"]),
        ("ppo", "22520", ["The code is no longer in use. Please give the current code: 22510, 22511 or 22512."]),
        ("ppo", "27279", ["Policy 320 governs this code, not policy 484."]),
        ("medicare_ppo_blue", "22511", ["Policy 132 governs this Medicare plan, not policy 484."]),
        (
            "medicare_hmo_blue",
            "0201T",
            ["Sacroplasty by this code is investigational, also", "The plan is Medicare: pl"],
        ),
        (None, "22511", ["Please give the member's plan."]),
    ],
)
def test_the_grounds_are_the_editions_own_words(product, code, says):
    grounds = needed(EDITION, product, "outpatient", code, DAY).grounds
    assert len(grounds) == len(says)
    assert all(ground.says.startswith(start) for ground, start in zip(grounds, says, strict=True))


def test_another_reading_answers_otherwise():
    listed = EDITION.with_switches(sacral_codes="code_list", medicare_sacroplasty="not_in_scope")
    assert needed(listed, "hmo", "inpatient", "0QU13JZ", DAY).rule == "no_level"
    assert needed(listed, "medicare_hmo_blue", "inpatient", "0200T", DAY).rule == "medicare"


def test_what_is_sent_after_a_check_is_read_by_the_same_rule():
    """A request for the same plan, place and code, whatever its levels say: the check and the scoring do not differ."""
    for product, setting, code in every(get_args(Product), ("inpatient", "outpatient"), CODES):
        level = {"L1": {"etiology": "osteoporosis"}}
        line = {"line": 1, "code": code, "levels": ["L1"]}
        sent = {"request_date": "2026-11-20", "product": product, "setting": setting, "lines": [line], "levels": level}
        (scored,) = assess(facts.parse(sent), EDITION).lines
        answer = needed(EDITION, product, setting, code, DAY)
        assert (scored.determination == "prior_auth_not_required") == (answer.need == "not_required")
        assert (scored.determination == "not_in_scope") <= (answer.need == "not_answered")
        assert scored.rule.replace("criteria", "no_level") == answer.rule
