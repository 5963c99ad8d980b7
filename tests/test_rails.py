"""The guard rails (UX.md 3.4, DESIGN.md invariants 2, 3, 10), each tried through the page and past it: refused with a
reason, nothing stored, and the refused attempt in the trail."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from policies.places import put
from priorauth.admin.site import site
from priorauth.models import AuditEvent, Case, Credential, Decision, DecisionLine, Escalation, Job, Reopening
from priorauth.roles import Role
from priorauth.selectors import overrides, turned_by_reading
from priorauth.services import (
    claim,
    decide,
    escalate,
    expire,
    information,
    judge,
    read,
    recommendation,
    reopen,
    withdraw,
)
from priorauth.services.base import moment
from priorauth.services.boilerplate import of_this_case
from priorauth.services.decision_lines import Verdict
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.statuses import DECIDED
from priorauth.tasks import end_questions
from tests import cases
from tests.admin_helpers import act, case_page, held_by, in_review, ready, ready_to_refuse, signed_in, snapshot, typed
from tests.cases import CLEAN, NO_IMAGING, WORDS, case_of_levels, certain, facts, not_met, person, submission
from tests.factories import browser
from tests.tampering import guards_off
from tests.together import at_once

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
SHOWN = "levels.L1.imaging.0.finding"
WHY = "The office sent a newer report by post."
CERTAIN = "pain_source_certain"
IMAGING = "L1.imaging_nonhealing"


def mark(case, by, criterion, verdict, level="L1"):
    return judge.judge(case, by=by, at=timezone.now(), marks=[judge.Mark(level, criterion, verdict, WORDS)])


def marked(criterion: str, verdict: str, name: str = CLEAN) -> Callable[..., Case]:
    def prepare(actor):
        case = held_by(actor, in_review(name))
        mark(case, actor, criterion, verdict)
        return case

    return prepare


def decided(by: Any = None) -> Case:
    return cases.approve(in_review(), by or person(Role.NURSE), timezone.now()).case


def unlicensed(actor):
    case = ready_to_refuse(actor, in_review())
    Credential.objects.filter(user_id=actor.user_id).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    return case


def own(actor):
    case = ready(actor, in_review())
    with guards_off():
        case.revisions.update(created_by=actor.user_id)
    return case


def own_former(actor):
    case = decided(actor)
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=WHY)
    return held_by(actor, case)


def withdrawn(actor):
    case = ready(actor, in_review())
    withdraw.withdraw(case, by=cases.Actor.of(case.created_by), at=timezone.now(), reason="Sent by mistake.")
    return case


def marked_before_a_correction(actor):
    """Marks of the first revision, and a second one."""
    case = ready(actor, in_review(NO_IMAGING))
    clerk = cases.Actor.of(case.created_by)
    information.ask(case, by=actor, at=timezone.now(), question="Please send the MRI.", items=[])
    information.answer(case, by=clerk, at=timezone.now(), facts=facts(), details={}, note="Here it is.")
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return held_by(actor, case)


def marked_in_the_round_before(actor):
    """Marked by the actor, decided by somebody else, and opened again: the facts are the same."""
    case = ready(actor, in_review())
    claim.release(case, by=actor, at=timezone.now())
    cases.approve(case, person(Role.NURSE), timezone.now())
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=WHY)
    return held_by(actor, case)


def says(case, actor, path, value):
    """The reviewer read something else in the record, and it counts."""
    read.read(case, by=actor, at=timezone.now(), findings=[read.Finding(path, "counts", value, WORDS)])


def turned(actor, before="healed"):
    """Marked certain where imaging showed a healed fracture; then the actor read that it shows an edema."""
    document = put(facts(), {SHOWN: before})
    case = cases.sent_case(person(Role.CLERK), at=timezone.now(), facts=submission(document).facts)
    cases.score_all(timezone.now())
    case.refresh_from_db()
    certain(held_by(actor, case), actor, timezone.now())
    says(case, actor, SHOWN, "edema")
    return case


def contradiction_before_a_reading(actor):
    """The purpose was not sent: path C is met without it, path A waits for it. Marked not met, certain again, and then
    a purpose was read, by which both paths are met."""
    document = put(facts("C02"), {"levels.L1.purpose": None})
    case = cases.sent_case(person(Role.CLERK), at=timezone.now(), facts=submission(document).facts)
    cases.score_all(timezone.now())
    case.refresh_from_db()
    held_by(actor, case)
    mark(case, actor, "not_prophylactic", "not_met")
    says(case, actor, "levels.L1.purpose", "treat_pain")
    return certain(case, actor, timezone.now())


def lapsed(actor):
    case = ready(actor, in_review())
    with guards_off():
        Case.objects.unscoped("a claim that ran out").update(claimed_until=timezone.now() - HOUR)
    case.refresh_from_db()
    return case


def uncited(actor):
    return ready(actor, in_review())


def cited_unknown(actor):
    """Marked not met, though nobody asked the office for what is missing."""
    case = held_by(actor, in_review(NO_IMAGING))
    mark(case, actor, "imaging_nonhealing", "not_met")
    return case


def of_code(actor, line):
    clerk = person(Role.CLERK)
    document = facts() | {"lines": [{"line": 1, "units": 1, **line}]}
    case = cases.submit.send(cases.draft_case(clerk), submission(document), by=clerk, at=timezone.now())
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return held_by(actor, case)


def sacral(actor):
    return of_code(actor, {"code": "0200T", "levels": ["S1"], "technique": "sacroplasty"})


def foreign(actor):
    """A code that the policy does not list."""
    return of_code(actor, {"code": "62323", "levels": ["L1"]})


def asked_before(actor):
    """Asked for the imaging once, and not answered in time."""
    case = held_by(actor, in_review(NO_IMAGING))
    items = [{"criterion": "imaging_nonhealing", "level": "L1"}]
    information.ask(case, by=actor, at=timezone.now(), question="Please send the MRI.", items=items)
    expire.sweep(case.information_requests.get().answer_by)
    case.refresh_from_db()
    return held_by(actor, case)


def held(actor):
    return held_by(actor, in_review())


def to_refuse(actor):
    return ready_to_refuse(actor, in_review())


def missing(actor):
    return held_by(actor, in_review(NO_IMAGING))


def levels(actor):
    """Held by a person who has marked the certainty, and L3 not met."""
    case = certain(held_by(actor, case_of_levels(person(Role.CLERK), timezone.now())), actor, timezone.now())
    not_met(case, actor, timezone.now(), levels={2: ["L3"]})
    return case


def levels_without_certainty(actor):
    case = held_by(actor, case_of_levels(person(Role.CLERK), timezone.now()))
    not_met(case, actor, timezone.now(), levels={2: ["L3"]})
    return case


def sacral_among_levels(actor):
    """A line for L1 and S1: by its sacral level it is not scored by criteria at all."""
    document = facts()
    document["lines"][0]["levels"] = ["L1", "S1"]
    case = cases.sent_case(person(Role.CLERK), at=timezone.now(), facts=submission(document).facts)
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return held_by(actor, case)


def days() -> dict[str, str]:
    return {"valid_from": "11/30/2026", "valid_to": "2/28/2027"}


class Rail(NamedTuple):
    """Who tries what on which case, with what in the form; how it is answered, and by which words."""

    role: Role
    slug: str
    prepare: Callable[..., Case]
    changes: dict[str, Any]
    status: int
    words: str
    event: str = ""


N, P, L = Role.NURSE, Role.PHYSICIAN, Role.LEAD
ONE = {"units_2": "1", **days()}
TOO_LATE = f"{timezone.localtime() + dt.timedelta(days=30):%m/%d/%Y %H:%M}"
RAILS = {
    # Approve
    "missing: nurse without a reason": Rail(N, "approve", missing, {"reason": ""}, 403, "so only a physician may"),
    "missing: nurse": Rail(N, "approve", missing, {}, 403, "Facts for line 1 are still missing, so only a physician"),
    "not meeting: lead": Rail(L, "approve", sacral, {}, 403, "The scored facts of line 1 do not meet the policy"),
    "not in scope": Rail(N, "approve", foreign, {}, 403, "The policy does not cover line 1, so only a physician may"),
    "certainty unmarked": Rail(N, "approve", held, {}, 403, "high degree of certainty"),
    "certainty unmarked: physician": Rail(P, "approve", held, {}, 403, "high degree of certainty"),
    "certainty not met": Rail(N, "approve", marked(CERTAIN, "not_met"), {}, 403, "Your own marks at L1"),
    "certainty needs more": Rail(N, "approve", marked(CERTAIN, "unknown"), {}, 403, "Your own marks at L1"),
    "another criterion not met": Rail(L, "approve", marked("symptomatic", "not_met"), {}, 403, "Your own marks at L1"),
    "marks of an older revision": Rail(N, "approve", marked_before_a_correction, {}, 403, "high degree of certainty"),
    "marks of the round before": Rail(N, "approve", marked_in_the_round_before, {}, 403, "high degree of certainty"),
    "certainty of before a reading": Rail(N, "approve", turned, {}, 403, "After you marked L1, other facts count"),
    "contradiction of before a reading": Rail(
        N, "approve", contradiction_before_a_reading, {}, 403, "After you marked L1, other facts count"
    ),
    "own request": Rail(N, "approve", own, {}, 403, "You took part"),
    "own decision of a former round": Rail(N, "approve", own_former, {}, 403, "You decided this case before"),
    "withdrawn": Rail(N, "approve", withdrawn, {}, 409, "Withdrawn"),
    "lapsed": Rail(N, "approve", lapsed, {}, 409, "Your claim ran out"),
    "stale": Rail(N, "approve", uncited, {"version": 3}, 409, "while you had it open"),
    # Not approve
    "nurse denies": Rail(N, "not-approve", uncited, {}, 403, "Only a physician with an active licence"),
    "lead denies": Rail(L, "not-approve", uncited, {}, 403, "Only a physician with an active licence"),
    "no active licence": Rail(P, "not-approve", unlicensed, {}, 403, "licence"),
    "own request denied": Rail(P, "not-approve", own, {}, 403, "You took part"),
    "nothing marked not met": Rail(P, "not-approve", uncited, {}, 400, "Name at least one criterion"),
    "no reason code": Rail(P, "not-approve", to_refuse, {"reason_codes": []}, 400, "Choose at least one reason"),
    "no words for the member": Rail(P, "not-approve", to_refuse, {"reason_for_member": " "}, 400, "the member"),
    "no word of change": Rail(P, "not-approve", to_refuse, {"what_would_change": "x"}, 400, "what would change"),
    "words of any letter": Rail(
        P, "not-approve", to_refuse, {"what_would_change": "Not medically necessary xx"}, 400, "Write which new", "-"
    ),
    "a missing fact": Rail(P, "not-approve", cited_unknown, {}, 400, "Facts are missing"),
    "facts not received, not asked": Rail(
        P, "not-approve", to_refuse, {"reason_codes": ["N06"]}, 400, "Facts are missing"
    ),
    "a line without criteria": Rail(P, "not-approve", sacral, {"reason_codes": ["N01"]}, 400, "choose N03"),
    "stale denial": Rail(P, "not-approve", to_refuse, {"version": 3}, 409, "while you had it open"),
    # Not approve some levels of a line
    "nurse leaves out a level": Rail(N, "not-approve", levels, {"lines": ["2.L3"]}, 403, "Only a physician with"),
    "a level that nobody asked for": Rail(P, "not-approve", levels, {"lines": ["2.T9"]}, 400, "Choose among the lines"),
    "a level of another line": Rail(P, "not-approve", levels, {"lines": ["2.L1"]}, 400, "Choose among the lines"),
    "a level and its line": Rail(P, "not-approve", levels, {"lines": ["2", "2.L3"]}, 400, "Choose among the lines"),
    "no level at all": Rail(
        P, "not-approve", levels, {"lines": [], **days()}, 400, "Choose at least one line or level", "-"
    ),
    "no criterion at one level": Rail(P, "not-approve", levels, {"lines": ["2.L2"], **ONE}, 400, "for L2 of line 2"),
    "no criterion at one level of a line": Rail(
        P, "not-approve", levels, {"lines": ["2.L2", "2.L3"], **ONE}, 400, "for L2 of line 2"
    ),
    "no code for levels": Rail(
        P, "not-approve", levels, {"lines": ["2.L3"], **ONE, "reason_codes": []}, 400, "Choose at least one reason"
    ),
    "no code for a level that was not scored": Rail(
        P,
        "not-approve",
        sacral_among_levels,
        {"lines": ["1.S1"], **ONE},
        400,
        "No criteria were scored for S1 of line 1",
    ),
    "more units than levels": Rail(P, "not-approve", levels, {"lines": ["2.L3"]}, 400, "so 1 is proposed here"),
    "no units for levels": Rail(P, "not-approve", levels, {"lines": ["2.L3"], "units_2": "0"}, 400, "enter 1.", "-"),
    "certainty unmarked at the levels that stay": Rail(
        P, "not-approve", levels_without_certainty, {"lines": ["2.L3"], **ONE}, 403, "First mark at L1, L2 whether"
    ),
    "stale levels": Rail(P, "not-approve", levels, {"lines": ["2.L3"], **ONE, "version": 3}, 409, "while you had it"),
    # Ask, escalate, mark, reopen
    "too long a time": Rail(N, "ask", missing, {"answer_by": TOO_LATE, "items": ["0"]}, 400, "must end by", "-"),
    "no time": Rail(N, "ask", missing, {"answer_by": "1/1/2026 10:00 AM"}, 400, "half an hour", "-"),
    "asked again": Rail(N, "ask", asked_before, {"items": ["0"]}, 400, "Write why you ask again", "-"),
    "no recommendation": Rail(N, "escalate", held, {"recommendation": ""}, 400, "what you recommend", "-"),
    "physician escalates": Rail(P, "escalate", held, {}, 403, "nurse reviewer"),
    "mark unclaimed": Rail(N, "judge", lambda actor: in_review(), {}, 409, "Claim the case first"),
    "mark own": Rail(N, "judge", own, {}, 403, "You took part"),
    "read unclaimed": Rail(N, "read", lambda actor: in_review(), {}, 409, "Claim the case first"),
    "read own": Rail(N, "read", own, {}, 403, "You took part"),
    "read in a conflict of interest": Rail(P, "read", unlicensed, {}, 403, "licence"),
    "read stale": Rail(N, "read", held, {"version": 3}, 409, "while you had it open"),
    "nurse reopens": Rail(N, "reopen", lambda actor: decided(), {}, 403, "review lead"),
    "physician reopens": Rail(P, "reopen", lambda actor: decided(), {}, 403, "review lead"),
    "reopen undecided": Rail(L, "reopen", lambda actor: in_review(), {}, 409, "In review"),
    "reopen without a reason": Rail(L, "reopen", lambda actor: decided(), {"reason": "x"}, 400, "20 characters", "-"),
    "reopen for a reason of blanks": Rail(
        L, "reopen", lambda actor: decided(), {"reason": "\u200b" + " " * 20 + "\u200b"}, 400, "20 characters", "-"
    ),
    "reopen own decision": Rail(L, "reopen", lambda actor: decided_and_opened(actor), {}, 403, "You decided this case"),
}


def decided_and_opened(actor):
    """Decided by the actor, opened again by another lead, and decided again by somebody else."""
    case = own_former(actor)
    claim.release(case, by=actor, at=timezone.now())
    cases.approve(case, person(Role.NURSE), timezone.now())
    return case


def refusals() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action__startswith="refused_").order_by("pk"))


def stored(case: Case) -> dict[str, Any]:
    rows = {
        name: getattr(case, name).count() for name in ("judgements", "readings", "escalations", "reopenings", "letters")
    }
    return snapshot(case) | rows


@pytest.mark.parametrize("name", RAILS)
def test_a_rail_refuses_a_raw_post_stores_nothing_and_keeps_the_attempt(name):
    rail = RAILS[name]
    actor, client = signed_in(rail.role)
    case = rail.prepare(actor)
    before, known = stored(case), refusals()
    response = client.post(act(case, rail.slug), typed(rail.slug, case, **rail.changes))
    page = " ".join(response.content.decode().split())
    assert (response.status_code, rail.words in page) == (rail.status, True), page[page.find("<main") :][:3000]
    assert stored(case) == before
    if rail.event != "-":  # a form that lacks something is shown again, and is no attempt at what is not allowed
        [event] = refusals()[len(known) :]
        assert event.action in {f"refused_{rail.slug.replace('-', '_')}", "refused_partly_approve"}
        assert (event.actor_id, event.entities) == (actor.user_id, {"case": case.reference})


PAGES_SAY = {
    "approve": (
        "certainty unmarked",
        "certainty of before a reading",
        "missing: nurse",
        "not in scope",
        "own decision of a former round",
        "withdrawn",
        "lapsed",
    ),
    "not-approve": ("nurse denies", "no active licence"),
    "reopen": ("nurse reopens", "reopen undecided"),
}


@pytest.mark.parametrize("name", [name for names in PAGES_SAY.values() for name in names])
def test_the_page_of_an_act_says_why_it_is_not_open_and_the_case_page_does_not_offer_it(name):
    rail = RAILS[name]
    actor, client = signed_in(rail.role)
    case = rail.prepare(actor)
    page = client.get(act(case, rail.slug))
    assert page.status_code in (403, 409)
    assert 'name="version"' not in page.content.decode(), "the form of the act"
    assert act(case, rail.slug) not in client.get(case_page(case)).content.decode()


EMPTY = {
    "reason_for_member": ("Not medically\nNECESSARY. Not medically necessary.", "Write for the member, in plain"),
    "reason_for_clinician": ("Per medical policy, does not meet criteria", "which fact, from which day,"),
    "what_would_change": ("Please submit additional documentation.", "which new fact or record"),
}
FULL = (
    "Not medically necessary: the MRI of May 3 shows a healed fracture.",
    "The criteria are not met, as physical therapy ended after four weeks.",
    "A newer study of this level could change it.",
    "Healed fracture. Not indicated.",
    "The MRI of Oct 3 shows an old, healed fracture at L1.",
    "The records do not show severe pain.",
    "The exam of L1 found no tenderness.",
)
OF_ANY_LETTER = (
    "Does not meet the policy criteria of the plan.",
    "The request does not meet the medical guidelines of the plan.",
    "This member does not satisfy the coverage requirements.",
    "The standards of medical necessity have not been met.",
    "The documentation provided doesn't support the medical necessity of the service.",
    "We reviewed the records and could not approve this under our rules.",
    "Criteria of policy 484 were not met by this patient.",
)


@pytest.mark.parametrize("name", EMPTY)
def test_a_text_of_nothing_but_boiler_plate_is_refused_at_its_field_and_one_beside_facts_is_not(name):
    text, words = EMPTY[name]
    with pytest.raises(Incomplete, match=words) as refused:
        of_this_case(text, name)
    assert (refused.value.field, {of_this_case(full, name) for full in FULL}) == (name, set(FULL))
    for sentence in OF_ANY_LETTER:
        with pytest.raises(Incomplete, match="could stand in any letter"):
            of_this_case(sentence, name)


# What is allowed


def test_a_clean_case_takes_one_activation_from_the_approve_page_and_its_days_may_be_changed():
    actor, client = signed_in(Role.NURSE)
    case = ready(actor, in_review())
    before = stored(case)
    page = client.get(act(case, "approve")).content.decode()
    assert ("The letter, as it will be sent" in page, "Confirm: approve" in page, stored(case) == before) == (True,) * 3
    days = {"valid_from": "12/1/2026", "valid_to": "1/15/2027", "version": case.version}
    again = client.post(act(case, "approve"), days | {"preview": "1"}).content.decode()
    assert ("good from Dec 1, 2026 to Jan 15, 2027" in again, case.decisions.exists()) == (True, False)
    assert client.post(act(case, "approve"), days | {"confirmed": "1"}).status_code == 302
    line = case.decisions.get().lines.get()
    assert (line.valid_from, line.valid_to) == (dt.date(2026, 12, 1), dt.date(2027, 1, 15))


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


@pytest.mark.parametrize(("planned", "first"), [("2028-12-01", 0), ("9999-12-31", 0), (None, 0), (40, 40)])
def test_the_approve_page_opens_with_days_that_may_be_given_whatever_day_is_planned(planned, first):
    (nurse, client), clerk, today = signed_in(Role.NURSE), person(Role.CLERK), timezone.localdate()
    day = (today + dt.timedelta(days=planned)).isoformat() if isinstance(planned, int) else planned
    document = {**facts(), "service_date": day}
    cases.submit.send(cases.draft_case(clerk), submission(document), by=clerk, at=timezone.now())
    cases.score_all(timezone.now())
    case = ready(nurse, Case.objects.unscoped("the only one").get())
    page = client.get(act(case, "approve"))
    assert (page.status_code, page.context["letter"] is not None) == (200, True)
    assert page.context["form"].initial["valid_from"] == today + dt.timedelta(days=first)


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


@pytest.mark.parametrize("named", ["osteoporotic", CERTAIN, "no_such"])
def test_only_what_the_physician_marked_not_met_can_be_named(named):
    """Past the page, which offers nothing else: not marked, marked met, and no criterion at all."""
    physician = person(Role.PHYSICIAN)
    case = ready_to_refuse(physician, in_review())
    before = stored(case)
    verdict = Verdict([1], relied_on=[*not_met_in(case), ("L1", named)], **cases.REASONS)
    with pytest.raises(Incomplete, match="did not mark it") as refused:
        decide.not_approve(case, verdict, by=physician, at=timezone.now())
    assert (refused.value.field, stored(case), len(refusals())) == ("relied_on", before, 1)


def not_met_in(case: Case) -> list[tuple[str, str]]:
    return [(one.level, one.criterion) for one in case.judgements.filter(verdict="not_met")]


# The time to answer


def test_a_question_whose_time_is_over_ends_once_decides_nothing_and_may_be_asked_again():
    actor, client = signed_in(Role.NURSE)
    case = missing(actor)
    data = typed("ask", case, items=["0"])
    assert client.post(act(case, "ask"), data).status_code == 302
    question = case.information_requests.get()
    due = question.answer_by
    assert expire.sweep(due - dt.timedelta(seconds=1)) == 0
    assert (expire.sweep(due), expire.sweep(due), end_questions()) == (1, 0, 0)
    case.refresh_from_db()
    question.refresh_from_db()
    assert (case.status, case.decisions.exists(), question.expired_at) == ("in_review", False, due)
    clerk = browser(cases.Actor.of(case.created_by))
    page = clerk.get(f"/requests/{case.reference}/").content.decode()
    assert ("The time to answer ended" in page, f"/requests/{case.reference}/amend/" in page) == (True, True)
    with pytest.raises(Conflict):
        information.answer(case, by=cases.Actor.of(case.created_by), at=due, note="Too late.")
    held_by(actor, case)
    assert "(asked before)" in client.get(act(case, "ask")).content.decode()
    again = typed("ask", case, items=["0"], again="The report names no level.")
    assert client.post(act(case, "ask"), again).status_code == 302
    assert case.information_requests.get(number=2).again == "The report names no level."
    with pytest.raises(IntegrityError, match="only_an_unanswered_question_expires"), transaction.atomic():
        case.information_requests.filter(number=2).update(expired_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_end_each_question_once(settings):
    """With the events, the versions and the mails counted."""
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    nurse = person(Role.NURSE)
    asked = [missing(nurse) for _ in range(6)]
    for case in asked:
        information.ask(case, by=nurse, at=timezone.now(), question="Please send the MRI report.", items=[])
    due, counts = max(case.information_requests.get().answer_by for case in asked), []
    at_once(lambda _: counts.append(expire.sweep(due)), range(4))
    assert sum(counts) == 6
    for case in asked:
        before = case.version
        case.refresh_from_db()
        assert (case.status, case.version) == ("in_review", before + 1)
    assert AuditEvent.objects.filter(action="expire").count() == 6
    mails = Job.objects.filter(kind=Job.Kind.NOTIFY, dedupe_key__startswith="notify:expired:")
    assert mails.count() == 6 * 6, "each clerk of the office, of each case"


def test_the_office_is_told_until_when_on_its_page_and_in_the_letter():
    nurse = person(Role.NURSE)
    case = missing(nurse)
    question = information.ask(case, by=nurse, at=timezone.now(), question="Please send the MRI.", items=[])
    words = moment(question.answer_by)
    page = browser(cases.Actor.of(case.created_by)).get(f"/requests/{case.reference}/").content.decode()
    assert f"Answer by {words}" in page
    assert words in str(question.letter.content)


def test_only_what_the_policy_needs_is_asked():
    nurse = person(Role.NURSE)
    case = missing(nurse)
    asks = {"case": case, "by": nurse, "at": timezone.now(), "question": "?"}
    for items in (
        [{"criterion": "osteoporotic", "level": "L1"}],
        [{"criterion": "imaging_nonhealing", "level": "L1"}] * 2,
    ):
        with pytest.raises(Incomplete) as refused:
            information.ask(**asks, items=items)
        assert refused.value.field == "items"
    mark(case, nurse, "osteoporotic", "unknown")
    information.ask(**asks, items=[{"criterion": "osteoporotic", "level": "L1"}])


# The recommendation


def test_a_physician_reads_the_recommendation_only_after_marking_the_criteria():
    nurse, (physician, client) = person(Role.NURSE), signed_in(Role.PHYSICIAN)
    case = held_by(nurse, in_review())
    secret = "The second study is the better one."
    how = {"question": "Is it new?", "recommendation": "not_approve", "because": secret}
    with pytest.raises(Incomplete, match="what you recommend"):
        escalate.escalate(case, by=nurse, at=timezone.now(), **{**how, "recommendation": "deny"})
    escalate.escalate(case, by=nurse, at=timezone.now(), **how)
    held_by(physician, case)
    pages = (case_page(case), act(case, "trail"))
    hidden = " ".join(client.get(page).content.decode() for page in pages)
    assert (secret in hidden, "Recommends:" in hidden) == (False, False)
    assert "8 left at L1" in hidden
    assert recommendation.hidden_from(case, nurse) == ""
    assert secret in browser(nurse).get(case_page(case)).content.decode()
    way = case.assessments.get().result["lines"][0]["levels"][0]["criteria"]["A"]
    marks = [judge.Mark("L1", one, "met", WORDS) for one in way]
    judge.judge(case, by=physician, at=timezone.now(), marks=marks[1:])
    assert "1 left at L1" in recommendation.hidden_from(case, physician)
    judge.judge(case, by=physician, at=timezone.now(), marks=marks[:1])
    shown = client.get(case_page(case)).content.decode()
    top = shown[: shown.index('<h2 id="result"')]
    assert (secret in top, "Recommends: not approve." in top) == (True, True), "with the question, above the work"
    assert "left at L1" in recommendation.hidden_from(case, person(Role.PHYSICIAN)), "each for themselves"
    claim.release(case, by=physician, at=timezone.now())
    cases.approve(case, person(Role.PHYSICIAN), timezone.now())
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=WHY)
    assert "8 left at L1" in recommendation.hidden_from(case, physician), "and in each round anew"
    assert "Marked by" not in client.get(case_page(case)).content.decode()


# Opening a decided case again


def test_a_lead_opens_a_decided_case_again_and_the_former_decision_stays():
    first, (_, client) = person(Role.NURSE), signed_in(Role.LEAD)
    case = decided(first)
    old, holds = (
        case.decisions.get(),
        "The approval holds, with its number and its days, until there is a new decision.",
    )
    assert holds in client.get(act(case, "reopen")).content.decode()
    assert client.post(act(case, "reopen"), typed("reopen", case)).status_code == 302
    case.refresh_from_db()
    assert (case.status, case.round, case.decided_at, case.claimed_by) == ("in_review", 2, None, None)
    assert case.due_at > old.due_at
    office = browser(cases.Actor.of(case.created_by)).get(f"/requests/{case.reference}/").content.decode()
    assert ("Opened again" in office, "Former decision: Approved" in office, office.count(holds)) == (True, True, 2)
    assert re.search(rf">{old.authorization_number}<.*?{holds}", office), "beside its number too"
    assert "no longer holds" not in office
    read = client.get(case_page(case)).content.decode()
    assert ("Former decision: Approved" in read, read.count(holds)) == (True, 1)
    with pytest.raises(NotPermitted, match="You decided this case before"):
        cases.approve(case, first, timezone.now())
    claim.release(case, by=first, at=timezone.now())
    cases.not_approve(case, person(Role.PHYSICIAN), timezone.now())
    assert [one.outcome for one in case.decisions.order_by("round")] == ["approved", "not_approved"]
    assert [letter.kind for letter in case.letters.all()] == ["approved", "not_approved"]
    assert holds not in browser(cases.Actor.of(case.created_by)).get(f"/requests/{case.reference}/").content.decode()
    case.refresh_from_db()
    page = client.get(act(case, "reopen")).content.decode()
    assert (holds in page, "The former decision stays until there is a new one." in page) == (False, True)
    new = case.decisions.get(round=2)
    assert (old.clock_from, new.clock_from) == (case.received_at, case.reopenings.get().reopened_at)
    assert AuditEvent.objects.filter(action="reopen").count() == 1


# What the database itself refuses


NO_DAYS = {"valid_from": None, "valid_to": None}


@pytest.mark.parametrize(
    ("model", "changes", "constraint"),
    [
        (DecisionLine, {"outcome": "approved", **NO_DAYS}, "an_approved_line_says_when"),
        (DecisionLine, {"valid_to": dt.date(2026, 11, 1)}, "an_approved_line_says_when"),
        (DecisionLine, {"outcome": "not_approved"}, "an_approved_line_says_when"),
        (DecisionLine, {"units": 0}, "units_are_counted"),
        (DecisionLine, {"levels_not_approved": "L2, L1"}, "no_level_is_both_approved_and_not"),
        (DecisionLine, {"levels": "", "levels_not_approved": "L2"}, "a_line_without_some_levels_has_others"),
        (DecisionLine, {"outcome": "closed", "levels_not_approved": "L2", **NO_DAYS}, "a_line_without_some_levels"),
        (Decision, {"against_computed": True}, "override_needs_a_physician_and_a_reason"),
        (Decision, {"authorization_number": ""}, "approval_has_a_number"),
        (Decision, {"outcome": "not_approved", "decided_role": "physician"}, "denial_needs_a_physician_and_reasons"),
        (Escalation, {"recommendation": "deny"}, "escalation_recommends"),
        (Reopening, {"reopened_role": "nurse"}, "a_lead_reopens_with_a_reason"),
        (Reopening, {"reason": "short"}, "a_lead_reopens_with_a_reason"),
        (Reopening, {"round": 1}, "a_lead_reopens_with_a_reason"),
    ],
)
def test_the_database_refuses_it_too(model, changes, constraint):
    decision = decided().decisions.get()
    who, now = decision.decided_by_id, timezone.now()
    rows = {
        Decision: lambda: changed(decision, round=9),
        DecisionLine: lambda: changed(decision.lines.get(), number=9),
        Escalation: lambda: Escalation(case=decision.case, question="?", escalated_by_id=who, escalated_at=now),
        Reopening: lambda: Reopening(
            case=decision.case, round=2, reason=WHY, reopened_by_id=who, reopened_role="lead", reopened_at=now
        ),
    }
    row = changed(rows[model](), **changes)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row.save(force_insert=True)


def changed(row, **columns):
    row.pk = None
    for name, value in columns.items():
        setattr(row, name, value)
    return row


# No bulk decision; T9


def test_no_action_and_no_address_of_the_admin_decides_several_cases():
    class Request:
        """As the admin asks for its actions."""

        def __init__(self, actor):
            self.actor, self.GET, self.user = actor, {}, cases.User.objects.get(pk=actor.user_id)

    for role in (Role.NURSE, Role.LEAD, Role.PHYSICIAN, Role.ADMINISTRATOR):
        request = Request(person(role))
        for admin in site._registry.values():
            assert list(admin.get_actions(request)) == [], type(admin)
    slugs = ("approve", "not-approve", "close", "reopen", "judge", "read", "ask", "escalate")
    patterns = [str(one.pattern) for one in site._registry[Case].get_urls()]
    for slug in slugs:
        assert [pattern for pattern in patterns if f"/{slug}/" in pattern] == [f"<int:pk>/{slug}/"]
    actor, client = signed_in(Role.NURSE)
    two = [ready(actor, in_review()) for _ in range(2)]
    data = typed("approve", two[0], pk=[case.pk for case in two], _selected_action=[case.pk for case in two])
    client.post(act(two[0], "approve"), data)
    client.post("/admin/priorauth/case/", data | {"action": "approve"})
    assert [snapshot(case)["decisions"] for case in two] == [1, 0]


def test_t9_no_nurse_denies_and_nobody_decides_what_they_sent_in_200_tries():
    """By every service that decides, as a nurse, a lead, a physician without a licence, and a person of the request."""
    nurse, lead, unlicensed_one = person(Role.NURSE), person(Role.LEAD), person(Role.PHYSICIAN, licensed=False)
    case = ready_to_refuse(nurse, in_review())
    verdict = Verdict([1], relied_on=[], **cases.REASONS, **cases.DAYS)
    known, tries = AuditEvent.objects.count(), 0
    sent_it = person(Role.PHYSICIAN)
    with guards_off():
        case.revisions.update(created_by=sent_it.user_id)
    for _ in range(50):
        for by in (nurse, lead, unlicensed_one, sent_it):
            tries += 1
            with pytest.raises(NotPermitted):
                decide.not_approve(case, verdict, by=by, at=timezone.now())
    assert (tries, case.decisions.count()) == (200, 0)
    assert AuditEvent.objects.filter(action="refused_not_approve").count() == AuditEvent.objects.count() - known == 200
    assert snapshot(case)["status"] not in DECIDED
