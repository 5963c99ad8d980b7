"""What the guard rails let through: whole and by line, days, units, and what is counted as an override."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from priorauth.models import Case
from priorauth.roles import Role
from priorauth.selectors import overrides, turned_by_reading
from priorauth.services import (
    decide,
    expire,
    information,
)
from priorauth.services.decision_lines import Verdict
from priorauth.services.errors import Incomplete
from tests import cases
from tests.admin_helpers import act, case_page, held_by, in_review, ready, ready_to_refuse, signed_in, typed
from tests.cases import NO_IMAGING, WORDS, facts, person, submission
from tests.factories import browser
from tests.rail_cases import CERTAIN, HOUR, SHOWN, days, mark, marked, missing, refusals, sacral, says, stored, turned

pytestmark = pytest.mark.django_db


def test_a_clean_case_takes_one_activation_from_the_approve_page_and_its_days_may_be_changed():
    actor, client = signed_in(Role.NURSE)
    case = ready(actor, in_review())
    before = stored(case)
    page = client.get(act(case, "approve")).content.decode()
    assert ("The letter, as it will be sent" in page, "Confirm: approve" in page, stored(case) == before) == (True,) * 3
    days = {"valid_from": "11/29/2026", "valid_to": "1/15/2027", "version": case.version}
    again = client.post(act(case, "approve"), days | {"preview": "1"}).content.decode()
    assert ("good from Nov 29, 2026 to Jan 15, 2027" in again, case.decisions.exists()) == (True, False)
    assert client.post(act(case, "approve"), days | {"confirmed": "1"}).status_code == 302
    line = case.decisions.get().lines.get()
    assert (line.valid_from, line.valid_to) == (dt.date(2026, 11, 29), dt.date(2027, 1, 15))


def two_lines(units: int = 1) -> Case:
    clerk, document = person(Role.CLERK), facts()
    document["levels"]["L2"] = document["levels"]["L1"]
    document["lines"][0]["units"] = units
    document["lines"].append({**document["lines"][0], "line": 2, "code": "22512", "levels": ["L2"], "units": 1})
    case = cases.submit.send(cases.draft_case(clerk), submission(document), by=clerk, at=timezone.now())
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return case


def test_each_line_has_its_own_days_in_database_letter_and_pages():
    actor, client = signed_in(Role.NURSE)
    case = ready(actor, two_lines())
    changes = {"valid_from_2": "12/14/2026", "valid_to_2": "1/14/2027"}
    assert client.post(act(case, "approve"), typed("approve", case, **changes)).status_code == 302
    decision = case.decisions.get()
    assert [str(line.valid_from) for line in decision.lines.all()] == ["2026-11-30", "2026-12-14"]
    letter = str(decision.letter.content)
    assert "at L2 (a bone in the lower back), the approval is good from Dec 14, 2026 to Jan 14, 2027." in letter
    assert "Dec 14, 2026 to Jan 14, 2027" in client.get(case_page(case)).content.decode()


@pytest.mark.parametrize(("planned", "first"), [("9999-12-31", 0), (None, 0), (40, 40), (366, 0), (-3, -3)])
def test_the_approve_page_opens_with_days_that_may_be_given_whatever_day_is_planned(planned, first):
    (nurse, client), clerk, today = signed_in(Role.NURSE), person(Role.CLERK), timezone.localdate()
    day = (today + dt.timedelta(days=planned)).isoformat() if isinstance(planned, int) else planned
    document = {**facts(), "service_date": day}
    cases.submit.send(cases.draft_case(clerk), submission(document), by=clerk, at=timezone.now())
    cases.score_all(timezone.now())
    case = ready(nurse, Case.objects.unscoped("the only one").get())
    page = client.get(act(case, "approve"))
    assert (page.status_code, page.context["letter"] is not None) == (200, True)
    days = page.context["form"].initial
    assert days["valid_from"] == today + dt.timedelta(days=first)
    assert today <= days["valid_to"] <= days["valid_from"] + dt.timedelta(days=365)


def test_fewer_units_are_a_part_and_only_a_physicians():
    actor, client = signed_in(Role.PHYSICIAN)
    case = ready_to_refuse(actor, two_lines(units=3))
    more = client.post(act(case, "not-approve"), typed("not-approve", case, lines=[], units_1="4"))
    assert (more.status_code, "asks for 3" in more.content.decode()) == (400, True)
    response = client.post(act(case, "not-approve"), typed("not-approve", case, lines=[], units_1="2", **days()))
    case.refresh_from_db()
    decision = case.decisions.get()
    assert (response.status_code, case.status, decision.outcome) == (302, "partly_approved", "partly_approved")
    assert [(line.outcome, line.units) for line in decision.lines.all()] == [("approved", 2), ("approved", 1)]
    assert "we approved 2 of the 3 that were asked for" in str(decision.letter.content)


@pytest.mark.parametrize("prepare", [missing, marked(CERTAIN, "unknown"), marked("symptomatic", "not_met")])
def test_a_physician_overrides_with_a_reason_and_it_is_counted(prepare):
    actor, client = signed_in(Role.PHYSICIAN)
    case = prepare(actor)
    short = client.post(act(case, "approve"), typed("approve", case, reason="fine"))
    assert (short.status_code, case.decisions.exists()) == (400, False)
    assert client.post(act(case, "approve"), typed("approve", case)).status_code == 302
    assert case.decisions.get().against_computed
    since = timezone.now() - HOUR
    assert not overrides(actor, timezone.now() + HOUR).exists()
    assert not overrides(person(Role.CLERK), since).exists()
    for role, told in ((Role.LEAD, True), (Role.PHYSICIAN, True), (Role.NURSE, False)):
        board = signed_in(role)[1].get("/admin/").content.decode()
        assert ("<strong>1</strong> decision went against" in board, f"{case.reference}</a>: approved" in board) == (
            told,
            told,
        )


def test_a_mark_of_before_a_reading_is_made_anew_and_a_decision_that_a_reading_turned_is_listed():
    actor, client = signed_in(Role.NURSE)
    case = turned(actor)
    page = client.get(case_page(case)).content.decode()
    assert re.search(r"Mark <a href=.#row-7.>row 7</a> again\..{200,}Mark this again\..*You said: met", page, re.DOTALL)
    again = {"version": case.version, "then": "approve"}
    silent = client.post(act(case, "judge"), again)
    assert (silent.status_code, "after you marked L1 here" in silent.content.decode()) == (400, True)
    data = again | {f"L1.{CERTAIN}": "met", f"L1.{CERTAIN}.reason": WORDS}
    assert client.post(act(case, "judge"), data).url == act(case, "approve")
    assert client.post(act(case, "approve"), typed("approve", ready_now(case))).status_code == 302
    decision = case.decisions.get()
    assert (decision.turned_by_reading, decision.against_computed) == (True, False)
    assert "as sent, the result was another" in client.get(case_page(case)).content.decode()
    assert not turned_by_reading(person(Role.CLERK), timezone.now() - HOUR).exists()
    told = f"sent Healed, read by {decision.decided_by}: Edema; the one read counts: “{WORDS}”"
    for role, shown in ((Role.LEAD, True), (Role.PHYSICIAN, True), (Role.NURSE, False)):
        board = " ".join(signed_in(role)[1].get("/admin/").content.decode().split())
        assert ("<strong>1</strong> decision rests on a reading" in board, told in board) == (shown, shown), board
        assert ("as sent “Does not meet the policy”, as read “Meets the policy”" in board) == shown


def test_a_reading_that_changes_no_result_is_not_listed():
    nurse = person(Role.NURSE)
    case = held_by(nurse, in_review())
    says(case, nurse, SHOWN, "cleft")
    assert cases.approve(case, nurse, timezone.now()).turned_by_reading is False


def ready_now(case):
    case.refresh_from_db()
    return case


@pytest.mark.parametrize("answered", [True, False])
def test_missing_facts_are_a_reason_once_the_office_was_asked_and_answered_or_had_its_time(answered):
    nurse, physician = person(Role.NURSE), person(Role.PHYSICIAN)
    case = held_by(nurse, in_review(NO_IMAGING))
    clerk, now = cases.Actor.of(case.created_by), timezone.now()
    items = [{"criterion": "imaging_nonhealing", "level": "L1"}]
    information.ask(case, by=nurse, at=now, question="Please send the MRI.", items=items)
    if answered:
        not_held = information.Item(0, not_held=True, words="There is none.", by_id=clerk.user_id, at=now)
        information.answer(case, by=clerk, at=now, note="", items=[not_held])
        cases.score_all(timezone.now())
    else:
        expire.sweep(case.information_requests.get().answer_by)
    case.refresh_from_db()
    held_by(physician, case)
    mark(case, physician, "imaging_nonhealing", "not_met")
    client = browser(physician)
    data = typed("not-approve", case, reason_codes=["N05", "N06"])
    assert client.post(act(case, "not-approve"), data).status_code == 302
    decision = case.decisions.get()
    assert decision.relied_on == [{"level": "L1", "criterion": "imaging_nonhealing"}]
    assert decision.reason_codes == ["N05", "N06"]


def test_a_line_that_is_not_scored_by_criteria_needs_no_mark():
    actor, client = signed_in(Role.PHYSICIAN)
    case = sacral(actor)
    assert client.post(act(case, "not-approve"), typed("not-approve", case, reason_codes=["N03"])).status_code == 302
    administrative = ready(actor, in_review())
    data = typed("not-approve", administrative, reason_codes=["N07"])
    assert client.post(act(administrative, "not-approve"), data).status_code == 302


OTHERS = {
    "osteoporotic": r"You name A1 at L1 \(.+\), but did not mark it “not met”\.",
    CERTAIN: r"You name A7 at L1 \(.+\), but did not mark it “not met”\.",
    "no_such": "The policy does not ask what you name",
}


@pytest.mark.parametrize("named", OTHERS)
def test_only_what_the_physician_marked_not_met_can_be_named(named):
    """Past the page, which offers nothing else: not marked, marked met, and no criterion at all."""
    physician = person(Role.PHYSICIAN)
    case = ready_to_refuse(physician, in_review())
    before = stored(case)
    verdict = Verdict([1], relied_on=[*not_met_in(case), ("L1", named)], **cases.REASONS)
    with pytest.raises(Incomplete, match=OTHERS[named]) as refused:
        decide.not_approve(case, verdict, by=physician, at=timezone.now())
    assert (refused.value.field, stored(case), len(refusals())) == ("relied_on", before, 1)


def not_met_in(case: Case) -> list[tuple[str, str]]:
    return [(one.level, one.criterion) for one in case.judgements.filter(verdict="not_met")]
