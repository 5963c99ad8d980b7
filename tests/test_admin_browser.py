"""The reviewers' pages in a real browser: axe finds nothing, nothing overflows, the CSP refuses nothing."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from priorauth.models import Case
from priorauth.roles import Role
from priorauth.services import claim, hand_over
from tests.admin_helpers import act, case_page, held_by, in_review, ready_to_refuse, signed_in, typed, with_physician
from tests.cases import NO_IMAGING, person
from tests.looking import AT, REFUSED, WIDTHS, problem_of
from tests.seeing import axe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def context(chrome, live_server) -> BrowserContext:
    return chrome.new_context(base_url=live_server.url)


def window(context: BrowserContext, role: Role) -> tuple:
    """An actor of this role, and a page that is signed in as them."""
    actor, client = signed_in(role)
    value = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "domain": "localhost", "path": "/"}])
    return actor, context.new_page()


def faults(page: Page, path: str) -> list[Any]:
    """What is wrong with a page at each width, and what the browser refused."""
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" and REFUSED in line.text else None)
    page.goto(path)
    return faults_as_it_stands(page, path) + said


def faults_as_it_stands(page: Page, name: str) -> list[Any]:
    """The same of the page that is open, without loading it again: the answer to a form, say."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found.append(problem_of(page, f"{name} at {width}", width, AT[width]))
    return list(filter(None, found))


# What the button says once it is pressed, which presses were stopped, and what it says on a page that is shown again.
PRESSED_TWICE = """() => {
  const button = document.querySelector('button[name=confirmed]'), stopped = [];
  window.addEventListener('submit', event => stopped.push(event.defaultPrevented));
  button.click();
  const words = button.textContent;
  button.click();
  window.dispatchEvent(new Event('pageshow'));
  return [words, stopped, button.textContent];
}"""


def test_a_denial_is_written_shown_and_confirmed(context):
    physician, page = window(context, Role.PHYSICIAN)
    case = with_physician(in_review(NO_IMAGING))
    ready_to_refuse(physician, case)
    words = typed("not-approve", case)
    page.goto(act(case, "not-approve"))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    assert axe(page) == []
    page.get_by_label("N05").check()
    page.get_by_label("Reason for the member").fill(words["reason_for_member"])
    page.get_by_label("Reason for the clinician").fill(words["reason_for_clinician"])
    page.get_by_label("What would change this decision").fill(words["what_would_change"])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Nothing is recorded yet.")).to_be_visible()
    expect(page.get_by_role("heading", name="We did not approve this request")).to_be_visible()
    assert faults_as_it_stands(page, "the letter before it is sent") == []
    assert Case.objects.unscoped("a test reads").get(pk=case.pk).status == "with_physician"
    assert page.evaluate(PRESSED_TWICE) == ["Sending…", [False, True], "Confirm: not approve"]
    page.get_by_role("heading", name="Decision: Not approved").wait_for()


def test_what_passed_between_reviewers_shows_on_board_and_case(context):
    lead, page = window(context, Role.LEAD)
    case, other = in_review(), held_by(person(Role.NURSE), in_review(NO_IMAGING))
    hand_over.hand_over(case, by=person(Role.LEAD), at=timezone.now(), to=lead.user_id, line="The report came.")
    hand_over.take_over(other, by=lead, at=timezone.now(), reason="The nurse was called away for the day.")
    paths = [reverse("admin:index"), case_page(case), case_page(other), act(case, "hand-over")]
    assert [fault for path in paths for fault in faults(page, path)] == []


def test_the_keys_of_the_queue_do_what_its_markup_says_and_can_be_switched_off(context):
    nurse, page = window(context, Role.NURSE)
    first, second = in_review(), in_review()
    queue = reverse("admin:priorauth_case_changelist")
    keys = page.keyboard
    page.goto(reverse("admin:index"))
    keys.press("g")
    keys.press("q")
    page.wait_for_url(f"**{queue}")
    for key, reference in (("j", first), ("j", second), ("j", second), ("k", first), ("j", second)):
        keys.press(key)
        assert page.locator(":focus").inner_text() == reference.reference
        assert page.locator("[data-here]").count() == 1
    keys.press("/")
    keys.type("nj?")
    assert page.locator("#q").input_value() == "nj?"
    page.locator("#q").evaluate("field => field.blur()")
    keys.press("Control+n")
    keys.press("?")
    dialog = page.get_by_role("dialog", name="Keys on this page")
    for words in ("Claim next case", "Work board", "Search", "Next row", "g then h"):
        assert words in dialog.inner_text()
    assert [rule["id"] for rule in axe(page)] == []
    keys.press("n")
    keys.press("Escape")
    assert dialog.count() == 0
    keys.press("j")
    with page.expect_navigation():
        keys.press("c")
    assert page.url.endswith(case_page(second))
    assert Case.objects.unscoped("a test reads").get(pk=second.pk).claimed_by_id == nurse.user_id
    page.goto(queue)
    keys.press("j")
    with page.expect_navigation():
        keys.press("Enter")
    assert page.url.endswith(case_page(first))
    page.goto(reverse("account"))
    page.get_by_label("Single keys work").uncheck()
    page.get_by_role("button", name="Save").click()
    page.goto(queue)
    for key in ("n", "j", "?", "/"):
        keys.press(key)
    assert page.locator("[data-here], dialog[open], #q:focus").count() == 0
    assert page.url.endswith(queue)


def test_a_page_that_is_used_renews_its_claim_and_says_when_it_ends(context):
    nurse, page = window(context, Role.NURSE)
    case = held_by(nurse, in_review())
    page.clock.install()
    page.goto(act(case, "escalate"))
    words = page.get_by_label("Your question to the physician")
    alert = page.locator("[data-claim]")
    page.clock.fast_forward("24:00")
    assert alert.is_hidden()
    page.clock.fast_forward("01:30")
    expect(alert.get_by_text("Your claim ends at")).to_be_visible()
    assert [rule["id"] for rule in axe(page)] == []
    with page.expect_response("**/renew/") as renewed:
        alert.get_by_role("button", name="Renew the claim").click()
    assert renewed.value.status == 200
    alert.wait_for(state="hidden")
    page.clock.fast_forward("06:00")
    with page.expect_response("**/renew/") as renewed:
        words.fill("Is the fracture")
    assert renewed.value.status == 200
    claim.release(Case.objects.unscoped("a test acts beside").get(pk=case.pk), by=nurse, at=timezone.now())
    page.clock.fast_forward("06:00")
    with page.expect_response("**/renew/"):
        words.press("End")
    expect(alert.get_by_text("Your claim has ended.")).to_be_visible()
    assert words.input_value() == "Is the fracture"
    page.get_by_label("Approve", exact=True).check()
    page.get_by_role("button", name="Escalate").click()
    expect(page.get_by_role("heading", name="Not done")).to_be_visible()
    expect(page.get_by_text("Is the fracture")).to_be_visible()
