"""A session that ends while somebody types, in a real browser: the question before it, and what was typed after it."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import BrowserContext, Page, expect

from priorauth.models import User
from tests.browser.people import fill, sign_in
from tests.factories import browser, clerk, draft_of, saved_draft
from tests.looking import problem_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "seven synthetic herons"
LONG = 20_000  # milliseconds
TYPED = "Typed just before the session ended"


@pytest.fixture
def draft():
    actor = clerk()
    case = saved_draft(browser(actor))
    case.clerk = User.objects.get(pk=actor.user_id)
    case.clerk.set_password(PASSWORD)
    case.clerk.save()
    return case


def opened(context: BrowserContext, url: str, case) -> Page:
    """The draft's page, signed in."""
    page = context.new_page()
    sign_in(page, url, case.clerk.email, PASSWORD)
    page.goto(f"{url}/requests/{case.reference}/edit/")
    return page


def signed_in_again_and_put_back(page: Page, case) -> None:
    expect(page.get_by_text("What you typed is kept: sign in, and it is offered to you again.")).to_be_visible()
    fill(page, "Work e-mail address", case.clerk.email)
    fill(page, "Password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What you typed is kept")
    assert page.evaluate("innerWidth") == 1280 or problem_of(page, "kept", 320) is None
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_label("Note to the reviewer (optional)")).to_have_value(TYPED)
    assert draft_of(case).fields["note"] == [TYPED]


def test_every_window_asks_before_the_end_and_nothing_is_lost_after_it(chrome, live_server, draft, settings):
    settings.SESSION_COOKIE_AGE, settings.SESSION_WARNING = 24, 20  # a window asks again within 2 seconds
    context = chrome.new_context(viewport={"width": 320, "height": 640})
    page = opened(context, live_server.url, draft)
    other = context.new_page()
    other.goto(f"{live_server.url}/requests/")
    stay = page.get_by_role("alertdialog", name="Are you still there?").get_by_role("button", name="Stay signed in")
    expect(stay).to_be_focused(timeout=LONG)
    expect(other.get_by_role("alertdialog")).to_be_visible(timeout=LONG)
    assert problem_of(page, "the question", 320) is None
    page.keyboard.press("Enter")
    expect(stay).to_be_hidden()
    expect(other.get_by_role("alertdialog")).to_be_hidden(timeout=LONG)
    page.get_by_label("Note to the reviewer (optional)").fill(TYPED)
    Session.objects.all().delete()
    over = page.get_by_role("alertdialog", name="This page is signed out")
    expect(over).to_be_visible(timeout=LONG)
    assert problem_of(page, "the end", 320) is None
    over.get_by_role("button", name="Go on").click()
    settings.SESSION_COOKIE_AGE, settings.SESSION_WARNING = 1200, 120
    signed_in_again_and_put_back(page, draft)
    two_versions(context, page)
    context.close()


def two_versions(context: BrowserContext, page: Page) -> None:
    """A second window saves; this one sees both versions, which axe and a narrow screen have nothing against."""
    second = context.new_page()
    second.goto(page.url)
    fill(second, "First name", "Berta")
    second.get_by_role("button", name="Save", exact=True).click()
    expect(second.get_by_text("Nothing was sent.")).to_be_visible()
    fill(page, "First name", "Anna")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Save what is chosen").click()
    assert problem_of(page, "two versions", 320) is None
    page.get_by_label("Mine Anna").check()
    page.get_by_role("button", name="Save what is chosen").click()
    expect(page.get_by_label("First name")).to_have_value("Anna")


def test_without_scripts_what_was_typed_comes_back_too(chrome, live_server, draft):
    context = chrome.new_context(java_script_enabled=False)
    page = opened(context, live_server.url, draft)
    page.get_by_label("Note to the reviewer (optional)").fill(TYPED)
    Session.objects.all().delete()
    page.get_by_role("button", name="Save", exact=True).click()
    signed_in_again_and_put_back(page, draft)
    context.close()
