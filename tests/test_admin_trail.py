"""The audit trail in the admin: read only, in words, and a check that names the first broken event."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from priorauth import audit, jobs
from priorauth.models import AuditEvent, Job
from priorauth.roles import Role
from priorauth.services import check_trail
from tests.admin_helpers import act, case_page, in_review, signed_in, text_of
from tests.cases import ZONE, approve, person
from tests.factories import browser
from tests.tampering import force

pytestmark = pytest.mark.django_db

LIST = reverse("admin:priorauth_auditevent_changelist")
CHECK = reverse("admin:priorauth_auditevent_check")
READERS = (Role.LEAD, Role.AUDITOR, Role.ADMINISTRATOR)


def decided():
    case, nurse = in_review(), person(Role.NURSE)
    approve(case, nurse, timezone.now())
    return case, nurse


def tamper(case, sequence: int, column: str = "actor_name", value: str = "Somebody else") -> None:
    """What a database owner could do with the guards off."""
    statement = f"UPDATE priorauth_auditevent SET {column} = %s WHERE stream = %s AND sequence = %s"
    force(statement, value, audit.case_stream(case), sequence)


@pytest.mark.parametrize("role", READERS)
def test_readers_see_the_trail_with_each_event_in_words(role):
    case, nurse = decided()
    page = text_of(signed_in(role)[1].get(LIST))
    assert re.search(rf"E[SD]T {nurse.name} Nurse reviewer Example Plan approved {case.reference} 6", page)


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN])
def test_reviewers_read_the_trail_of_a_case_but_not_the_list(role):
    case, nurse = decided()
    _, client = signed_in(role)
    assert client.get(LIST).status_code == 403
    assert client.post(CHECK).status_code == 403
    page = text_of(client.get(act(case, "trail")))
    assert f"{nurse.name} (nurse reviewer) approved" in page
    assert "Fields: " in page


def test_the_list_is_filtered_by_action_role_day_and_reference():
    (case, _), (other, _), (_, auditor) = decided(), decided(), signed_in(Role.AUDITOR)

    def rows(**query) -> int:
        return len(re.findall(r'class="field-when', auditor.get(LIST, query).content.decode()))

    today = timezone.localdate().isoformat()
    assert rows(action="approve") == 2
    assert rows(action="approve", q=case.reference) == 1
    assert rows(role="system") == 2
    assert rows(action="approve", day=today) == 2
    assert rows(action="approve", day="2020-01-01") == 0
    assert rows(q=other.reference) == 6
    auditor.get(case_page(other))
    assert rows(q=other.reference) == 7
    assert rows(action="approve", day="9999-12-31") == rows(action="approve", day="0001-01-01") == 0
    assert rows(day="not a day") == rows() == AuditEvent.objects.count()
    assert auditor.get(LIST, {"actor_name": "x"}).status_code == 400


@pytest.mark.parametrize("role", READERS)
def test_nobody_changes_an_event(role):
    decided()
    event, (_, client) = AuditEvent.objects.order_by("id").first(), signed_in(role)
    page = reverse("admin:priorauth_auditevent_change", args=[event.pk])
    assert client.get(page).status_code == 200
    assert event.hash in client.get(page).content.decode()
    for path in (
        page,
        reverse("admin:priorauth_auditevent_add"),
        reverse("admin:priorauth_auditevent_delete", args=[event.pk]),
    ):
        assert client.post(path, {"actor_name": "Somebody else", "post": "yes"}).status_code == 403
    assert client.post(LIST, {"action": "delete_selected", "_selected_action": event.pk}).status_code == 405
    assert AuditEvent.objects.get(pk=event.pk).actor_name == event.actor_name


def test_an_unbroken_chain_is_reported_with_its_number_of_events():
    case, _ = decided()
    _, auditor = signed_in(Role.AUDITOR)
    assert "6 events, unbroken." in text_of(auditor.post(act(case, "trail")))


def checked(client) -> str:
    """The page after the button was pressed and a worker has done the check."""
    assert client.post(CHECK).headers["Location"] == LIST
    assert check_trail.run(timezone.now) is not None
    return text_of(client.get(LIST))


def test_the_check_of_everything_is_a_job_and_the_list_tells_how_far_it_is():
    decided()
    _, auditor = signed_in(Role.AUDITOR)
    assert "The last check" not in text_of(auditor.get(LIST))
    page = text_of(auditor.post(CHECK, follow=True))
    assert "A check is asked for." in page
    assert re.search(r"A check was asked for at .* and waits for a worker", page)
    assert "A check is under way already." in text_of(auditor.post(CHECK, follow=True))
    assert Job.objects.filter(kind=Job.Kind.VERIFY).count() == 1
    check_trail._take(timezone.now())
    assert re.search(r"A check, asked for at .*, is running", text_of(auditor.get(LIST)))
    Job.objects.filter(kind=Job.Kind.VERIFY).update(run_after=timezone.now())
    check = check_trail.run(timezone.now)
    streams = AuditEvent.objects.values("stream").distinct().count()
    assert (check.streams, check.fault_count, check.events) == (streams, 0, AuditEvent.objects.count())
    page = text_of(auditor.get(LIST))
    assert re.search(
        rf"The last check, .*: unbroken, {check.events} events in {streams} streams, 0 checkpoints\.", page
    )
    assert AuditEvent.objects.filter(action="check_trail", actor_name__startswith="Auditor").count() == 1


def test_the_first_broken_event_is_named_on_the_page_of_the_case_on_the_list_and_in_the_log(caplog):
    (case, _), (whole, _), (_, auditor) = decided(), decided(), signed_in(Role.AUDITOR)
    tamper(case, 3)
    fault = f"case:{case.reference}: event 3 was changed after it was written"
    assert f"The chain is broken. First fault: {fault}." in text_of(auditor.post(act(case, "trail")))
    everything = checked(auditor)
    assert re.search(r"The last check, .*: 1 fault, ", everything)
    assert fault in everything
    assert f"the audit trail has 1 fault(s); the first: {fault}" in caplog.text
    assert "6 events, unbroken." in text_of(auditor.post(act(whole, "trail")))
    assert auditor.get(CHECK).headers["Location"] == LIST


@pytest.mark.parametrize("role", READERS)
def test_the_board_says_that_the_trail_is_broken_until_a_check_finds_it_whole(role):
    (case, nurse), (_, client) = decided(), signed_in(role)
    board = reverse("admin:index")
    tamper(case, 3)
    checked(client)
    assert "The audit trail is broken." in text_of(client.get(board))
    assert "The audit trail is broken." not in text_of(browser(nurse).get(board))
    tamper(case, 3, value="The portal")
    checked(client)
    assert "The audit trail is broken." not in text_of(client.get(board))


def test_the_trail_is_checked_every_night_once_however_many_beats_there_are(caplog):
    evening = dt.datetime(2026, 11, 20, 23, 0, tzinfo=ZONE)
    hours = [evening + dt.timedelta(hours=number) for number in range(30)]
    asked = [at for at in hours for _ in range(2) if check_trail.ask_for_tonight(at)]
    assert [at.astimezone(ZONE).hour for at in asked] == [23, 2, 2]
    decided()
    assert check_trail.run(lambda: hours[-1]).fault_count == 0


def test_a_check_that_fails_is_told_tried_again_and_ends_with_a_person(monkeypatch):
    def broken(**_):
        raise RuntimeError("Alma Synthetic")

    monkeypatch.setattr(audit, "report", broken)
    _, auditor = signed_in(Role.AUDITOR)
    auditor.post(CHECK)
    times = [timezone.now() + dt.timedelta(minutes=10 * number) for number in range(jobs.MAX_ATTEMPTS)]
    for now in (time for time in times for _ in range(2)):  # the second of each pair finds that it has to wait
        assert check_trail.run(lambda: now) is None  # noqa: B023 - called at once
    job = Job.objects.get(kind=Job.Kind.VERIFY)
    assert (job.state, job.attempts, job.last_error[:20]) == ("failed", 5, "RuntimeError in brok")
    assert "The last check could not be done." in text_of(auditor.get(LIST))


@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "garbage"), ("fields", "null"), ("fields", "5"), ("entities", "null"), ("hash", "héllo")],
)
def test_a_row_made_unreadable_is_still_shown_and_named(column, value):
    case, _ = decided()
    tamper(case, 3, column, value)
    _, client = signed_in(Role.AUDITOR)
    for path in (LIST, case_page(case), act(case, "trail")):
        assert client.get(path).status_code == 200
    assert "event 3 was changed" in text_of(client.post(act(case, "trail")))


def test_a_refused_attempt_is_found_by_its_filter():
    case, (actor, nurse) = in_review(), signed_in(Role.NURSE)
    nurse.post(act(case, "not-approve"), {"version": case.version})
    page = text_of(signed_in(Role.AUDITOR)[1].get(LIST, {"action": "refused_"}))
    assert f"{actor.name} Nurse reviewer Example Plan tried this and was refused: did not approve" in page
    assert page.count("tried this and was refused") == 1
