"""The acts on a case's clock: what they do to its due time, who may not, what the rule does not know, what they leave
(decision 34)."""

import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from priorauth import audit, exports
from priorauth.clock import Clock, rule_of
from priorauth.models import AuditEvent, ClockChange, Credential, RegimeUse
from priorauth.roles import Role
from priorauth.services import amend, claim, downgrade, expire, extend, information, reopen, stop_clock, withdraw
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.statuses import Urgency
from tests import cases
from tests.cases import NOW, ZONE, claimed, person
from tests.regimes import MOVED, copy
from tests.tampering import force

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
WHY = "The plan waits for the bone scan of Nov 30."
MEDICARE, COMMERCIAL, MASSHEALTH, ERISA = "medicare_hmo_blue", "hmo", "ppo", "indemnity"


@pytest.fixture(autouse=True)
def _moved(settings, tmp_path_factory):
    """PPO and Indemnity are bound by the two regimes that bind nothing in our own file."""
    settings.REGIMES_FILE = copy(tmp_path_factory.mktemp("regimes"), *MOVED)


def received(product, urgency=Urgency.STANDARD, name=cases.CLEAN):
    """A case of a product, in review, received at NOW."""
    clerk = person(Role.CLERK)
    document = {**cases.facts(name), "product": product, "setting": "inpatient"}
    sent = cases.submission(document, urgency=urgency)
    case = cases.submit.send(cases.draft_case(clerk), sent, by=clerk, at=NOW)
    cases.score_all()
    case.refresh_from_db()
    return case


def local(case):
    return f"{case.due_at.astimezone(ZONE):%m-%d %H:%M}"


def asked(case, at=NOW, by=None):
    nurse = by or person(Role.NURSE)
    information.ask(claimed(case, nurse, at), by=nurse, at=at, question="Please send the report.", items=[])
    return case


def answered(case, at):
    case.refresh_from_db()
    information.answer(case, by=person(Role.CLERK), at=at, note="Here it is.")
    return case


def extended(case, at=NOW, count=5, ground="evidence", **changes):
    by = changes.pop("by", None) or person(Role.NURSE)
    return extend.extend(case, by=by, at=at, count=count, ground=ground, **{"reason": WHY, **changes})


def stopped(case, at=NOW, ground="documents", **changes):
    by = changes.pop("by", None) or person(Role.NURSE)
    return stop_clock.stop(case, by=by, at=at, ground=ground, **{"reason": WHY, **changes})


# What each does to the due time


def test_a_case_keeps_the_rule_that_it_was_received_under(settings, tmp_path):
    case = received(MEDICARE)
    assert (case.regime, case.rule_from, local(case)) == ("cms-ma", dt.date(2026, 1, 1), "11-27 15:30")
    use = RegimeUse.objects.get()
    assert (use.regime, use.first_used_at, use.content["standard"]) == (
        "cms-ma",
        NOW,
        {"count": 7, "unit": "calendar days"},
    )
    later = "standard: {count: 7, unit: calendar days}\n        expedited: {count: 72, unit: hours}\n        extension"
    ended = later.replace("standard:", 'effective_to: "2026-12-31"\n        standard:', 1)
    second = (
        "\n  # The two below bind",
        '\n      - {effective_from: "2027-01-01", sources: [{text: Later, read: primary}],'
        " standard: {count: 3, unit: calendar days}, expedited: {count: 1, unit: hours},"
        " silence: {words: None., deemed_approved: false}}\n\n  # The two below bind",
    )
    settings.REGIMES_FILE = copy(tmp_path, (later, ended), second)
    case.refresh_from_db()
    assert rule_of(case).limit("standard").count == 7
    assert Clock.of(case).due() == case.due_at
    call_command("check")


def test_an_extension_runs_from_the_due_time_and_outlives_answers_and_corrections():
    case = received(MEDICARE)
    row = extended(case, at=NOW + DAY, count=14)
    assert local(case) == "12-11 15:30"
    assert (row.due_before, row.due_after, row.count, row.unit) == (
        NOW + 7 * DAY,
        NOW + 21 * DAY,
        14,
        "calendar days",
    )
    assert row.ground == "More evidence is needed, in the member's interest"
    answered(asked(case, NOW + DAY), NOW + 2 * DAY)
    assert (local(case), case.clock_changes.count()) == ("12-11 15:30", 1)
    facts = case.revisions.order_by("-number")[0].facts | {"safety_notes": ["She takes warfarin."]}
    amend.amend(case, by=person(Role.CLERK), at=NOW + 3 * DAY, facts=facts, details={})
    assert local(case) == "12-11 15:30"
    assert audit.verify_case(case)[0] is None


def test_asking_stops_the_clock_where_the_rule_says_so_and_the_answer_sets_it_running():
    case = asked(received(MASSHEALTH), NOW + 10 * HOUR)
    stop = case.clock_changes.get()
    assert (stop.kind, stop.until, local(case)) == ("stopped", NOW + 10 * HOUR + 14 * DAY, "12-11 15:30")
    answered(case, NOW + 2 * DAY + 10 * HOUR)
    assert ([change.kind for change in case.clock_changes.all()], local(case)) == (
        ["stopped", "resumed"],
        "11-29 15:30",
    )
    cases.score_all(NOW + 3 * DAY)
    case.refresh_from_db()
    asked(case, NOW + 3 * DAY)
    assert case.clock_changes.last().until == NOW + 15 * DAY, "two of fourteen days were used"
    plain = asked(received(MEDICARE))
    assert (local(plain), plain.clock_changes.exists()) == ("11-27 15:30", False)
    expedited = asked(received(ERISA, Urgency.EXPEDITED))
    assert expedited.clock_changes.exists() is False, "the rule stops the clock of standard requests alone"


def test_a_stopped_clock_runs_by_itself_at_the_latest_and_stands_no_longer_in_all():
    case = stopped(received(MASSHEALTH), NOW + HOUR).case
    clock = Clock.of(case)
    end = NOW + HOUR + 14 * DAY
    assert [bool(clock.stop_at(end + step * dt.timedelta(seconds=1))) for step in (-1, 0, 1)] == [True, False, False]
    assert local(case) == "12-11 15:30"
    stop_clock.resume(case, by=person(Role.LEAD), at=NOW + 10 * DAY + HOUR, reason=WHY)
    assert local(case) == "12-07 15:30"
    again = stopped(case, NOW + 11 * DAY)
    assert again.until == NOW + 15 * DAY, "four of fourteen days were left"
    assert local(case) == "12-11 15:30"
    with pytest.raises(NotPermitted, match="14 calendar days, the most that the rule allows"):
        stopped(case, NOW + 15 * DAY + HOUR)


def test_a_correction_sets_the_clock_running_and_another_plan_brings_its_own_rule():
    case = stopped(received(MASSHEALTH)).case
    facts = case.revisions.get().facts | {"product": MEDICARE}
    amend.amend(case, by=person(Role.CLERK), at=NOW + DAY, facts=facts, details={})
    (_, change) = case.clock_changes.all()
    assert (change.kind, change.regime, change.due_before) == ("other_rule", "cms-ma", NOW + 21 * DAY)
    assert (case.regime, local(case)) == ("cms-ma", "11-27 15:30")
    extended(case, NOW + DAY)
    facts |= {"product": COMMERCIAL}
    amend.amend(case, by=person(Role.CLERK), at=NOW + DAY, facts=facts, details={})
    assert local(case) == "11-24 15:30", "the rule of this plan knows no extension"
    assert audit.verify_case(case)[0] is None


def test_no_case_falls_due_while_the_office_has_time_to_answer():
    """Nobody can decide then: neither a correction nor a reviewer sets the clock running so that it would."""
    case, nurse = received(MASSHEALTH), person(Role.NURSE)
    last = NOW + 13 * DAY
    information.ask(claimed(case, nurse, NOW), by=nurse, at=NOW, question="The scan.", items=[], answer_by=last)
    facts = case.revisions.get().facts | {"safety_notes": ["She takes warfarin."]}
    amend.amend(case, by=person(Role.CLERK), at=NOW + HOUR, facts=facts, details={})
    with pytest.raises(NotPermitted, match="the office can answer until Thu Dec 3"):
        stop_clock.resume(case, by=nurse, at=NOW + HOUR, reason=WHY)
    assert [change.kind for change in case.clock_changes.all()] == ["stopped"]
    assert (case.due_at > last, expire.sweep(last)) == (True, 1)
    case.refresh_from_db()
    assert ([change.kind for change in case.clock_changes.all()], local(case)) == (
        ["stopped", "resumed"],
        "12-10 15:30",
    )
    assert audit.verify_case(case)[0] is None


@pytest.mark.parametrize(
    ("answer_by", "corrected", "expected"),
    [
        (NOW + 4 * DAY - MINUTE, HOUR, NOW + 4 * DAY - MINUTE),
        (NOW + 4 * DAY, HOUR, NOW + 4 * DAY),
        (NOW + 4 * DAY + MINUTE, HOUR, NOW + 4 * DAY),
        (NOW + 13 * DAY, 4 * DAY - HOUR, NOW + 4 * DAY),
        (NOW + 13 * DAY, 4 * DAY - HOUR + MINUTE, NOW + 5 * DAY - HOUR + MINUTE),
        (NOW + 13 * DAY, 5 * DAY, NOW + 7 * DAY),  # over Thanksgiving
        (NOW + 5 * DAY + HOUR, 5 * DAY, NOW + 5 * DAY + HOUR),
    ],
)
def test_a_corrected_plan_cuts_the_time_to_answer_to_its_own_time_to_decide(answer_by, corrected, expected):
    """Two business days, so due four days after a Friday; where that is over, or almost, a business day to answer."""
    case, nurse = received(MASSHEALTH), person(Role.NURSE)
    information.ask(claimed(case, nurse, NOW), by=nurse, at=NOW, question="The scan.", items=[], answer_by=answer_by)
    facts = case.revisions.get().facts | {"product": COMMERCIAL}
    amend.amend(case, by=person(Role.CLERK), at=NOW + corrected, facts=facts, details={})
    assert case.due_at == NOW + 4 * DAY
    question = case.information_requests.get()
    assert question.answer_by == expected
    event = AuditEvent.objects.get(stream=audit.case_stream(case), action="amend")
    assert ("answer_by" in event.fields) == (expected != answer_by)
    assert (expire.sweep(expected - MINUTE), expire.sweep(expected)) == (0, 1)
    assert audit.verify_case(case)[0] is None


def test_another_urgency_lets_a_stopped_clock_stand_and_a_new_round_begins_without_what_changed_the_one_before():
    case = stopped(received(MASSHEALTH, Urgency.EXPEDITED)).case
    downgrade.downgrade(case, by=person(Role.PHYSICIAN), at=NOW + HOUR, reason=WHY)
    assert (bool(Clock.of(case).stop_at(NOW + DAY)), local(case)) == (True, "12-11 15:30")
    case = received(MEDICARE)
    extended(case, count=14)
    cases.approve(case, person(Role.PHYSICIAN), reason=WHY)
    reopen.reopen(case, by=person(Role.LEAD), at=NOW + DAY, reason=WHY)
    assert local(case) == "11-28 15:30"
    extended(case, NOW + DAY, count=3)
    assert local(case) == "12-01 15:30"


def test_a_downgrade_counts_from_the_first_receipt():
    case = received(MEDICARE, Urgency.EXPEDITED)
    assert local(case) == "11-23 15:30"
    row = downgrade.downgrade(case, by=person(Role.PHYSICIAN), at=NOW + DAY, reason=WHY)
    assert (case.urgency, local(case), row.due_before) == ("standard", "11-27 15:30", NOW + 3 * DAY)


# What is refused, and that it is kept


def attempts():
    """(act, who may not, how) for each act."""
    return {
        "extend": (Role.CLERK, Role.AUDITOR, lambda case, by, at=NOW: extended(case, at, by=by)),
        "stop_clock": (Role.PAYER, Role.AUDITOR, lambda case, by, at=NOW: stopped(case, at, by=by)),
        "resume_clock": (
            Role.CLERK,
            Role.AUDITOR,
            lambda case, by, at=NOW: stop_clock.resume(case, by=by, at=at, reason=WHY),
        ),
        "downgrade": (
            Role.NURSE,
            Role.LEAD,
            lambda case, by, at=NOW: downgrade.downgrade(case, by=by, at=at, reason=WHY),
        ),
    }


def refused(act, case, by):
    """That the attempt stands in the person's stream, and nothing was written."""
    case.refresh_from_db()
    events = AuditEvent.objects.filter(actor_id=by.user_id, action=f"refused_{act}")
    return (events.get().entities, case.clock_changes.count(), case.letters.count()) == (
        {"case": case.reference},
        0,
        0,
    )


@pytest.mark.parametrize("act", attempts())
def test_whoever_may_not_and_what_the_rule_does_not_know_is_refused_and_kept(act):
    *roles, attempt = attempts()[act]
    case = received(MEDICARE, Urgency.EXPEDITED)
    for role in roles:
        by = person(role)
        with pytest.raises(NotPermitted):
            attempt(case, by)
        assert refused(act, case, by)
    other = received(COMMERCIAL)
    by = person(Role.PHYSICIAN)
    with pytest.raises(NotPermitted, match=r"knows no|is running|standard already"):
        attempt(other, by)
    assert refused(act, other, by)


@pytest.mark.parametrize("second", [-1, 0, 1])
def test_no_act_undoes_a_time_that_has_passed(second):
    """At the last second the clock can still be changed; at the due time and after it, it cannot (D12)."""
    acts = (
        (received(MEDICARE), extended, Role.NURSE),
        (received(MASSHEALTH), stopped, Role.LEAD),
        (received(MEDICARE, Urgency.EXPEDITED), attempts()["downgrade"][2], Role.PHYSICIAN),
    )
    for case, attempt, role in acts:
        by, at = person(role), case.due_at + dt.timedelta(seconds=second)
        due = case.due_at
        if second < 0:
            attempt(case, at=at, by=by)
            assert case.due_at > due
        else:
            with pytest.raises(NotPermitted, match="The time was over at"):
                attempt(case, at=at, by=by)
            assert case.due_at == due


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": 15}, "count"),
        ({"ground": "none"}, "ground"),
        ({"reason": "x" * 19}, "reason"),
        ({"reason": "\u200b" * 30}, "reason"),
    ],
)
def test_an_extension_lacks_nothing(changes, field):
    case = received(MEDICARE)
    with pytest.raises(Incomplete) as missing:
        extended(case, **changes)
    assert (missing.value.field, case.clock_changes.exists()) == (field, False)


def test_an_extension_is_done_once_and_not_while_the_clock_stands_still():
    case = received(MEDICARE)
    extended(case, count=2)
    with pytest.raises(NotPermitted, match="was extended already"):
        extended(case)
    held = stopped(received(ERISA), ground="facts").case
    with pytest.raises(NotPermitted, match="stands still"):
        extended(held, ground="beyond_control")
    with pytest.raises(NotPermitted, match="stands still already"):
        stopped(held, ground="facts")
    with pytest.raises(Incomplete, match="20 characters"):
        stop_clock.resume(held, by=person(Role.NURSE), at=NOW, reason="Enough.")


def test_who_has_an_older_page_or_finds_the_case_held_changes_nothing():
    case, holder = received(MEDICARE), person(Role.NURSE)
    stale = case.version
    claim.claim(case, by=holder, at=NOW)
    for role in (Role.NURSE, Role.PHYSICIAN):
        with pytest.raises(Conflict, match="holds this case until"):
            extended(case, by=person(role))
    with pytest.raises(Conflict, match="was changed at"):
        extended(case, by=holder, version=stale)
    assert extended(case, by=person(Role.LEAD)).number == 1, "a lead may, whoever holds it"
    with pytest.raises(NotPermitted, match="was extended already"):
        extended(case)
    gone = received(MEDICARE)
    withdraw.withdraw(gone, by=person(Role.CLERK), at=NOW, reason="Not needed any more.")
    decided, physician = received(COMMERCIAL), person(Role.PHYSICIAN)
    cases.approve(decided, physician, reason=WHY)
    draft = cases.draft_case(person(Role.CLERK))
    for attempt in (extended, stopped, *(how for *_, how in attempts().values())):
        for case in (gone, decided, draft):
            with pytest.raises(Conflict, match="can no longer be done"):
                attempt(case, by=physician)
    with pytest.raises(Conflict, match="can no longer be done"):
        information.ask(draft, by=physician, at=NOW, question="Which level?", items=[])


def test_a_physician_without_a_licence_or_of_the_request_does_not_downgrade():
    case, physician = received(MEDICARE, Urgency.EXPEDITED), person(Role.PHYSICIAN)
    Credential.objects.filter(user_id=physician.user_id).update(npi=case.clinician.npi)
    with pytest.raises(NotPermitted, match="You took part"):
        downgrade.downgrade(case, by=physician, at=NOW, reason=WHY)
    with pytest.raises(NotPermitted, match="licence"):
        downgrade.downgrade(case, by=person(Role.PHYSICIAN, licensed=False), at=NOW, reason=WHY)


# What is left behind


def test_an_act_on_the_clock_is_whole_or_not_at_all(monkeypatch):
    case = received(MEDICARE)
    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            extended(case)
    case.refresh_from_db()
    assert (local(case), case.clock_changes.count(), case.letters.count()) == ("11-27 15:30", 0, 0)
    extended(case)
    event = AuditEvent.objects.get(stream=audit.case_stream(case), action="extend")
    assert (event.entities["clock_change"], event.entities["letter"]) == (1, 1)
    assert {"due_at", "reason"} <= set(event.fields)
    assert WHY not in str(AuditEvent.objects.values())


def test_the_database_refuses_a_change_that_is_not_whole_or_past_the_services():
    case = received(MEDICARE)
    row = extended(case)
    values = {"case": case, "regime": "cms-ma", "changed_by_id": row.changed_by_id, "changed_at": NOW}
    values |= {"due_before": NOW, "due_after": NOW + DAY, "number": 2}
    for kind, wrong, name in (
        ("extended", {"reason": " ", "count": 1, "unit": "hours"}, "clock_change_has_an_author_and_a_reason"),
        ("downgraded", {"reason": WHY, "changed_by_id": None}, "clock_change_has_an_author_and_a_reason"),
        ("extended", {"reason": WHY}, "extension_says_how_much"),
        ("extended", {"reason": WHY, "unit": "hours"}, "extension_says_how_much"),
        ("stopped", {"reason": WHY}, "clock_stop_has_an_end"),
        ("resumed", {"until": NOW + DAY}, "clock_stop_has_an_end"),
        ("downgraded", {"number": 1, "reason": WHY}, "clock_change_numbered_once"),
        ("resumed", {}, "past the services"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            ClockChange(kind=kind, **{**values, **wrong}).save(force_insert=True)
    force("UPDATE priorauth_clockchange SET reason = 'Something else.' WHERE id = %s", row.pk)
    assert "wrote clock change" in str(audit.verify_case(case)[0])


def test_a_rule_that_set_a_clock_and_was_changed_or_removed_stops_the_start(settings, tmp_path):
    received(MEDICARE)
    call_command("check")
    for before, after, message in (
        (
            "count: 7, unit: calendar days",
            "count: 8, unit: calendar days",
            r"E006\) The rule of regime cms-ma .* changed",
        ),
        ("  cms-ma:\n", "  cms-mb:\n", "has it no more"),
        (
            "default: ma-commercial",
            "default: none",
            r"E005\) The file of regimes cannot be used. regimes\d+.yaml, line",
        ),
    ):
        settings.REGIMES_FILE = copy(tmp_path, (before, after))
        with pytest.raises(CommandError, match=message):
            call_command("check")
    settings.REGIMES_FILE = tmp_path / "none.yaml"
    with pytest.raises(CommandError, match="No such file"):
        call_command("check")


def test_a_decision_within_the_extended_time_is_exported_as_on_time():
    case, physician = received(MEDICARE), person(Role.PHYSICIAN)
    extended(case, count=14)
    cases.approve(case, physician, NOW + 10 * DAY, reason=WHY)
    late = received(MEDICARE)
    cases.approve(late, physician, NOW + 10 * DAY, reason=WHY)
    export = b"".join(exports.jsonl(exports.Selection(), by=person(Role.PAYER), at=NOW))
    rows = [json.loads(line) for line in export.splitlines()]
    assert [(row["reference"], row["on_time"], row["due"]) for row in rows] == [
        (case.reference, True, "2026-12-11T20:30:00Z"),
        (late.reference, False, "2026-11-27T20:30:00Z"),
    ]
