"""Approving some levels of a line and not others: by the form, in every place that tells of a decision, and in what the
services refuse (what a raw post is refused stands among the rails)."""

import csv
import html
from io import StringIO

import pytest
from django.utils import timezone

from portal.api import answers
from priorauth import audit, exports
from priorauth.audit import contents
from priorauth.letters.pdf import pdf
from priorauth.roles import Actor, Role
from priorauth.services import decide
from priorauth.services.decision_lines import Verdict
from priorauth.services.errors import Incomplete
from tests import cases
from tests.admin_helpers import act, case_page, signed_in, typed
from tests.cases import NOW, REASONS, case_of_levels, certain, claimed, not_approve, not_met, person
from tests.factories import browser
from tests.letters import content, strings
from tests.pdf_words import words
from tests.tampering import force

pytestmark = pytest.mark.django_db

HEALED = {"imaging": [{"modality": "MRI", "date": "2026-11-14", "finding": "healed"}]}
OF_L3 = "approved for L2, 1 of 2 units; not approved for L3"
DAYS = {"valid_from": "11/30/2026", "valid_to": "2/28/2027"}


def marked(actor: Actor, **of_l3) -> cases.Case:
    """A case of two lines, held by a physician who marked L3 not met."""
    now = timezone.now()
    case = certain(claimed(case_of_levels(person(Role.CLERK), now, **of_l3), actor, now), actor, now)
    not_met(case, actor, now, levels={2: ["L3"]})
    return case


def rows_of(decision) -> list[tuple]:
    columns = ("number", "levels", "levels_not_approved", "outcome", "units")
    return list(decision.lines.values_list(*columns))


def text_of(response) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def test_a_physician_approves_one_level_of_a_line_and_reads_it_before_in_the_words_of_the_letter():
    actor, client = signed_in(Role.PHYSICIAN)
    case = marked(actor, **HEALED)
    start = client.get(act(case, "not-approve"))
    assert [str(one.choice_label) for one in start.context["form"]["lines"]] == [
        "Line 1: 22511, L1",
        "Line 2: 22512, L2",
        "Line 2: 22512, L3",
    ]
    data = typed("not-approve", case, lines=["2.L3"], **DAYS, units_2="2")
    del data["confirmed"]
    proposed = client.post(act(case, "not-approve"), data)
    assert (proposed.status_code, "so 1 is proposed here instead of 2" in text_of(proposed)) == (400, True)
    assert proposed.context["form"]["units_2"].value() == "1"
    read = text_of(client.post(act(case, "not-approve"), data | {"units_2": "1"}))
    assert f"Line 2: 22512</dt><dd><strong>{OF_L3[0].upper()}{OF_L3[1:]}</strong>" in read
    assert (f"Line 2: 22512: {OF_L3}" in read, "This may be a mistake" in read) == (True, False)
    assert not case.decisions.exists()
    sent = client.post(act(case, "not-approve"), data | {"units_2": "1", "confirmed": "1"})
    decision = case.decisions.get()
    assert (sent.status_code, decision.outcome, decision.against_computed) == (302, "partly_approved", False)
    assert rows_of(decision) == [(1, "L1", "", "approved", 1), (2, "L2", "L3", "approved", 1)]
    case.refresh_from_db()
    told_everywhere(case, client)


def told_everywhere(case, reviewer) -> None:
    decision, valid = case.decisions.get(), "valid Nov 30, 2026 to Feb 28, 2027, 1 unit"
    in_words = f"Approved for L2, {valid}; not approved for L3"
    office = browser(Actor.of(case.created_by))
    assert f"Line 2: 22512</dt><dd>{in_words}" in text_of(reviewer.get(case_page(case)))
    assert f"22512: {in_words}" in text_of(office.get(f"/requests/{case.reference}/"))
    assert f"Line 2: 22512: {OF_L3}" in text_of(office.get(f"/requests/{case.reference}/letter/1/"))
    printed = "".join(words(pdf(content(decision.letter))).split())
    for said in (OF_L3, "We did not approve vertebroplasty at L3"):
        assert said.replace(" ", "") in printed
    line = answers.whole(case, timezone.now())["decisions"][0]["lines"][1]
    assert (line["levels"], line["levels_not_approved"], line["units"]) == (["L2"], ["L3"], 1)
    text = b"".join(exports.csv(exports.Selection(), by=person(Role.PAYER), at=NOW)).decode()
    row = list(csv.DictReader(StringIO(text, newline="")))[1]
    names = ("levels", "levels_not_approved", "units", "outcome", "reason_codes", "round")
    assert [row[name] for name in names] == ["L2", "L3", "1", "approved", "N05", "1"]
    assert row["authorization_number"] == decision.authorization_number
    assert audit.verify_case(case) == (None, case.version)


def test_all_levels_left_out_are_the_line_and_an_add_on_alone_is_asked_about():
    actor, client = signed_in(Role.PHYSICIAN)
    case = marked(actor)
    not_met(case, actor, timezone.now(), lines=[1])
    data = typed("not-approve", case, lines=["1"], **DAYS)
    del data["confirmed"]
    assert "22512 is an add-on code" in text_of(client.post(act(case, "not-approve"), data))
    preset = client.get(act(case, "not-approve")).context["form"]["lines"].value()
    assert preset == ["1", "2.L3"], "ticked is what was marked not met"
    whole = data | {"lines": ["2.L2", "2.L3"], "confirmed": "1"}
    lacking = client.post(act(case, "not-approve"), whole)
    assert (lacking.status_code, "“not met” for L2 of line 2" in text_of(lacking)) == (400, True)
    not_met(case, actor, timezone.now(), levels={2: ["L2"]})
    form = client.get(act(case, "not-approve")).context["form"]
    whole |= {name: form[name].value() for name in ("version", "relied_on")}
    assert client.post(act(case, "not-approve"), whole).status_code == 302
    assert rows_of(case.decisions.get()) == [(1, "L1", "", "approved", 1), (2, "L2, L3", "", "not_approved", 2)]
    line = answers.whole(case, timezone.now())["decisions"][0]["lines"][1]
    assert (line["levels"], line["levels_not_approved"], line["units"]) == (["L2", "L3"], ["L2", "L3"], None)


@pytest.mark.parametrize(
    ("of_l3", "left_out", "against"),
    [
        (HEALED, "L3", False),  # each level as it was computed
        ({}, "L3", True),  # L3 meets the policy, and is not approved
        (HEALED, "L2", True),  # L2 meets it and is not approved, L3 does not and is
    ],
)
def test_what_goes_against_the_computed_result_is_seen_level_by_level(of_l3, left_out, against):
    case = case_of_levels(person(Role.CLERK), **of_l3)
    some = {"levels": {2: [left_out]}, "units": {2: 1}, **cases.DAYS}
    assert not_approve(case, person(Role.PHYSICIAN), **some).against_computed == against


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"levels": {9: ["L1"]}}, "lines", "Line 9 does not ask for L1"),
        ({"levels": {2: ["L1", "L3"]}}, "lines", "Line 2 does not ask for L1"),
        ({"levels": {2: ["L3"]}, "lines": [2]}, "lines", "You do not approve line 2 at all"),
        ({"levels": {2: []}}, "lines", "Choose at least one line or level"),
        ({"levels": {2: ["L3"]}}, "units_2", "You approve 1 of the 2 levels of line 2"),
        ({"levels": {2: ["L3"]}, "units": {2: 2}}, "units_2", "its units count levels: enter 1"),
        ({"levels": {2: ["L3"]}, "units": {2: 1}, "valid_from": None}, "valid_from", "first day"),
    ],
)
def test_the_service_refuses_levels_that_do_not_fit_the_request_and_stores_nothing(changes, field, says):
    case, physician = case_of_levels(person(Role.CLERK)), person(Role.PHYSICIAN)
    certain(claimed(case, physician), physician)
    values = {"lines": [], "relied_on": not_met(case, physician, levels={2: ["L3"]}), **REASONS, **cases.DAYS}
    with pytest.raises(Incomplete, match=says) as refused:
        decide.not_approve(case, Verdict(**{**values, **changes}), by=physician, at=NOW)
    assert (refused.value.field, case.decisions.count(), case.letters.count()) == (field, 0, 0)


def test_what_is_not_approved_of_a_line_is_sealed_and_other_rows_as_they_always_were():
    case = case_of_levels(person(Role.CLERK))
    decision = not_approve(case, person(Role.PHYSICIAN), levels={2: ["L3"]}, units={2: 1}, **cases.DAYS)
    first, second = decision.lines.all()
    without = {"decisionline": {"levels_not_approved"}}
    assert contents.seal(first) == contents.seal(first, unsealed=without)
    assert contents.seal(second) != contents.seal(second, unsealed=without)
    change = "UPDATE priorauth_decisionline SET levels_not_approved = %s WHERE id = %s"
    for row, text in ((second, ""), (second, "L4"), (first, "L4")):
        force(change, text, row.pk)
        assert f"wrote decision line {row.pk} otherwise" in str(audit.verify_case(case)[0])
        force(change, row.levels_not_approved, row.pk)
        assert audit.verify_case(case)[0] is None


def test_the_member_is_told_of_the_bones_alone():
    case = case_of_levels(person(Role.CLERK), **HEALED)
    letter = not_approve(case, person(Role.PHYSICIAN), levels={2: ["L3"]}, units={2: 1}, **cases.DAYS).letter
    why = next(one for one in letter.content["sections"] if one["heading"] == "Why")
    assert not [line for line in strings(why) if "L2" in line or "L1" in line], "what was approved needs no why"
