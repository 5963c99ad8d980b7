"""Guessing passwords is slowed down, and never locks out the person whose account it is (T11, decision 12)."""

import datetime as dt
import re
from contextlib import suppress
from statistics import median
from time import perf_counter

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from portal.accounts import sign_in as page
from priorauth.models import AuditEvent, SignInBrake, User
from priorauth.roles import Role
from priorauth.services import brake, invitations
from tests.cases import NOW, person
from tests.factories import PASSWORD, with_password
from tests.soak import figure
from tests.together import at_once

pytestmark = pytest.mark.django_db

PATH = "/sign-in/"
WRONG = "not the right words"


@pytest.fixture
def nurse():
    return with_password(person(Role.NURSE))


@pytest.fixture
def read(monkeypatch):
    """For whom a password was read."""
    names, authenticate = [], page.authenticate

    def spy(request, username, password):
        names.append(username)
        return authenticate(request, username=username, password=password)

    monkeypatch.setattr(page, "authenticate", spy)
    return names


def attempt(email, password=WRONG, *, client=None, address="203.0.113.7", **extra):
    data = {"username": email, "password": password}
    return (client or Client()).post(PATH, data, REMOTE_ADDR=address, **extra)


def actions(user=None):
    rows = AuditEvent.objects.filter(actor_id=user.pk if user else None).order_by("id")
    return list(rows.values_list("action", flat=True))


# Guessing one account, and one password at many accounts


def few(tries: int) -> int:
    """How many of so many tries may be read: 2%, or the free ones and two after waits where that is more."""
    return max(tries * 2 // 100, brake.FREE_TRIES + 2)


def test_a_thousand_guesses_from_fifty_addresses_at_one_account_are_refused_unread(clock, nurse, read):
    """One a second. At least 98% are refused before the password is read."""
    tries, answers = figure(1000), []
    for number in range(tries):
        answers.append(attempt(nurse.email, address=f"198.51.100.{number % 50}").status_code)
        clock.forward(seconds=1)
    assert len(read) <= few(tries)
    assert answers.count(429) == tries - len(read)


def test_one_password_at_five_hundred_accounts_is_refused_unread(clock, read):
    tries = figure(500)
    for number in range(tries):
        attempt(f"person{number}@example.test")
        clock.forward(seconds=1)
    assert len(read) <= few(tries)


def test_who_keeps_trying_makes_nobody_wait_longer(clock, nurse, read):
    for number in range(40):
        attempt(nurse.email, address=f"198.51.100.{number}")
    assert len(read) == brake.FREE_TRIES
    clock.forward(seconds=brake.FIRST_WAIT.total_seconds())
    assert attempt(nurse.email, PASSWORD).status_code == 302


def test_the_wait_doubles_up_to_ten_minutes_and_never_becomes_a_lock():
    waits = [brake.wait_after(failures).total_seconds() for failures in range(1, 12)]
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 600, 600]
    assert brake.wait_after(10_000) == brake.LONGEST_WAIT < dt.timedelta(minutes=15)


def under_attack(clock, email, minutes):
    """The attackers try on, once a second from many addresses; after each second the caller may act."""
    for second in range(minutes * 60):
        attempt(email, address=f"198.51.100.{second % 50}")
        clock.forward(seconds=1)
        yield second


def test_under_attack_a_person_signs_in_at_once_from_a_browser_that_is_known(clock, nurse):
    own = Client()
    assert attempt(nurse.email, PASSWORD, client=own).status_code == 302
    own.post("/sign-out/")
    for second in under_attack(clock, nurse.email, minutes=2):
        if second == 100:
            assert attempt(nurse.email, PASSWORD).status_code == 429
            assert attempt(nurse.email, PASSWORD, client=own).status_code == 302


def test_under_attack_a_person_with_a_new_browser_signs_in_by_a_link_of_the_administrator(clock, nurse):
    new = Client()
    for second in under_attack(clock, nurse.email, minutes=2):
        if second == 60:
            _, token = invitations.password_link(nurse, by=person(Role.ADMINISTRATOR), at=clock())
            new.get(f"/invitation/{token}/")
        if second == 90:
            words = "nine synthetic cormorants"
            new.post("/invitation/", {"password1": words, "password2": words})
            assert attempt(nurse.email, words).status_code == 429
            assert attempt(nurse.email, words, client=new).status_code == 302


def test_a_known_browser_has_a_brake_of_its_own(clock, nurse, read):
    own = Client()
    attempt(nurse.email, PASSWORD, client=own)
    own.post("/sign-out/")
    answers = [attempt(nurse.email, client=own).status_code for _ in range(brake.FREE_TRIES + 3)]
    assert answers == [200] * brake.FREE_TRIES + [429] * 3
    assert attempt(nurse.email, PASSWORD).status_code == 302


def test_a_browser_is_known_for_the_accounts_that_signed_in_with_it_and_no_other(clock, nurse, read):
    other = with_password(person(Role.LEAD))
    own = Client()
    for user in (nurse, other):
        attempt(user.email, PASSWORD, client=own)
        own.post("/sign-out/")
    stranger = with_password(person(Role.AUDITOR))
    for user in (nurse, other, stranger):
        for number in range(brake.FREE_TRIES):
            attempt(user.email, address=f"198.51.100.{number}")
    assert attempt(stranger.email, PASSWORD, client=own).status_code == 429
    for user in (nurse, other):
        assert attempt(user.email, PASSWORD, client=own).status_code == 302
        own.post("/sign-out/")


def test_a_forged_or_foreign_cookie_makes_no_browser_known(clock, nurse, read):
    for number in range(brake.FREE_TRIES):
        attempt(nurse.email, address=f"198.51.100.{number}")
    for value in ("", "x", "W10:1vMabc:forged", "[]"):
        client = Client()
        client.cookies["known"] = value
        assert attempt(nurse.email, PASSWORD, client=client).status_code == 429


# What is counted


def test_a_success_takes_its_own_count_back_and_leaves_the_addresses_count_as_it_was(clock, nurse):
    for number in range(3):
        attempt(f"person{number}@example.test")
    attempt(nurse.email)
    attempt(nurse.email, PASSWORD)
    left = sorted(SignInBrake.objects.values_list("failures", "waits_until"))
    assert left == [(1, None), (1, None), (1, None), (4, None)]


def test_one_failed_try_is_forgotten_for_every_ten_minutes_without_another(clock, nurse):
    for _ in range(brake.FREE_TRIES):
        attempt(nurse.email)
    for minutes, counted in ((20, 4), (9, 5), (600, 1)):
        clock.forward(minutes=minutes)
        attempt(nurse.email)
        assert set(SignInBrake.objects.values_list("failures", flat=True)) == {counted}


def test_who_guesses_for_a_day_at_one_account_has_160_tries_at_most(clock, nurse):
    account, counted = [brake.subject("account", nurse.email)], 0
    end = clock.now + dt.timedelta(days=1)
    while clock.now < end:
        try:
            clock.now = brake.count(account, clock.now) or clock.now
            counted += 1
        except brake.Braked as braked:
            clock.now = braked.until
    assert 100 < counted <= 160


def test_rows_that_count_no_longer_are_swept_at_the_next_signing_in(clock, nurse):
    attempt("somebody@example.test")
    clock.forward(days=1)
    attempt(nurse.email, PASSWORD, address="198.51.100.1")
    assert list(SignInBrake.objects.values_list("failures", flat=True)) == [0]


def test_a_row_tells_neither_the_name_that_was_typed_nor_the_address(clock):
    attempt("somebody@example.test")
    text = str(list(SignInBrake.objects.values()))
    assert "somebody" not in text
    assert "203.0.113" not in text
    assert SignInBrake.objects.count() == 2


@pytest.mark.parametrize("data", [{}, {"username": "a@example.test"}, {"password": WRONG}])
def test_a_form_without_name_or_password_is_not_a_try(data, client):
    assert "Enter the work e-mail address" in client.post(PATH, data).content.decode()
    assert not SignInBrake.objects.exists()


@pytest.mark.parametrize("password", ["a" * 5000, "seven\x00herons"])
def test_no_password_that_nobody_can_have_is_hashed(nurse, read, password):
    assert attempt(nurse.email, password).status_code == 200
    assert read == []


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_are_counted_one_by_one():
    """Twenty threads with one try each: no more are let through than one after the other would be."""
    subjects = [brake.subject("account", "a"), brake.subject("address", "b")]
    through = []

    def one(number):
        with suppress(brake.Braked):
            brake.count(subjects, NOW)
            through.append(number)

    at_once(one, range(20))
    assert len(through) == brake.FREE_TRIES
    assert set(SignInBrake.objects.values_list("failures", flat=True)) == {brake.FREE_TRIES}


# From where


@pytest.mark.parametrize(
    ("behind_proxy", "remote", "forwarded", "expected"),
    [
        (False, "203.0.113.7", "198.51.100.9", "203.0.113.7"),
        (True, "10.0.0.1", "1.2.3.4, 198.51.100.9", "198.51.100.9"),
        (True, "10.0.0.1", None, "10.0.0.1"),
        (True, "10.0.0.1", "1.2.3.4, not an address", "10.0.0.1"),
        (False, "2001:db8:1:2:aaaa::1", None, "2001:db8:1:2::/64"),
        (False, "::ffff:203.0.113.7", None, "203.0.113.7"),
        (False, "", None, "unknown"),
    ],
)
def test_the_address_is_the_one_that_nobody_can_choose(rf, settings, behind_proxy, remote, forwarded, expected):
    settings.BEHIND_PROXY = behind_proxy
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert page.sender(rf.get("/", headers=headers, REMOTE_ADDR=remote)) == expected


# What is said


def test_the_answer_says_in_words_and_as_a_header_when_to_try_again(clock, nurse):
    for _ in range(brake.FREE_TRIES):
        attempt(nurse.email)
    clock.forward(seconds=10)
    answer = attempt(nurse.email)
    text = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (429, "20")
    assert "Please wait 20 seconds" in text
    assert "Try again after 20 seconds, at Fri Nov 20, 2026, 3:31 p.m. EST." in text
    assert WRONG not in text


def told(answer):
    return re.sub(r'value="[^"]*"', "", answer.content.decode())


def test_who_exists_cannot_be_told_from_the_answers(clock, nurse):
    left = with_password(person(Role.LEAD))
    User.objects.filter(pk=left.pk).update(is_active=False)
    outsider = User.objects.create_user("nowhere@example.test", PASSWORD)
    answers = []
    for number, email in enumerate((nurse.email, "nobody@example.test", left.email)):
        tries = [attempt(email, address=f"198.51.100.{number}") for _ in range(brake.FREE_TRIES + 1)]
        answers.append([(one.status_code, told(one), one.get("Retry-After")) for one in tries])
    assert answers[0] == answers[1] == answers[2]
    for email in (left.email, outsider.email):
        answer = attempt(email, PASSWORD, address="198.51.100.77")
        assert answers[0][0][:2] == (answer.status_code, told(answer)) or answer.status_code == 429


class QuickerHasher(PBKDF2PasswordHasher):
    """A quarter of the work, so that what differs beside it weighs more than it does in production."""

    iterations = PBKDF2PasswordHasher.iterations // 4


def test_who_exists_cannot_be_told_from_the_time_of_an_answer(nurse, settings):
    """A machine that is busy with other things gets three chances: a difference of ours is there in each of them."""
    settings.PASSWORD_HASHERS = [f"{__name__}.QuickerHasher"]
    nurse.set_password(PASSWORD)
    nurse.save()
    assert any(0.8 <= unknown_to_known(nurse.email) <= 1.25 for _ in range(3))


def unknown_to_known(email: str) -> float:
    """How long an answer about an unknown name takes, measured by one about `email`."""
    times = {email: [], "nobody@example.test": []}
    for _ in range(figure(100)):
        for name, taken in times.items():
            SignInBrake.objects.all().delete()
            start = perf_counter()
            assert attempt(name).status_code == 200
            taken.append(perf_counter() - start)
    known, unknown = (median(taken) for taken in times.values())
    return unknown / known


# What stands in the trail


def test_signing_in_failing_and_signing_out_are_events_of_the_person(clock, nurse, client):
    attempt(nurse.email)
    attempt(nurse.email, PASSWORD, client=client)
    client.post("/sign-out/")
    assert actions(nurse) == ["sign_in_failed", "sign_in", "sign_out"]


def test_a_name_that_nobody_has_is_not_in_the_trail(clock):
    attempt("mistyped.patient.name@example.test")
    event = AuditEvent.objects.get()
    assert (event.actor_id, event.action, list(event.entities)) == (None, "sign_in_failed", ["account"])
    assert "mistyped" not in str(event.__dict__)


def test_an_attacker_cannot_fill_the_trail(clock, nurse):
    for number in range(100):
        attempt(nurse.email, address=f"198.51.100.{number % 50}")
    events = AuditEvent.objects.filter(actor_id=nurse.pk)
    assert events.count() == brake.FREE_TRIES
    assert events.order_by("-id")[0].entities == {"refused_until": "2026-11-20T20:30:30.000000Z"}


def test_a_programs_account_is_nobodys_to_sign_in_with(clock, nurse):
    User.objects.filter(pk=nurse.pk).update(is_machine=True)
    assert attempt(nurse.email, PASSWORD).status_code == 200


def test_after_signing_in_only_a_page_of_the_portal_follows(clock, nurse):
    for wanted, got in (("/account/", "/account/"), ("https://elsewhere.test/", "/"), ("//elsewhere.test", "/")):
        answer = Client().post(PATH, {"username": nurse.email, "password": PASSWORD, "next": wanted})
        assert answer["Location"] == got


@pytest.mark.parametrize("wanted", [PATH, f"{PATH}?next={PATH}", f"{PATH}#x"])
def test_who_is_signed_in_is_not_led_back_to_the_sign_in_page(nurse, wanted):
    client = Client()
    client.force_login(nurse)
    answer = client.get(PATH, {"next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, "/")
