"""Claims that are renewed, handed over and taken over, conflicts of interest, and the views of the queue."""

import datetime as dt
import re
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from priorauth import audit
from priorauth.admin import tabs
from priorauth.audit import contents
from priorauth.models import AuditEvent, Case, ConflictOfInterest, Credential, Handover, SavedView, User
from priorauth.pictures import queue as pictures
from priorauth.roles import Role
from priorauth.services import claim, conflicts, escalate, hand_over, information, reopen, saved_views, write
from priorauth.services.barred import barred, undeclared
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.statuses import Status
from tests.admin_helpers import act, case_page, held_by, in_review, ready, signed_in, snapshot, typed, with_physician
from tests.cases import NOW, approve, certain, claimed, office, person, score_all
from tests.factories import browser
from tests.tampering import force

pytestmark = pytest.mark.django_db

BOARD = reverse("admin:index")
QUEUE = reverse("admin:priorauth_case_changelist")
NEXT = reverse("admin:priorauth_case_next")
BULK = reverse("admin:priorauth_case_bulk")
CONFLICTS = reverse("admin:priorauth_case_conflicts")
AWAY = "The nurse was called away for the day."
LINE = "The report of L1 came this morning."
HOUR = dt.timedelta(hours=1)


def fresh(case: Case) -> Case:
    return Case.objects.unscoped("a test reads").select_related("claimed_by", "clinician", "member").get(pk=case.pk)


def refusals(actor) -> list[str]:
    events = AuditEvent.objects.filter(actor_id=actor.user_id, action__startswith="refused_")
    return list(events.values_list("action", flat=True))


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def references(response) -> set[str]:
    return set(re.findall(r"PA(?:-\w{4}){3}", response.content.decode()))


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
    assert "your claim holds until" in text(page.post(act(case, "renew"), follow=True))
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
    force("UPDATE priorauth_case SET claimed_until = now() - interval '1 second' WHERE id = %s", case.pk)
    before = snapshot(case)
    with pytest.raises(Conflict, match="has ended"):
        claim.renew(fresh(case), by=nurse, at=timezone.now())
    assert snapshot(case) == before


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
    assert "Handed to you" not in text(page.get(BOARD))
    assert f"Handed to {other.name}</strong> from {nurse.name}" in text(page.get(case_page(case)))
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
    hand_over.hand_over(case, by=lead, at=at, to=nurse.user_id, line=LINE)
    assert case.claimed_until - at == lasts


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
    physician = person(Role.PHYSICIAN)
    given = typed("hand-over", escalated, to=physician.user_id)
    assert page.post(act(escalated, "hand-over"), given).status_code == 302
    again = typed("hand-over", fresh(escalated), to=physician.user_id)
    assert page.post(act(escalated, "hand-over"), again).status_code == 400, "they hold it already"


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
    assert AWAY in text(refused)
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


# Conflicts of interest

WITH = {
    "office": (lambda case: {"office": case.office_id}, conflicts.WITH_OFFICE),
    "member": (lambda case: {"member_id": "xyz 123-456", "birth_date": "3/14/1948"}, conflicts.WITH_MEMBER),
    "clinician": (lambda case: {"npi": "123 456-7893"}, conflicts.WITH_CLINICIAN),
}


@pytest.mark.parametrize("kind", WITH)
def test_a_declared_conflict_keeps_a_case_from_a_person_until_it_is_ended(kind):
    (nurse, page), case = signed_in(Role.NURSE), in_review()
    values, why = WITH[kind]
    held = held_by(nurse, in_review())
    assert page.post(CONFLICTS, values(case)).headers["Location"] == CONFLICTS
    assert "End<span" in text(page.get(CONFLICTS))
    assert page.post(NEXT).headers["Location"] == BOARD, "Claim next gave a case out that they must not decide"
    for answer in (page.get(act(case, "claim")), page.post(act(case, "claim"), typed("claim", case))):
        assert (answer.status_code, why in text(answer)) == (403, True)
    assert page.post(act(held, "approve"), typed("approve", held)).status_code == 403
    assert refusals(nurse) == ["refused_claim", "refused_approve"]
    assert fresh(case).claimed_by is None
    row = ConflictOfInterest.objects.get()
    assert signed_in(Role.NURSE)[1].post(reverse("admin:priorauth_case_conflict-end", args=[row.pk])).status_code == 404
    end = reverse("admin:priorauth_case_conflict-end", args=[row.pk])
    assert page.get(end).headers["Location"] == CONFLICTS
    assert "is ended" in text(page.post(end, follow=True))
    assert "was ended before" in text(page.post(end, follow=True))
    assert page.post(NEXT).headers["Location"] == case_page(case)
    events = AuditEvent.objects.filter(action__in=["declare_conflict", "end_conflict"])
    assert [event.entities["conflict"] for event in events] == [row.pk, row.pk]
    assert "XYZ123456" not in str(list(events.values()))


@pytest.mark.parametrize("slug", ["ask", "escalate", "extend", "stop-clock", "resume-clock"])
def test_a_conflict_declared_while_a_case_is_held_keeps_its_holder_from_moving_it(slug):
    (nurse, page), case = signed_in(Role.NURSE), in_review()
    held_by(nurse, case)
    conflicts.declare(by=person(Role.LEAD), at=timezone.now(), reviewer=nurse.user_id, office=case.office)
    before = snapshot(case)
    shown = page.get(case_page(case))
    assert act(case, slug) not in text(shown)
    assert conflicts.WITH_OFFICE in text(shown)
    for answer in (page.get(act(case, slug)), page.post(act(case, slug), typed(slug, case))):
        assert answer.status_code == 403
        assert conflicts.WITH_OFFICE in text(answer)
    assert snapshot(case) == before
    assert AuditEvent.objects.get(actor_id=nurse.user_id, action__startswith="refused_")


def test_a_lead_declares_for_others_and_everybody_else_for_themselves():
    (lead, lead_page), (nurse, page), harbor = signed_in(Role.LEAD), signed_in(Role.NURSE), in_review().office
    page.post(CONFLICTS, {"reviewer": lead.user_id, "office": harbor.pk})
    assert ConflictOfInterest.objects.get().reviewer_id == nurse.user_id
    with pytest.raises(NotPermitted):
        conflicts.declare(by=nurse, at=timezone.now(), reviewer=lead.user_id, office=harbor)
    lead_page.post(CONFLICTS, {"reviewer": nurse.user_id, "npi": "1003000126"})
    assert ConflictOfInterest.objects.filter(reviewer=nurse.user_id, declared_by=lead.user_id).count() == 1
    assert (text(page.get(CONFLICTS)).count("End<span"), text(lead_page.get(CONFLICTS)).count("End<span")) == (1, 2)
    by_the_lead = ConflictOfInterest.objects.get(declared_by=lead.user_id)
    assert f"{lead.name} or another lead can" in text(page.get(CONFLICTS))
    assert page.post(reverse("admin:priorauth_case_conflict-end", args=[by_the_lead.pk])).status_code == 404
    assert ConflictOfInterest.objects.filter(ended_at=None).count() == 2, "nobody frees themselves"
    assert text(signed_in(Role.NURSE)[1].get(CONFLICTS)).count("End<span") == 0


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({}, "Name one: an office, a member, or a clinician."),
        ({"member_id": "XYZ123456"}, "both: the member ID and the date of birth"),
        ({"birth_date": "3/14/1948"}, "both: the member ID and the date of birth"),
        ({"npi": "1234567890"}, "NPI"),
        ({"npi": "1234567893", "member_id": "XYZ123456", "birth_date": "3/14/1948"}, "Name one"),
        ({"office": "999999"}, "Choose an office of the list."),
        ({"birth_date": "yesterday", "member_id": "X1"}, "Enter a date"),
    ],
)
def test_a_conflict_names_one_office_member_or_clinician(wrong, why):
    answer = signed_in(Role.NURSE)[1].post(CONFLICTS, wrong)
    assert (answer.status_code, why in text(answer)) == (400, True)
    assert not ConflictOfInterest.objects.exists()


TOOK_PART = "You took part in this request"


def who(role, **columns):
    """A reviewer and a case that waits for that role, some columns of which were changed."""
    reviewer, case = person(role), with_physician(in_review()) if role == Role.PHYSICIAN else in_review()
    for table, change in columns.items():
        key = {"case": "id", "revision": "case_id"}.get(table, "id")
        row = case.clinician_id if table == "clinician" else case.pk
        force(f"UPDATE priorauth_{table} SET {change} WHERE {key} = %s", *[reviewer.user_id] * change.count("%s"), row)
    return reviewer, case


def of_the_office():
    return person(Role.NURSE, office()), in_review()


def once_a_physician():
    """With the number of the treating clinician, and a nurse now."""
    nurse, case = who(Role.NURSE)
    Credential.objects.create(
        user_id=nurse.user_id, licence_number="MA1", state="MA", npi=case.clinician.npi, expires_on=dt.date(2030, 1, 1)
    )
    return nurse, case


def decided_before():
    nurse, case = who(Role.NURSE)
    approve(case, nurse, timezone.now())
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=LINE)
    return nurse, case


def without_licence():
    physician, case = who(Role.PHYSICIAN)
    Credential.objects.filter(user=physician.user_id).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    return physician, case


def declared(**about):
    nurse, case = who(Role.NURSE)
    about = {name: given(case) for name, given in about.items()}
    conflicts.declare(by=nurse, at=timezone.now(), **about)
    return nurse, case


BARS = {  # why -> the ways in which it comes
    TOOK_PART: [
        of_the_office,
        once_a_physician,
        lambda: who(Role.NURSE, case="created_by_id = %s"),
        lambda: who(Role.PHYSICIAN, case="clinician_id = NULL", revision="created_by_id = %s"),
        lambda: who(Role.PHYSICIAN, clinician="npi = '1003000126'"),
    ],
    "You decided this case before": [decided_before],
    "Your licence is not on file": [without_licence],
    conflicts.WITH_OFFICE: [lambda: declared(office=lambda case: case.office)],
    conflicts.WITH_CLINICIAN: [lambda: declared(npi=lambda case: case.clinician.npi)],
    conflicts.WITH_MEMBER: [
        lambda: declared(member_id=lambda case: case.member.member_id, birth_date=lambda case: case.member.birth_date)
    ],
}


@pytest.mark.parametrize(("why", "way"), [(why, way) for why, ways in BARS.items() for way in ways])
def test_whoever_is_barred_from_a_case_is_never_handed_it_and_others_are(why, way):
    """One rule, written twice: services/barred.py in Python, services/next_case.py in SQL."""
    reviewer, case = way()
    assert why in barred(fresh(case), by=reviewer, at=timezone.now())
    if way is without_licence:
        with pytest.raises(NotPermitted, match="no case can be given to you"):
            claim.claim_next(by=reviewer, at=timezone.now())
    else:
        assert claim.claim_next(by=reviewer, at=timezone.now()) is None
    if case.clinician_id:
        force("UPDATE priorauth_clinician SET npi = '1234567893' WHERE id = %s", case.clinician_id)
    other = person(Role(reviewer.role))
    assert barred(fresh(case), by=other, at=timezone.now()) == ""
    assert claim.claim_next(by=other, at=timezone.now()) == case


def test_each_reason_that_bars_is_in_the_table_above():
    words = [text for text in undeclared.__code__.co_consts if isinstance(text, str) and text.startswith("You")]
    words += [text for name, text in vars(conflicts).items() if name.startswith("WITH_")]
    assert len(words) == len(BARS)
    assert all(any(why in text for why in BARS) for text in words)


def test_claim_next_gives_nothing_to_an_office_and_says_why_to_who_may_not_sign():
    physician, page = signed_in(Role.PHYSICIAN)
    Credential.objects.filter(user=physician.user_id).update(expires_on=timezone.localdate() - dt.timedelta(days=1))
    assert conflicts.NO_LICENCE in text(page.post(NEXT, follow=True))
    assert conflicts.NO_LICENCE in text(page.get(BOARD))
    assert refusals(physician) == ["refused_claim"]
    assert "Nothing waits for you." in text(signed_in(Role.NURSE)[1].post(NEXT, follow=True))
    with pytest.raises(NotPermitted, match="As office clerk"):
        claim.claim_next(by=person(Role.CLERK), at=timezone.now())


# The queue


def test_information_arrived_lists_an_answered_case_until_somebody_claims_it():
    clerk, (nurse, page) = person(Role.CLERK), signed_in(Role.NURSE)
    case = in_review(clerk=clerk)
    information.ask(held_by(nurse, case), by=nurse, at=timezone.now(), question="Which plan is it?", items=[])
    assert references(page.get(QUEUE, {"view": "arrived"})) == set()
    information.answer(case, by=clerk, at=timezone.now(), note="It is a PPO.")
    score_all(timezone.now())
    assert references(page.get(QUEUE, {"view": "arrived"})) == {case.reference}
    assert re.search(r"view=arrived\S+ <b>1</b>|Information arrived <b>1</b>", text(page.get(QUEUE)))
    assert 'view=arrived"><b>1</b>' in text(page.get(BOARD))
    held_by(nurse, fresh(case))
    assert references(page.get(QUEUE, {"view": "arrived"})) == set()


def test_messages_to_answer_lists_cases_whose_last_message_is_the_offices():
    clerk, (nurse, page) = person(Role.CLERK), signed_in(Role.NURSE)
    waits, answered, _ = cases = [in_review(clerk=clerk) for _ in range(3)]
    for case in cases[:2]:
        write.write(case, by=clerk, at=timezone.now(), text="Did you get the report?")
    write.write(answered, by=nurse, at=timezone.now(), text="Yes.")
    assert references(page.get(QUEUE, {"view": "messages"})) == {waits.reference}
    assert 'view=messages"><b>1</b>' in text(page.get(BOARD))


def test_the_due_filter_has_no_gap_and_no_case_twice():
    (nurse, page), cases = signed_in(Role.NURSE), [in_review() for _ in range(8)]
    hours = [-1, 0.5, 7.9, 8.1, 23.9, 24.1, 71.9, 72.1]
    for case, left in zip(cases, hours, strict=True):
        force("UPDATE priorauth_case SET due_at = %s WHERE id = %s", timezone.now() + left * HOUR, case.pk)
    listed = {due: references(page.get(QUEUE, {"view": "open", "due": due})) for due in tabs.DUE_HOURS}
    numbers = {"late": [0], "8h": [1, 2], "24h": [3, 4], "72h": [5, 6], "later": [7]}
    assert listed == {due: {cases[number].reference for number in those} for due, those in numbers.items()}
    assert references(page.get(QUEUE, {"view": "soon"})) == listed["8h"]
    midday = dt.datetime(2026, 11, 1, 12, tzinfo=timezone.get_default_timezone())  # the clocks went back that night
    assert tabs.due("today", midday).children[1][1] == dt.datetime(2026, 11, 2, tzinfo=midday.tzinfo)
    held_by(nurse, cases[1])
    assert references(page.get(QUEUE, {"holder": nurse.user_id})) == {cases[1].reference}
    force("UPDATE priorauth_case SET claimed_until = now() - interval '1 second' WHERE id = %s", cases[1].pk)
    assert references(page.get(QUEUE, {"holder": nurse.user_id})) == set()


def test_tabs_are_counted_in_one_query_that_stops_at_a_cap(monkeypatch):
    lead = person(Role.LEAD)
    for _ in range(3):
        in_review()
    with CaptureQueriesContext(connection) as queries:
        counted = tabs.counts(lead, timezone.now())
    assert (len(queries), counted["queue"], counted["open"], counted["decided"]) == (1, 3, 3, 0)
    monkeypatch.setattr(tabs, "MOST", 1)
    assert tabs.counts(lead, timezone.now())["queue"] == 2
    assert "Queue <b>1+</b>" in text(browser(lead).get(QUEUE))


def test_a_view_is_saved_under_a_name_for_one_person_and_holds_no_patient_data():
    (nurse, page), (_, other) = signed_in(Role.NURSE), signed_in(Role.NURSE)
    keep = reverse("admin:priorauth_case_saved-view")
    query = "product=ppo&q=XYZ123456&view=late&due=nonsense&office=7&member__last_name=Synthetic&holder=x"
    assert page.post(keep, {"name": " PPO,\x00 late ", "query": query}).headers["Location"].startswith(QUEUE)
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("PPO, late", "view=late&product=ppo&office=7")
    assert 'office=7" aria-current="page">PPO, late' in text(page.get(f"{QUEUE}?{view.query}"))
    assert "PPO, late" not in text(other.get(QUEUE))
    page.post(keep, {"name": "PPO, late", "query": "view=open"})
    assert SavedView.objects.get().query == "view=open"
    assert "Write a name" in text(page.post(keep, {"name": " ", "query": ""}))
    again = page.post(keep, {"name": "x" * 41, "query": "view=late"})
    assert again.status_code == 400
    for words in ("40 characters", f'value="{"x" * 41}"', 'name="query" value="view=late"'):
        assert words in text(again)
    assert AuditEvent.objects.filter(actor_id=nurse.user_id, action="read_list").count() > 2
    assert page.get(f"{keep}?view=late").headers["Location"] == f"{QUEUE}?view=late", "a tab of the page shown again"
    for number in range(saved_views.MOST - 1):
        saved_views.keep(by=nurse, at=NOW, name=f"View {number}", query="")
    assert "You have 20 views." in text(page.post(keep, {"name": "One more"}))
    forget = reverse("admin:priorauth_case_saved-view-delete", args=[SavedView.objects.get(name="PPO, late").pk])
    other.post(forget)
    page.get(forget)
    assert SavedView.objects.count() == saved_views.MOST
    assert "is deleted" in text(page.post(forget, follow=True))
    assert not SavedView.objects.filter(name="PPO, late").exists()


def test_several_cases_are_assigned_or_released_each_as_an_act_of_its_own():
    (_, page), nurse = signed_in(Role.LEAD), person(Role.NURSE)
    first, second, moved = (in_review() for _ in range(3))
    chosen = [f"{case.pk}:{case.version}" for case in (first, second, moved)]
    held_by(person(Role.NURSE), moved)
    post = {"case": [*chosen, "x", "1:", "9" * 30 + ":1"], "query": "view=open", "line": f"\x00{LINE}"}
    answer = text(page.post(BULK, {**post, "action": "assign", "to": ""}))
    assert "Choose a person who reviews." in answer
    assert (answer.count('form="bulk" checked'), answer.count(f'{LINE}"')) == (3, 1), "it has to be typed again"
    answer = page.post(BULK, {**post, "case": [chosen[2]], "action": "assign", "to": nurse.user_id})
    assert (answer.status_code, "0 cases assigned. 1 could not be assigned:" in text(answer)) == (400, True)
    assert f'<option value="{nurse.user_id}" selected>' in text(answer)
    answer = text(page.post(BULK, {**post, "action": "assign", "to": nurse.user_id}, follow=True))
    assert "2 cases assigned. 1 could not be assigned:" in answer
    assert f"{moved.reference}: The case was changed at" in answer
    assert [fresh(case).claimed_by_id for case in (first, second)] == [nurse.user_id] * 2
    assert Handover.objects.unscoped("a test reads").count() == 2
    again = {**post, "case": [f"{first.pk}:{fresh(first).version}"]}
    assert "Choose “Assign” or “Release”." in text(page.post(BULK, {**again, "action": "approve"}))
    assert fresh(first).status == Status.IN_REVIEW
    assert "1 case released." in text(page.post(BULK, {**again, "action": "release"}, follow=True))
    assert fresh(first).claimed_by_id is None
    assert "Choose cases in the list first." in text(page.post(BULK, {"action": "release"}))
    for role in (Role.NURSE, Role.PHYSICIAN, Role.AUDITOR):
        assert signed_in(role)[1].post(BULK, {**post, "action": "release"}).status_code == 403
    assert 'name="case"' not in text(signed_in(Role.NURSE)[1].get(QUEUE))
    assert text(page.get(QUEUE)).count('name="case"') == 3


def test_the_queue_offers_to_claim_what_the_person_may_claim():
    (_, page), free, escalated = signed_in(Role.NURSE), in_review(), with_physician(in_review())
    listed = text(page.get(QUEUE, {"view": "open"}))
    assert act(free, "claim") in listed
    assert act(escalated, "claim") not in listed
    assert act(escalated, "claim") in text(signed_in(Role.PHYSICIAN)[1].get(QUEUE))
    assert "Claim<span" not in text(signed_in(Role.AUDITOR)[1].get(QUEUE, {"view": "open"}))
    assert page.post(act(free, "claim"), {"version": free.version}).headers["Location"] == case_page(free)
    assert "You until" in text(page.get(QUEUE))


# The board


def test_the_pictures_of_the_board_add_up_to_the_open_cases():
    spans = [-1, 1, 7.99, 8, 23.9, 24, 72, 200]
    rows = [(status, NOW + left * HOUR) for status in pictures.BALL for left in spans]
    picture = pictures.ageing(rows, NOW)
    assert [bar.total for bar in picture.bars] == [4, 8, 8, 4, 8]
    assert all(bar.counts == (bar.total // 4,) * 4 for bar in picture.bars)
    assert picture.description.startswith("Open cases by time left. Late: 4; under 8 h: 8;")
    for bar in picture.bars:
        ends = [(part.x, part.x + part.width) for part in bar.parts]
        assert all(end == start for (_, end), (start, _) in pairwise(ends))
        assert ends[-1][1] <= pictures.LEFT + pictures.WIDTH
    assert pictures.ageing([], NOW).bars[0].total == 0


@pytest.mark.parametrize(
    ("decided", "words"),
    [
        (0, "Due within 8 h: 12. The pace of four weeks decides 0 by then."),
        (2000, "The pace of the last four weeks is"),
    ],
)
def test_the_burn_down_sets_what_falls_due_against_the_pace_of_four_weeks(decided, words):
    rows = [("in_review", NOW + left * HOUR) for left in (-1, 1, 7.99, 71, 72) for _ in range(4)]
    picture = pictures.burn_down(rows, decided, NOW)
    assert [one.due for one in picture.columns] == [12] * 8 + [16]
    assert picture.columns[-1].capacity == int(decided / 672 * 72)
    assert picture.description.startswith(words)
    assert all(0 <= one.y <= pictures.HEIGHT and one.y + one.height == pictures.HEIGHT for one in picture.columns)


def test_each_person_can_switch_the_keys_off():
    nurse, page = signed_in(Role.NURSE)
    assert 'data-keys="on"' in text(page.get(BOARD))
    assert page.get("/account/keys/").headers["Location"] == "/account/"
    assert "switched off" in text(page.post("/account/keys/", {}, follow=True))
    assert 'data-keys="off"' in text(page.get(BOARD))
    page.post("/account/keys/", {"on": "on"})
    assert User.objects.get(pk=nurse.user_id).shortcuts
    assert AuditEvent.objects.filter(action="switch_keys").count() == 2
    clerk = browser(person(Role.CLERK))
    assert "/account/keys/" not in text(clerk.get("/account/"))
    assert clerk.post("/account/keys/", {}).status_code == 403
