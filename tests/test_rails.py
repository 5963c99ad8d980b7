"""The guard rails (UX.md 3.4, DESIGN.md invariants 2, 3, 10), each tried through the page and past it: refused with a
reason, nothing stored, and the refused attempt in the trail."""

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.utils import timezone

from priorauth.admin.site import site
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from priorauth.services import (
    decide,
)
from priorauth.services.decision_lines import Verdict
from priorauth.services.errors import NotPermitted
from priorauth.statuses import DECIDED
from tests import cases
from tests.admin_helpers import act, case_page, in_review, ready, ready_to_refuse, signed_in, snapshot, typed
from tests.cases import person
from tests.rail_cases import (
    CERTAIN,
    asked_before,
    cited_unknown,
    contradiction_before_a_reading,
    days,
    decided,
    decided_and_opened,
    foreign,
    held,
    lapsed,
    levels,
    levels_without_certainty,
    made_ready,
    marked,
    marked_before_a_correction,
    marked_in_the_round_before,
    missing,
    own,
    own_former,
    refusals,
    sacral,
    sacral_among_levels,
    stored,
    to_refuse,
    turned,
    unlicensed,
    withdrawn,
)
from tests.tampering import guards_off

pytestmark = pytest.mark.django_db


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
    "days without the planned one": Rail(
        N,
        "approve",
        made_ready,
        {"valid_from": "12/1/2026"},
        400,
        "planned for Nov 30, 2026. Enter days that include it.",
    ),
    "own request": Rail(N, "approve", own, {}, 403, "You took part"),
    "own decision of a former round": Rail(N, "approve", own_former, {}, 403, "You decided this case before"),
    "withdrawn": Rail(N, "approve", withdrawn, {}, 409, "Withdrawn"),
    "lapsed": Rail(N, "approve", lapsed, {}, 409, "Your claim ran out"),
    "stale": Rail(N, "approve", made_ready, {"version": 3}, 409, "while you had it open"),
    # Not approve
    "nurse denies": Rail(N, "not-approve", made_ready, {}, 403, "Only a physician with an active licence"),
    "lead denies": Rail(L, "not-approve", made_ready, {}, 403, "Only a physician with an active licence"),
    "no active licence": Rail(P, "not-approve", unlicensed, {}, 403, "licence"),
    "own request denied": Rail(P, "not-approve", own, {}, 403, "You took part"),
    "nothing marked not met": Rail(P, "not-approve", made_ready, {}, 400, "Name at least one criterion"),
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
    "levels without the planned day": Rail(
        P, "not-approve", levels, {"lines": ["2.L3"], **ONE, "valid_from": "12/1/2026"}, 400, "planned for Nov 30, 2026"
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
