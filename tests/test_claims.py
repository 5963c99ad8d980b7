"""Claims that are renewed, released, handed over and taken over."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from priorauth import audit
from priorauth.audit import contents
from priorauth.models import AuditEvent, Case, Handover, User
from priorauth.roles import Role
from priorauth.services import claim, conflicts, escalate, hand_over, people
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete
from tests.admin_helpers import act, case_page, held_by, in_review, ready, signed_in, snapshot, typed, with_physician
from tests.cases import certain, claimed, person
from tests.tampering import force

pytestmark = pytest.mark.django_db

BOARD = reverse("admin:index")
NEXT = reverse("admin:priorauth_case_next")
AWAY = "The nurse was called away for the day."
LINE = "The report of L1 came this morning."
HOUR = dt.timedelta(hours=1)


def fresh(case: Case) -> Case:
    return Case.objects.unscoped("a test reads").select_related("claimed_by", "clinician", "member").get(pk=case.pk)


def refusals(actor) -> list[str]:
    events = AuditEvent.objects.filter(actor_id=actor.user_id, action__startswith="refused_")
    return list(events.order_by("pk").values_list("action", flat=True))


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# Renewing


def test_a_renewal_lengthens_the_claim_and_changes_nothing_else():
    (nurse, page), case = signed_in(Role.NURSE), in_review()
    ready(nurse, case)
    force("UPDATE priorauth_case SET claimed_until = now() + interval '4 minutes' WHERE id = %s", case.pk)
    before = snapshot(case)
    answer = page.post(act(case, "renew"), headers={"Accept": "application/json"})
    after = snapshot(case)
    assert answer.json()["seconds"] in range(1790, 1801)
    assert answer.json()["until"] == moment(after["claimed_until"])
    assert after == {**before, "claimed_until": after["claimed_until"]}
    assert after["claimed_until"] > before["claimed_until"]
    event = AuditEvent.objects.get(action="renew_claim")
    assert (event.stream.startswith(f"user:{nurse.user_id}:"), event.entities) == (True, {"case": case.reference})
    assert audit.verify_case(case) == (None, case.version)
    assert page.post(act(case, "approve"), typed("approve", case)).status_code == 302, "the open form got stale"


def test_a_renewal_never_shortens_a_claim_and_pressing_claim_again_renews():
    (nurse, page), case = signed_in(Role.NURSE), in_review()
    hand_over.hand_over(case, by=person(Role.LEAD), at=timezone.now(), to=nurse.user_id, line=LINE)
    until = fresh(case).claimed_until
    assert page.post(act(case, "claim"), {"version": case.version}).status_code == 302
    assert "The claim is renewed." in text(page.post(act(case, "renew"), follow=True))
    assert (fresh(case).claimed_until, fresh(case).version) == (until, case.version)
    assert page.get(act(case, "renew")).headers["Location"] == case_page(case)


def test_only_a_live_claim_of_ones_own_is_renewed():
    (nurse, page), (_, stranger), case = signed_in(Role.NURSE), signed_in(Role.NURSE), in_review()
    for client in (page, stranger):
        answer = client.post(act(case, "renew"), headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["why"]) == (409, "Your claim has ended. Claim the case again.")
    held_by(nurse, case)
    answer = stranger.post(act(case, "renew"), headers={"Accept": "application/json"})
    assert (answer.status_code, f"{nurse.name} holds this case" in answer.json()["why"]) == (409, True)
    assert "holds this case" in text(stranger.post(act(case, "renew"), follow=True))
    assert signed_in(Role.AUDITOR)[1].post(act(case, "renew")).status_code == 403
    before, until = snapshot(case), fresh(case).claimed_until
    with pytest.raises(Conflict, match="has ended"):
        claim.renew(fresh(case), by=nurse, at=until)
    assert snapshot(case) == before
    last = until - dt.timedelta(microseconds=1)
    assert [claim.held(fresh(case), at) for at in (last, until)] == [True, False]
    with pytest.raises(Conflict, match=f"{nurse.name} holds this case"):
        claim.claim(fresh(case), by=person(Role.NURSE), at=last)
    assert page.post(act(case, "ask"), typed("ask", fresh(case))).status_code == 302
    answer = page.post(act(case, "renew"), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["why"]) == (409, "The case is now “Information needed”.")


@pytest.mark.parametrize(
    ("columns", "allowed"),
    [
        ({"claimed_until": F("claimed_until") + HOUR}, True),
        ({"claimed_until": F("claimed_until") - HOUR}, False),
        ({"claimed_until": F("claimed_until") + HOUR, "score": 7}, False),
        ({"claimed_until": F("claimed_until") + HOUR, "claimed_by": "other"}, False),
        ({"claimed_until": None, "claimed_by": None}, False),
    ],
)
def test_the_database_lets_a_claim_grow_without_an_act_and_nothing_else(columns, allowed):
    case = claimed(in_review(), person(Role.NURSE))
    if columns.get("claimed_by") == "other":
        columns = {**columns, "claimed_by": person(Role.NURSE).user_id}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    rows = Case.objects.unscoped("a test goes past the services").filter(pk=case.pk)
    if allowed:
        assert rows.update(**columns) == 1
        return
    with pytest.raises(IntegrityError, match="past the services"), transaction.atomic():
        rows.update(**columns)


def test_seals_written_before_claims_could_be_renewed_still_hold(monkeypatch):
    monkeypatch.setattr(contents, "UNSEALED", {**contents.UNSEALED, **contents.UNSEALED_BEFORE})
    monkeypatch.setattr(contents.seal, "__defaults__", (None, contents.UNSEALED))
    case = claimed(in_review(), person(Role.NURSE), at=timezone.now())
    monkeypatch.undo()
    assert audit.verify_case(case) == (None, case.version)
    force("UPDATE priorauth_case SET score = 1 WHERE id = %s", case.pk)
    assert "wrote the case otherwise" in str(audit.verify_case(fresh(case))[0])


# Releasing, handing over, taking over


def test_a_released_case_keeps_the_line_for_whoever_takes_it_next():
    (nurse, page), (_, other), case = signed_in(Role.NURSE), signed_in(Role.NURSE), in_review()
    held_by(nurse, case)
    assert page.post(act(case, "release"), typed("release", case, line=f" {LINE} ")).status_code == 302
    row = Handover.objects.unscoped("a test reads").get()
    assert (row.kind, row.from_user_id, row.to_user_id, row.words) == ("release", nurse.user_id, None, LINE)
    assert f"Handover line</strong> from {nurse.name}" in text(other.get(case_page(case)))
    assert LINE in text(other.get(case_page(case)))
    assert audit.verify_case(fresh(case)) == (None, case.version + 1)
    held_by(nurse, fresh(case))
    assert page.post(act(case, "release"), typed("release", fresh(case))).status_code == 302
    assert Handover.objects.unscoped("a test reads").count() == 1, "without a line there is none to keep"
    with pytest.raises(Conflict, match="Nobody holds this case"):
        claim.release(fresh(case), by=person(Role.LEAD), at=timezone.now())
    too_long = typed("release", held_by(nurse, fresh(case)), line="x" * 501)
    assert "It has 501: shorten it." in text(page.post(act(case, "release"), too_long))


def test_a_case_is_handed_over_with_a_line_and_the_next_holder_is_told():
    (nurse, page), (other, stranger), case = signed_in(Role.NURSE), signed_in(Role.NURSE), in_review()
    held_by(nurse, case)
    form = page.get(act(case, "hand-over")).context["form"]
    assert nurse.user_id not in [value for value, _ in form.fields["to"].choices]
    for wrong in ({"line": " "}, {"to": ""}, {"to": "999999"}, {"to": person(Role.AUDITOR).user_id}):
        assert page.post(act(case, "hand-over"), typed("hand-over", case) | wrong).status_code == 400
    given = typed("hand-over", case, to=other.user_id)
    assert stranger.post(act(case, "hand-over"), given).status_code == 409
    assert page.post(act(case, "hand-over"), given).status_code == 302
    now_held = fresh(case)
    assert now_held.claimed_by_id == other.user_id
    assert abs(now_held.claimed_until - timezone.now() - hand_over.HANDED) < dt.timedelta(minutes=1)
    assert f"Handed to you by {nurse.name}: {LINE}" in text(stranger.get(BOARD))
    assert hand_over.taken_from(nurse, timezone.now()) == [], "it was their own act"
    assert "Handed to you" not in text(page.get(BOARD))
    shown = text(page.get(case_page(case)))
    assert f"Handed to {other.name}</strong> from {nurse.name}" in shown
    assert f'handed the case over <span class="quiet">({other.name})</span>' in shown, "no key of a row"
    assert "mailto:" in text(page.get(case_page(case)))
    assert "mailto:" not in text(stranger.get(case_page(case)))
    assert page.post(act(case, "approve"), typed("approve", now_held)).status_code == 409
    certain(now_held, other, timezone.now())
    assert stranger.post(act(case, "approve"), typed("approve", now_held)).status_code == 302
    assert audit.verify_case(fresh(case)) == (None, fresh(case).version)


@pytest.mark.parametrize(("left", "lasts"), [(6 * HOUR, 4 * HOUR), (HOUR, HOUR), (-HOUR, claim.CLAIM)])
def test_a_case_that_was_handed_over_is_kept_four_hours_but_not_past_its_due_time(left, lasts):
    lead, nurse, case = person(Role.LEAD), person(Role.NURSE), in_review()
    at = case.due_at - left
    claimed(case, person(Role.NURSE), at - claim.CLAIM)  # which ran out just now
    hand_over.hand_over(case, by=lead, at=at, to=nurse.user_id, line=LINE)
    assert case.claimed_until - at == lasts
    assert Handover.objects.unscoped("a test reads").get().from_user_id is None


def test_a_case_goes_only_to_a_person_who_may_decide_it():
    (lead, page), nurse, case = signed_in(Role.LEAD), person(Role.NURSE), in_review()
    conflicts.declare(by=nurse, at=timezone.now(), office=case.office)
    escalated = with_physician(in_review())
    for one, to, why in (
        (case, nurse, "may not decide this case"),
        (escalated, person(Role.NURSE), "is a nurse. Choose a physician."),
        (case, person(Role.PHYSICIAN, licensed=False), "may not decide this case"),
    ):
        before = snapshot(one)
        answer = page.post(act(one, "hand-over"), typed("hand-over", one, to=to.user_id))
        assert (answer.status_code, why in text(answer), LINE in text(answer)) == (403, True, True)
        assert snapshot(one) == before
    assert refusals(lead) == ["refused_hand_over"] * 3
    gone = person(Role.NURSE)
    User.objects.filter(pk=gone.user_id).update(is_active=False)
    with pytest.raises(Incomplete, match="Choose a person who reviews"):
        hand_over.hand_over(escalated, by=lead, at=timezone.now(), to=gone.user_id, line=LINE)
    physician = person(Role.PHYSICIAN)
    given = typed("hand-over", escalated, to=physician.user_id)
    assert page.post(act(escalated, "hand-over"), given).status_code == 302
    again = typed("hand-over", fresh(escalated), to=physician.user_id)
    assert page.post(act(escalated, "hand-over"), again).status_code == 400, "they hold it already"
    with pytest.raises(Conflict, match=f"{physician.name} holds this case already"):
        hand_over.hand_over(fresh(escalated), by=lead, at=timezone.now(), to=physician.user_id, line=LINE)


def test_who_reviews_no_more_holds_nothing_that_others_wait_for():
    """Deactivated, or in a role that reviews nothing; a new name changes nothing."""
    administrator, at = person(Role.ADMINISTRATOR), timezone.now()
    for change in ({"is_active": False}, {"role": Role.PAYER}):
        nurse, case = person(Role.NURSE), in_review()
        hand_over.hand_over(case, by=person(Role.LEAD), at=at, to=nurse.user_id, line=LINE)
        user = User.objects.get(pk=nurse.user_id)
        user.last_name = "Okafor"
        people.keep(user, by=administrator, at=at, change={"last_name": "Okafor"})
        assert fresh(case).claimed_by_id == nurse.user_id
        row = user.membership if "role" in change else user
        for name, value in change.items():
            setattr(row, name, value)
        people.keep(row, by=administrator, at=at, change=change)
        assert claim.claim_next(by=person(Role.NURSE), at=at) == case
        (event,) = AuditEvent.objects.filter(action="release", stream=audit.case_stream(case))
        assert event.actor_id == administrator.user_id
        assert audit.verify_case(fresh(case)) == (None, fresh(case).version)


def test_a_lead_does_not_hand_what_somebody_holds_to_themself_past_the_reason_of_a_take_over():
    (lead, page), case = signed_in(Role.LEAD), in_review()
    held_by(person(Role.NURSE), case)
    form = page.get(act(case, "hand-over")).context["form"]
    assert str(lead.user_id) not in dict(form.fields["to"].choices)
    with pytest.raises(Conflict, match="take it over, and write why"):
        hand_over.hand_over(case, by=lead, at=timezone.now(), to=lead.user_id, line="x")
    free = in_review()
    hand_over.hand_over(free, by=lead, at=timezone.now(), to=lead.user_id, line="x")
    assert fresh(free).claimed_by_id == lead.user_id, "what nobody holds can be assigned to oneself"


def test_a_lead_takes_a_case_over_and_the_former_holder_is_told_and_loses_no_word():
    (nurse, page), (lead, lead_page), case = signed_in(Role.NURSE), signed_in(Role.LEAD), in_review()
    assert lead_page.get(act(case, "take-over")).status_code == 409
    assert lead_page.post(act(case, "take-over"), typed("take-over", case)).status_code == 409
    held_by(nurse, case)
    opened = typed("escalate", case, question="Is this fracture older than the MRI says?")
    for role in (Role.NURSE, Role.PHYSICIAN):
        actor, other = signed_in(role)
        assert other.get(act(case, "take-over")).status_code == 403
        assert other.post(act(case, "take-over"), typed("take-over", case)).status_code == 403
        assert refusals(actor) == ["refused_take_over"]
        assert "Take over" not in text(other.get(case_page(case)))
    assert "Take over" in text(lead_page.get(case_page(case)))
    short = lead_page.post(act(case, "take-over"), typed("take-over", case, reason="Away."))
    assert short.status_code == 400
    with pytest.raises(Incomplete, match="20 characters"):
        hand_over.take_over(fresh(case), by=lead, at=timezone.now(), reason="Away." + "\u200b" * 20)
    assert lead_page.post(act(case, "take-over"), typed("take-over", case)).status_code == 302
    assert (fresh(case).claimed_by_id, fresh(case).version) == (lead.user_id, case.version + 1)
    refused = page.post(act(case, "escalate"), opened)
    assert (refused.status_code, opened["question"] in text(refused)) == (409, True)
    assert f"{lead.name} took it over at" in text(refused)
    shown = text(page.get(case_page(case)))
    assert f"Taken over by {lead.name}</strong> from {nurse.name}, " in shown
    assert AWAY in text(refused)
    (row,), day = hand_over.taken_from(nurse, timezone.now()), hand_over.TOLD_FOR
    assert [len(hand_over.taken_from(nurse, row.at + day * share)) for share in (0.99, 1)] == [1, 0]
    board = text(page.get(BOARD))
    assert f"<strong>{lead.name}</strong> took over" in board
    assert AWAY in board
    assert lead_page.post(act(case, "take-over"), typed("take-over", fresh(case))).status_code == 409, "it is theirs"
    assert audit.verify_case(fresh(case)) == (None, fresh(case).version)


def test_a_late_page_is_told_who_has_the_case_now_and_how_it_came_there():
    (nurse, page), lead, other = signed_in(Role.NURSE), person(Role.LEAD), person(Role.NURSE)
    at = timezone.now()
    for passed, told in (
        (lambda case: claim.release(case, by=lead, at=at), f"Claim the case first.*{lead.name} released it at"),
        (
            lambda case: hand_over.hand_over(case, by=lead, at=at, to=other.user_id, line=LINE),
            f"{other.name} holds this case until .*{lead.name} handed it over to {other.name} at .*{LINE}",
        ),
    ):
        case = held_by(nurse, in_review())
        opened = typed("escalate", case)
        passed(case)
        refused = page.post(act(case, "escalate"), opened)
        assert (refused.status_code, bool(re.search(told, text(refused)))) == (409, True), told
    lapsed, words = claimed(in_review(), other), {"question": LINE, "recommendation": "ask"}
    with pytest.raises(Conflict, match="Claim the case first"):
        escalate.escalate(fresh(lapsed), by=nurse, at=lapsed.claimed_until, **words)


def test_a_lead_who_must_not_decide_a_case_cannot_take_it_over_either():
    (lead, page), case = signed_in(Role.LEAD), held_by(person(Role.NURSE), in_review())
    conflicts.declare(by=lead, at=timezone.now(), office=case.office)
    for answer in (page.get(act(case, "take-over")), page.post(act(case, "take-over"), typed("take-over", case))):
        assert (answer.status_code, conflicts.WITH_OFFICE in text(answer)) == (403, True)
    assert refusals(lead) == ["refused_take_over"]
