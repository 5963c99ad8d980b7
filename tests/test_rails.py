"""The guard rails (UX.md 3.4, DESIGN.md invariants 2, 3, 10), each tried through the page and past it: refused with a
reason, nothing stored, and the refused attempt in the trail."""

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from policies.places import put
from priorauth.admin.site import site
from priorauth.models import AuditEvent, Case, Credential, Decision, DecisionLine, Escalation, Reopening
from priorauth.roles import Role
from priorauth.services import (
    claim,
    decide,
    expire,
    information,
    judge,
    read,
    reopen,
    withdraw,
)
from priorauth.services.boilerplate import of_this_case
from priorauth.services.decision_lines import Verdict
from priorauth.services.errors import Incomplete, NotPermitted
from priorauth.statuses import DECIDED
from tests import cases
from tests.admin_helpers import act, case_page, held_by, in_review, ready, ready_to_refuse, signed_in, snapshot, typed
from tests.cases import CLEAN, NO_IMAGING, WORDS, case_of_levels, certain, facts, not_met, person, submission
from tests.tampering import guards_off

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


def ready_case(actor):
    return ready(actor, in_review())


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
    "days without the planned one": Rail(
        N,
        "approve",
        ready_case,
        {"valid_from": "12/1/2026"},
        400,
        "planned for Nov 30, 2026. Enter days that include it.",
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
