"""Coming in, signing in and one's own account in a real browser: a story without JavaScript, and axe on every page."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from priorauth.models import Invitation, User
from priorauth.roles import Role
from priorauth.services import brake, invitations
from tests.browser.people import fill, select, sign_in, sign_out
from tests.cases import office, person, plan
from tests.test_admin_browser import faults, faults_as_it_stands, window

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD, CHOSEN = "seven synthetic herons", "nine synthetic cormorants"
CLERKS_FIRST_PAGE = re.compile(r"/requests/$")


def opened(chrome: Browser, url: str, *, scripts: bool = True) -> BrowserContext:
    return chrome.new_context(base_url=url, java_script_enabled=scripts)


def administrator() -> User:
    plan()
    user = User.objects.get(pk=person(Role.ADMINISTRATOR).user_id)
    user.set_password(PASSWORD)
    user.save()
    return user


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def go_to(page: Page, name: str) -> None:
    page.get_by_role("navigation").get_by_text("People and keys").click()
    page.get_by_role("navigation").get_by_role("link", name=name).click()


def has_heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def test_an_administrator_creates_an_office_and_its_first_person_comes_in(chrome, live_server, clock):
    url, admin = live_server.url, administrator()
    page = opened(chrome, url, scripts=False).new_page()
    sign_in(page, f"{url}/", admin.email, PASSWORD)
    go_to(page, "Organizations")
    page.get_by_role("link", name="Add organization").click()
    select(page, "Kind", "Provider office")
    fill(page, "Name", "Quay Street Pain Clinic")
    fill(page, "NPI", "1234567893")
    press(page, "Save")
    go_to(page, "Invitations")
    page.get_by_role("link", name="Invite a person").click()
    fill(page, "Work e-mail address", "olga@quay.example")
    select(page, "Organization", "Quay Street Pain Clinic")
    select(page, "Role", "Office administrator")
    press(page, "Make the link")
    has_heading(page, "Pass this link on")
    link = page.get_by_label("The link").input_value()
    sign_out(page)
    has_heading(page, "Sign in")

    theirs = opened(chrome, url, scripts=False).new_page()
    theirs.goto(link)
    assert theirs.url == f"{url}/invitation/"
    expect(theirs.get_by_text("Quay Street Pain Clinic")).to_be_visible()
    fill(theirs, "First name", "Olga")
    fill(theirs, "Last name", "Brandt")
    fill(theirs, "New password", "short")
    fill(theirs, "The same password again", "short")
    press(theirs, "Make my account")
    expect(theirs.get_by_role("link", name="Choose a longer password")).to_be_visible()
    fill(theirs, "New password", CHOSEN)
    fill(theirs, "The same password again", CHOSEN)
    press(theirs, "Make my account")
    expect(theirs.get_by_text("Your account is ready.")).to_be_visible()

    for _ in range(brake.FREE_TRIES):
        sign_in(theirs, f"{url}/sign-in/", "olga@quay.example", "not the right words")
        expect(theirs.get_by_role("heading", name="There is a problem")).to_be_visible()
    sign_in(theirs, f"{url}/sign-in/", "olga@quay.example", CHOSEN)
    expect(theirs.get_by_role("heading", name="Please wait 30 seconds")).to_be_visible()
    clock.forward(seconds=30)
    sign_in(theirs, f"{url}/sign-in/", "olga@quay.example", CHOSEN)
    expect(theirs).to_have_url(CLERKS_FIRST_PAGE)
    expect(theirs.get_by_text("Olga Brandt, Quay Street Pain Clinic")).to_be_visible()

    theirs.goto(link)
    has_heading(theirs, "This link cannot be used")
    theirs.goto(f"{url}/requests/new/")
    fill(theirs, "Last name", "Synthetic")
    clock.forward(minutes=20)
    press(theirs, "Save")
    expect(theirs.get_by_text("What you typed is kept: sign in, and it is offered to you again.")).to_be_visible()
    fill(theirs, "Work e-mail address", "olga@quay.example")
    fill(theirs, "Password", CHOSEN)
    press(theirs, "Sign in")
    has_heading(theirs, "What you typed is kept")
    theirs.get_by_role("button", name="Put it back").click()
    expect(theirs.get_by_label("Last name")).to_have_value("Synthetic")


def test_every_page_of_the_way_in_and_of_the_account_is_accessible(chrome, live_server):
    admin = person(Role.ADMINISTRATOR)
    now = timezone.now()
    _, token = invitations.invite("olga@quay.example", office(), Role.CLERK, by=admin, at=now)
    registered = User.objects.get(pk=person(Role.NURSE).user_id)
    _, reset = invitations.password_link(registered, by=admin, at=now)
    page = opened(chrome, live_server.url).new_page()
    found = [
        fault
        for path in (
            "/sign-in/",
            "/sign-in/?next=/requests/&unsaved=1",
            "/sign-in/?next=/kept/&kept=1",
            f"/invitation/{token}/",
            f"/invitation/{reset}/",
            "/invitation/never/",
        )
        for fault in faults(page, path)
    ]
    context = opened(chrome, live_server.url)
    _, page = window(context, Role.CLERK)
    found += faults(page, "/account/")
    press(page, "Change my password")
    found += faults_as_it_stands(page, "the refused password")
    context = opened(chrome, live_server.url)
    _, page = window(context, Role.ADMINISTRATOR)
    invitation = Invitation.objects.get(user=None)
    for path in ("", "add/", f"{invitation.pk}/change/"):
        found += faults(page, f"/admin/priorauth/invitation/{path}")
    press(page, "Make a new link")
    has_heading(page, "Pass this link on")
    found += faults_as_it_stands(page, "the link")
    found += faults(page, f"/admin/priorauth/user/{registered.pk}/change/")
    assert found == []
