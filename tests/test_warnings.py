"""Who is told that a deadline comes, or has passed: once each, however the scheduler runs (RELIABILITY.md D12, F14,
F15), and that nothing of it hides or decides anything."""

import datetime as dt

import pytest

from portal.settings import ENV
from priorauth import tasks
from priorauth.admin.deadlines import deadlines_for_lead
from priorauth.models import AuditEvent, Case, DeadlineNotice, Job, Membership
from priorauth.roles import Role
from priorauth.services import notify, warn, withdraw
from tests import cases
from tests.admin_helpers import case_page, signed_in
from tests.cases import NOW, claimed, person
from tests.factories import browser
from tests.fake_smtp import FakeSmtp, serving
from tests.test_clock import MEDICARE, extended, received
from tests.together import at_once

SECOND, HOUR = dt.timedelta(seconds=1), dt.timedelta(hours=1)


def told(case):
    rows = DeadlineNotice.objects.unscoped("a test reads them").filter(case=case).order_by("id")
    return [(row.kind, row.due_at) for row in rows]


def kinds(case):
    return [kind for kind, _ in told(case)]


@pytest.mark.django_db
def test_each_warning_comes_at_its_hour_and_the_breach_after_the_due_time_once():
    case = cases.case_in_review(person(Role.CLERK))
    due = case.due_at
    for before, expected in ((24, ["24h"]), (8, ["24h", "8h"]), (2, ["24h", "8h", "2h"])):
        assert warn.sweep(due - before * HOUR - SECOND) == 0
        assert warn.sweep(due - before * HOUR) == 1
        assert warn.sweep(due - before * HOUR + SECOND) == 0
        assert kinds(case) == expected
    for step, count in ((-SECOND, 0), (SECOND * 0, 0), (SECOND, 1), (2 * SECOND, 0), (30 * 24 * HOUR, 0)):
        assert warn.sweep(due + step) == count, step
    case.refresh_from_db()
    assert (kinds(case)[-1], case.status) == ("breach", "in_review"), "a time that passed decides nothing"
    event = AuditEvent.objects.get(action="breach")
    assert (event.entities, event.role) == ({"case": case.reference}, "system")


@pytest.mark.django_db
def test_a_scheduler_that_stood_still_tells_each_once_when_it_runs_again():
    """F14: an hour without it, in which one warning of one case and the breach of another came due."""
    first, second = (cases.case_in_review(person(Role.CLERK), at=NOW + step) for step in (HOUR * 0, 8 * HOUR))
    assert warn.sweep(first.due_at - 0.5 * HOUR) == 4
    assert warn.sweep(first.due_at + 0.5 * HOUR) == 2
    assert (kinds(first), kinds(second)) == (["24h", "8h", "2h", "breach"], ["24h", "8h"])
    assert warn.sweep(first.due_at + 0.5 * HOUR) == 0


@pytest.mark.django_db
def test_a_deadline_that_moved_is_told_of_anew_and_a_case_that_is_done_not_at_all():
    case = received(MEDICARE)
    due = case.due_at
    assert warn.sweep(due - HOUR) == 3
    extended(case, at=due - HOUR)
    assert warn.sweep(due + HOUR) == 0, "it is not late: it has more time"
    assert warn.sweep(case.due_at - HOUR) == 3
    assert {at for _, at in told(case)} == {due, case.due_at}
    withdraw.withdraw(case, by=person(Role.CLERK), at=due, reason="Not needed any more.")
    assert warn.sweep(case.due_at + HOUR) == 0


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_tell_each_once(settings):
    """F15: with rows and mails counted."""
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    lead = person(Role.LEAD)
    open_cases = [cases.case_in_review(person(Role.CLERK)) for _ in range(12)]
    at, counts = open_cases[0].due_at + SECOND, []
    at_once(lambda _: counts.append(warn.sweep(at)), range(4))
    assert sum(counts) == 12
    assert [kinds(case) for case in open_cases] == [["breach"]] * 12
    assert AuditEvent.objects.filter(action="breach").count() == 12
    assert Job.objects.filter(kind=Job.Kind.NOTIFY, dedupe_key__endswith=f":{lead.user_id}").count() == 12


@pytest.mark.django_db
def test_the_leads_and_the_holder_get_a_mail_that_names_no_patient(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.MAIL_FROM, settings.PORTAL_URL = "portal@example.org", "https://portal.example.org/"
    lead, quiet, nurse, holder = (person(role) for role in (Role.LEAD, Role.LEAD, Role.NURSE, Role.NURSE))
    Membership.objects.filter(user=quiet.user_id).update(notify=False)
    fake = FakeSmtp()
    with serving(fake) as settings.MAIL_URL:
        case = cases.case_in_review(person(Role.CLERK))
        claimed(case, holder, case.due_at - 2 * HOUR)
        warn.sweep(case.due_at - 2 * HOUR)
        warn.sweep(case.due_at + HOUR)
        due = case.due_at
        assert notify.run(lambda: due + HOUR) == 3 + 3 + 1
    whom = [to for to, _ in fake.heard]
    emails = {actor: Membership.objects.get(user=actor.user_id).user.email for actor in (lead, quiet, nurse, holder)}
    assert [whom.count(emails[actor]) for actor in (lead, quiet, nurse, holder)] == [4, 0, 0, 3]
    subjects = [line for _, text in fake.heard for line in text.splitlines() if line.startswith("Subject:")]
    assert {subject.removeprefix(f"Subject: {case.reference} ") for subject in subjects} == {
        "is due within 24 hours",
        "is due within 8 hours",
        "is due within 2 hours",
        "is late: its time to decide has passed",
    }
    for _, text in fake.heard:
        assert f"https://portal.example.org/admin/priorauth/case/{case.pk}/change/" in text
        assert not any(word in text for word in ("Alma", "Synthetic", "1948", "22511", "L1", "Harbor"))


@pytest.mark.django_db
def test_news_that_is_none_any_more_is_not_sent(settings, mailoutbox):
    settings.MAIL_URL = "smtp://127.0.0.1:1"
    case = received(MEDICARE)
    person(Role.LEAD)
    warn.sweep(case.due_at - HOUR)
    extended(case, at=case.due_at - HOUR)
    assert notify.run(lambda: case.due_at) == 3 + 1
    assert [mail.to for mail in mailoutbox] == [["clerk1@example.test"]], "of the extension, to the office"


@pytest.mark.django_db
def test_the_board_tells_the_lead_what_is_late_and_where_silence_may_approve_whether_or_not_a_worker_lives(clock):
    case, medicare = cases.case_in_review(person(Role.CLERK)), received(MEDICARE)
    actor, lead = signed_in(Role.LEAD)
    assert "No case is late, and none is due within 24 hours." in lead.get("/admin/").content.decode()
    clock.now = case.due_at - HOUR
    page = browser(actor).get("/admin/").content.decode()
    assert ("1 h 0 min left" in page, case.reference in page, medicare.reference in page) == (True, True, False)
    clock.now = medicare.due_at + HOUR
    lines = {line.case: line for line in deadlines_for_lead(actor, clock())["lines"]}
    assert [lines[case].late, lines[medicare].late] == [True, True]
    assert lines[case].silence.startswith("May count as approved. A request on the form that the Division")
    assert (lines[medicare].silence, lines[case].told) == ("", "")
    warn.sweep(clock())
    lead = browser(actor)
    page = lead.get("/admin/").content.decode()
    assert "May count as approved." in page
    assert "1 of the late ones may count as approved by its rule" in page
    assert "Late: told Fri Nov 27, 2026" in page
    for role in (Role.NURSE, Role.PHYSICIAN, Role.AUDITOR, Role.ADMINISTRATOR):
        _, other = signed_in(role)
        assert "May count as approved" not in other.get("/admin/").content.decode()
    said = lead.get(case_page(case)).content.decode()
    assert "By this rule that may count as an approval" in said
    assert "Nothing is decided by the portal. The case waits for a person." in said
    assert Case.objects.unscoped("a test").get(pk=case.pk).status == "in_review"


@pytest.mark.django_db
def test_the_board_costs_the_same_for_many_cases(clock, django_assert_max_num_queries):
    actor = person(Role.LEAD)
    for _ in range(3):
        cases.case_in_review(person(Role.CLERK))
    clock.forward(days=10)
    with django_assert_max_num_queries(5):
        assert deadlines_for_lead(actor, clock())["late"] == 3


def test_beat_watches_the_deadlines_always(settings, monkeypatch):
    assert "MAIL_URL" not in ENV
    assert settings.CELERY_BEAT_SCHEDULE["watch-deadlines"]["task"] == tasks.watch_deadlines.name
    swept = []
    monkeypatch.setattr(warn, "sweep", lambda at: swept.append(at) or 7)
    assert (tasks.watch_deadlines(), len(swept)) == (7, 1)
