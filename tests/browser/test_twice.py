"""C6: buttons pressed twice, and pages sent again after the back button, in Chromium with and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import fill, say_why_a_second
from tests.factories import valid_form
from tests.soak import figure, report

pytestmark = pytest.mark.browser
CLERK = "clerk@harbor.example"


def references(page: Page, url: str) -> list[str]:
    """The office's requests, asked of the API with the session of the page."""
    answer = page.request.get(f"{url}api/v1/requests?limit=200&updated_since=2026-01-01T00:00:00Z")
    assert answer.ok, answer.text()
    return [row["reference"] for row in answer.json()["results"]]


def started_by_a_double_click(page: Page, url: str) -> None:
    page.goto(f"{url}requests/new/")
    fill(page, "First name", "Twice")
    page.get_by_role("button", name="Save", exact=True).dblclick()
    expect(page).to_have_url(re.compile(r"/requests/PA-[^/]+/edit/"))


def checked(page: Page, url: str) -> None:
    """Save a whole form at once, as the page would, and open its check page."""
    page.goto(f"{url}requests/new/")
    hidden = {
        name: page.locator(f"input[name={name}]").first.input_value() for name in ("csrfmiddlewaretoken", "token")
    }
    typed = {name: value for name, value in valid_form().items() if not isinstance(value, list)}
    findings = {"imaging-0-findings-0": "edema"}
    saved = page.request.post(
        f"{url}requests/new/",
        form=hidden | typed | findings | {"action": "check"},
        headers={"Referer": f"{url}requests/new/"},
    )
    page.goto(saved.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Check and send this request")


def sent_by_a_double_click_and_again_after_going_back(page: Page) -> None:
    say_why_a_second(page)
    page.get_by_label("I have checked this against").check()
    page.get_by_role("button", name="Send request").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Request sent")
    page.go_back()
    if page.get_by_label("I have checked this against").count():  # the page as the browser kept it
        say_why_a_second(page)
        page.get_by_label("I have checked this against").check()
        page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Request sent")


def test_a_button_pressed_twice_makes_one_request(signed_in, portal):
    page = signed_in(CLERK)
    rounds = (figure(50) + 1) // 2
    for _ in range(rounds):
        before = references(page, portal.url)
        started_by_a_double_click(page, portal.url)
        assert len(references(page, portal.url)) == len(before) + 1
        checked(page, portal.url)
        sent_by_a_double_click_and_again_after_going_back(page)
        assert len(references(page, portal.url)) == len(before) + 2
    report("C6", f"{rounds} double clicks, sendings and ways back", "one request each")
