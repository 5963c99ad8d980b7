"""The case page in a real browser: four activations and no scrolling (G6), and in every state accessible and light."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from priorauth import jobs
from priorauth.models import Job
from priorauth.roles import Role
from priorauth.services import claim, judge, score
from tests import reports
from tests.admin_helpers import case_page, held_by, in_review, with_physician
from tests.cases import NO_IMAGING, WORDS, approve, person, score_all, sent_case
from tests.factories import browser, report, sent_through_the_page
from tests.looking import AT, problem_of
from tests.seeing import stops
from tests.soak import report as reached
from tests.test_admin_browser import context, window  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIGHT = {"width": 1280, "height": 900}
HEAVIEST = 350 * 1024
IN_SIGHT = """names => names.map(name => [name, ...[...document.querySelectorAll(name)].flatMap(e => {
    const box = e.getBoundingClientRect(); return [Math.round(box.top), Math.round(box.bottom)] })])"""


def test_a_clean_case_takes_four_activations_and_no_scrolling(context):  # noqa: F811
    _, page = window(context, Role.NURSE)
    case, pressed = in_review(), []
    page.set_viewport_size(SIGHT)

    def press(role, name):
        pressed.append(name)
        control = page.get_by_role(role, name=name, exact=True)
        control.focus()
        page.keyboard.press("Space" if role == "radio" else "Enter")

    page.goto(reverse("admin:index"))
    press("button", "Claim next case")
    page.wait_for_url(f"**{case_page(case)}")
    boxes = page.evaluate(IN_SIGHT, [".case-head", ".head-facts", ".criteria-table:not(.ruled-out)", "#acts"])
    tops, bottoms = [top for _, top, _ in boxes], [bottom for _, _, bottom in boxes]
    assert tops == sorted(tops)
    assert bottoms[-2] <= tops[-1], f"the bar covers the criteria: {boxes}"
    assert bottoms[-1] <= SIGHT["height"]
    row = page.locator(".criterion", has_text="No other source explains the pain")
    ready = row.locator("option").first.get_attribute("value")
    pressed.append("Yes")
    row.get_by_role("radio", name="Yes").press("Space")
    row.get_by_label("Your reason").fill(ready)
    assert page.evaluate("scrollY") == 0
    press("button", "Save and approve")
    page.wait_for_url("**/approve/")
    press("button", "Confirm: approve")
    page.get_by_role("heading", name="Decision: Approved").wait_for()
    assert len(pressed) == 4
    case.refresh_from_db()
    assert case.status == "approved"
    assert case.judgements.get().reason == ready
    reached("G6", "a clean case from Claim next to decided", f"{len(pressed)} activations, 0 scrolled")


def test_a_clean_case_is_decided_by_keys_alone(context):  # noqa: F811
    """`n`, the digit of the row and `y`, the reason, `a`, Ctrl+Enter (UX 3.5)."""
    _, page = window(context, Role.NURSE)
    case = in_review()
    keys = page.keyboard
    page.goto(reverse("admin:index"))
    keys.press("n")
    page.wait_for_url(f"**{case_page(case)}")
    row = page.locator(".criterion", has_text="No other source explains the pain")
    keys.press(row.get_attribute("data-key"))
    keys.press("y")
    keys.press("Tab")
    keys.type(WORDS)
    keys.press("Tab")
    keys.press("a")
    page.wait_for_url("**/approve/")
    keys.press("Control+Enter")
    page.get_by_role("heading", name="Decision: Approved").wait_for()
    assert case.judgements.get().reason == WORDS


def states(nurse, physician):
    """A case in each state that its page tells apart, by name; and one that a physician holds, marked by a nurse."""
    places = {"imaging-0-page": "2", "levels-0-onset_source": "MRI lumbar, page 3", "stated_weeks": "20"}
    mri = report("MRI lumbar.pdf", reports.two_pages())
    mine = sent_through_the_page(browser(person(Role.CLERK)), **places, **{"imaging-0-file": mri})
    score_all(timezone.now())
    mine.refresh_from_db()
    missing, other, done, escalated = in_review(NO_IMAGING), in_review(), in_review(), in_review()
    for case, holder in ((mine, nurse), (other, person(Role.NURSE)), (escalated, nurse)):
        held_by(holder, case)
    approve(done, nurse, timezone.now())
    mark = judge.Mark("L1", "pain_source_certain", "not_met", WORDS)
    judge.judge(escalated, by=nurse, at=timezone.now(), marks=[mark])
    claim.release(escalated, by=nurse, at=timezone.now())
    with_physician(escalated)
    held_by(physician, escalated)
    unscored = sent_case(person(Role.CLERK), at=timezone.now())
    Job.objects.filter(state="waiting").update(attempts=jobs.MAX_ATTEMPTS - 1)
    jobs.run_due(Job.Kind.SCORE, broken, score.give_up, timezone.now())
    by_state = {"unclaimed": missing, "another's": other, "decided": done, "unscored": unscored, "mine": mine}
    return by_state, escalated


def broken(job, now):
    raise LookupError


def window_of(context, actor):  # noqa: F811
    """A page that is signed in as this actor again."""
    value = browser(actor).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": value, "domain": "localhost", "path": "/"}])
    return context.new_page()


def weighed(context, page, path):  # noqa: F811
    """How many bytes the page brings over the wire when nothing is kept, and which hosts it asks."""
    wire, sizes, hosts = context.new_cdp_session(page), [], set()
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(path, wait_until="networkidle")
    wire.detach()
    return sum(sizes), hosts


def chosen(page, mark, look):
    """A digit chooses a criterion beside marks that are not saved, with its words outlined; Back takes it back."""
    row = page.locator(".criterion", has_text="Imaging shows")
    page.keyboard.press(row.get_attribute("data-key"))
    page.locator("#evidence .which-files").wait_for()
    assert (page.evaluate("document.activeElement.id"), mark.is_checked()) == (row.get_attribute("id"), True)
    assert page.locator("[data-chooses][aria-current]").count() == 1
    told = page.locator("#evidence .marked li").all_inner_texts()
    assert told[:2] == ["“edema of L1”: L1: Imaging 1, impression", "“L1”: the level"]
    look(page, "a criterion chosen", widths=(320, 1280))
    picture, drawing = (page.locator(f"#evidence {name}").bounding_box() for name in ("img", "svg.marks"))
    assert picture == drawing
    page.go_back()
    page.locator("#evidence .which-files").wait_for(state="detached")
    assert ("row=" in page.url, page.locator("[data-chooses][aria-current]").count(), mark.is_checked()) == (
        False,
        0,
        True,
    )


def test_the_case_page_is_accessible_and_light_in_every_state(context):  # noqa: F811
    physician, _ = window(context, Role.PHYSICIAN)
    nurse, page = window(context, Role.NURSE)
    by_state, escalated = states(nurse, physician)
    mine, found, refused = case_page(by_state["mine"]), [], []
    page.on("console", lambda line: refused.append(line.text) if "Content Security Policy" in line.text else None)

    def look(page, name, path="", widths=(1280,)):
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path) if path else None
            found.append(problem_of(page, name, width, AT[width]))

    for name, case in by_state.items():
        look(page, name, case_page(case), (1280, 320) if name in ("mine", "unscored") else (1280,))
    bytes_, hosts = weighed(context, page, mine)
    page.set_viewport_size(SIGHT)
    count, unseen = stops(page)
    no = page.locator(".criterion").nth(1).get_by_role("radio", name="No", exact=True)
    no.check()
    page.locator("#evidence").get_by_text("Page 2 of 2").wait_for()
    chosen(page, no, look)  # and its look leaves every fold open
    page.get_by_role("link", name="MRI lumbar.pdf, page 3").click()
    page.locator("#evidence").get_by_text("There is no such page").wait_for()
    assert no.is_checked(), "a mark that is not saved yet survives looking at a page"
    assert "&page=3" in page.url
    look(page, "reading")
    page.get_by_role("button", name="Save and ask").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    look(page, "with errors", widths=(1280, 320))
    look(window_of(context, physician), "a physician's", case_page(escalated))
    assert [fault for fault in found if fault] == []
    assert (refused, unseen) == ([], [])
    assert count > 15
    assert bytes_ < HEAVIEST
    assert len(hosts) == 1
    reached("G7, G11", f"case page in {len(found)} states and widths", f"axe 0; {bytes_ / 1024:.0f} KB")
