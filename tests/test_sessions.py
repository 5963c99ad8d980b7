"""A session ends after 20 minutes without a click, after ten hours, and when its person's place changes (T8, T12)."""

import datetime as dt
import runpy
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

import portal
from portal.accounts import sessions
from priorauth.models import AuditEvent, Case, Membership, User
from priorauth.roles import OFFICE_ROLES, Role
from priorauth.services import brake
from tests.cases import office, person, plan
from tests.factories import PASSWORD, browser, clerk, saved_draft, valid_form, with_password

pytestmark = pytest.mark.django_db

SETTINGS = Path(portal.__file__).with_name("settings.py")
OTHER = "nine synthetic cormorants"


def signed_in(user, password=PASSWORD, **extra) -> Client:
    client = Client()
    data = {"username": user.email, "password": password}
    assert client.post("/sign-in/", data, **extra).status_code == 302
    return client


def is_in(client) -> bool:
    return client.get("/account/").status_code == 200


# Time


def test_a_session_ends_exactly_twenty_minutes_after_the_last_click(clock):
    client = signed_in(with_password(person(Role.NURSE)))
    for seconds, still in ((1199, True), (1199, True), (1200, False)):
        clock.forward(seconds=seconds)
        assert is_in(client) is still


def test_a_session_ends_exactly_ten_hours_after_signing_in_however_busy(clock):
    client = signed_in(with_password(person(Role.NURSE)))
    began = clock.now
    while clock.now + dt.timedelta(minutes=19) < began + sessions.LONGEST:
        clock.forward(minutes=19)
        assert is_in(client)
    clock.now = began + dt.timedelta(hours=10, seconds=-1)
    assert is_in(client)
    clock.forward(seconds=1)
    assert not is_in(client)
    assert not is_in(client)


def test_a_session_that_does_not_know_when_it_began_is_over():
    client = browser(person(Role.NURSE))
    assert is_in(client)
    session = client.session
    del session[sessions.BEGAN]
    session.save()
    assert not is_in(client)


def test_what_a_page_asks_by_itself_keeps_no_session_alive_and_what_a_person_does_does(clock):
    client = signed_in(with_password(person(Role.CLERK)))
    by_itself = {"headers": {sessions.BACKGROUND: "1"}}
    for minutes, left in ((19, 60), (0.5, 30)):
        clock.forward(minutes=minutes)
        answer = client.get("/session/", **by_itself).json()
        assert answer == {"seconds": left, "until": "3:50 p.m. EST", "final": False}
        assert client.get("/requests/", **by_itself).status_code == 200
    assert client.post("/session/").json() == {"seconds": 1200, "until": "4:09 p.m. EST", "final": False}
    clock.forward(minutes=20)
    assert client.get("/session/", **by_itself).json() == {"seconds": 0}
    assert client.post("/session/")["Location"].startswith("/sign-in/")


def test_the_state_says_when_nothing_moves_the_end_any_more(clock):
    client = signed_in(with_password(person(Role.CLERK)))
    for _ in range(31):
        clock.forward(minutes=19)
        client.get("/requests/")
    assert client.get("/session/").json() == {"seconds": 660, "until": "1:30 a.m. EST", "final": True}
    page = client.get("/requests/").content.decode()
    assert "signed out at <span data-until>1:30 a.m. EST</span>, ten hours after" in page


@pytest.mark.parametrize("role", [Role.CLERK, Role.NURSE, Role.PAYER])
def test_every_page_says_when_its_session_ends_and_carries_the_warning(clock, role):
    page = signed_in(with_password(person(role))).get("/", follow=True).content.decode()
    assert "signed out at <span data-until>3:50 p.m. EST</span> unless you do something before." in page
    assert 'data-seconds="1200" data-lead="120"' in page
    assert '<script src="/static/session.js" defer>' in page
    assert "session.js" not in Client().get("/sign-in/").content.decode()


@pytest.mark.parametrize(("text", "seconds"), [("5", 300), ("60", 3600), ("4", None), ("61", None), ("1e1", None)])
def test_the_idle_time_is_a_setting_with_a_sane_range(monkeypatch, text, seconds):
    monkeypatch.setenv("IDLE_MINUTES", text)
    if seconds:
        assert runpy.run_path(str(SETTINGS))["SESSION_COOKIE_AGE"] == seconds
        return
    with pytest.raises(ImproperlyConfigured, match="whole number of minutes from 5 to 60"):
        runpy.run_path(str(SETTINGS))


# The cookie


def test_the_session_gets_a_new_key_at_sign_in_and_is_deleted_at_sign_out():
    user = with_password(person(Role.CLERK))
    client = Client()
    client.get("/requests/")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    client.cookies[configured.SESSION_COOKIE_NAME] = planted
    client.post("/sign-in/", {"username": user.email, "password": PASSWORD})
    key = client.session.session_key
    assert key != planted
    assert not Session.objects.filter(session_key=planted).exists()
    client.post("/sign-out/")
    assert not Session.objects.filter(session_key=key).exists()
    client.cookies[configured.SESSION_COOKIE_NAME] = key
    assert not is_in(client)


def test_signing_out_makes_the_browser_forget_the_pages_but_stay_known():
    client = signed_in(with_password(person(Role.CLERK)))
    answer = client.post("/sign-out/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert answer["Location"] == "/sign-in/"
    assert "known" in client.cookies


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites():
    client = signed_in(with_password(person(Role.CLERK)))
    client.get("/requests/new/")
    names = {configured.SESSION_COOKIE_NAME, configured.CSRF_COOKIE_NAME, "known", "pages"}
    assert set(client.cookies) == names
    for name in names:
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")


@pytest.mark.parametrize(("https", "prefix"), [("1", "__Host-"), ("0", "")])
def test_under_https_a_cookie_is_bound_to_this_host(monkeypatch, https, prefix):
    monkeypatch.setenv("HTTPS", https)
    read = runpy.run_path(str(SETTINGS))
    for name, bare in (("SESSION", "sessionid"), ("CSRF", "csrftoken")):
        assert read[f"{name}_COOKIE_NAME"] == prefix + bare
        assert read[f"{name}_COOKIE_SECURE"] is (https == "1")
        assert f"{name}_COOKIE_DOMAIN" not in read
        assert f"{name}_COOKIE_PATH" not in read


def test_under_https_the_signed_cookies_are_bound_to_this_host_too(settings):
    settings.HTTPS = True
    client = signed_in(with_password(person(Role.CLERK)))
    for name in ("__Host-known", "__Host-pages"):
        cookie = client.cookies[name]
        assert (cookie["secure"], cookie["httponly"], cookie["path"], cookie["domain"]) == (True, True, "/", "")


def test_sessions_that_ended_are_deleted_at_the_next_signing_in(clock):
    user = with_password(person(Role.CLERK))
    signed_in(user)
    clock.forward(minutes=20, seconds=1)
    signed_in(user)
    assert Session.objects.count() == 1


# A place that changes


def take_away(user):
    Membership.objects.filter(user=user).delete()


def give_another_role(user):
    role = Role.OFFICE_ADMIN if user.membership.role in OFFICE_ROLES else Role.AUDITOR
    Membership.objects.filter(user=user).update(role=role)


def move(user):
    other = office("Bay Pain Clinic") if user.membership.role in OFFICE_ROLES else plan()
    role = Role.CLERK if user.membership.role in OFFICE_ROLES else Role.LEAD
    Membership.objects.filter(user=user).update(organization=other, role=role)


def deactivate(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


CHANGES = (take_away, give_another_role, move, deactivate)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", [Role.CLERK, Role.NURSE, Role.PHYSICIAN, Role.PAYER, Role.ADMINISTRATOR])
def test_whose_place_changes_is_out_at_the_next_request(change, role):
    actor = person(role)
    client = browser(actor)
    assert is_in(client)
    change(User.objects.get(pk=actor.user_id))
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/")
    assert not is_in(client)


@pytest.mark.parametrize("change", CHANGES)
def test_a_form_that_was_open_then_saves_nothing(change):
    actor = clerk()
    client = browser(actor)
    case = saved_draft(client)
    change(User.objects.get(pk=actor.user_id))
    before = Case.objects.unscoped("a test compares").values().get(pk=case.pk)
    path = f"/requests/{case.reference}/edit/"
    answer = client.post(path, {"version": 1, "action": "save", **valid_form(first_name="Changed")})
    assert answer["Location"] == f"/sign-in/?next={path}&unsaved=1"
    assert Case.objects.unscoped("a test compares").values().get(pk=case.pk) == before


def test_who_sends_a_form_too_late_is_told_so_and_comes_back_to_its_page(clock):
    actor = clerk()
    case = saved_draft(browser(actor))
    user = with_password(actor)
    client = signed_in(user)
    path = f"/requests/{case.reference}/edit/"
    clock.forward(minutes=20)
    answer = client.post(path, {"version": 1, "action": "save", **valid_form(first_name="Changed")})
    page = client.get(answer["Location"])
    assert "What you typed since it was last saved was not kept." in page.content.decode()
    data = {"username": user.email, "password": PASSWORD, "next": path, "unsaved": "1"}
    page = client.post("/sign-in/", data, follow=True)
    assert page.redirect_chain == [(path, 302)]
    text = page.content.decode()
    assert "What you typed since it was last saved was not kept." in text
    assert "Changed" not in text


def test_who_comes_late_without_a_form_is_just_asked_to_sign_in(client):
    assert client.get("/requests/")["Location"] == "/sign-in/?next=/requests/"
    assert "was not kept" not in client.get("/sign-in/?next=/requests/").content.decode()


# One's own account


def change(client, current=PASSWORD, new=OTHER, again=None):
    return client.post("/account/", {"current": current, "password1": new, "password2": again or new})


@pytest.mark.parametrize("role", [Role.CLERK, Role.NURSE, Role.PAYER, Role.ADMINISTRATOR])
def test_everybody_changes_their_own_password_and_every_other_session_ends(role):
    user = with_password(person(role))
    here, elsewhere = signed_in(user), signed_in(user)
    key = here.session.session_key
    answer = change(here)
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert here.session.session_key != key
    assert is_in(here)
    assert not is_in(elsewhere)
    signed_in(user, OTHER)
    actions = AuditEvent.objects.filter(actor_id=user.pk).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["sign_in", "sign_in", "password_change", "sign_in"]


def test_signing_out_everywhere_ends_every_session():
    user, other = with_password(person(Role.CLERK)), with_password(person(Role.CLERK))
    clients = [signed_in(user), signed_in(user)]
    untouched = signed_in(other)
    answer = clients[0].post("/account/sign-out-everywhere/", follow=True)
    assert "You were signed out everywhere." in answer.content.decode()
    assert [is_in(client) for client in clients] == [False, False]
    assert is_in(untouched)
    signed_in(user)


def test_guessing_the_present_password_is_braked_and_holds_nobody_else_up(clock):
    user = with_password(person(Role.CLERK))
    client = signed_in(user)
    for _ in range(brake.FREE_TRIES):
        assert "This is not your present password." in change(client, "guess").content.decode()
    answer = change(client)
    assert answer.status_code == 429
    assert "Wait 30 seconds" in answer.content.decode()
    signed_in(user)
    clock.forward(seconds=30)
    assert change(client).status_code == 302


@pytest.mark.parametrize(
    ("new", "again", "message"),
    [
        ("", "", "Enter the password: 12 characters or more."),
        ("eleven char", None, "Choose a longer password: 12 characters or more."),
        ("a" * 129, None, "Choose a shorter password: at most 128 characters."),
        ("   letmein   ", None, "passwords that are guessed first"),
        ("Dragon-2026!!", None, "passwords that are guessed first"),
        ("SunshineSunshine", None, "passwords that are guessed first"),
        ("617-555-0142", None, "passwords that are guessed first"),
        ("a" * 12, None, "passwords that are guessed first"),
        ("Office clerk 1", None, "close to your name or e-mail address"),
        ("nine synthetic\x00cormorants", None, "no keyboard types"),
        (OTHER, OTHER.upper(), "The two passwords differ."),
    ],
)
def test_a_refused_password_is_told_what_would_be_right(new, again, message):
    user = with_password(person(Role.CLERK))
    client = signed_in(user)
    answer = change(client, new=new, again=again)
    assert answer.status_code == 200
    assert message in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize(
    "new", ["only lower case", "ONLY UPPER CASE", "ÿñ łø æð " * 14, "  two blanks  at both ends  "]
)
def test_nothing_is_asked_of_a_long_password_but_length(new):
    user = with_password(person(Role.CLERK))
    client = signed_in(user)
    assert change(client, new=new).status_code == 302
    signed_in(user, new)


def test_the_account_page_says_how_long_a_session_waits_and_when_one_signed_in_before(clock, settings):
    user = with_password(person(Role.CLERK))
    settings.SESSION_COOKIE_AGE = 35 * 60
    page = signed_in(user).get("/account/").content.decode()
    assert ("Not before" in page, "by itself 35 minutes after" in page) == (True, True)
    clock.forward(days=1)
    assert "Fri Nov 20, 2026, 3:30 p.m. EST" in signed_in(user).get("/account/").content.decode()


def test_the_admins_own_password_page_leads_to_the_one_page():
    client = browser(person(Role.NURSE))
    for path in ("/admin/password_change/", "/admin/password_change/done/"):
        assert client.get(path)["Location"] == "/account/"
