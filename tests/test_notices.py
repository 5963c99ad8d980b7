"""Notices by e-mail: who gets which, that they name no patient, and what a mail server out of order costs (F16)."""

import datetime as dt
import threading

import pytest
from django.core.mail import get_connection
from django.db import connection, connections

from portal.settings import ENV
from priorauth import checks, mail, tasks
from priorauth.models import Job, Membership, User
from priorauth.roles import Role
from priorauth.services import information, notify, withdraw, write
from tests import cases
from tests.cases import NOW, claimed, office, person
from tests.fake_smtp import FakeSmtp, serving

HOUR = dt.timedelta(hours=1)
LINK = "https://portal.example.org/requests/{reference}/"


@pytest.fixture
def smtp(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.MAIL_FROM, settings.PORTAL_URL = "portal@example.org", "https://portal.example.org/"
    fake = FakeSmtp()
    with serving(fake) as settings.MAIL_URL:
        yield fake


def send(at=NOW):
    return notify.run(lambda: at)


def notices():
    return Job.objects.filter(kind=Job.Kind.NOTIFY).order_by("id")


def asked_case(clerk, nurse, at=NOW):
    case = claimed(cases.case_in_review(clerk, at=at), nurse, at)
    information.ask(case, by=nurse, at=at, question="Which level?", items=[])
    return case


def email_of(actor):
    return User.objects.get(pk=actor.user_id).email


@pytest.mark.django_db
def test_each_piece_of_news_goes_once_to_everybody_of_the_office_who_wants_it(smtp):
    clerk, other = person(Role.CLERK), person(Role.OFFICE_ADMIN)
    silent, gone, nurse = person(Role.CLERK), person(Role.CLERK), person(Role.NURSE)
    person(Role.CLERK, office("Bay Pain Clinic"))
    Membership.objects.filter(user=silent.user_id).update(notify=False)
    User.objects.filter(pk=gone.user_id).update(is_active=False)
    case = asked_case(clerk, nurse)
    assert send() == 2
    information.answer(case, by=clerk, at=NOW, note="It is L1.")
    write.write(case, by=clerk, at=NOW, text="Thank you, Alma Synthetic says.")
    assert send() == 0, "what the office does is no news to it"
    cases.score_all()
    case.refresh_from_db()
    write.write(case, by=nurse, at=NOW, text="Alma Synthetic, born 1948: which clinic?")
    assert send() == 2
    cases.approve(case, nurse)
    assert (send(), send()) == (2, 0)
    assert sorted({to for to, _ in smtp.heard}) == sorted([email_of(clerk), email_of(other)])
    assert len(smtp.heard) == 6
    for _, text in smtp.heard:
        assert f"Subject: There is news on {case.reference}" in text
        assert LINK.format(reference=case.reference) in text
        assert not any(word in text for word in ("Alma", "Synthetic", "1948", "clinic", "22511", "L1", "pprov"))
        assert "From: portal@example.org" in text
        assert "Auto-Submitted: auto-generated" in text


@pytest.mark.django_db
def test_an_office_that_was_asked_is_reminded_once_while_the_time_runs_out(smtp):
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = asked_case(clerk, nurse)
    send()
    end = case.information_requests.get().answer_by
    soon = end - notify.SOON
    for at, waiting in ((soon - HOUR, 0), (soon + HOUR, 1), (soon + 2 * HOUR, 1), (end + HOUR, 0)):
        assert notify.enqueue_due(at) == waiting
        send(at)
    assert len(smtp.heard) == 2
    assert f"Subject: {case.reference} waits for your answer" in smtp.heard[1][1]
    late = asked_case(clerk, nurse, end - HOUR)
    assert late.information_requests.get().answer_by > end
    information.answer(case, by=clerk, at=soon + HOUR, note="It is L1.")
    assert notify.enqueue_due(soon + HOUR) == 0
    hasty = claimed(cases.case_in_review(clerk), nurse)
    information.ask(hasty, by=nurse, at=NOW, question="Which level?", items=[], answer_by=NOW + 2 * HOUR)
    minutes = (59, 60, 120, 121)
    assert [notify.enqueue_due(NOW + minute * HOUR / 60) for minute in minutes] == [0, 1, 1, 0], "not at once"


@pytest.mark.django_db
def test_whoever_left_the_office_or_turned_notices_off_meanwhile_gets_none(smtp):
    clerk, leaver, nurse = person(Role.CLERK), person(Role.CLERK), person(Role.NURSE)
    asked_case(clerk, nurse)
    Membership.objects.filter(user=clerk.user_id).update(notify=False)
    Membership.objects.filter(user=leaver.user_id).update(organization=office("Bay Pain Clinic"))
    assert send() == 2
    assert smtp.heard == []
    assert {job.state for job in notices()} == {"done"}


@pytest.mark.django_db
def test_without_a_mail_server_nothing_is_made_and_a_rolled_back_act_tells_nobody(settings, smtp):
    clerk, nurse, physician = person(Role.CLERK), person(Role.NURSE), person(Role.PHYSICIAN)
    case = claimed(cases.case_in_review(clerk), physician)
    before = case.version
    with pytest.raises(information.Incomplete):
        information.ask(case, by=physician, at=NOW, question=" ", items=[])
    withdraw.withdraw(case, by=clerk, at=NOW, reason="Twice.", version=before)
    assert not notices().exists()
    settings.MAIL_URL = ""
    asked_case(clerk, nurse)
    assert (notices().count(), send(), tasks.kick(Job.Kind.NOTIFY)) == (0, 0, 0)


@pytest.mark.django_db
def test_an_address_that_is_refused_for_good_holds_up_no_other_and_is_named_nowhere(smtp):
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    asked_case(clerk, nurse)
    smtp.mode = "unknown"
    assert send() == 1
    (job,) = notices()
    assert (job.state, job.last_error) == ("failed", "The mail server refuses this person's address (550)")


@pytest.mark.django_db
def test_an_address_that_no_mail_can_spell_fails_by_itself_and_alone(smtp):
    clerk, other, nurse = person(Role.CLERK), person(Role.CLERK), person(Role.NURSE)
    User.objects.filter(pk=clerk.user_id).update(email=f"clerk@{'ä' * 62}.example")
    asked_case(clerk, nurse)
    assert send() == 2
    assert [to for to, _ in smtp.heard] == [email_of(other)]
    assert {(job.state, job.last_error) for job in notices()} == {
        ("failed", "No mail can be written to this person's address"),
        ("done", ""),
    }


@pytest.mark.django_db
@pytest.mark.parametrize("mode", ["hang", "busy", "away"])
def test_a_mail_server_out_of_order_is_asked_again_later_and_later_for_a_day(mode, smtp, settings, monkeypatch):
    monkeypatch.setattr(mail, "PATIENCE", 0.2)
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    person(Role.CLERK)
    asked_case(clerk, nurse)
    smtp.mode, url = mode, settings.MAIL_URL
    if mode == "away":
        settings.MAIL_URL = "smtp://127.0.0.1:1"
    waits, at = [], NOW
    for _ in range(4):
        assert send(at) == 0
        assert not notices().filter(run_after__lte=at).exists(), "the others wait with it"
        tried = notices().order_by("-attempts").first()
        waits.append((tried.run_after - at).total_seconds())
        at = max(job.run_after for job in notices())
    assert waits == sorted(waits)
    assert {job.state for job in notices()} == {"waiting"}
    smtp.mode, settings.MAIL_URL = "", url
    assert send(at + HOUR) == 2
    assert len(smtp.heard) == 2
    asked_case(clerk, nurse)
    smtp.mode, settings.MAIL_URL = mode, "smtp://127.0.0.1:1"
    send(NOW + notify.KEPT + HOUR)
    assert sorted(job.state for job in notices()) == ["done", "done", "failed", "waiting"]


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_hangs_holds_no_transaction_and_one_worker_alone(smtp):
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    case = asked_case(clerk, nurse)
    smtp.mode = "hang"

    def work():
        try:
            send()
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    assert smtp.arrived.wait(20)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
                " AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone() == (0,)
        assert send(NOW + HOUR) == 0, "one worker asks at a time"
        information.answer(case, by=clerk, at=NOW, note="It is L1.")
    finally:
        smtp.release.set()
        worker.join(30)
    assert notices().get().state == "waiting"


@pytest.mark.parametrize("url", ["smtp://mail:25", "smtp+starttls://u:p%40@mail.example.org:587", "smtps://mail", ""])
def test_an_address_of_a_mail_server(url, settings):
    settings.MAIL_URL, settings.MAIL_FROM = url, "portal@example.org"
    assert checks.mail_server_has_an_address(None) == []


@pytest.mark.parametrize(
    ("url", "port", "name", "password", "secured"),
    [
        ("smtp://mail", 25, "", "", {}),
        ("smtp+starttls://a%40b:p%3Aw@mail", 587, "a@b", "p:w", {"use_tls": True}),
        ("smtps://a:b@mail", 465, "a", "b", {"use_ssl": True}),
        ("smtps://mail:2465", 2465, "", "", {"use_ssl": True}),
    ],
)
def test_the_mail_server_is_asked_as_its_address_says(url, port, name, password, secured, settings, monkeypatch):
    asked, server = [], get_connection("django.core.mail.backends.dummy.EmailBackend")
    monkeypatch.setattr(mail, "get_connection", lambda **given: asked.append(given) or server)
    settings.MAIL_URL, settings.MAIL_FROM = url, "portal@example.org"
    mail.send("clerk@example.org", "News", "There is news.")
    given = {"host": "mail", "port": port, "username": name, "password": password, **secured}
    assert asked == [{**given, "timeout": mail.PATIENCE}]


@pytest.mark.parametrize("url", ["mail:25", "http://mail", "smtp://", "smtp://h:x", "smtp://h/path", "smtp://h:0"])
def test_what_is_no_address_of_a_mail_server_stops_the_start(url, settings):
    settings.MAIL_URL, settings.MAIL_FROM = url, "portal@example.org"
    (error,) = checks.mail_server_has_an_address(None)
    assert (error.id, error.msg) == ("priorauth.E004", mail.url_fault(url))
    settings.MAIL_URL, settings.MAIL_FROM = "smtps://mail", ""
    assert "MAIL_FROM" in checks.mail_server_has_an_address(None)[0].msg


def test_beat_sends_and_reminds_only_where_there_is_a_mail_server(settings):
    assert "MAIL_URL" not in ENV
    assert {"notify", "remind"}.isdisjoint(settings.CELERY_BEAT_SCHEDULE)
