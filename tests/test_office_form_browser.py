"""The request form in a browser: it saves itself, helps on the way, and loses nothing."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.web import rows
from priorauth.models import Case
from tests.factories import PDF, browser, clerk, day, draft_of, on_file, saved_draft
from tests.looking import problem_of
from tests.office_browser import BLANK, a_page, aside, saved_by_a_colleague, the_case
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG_NAME = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewis"


def test_the_form_saves_itself_and_keeps_what_is_missing_fresh(chrome, live_server):
    client = browser(clerk())
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/new/")
        page.get_by_label("Level", exact=True).fill("L1")
        page.get_by_label("When did this pain start?").fill("Sep 2026")
        page.get_by_label("Last name").focus()
        expect(page.locator("#saved")).to_contain_text("Saved at")
        expect(page).to_have_url(re.compile("/requests/PA-[^/]+/edit/$"))
        expect(page.get_by_text("Read as between Sep 1 and Sep 30, 2026")).to_be_visible()
        assert page.evaluate("document.activeElement.name") == "last_name"
        before = page.locator("#panel").get_attribute("data-count")

        page.locator("[name=response][value=inadequate]").check()
        told = page.locator("#told")
        expect(told).to_have_text(f"{int(before) - 1} items missing, was {before}")

        page.get_by_role("button", name="Add another treatment").click()
        expect(page.locator("#id_treatments-1-modality")).to_be_focused()
        page.locator("#id_treatments-0-modality").select_option("rest")
        page.locator("#id_treatments-0-start").fill(day(30))
        page.locator("#id_treatments-0-ongoing").check()
        expect(page.locator("#treated")).to_contain_text("Rest 30 days.")

        page.locator("[name=imaging-0-file]").set_input_files(
            {"name": "mri.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        expect(page.get_by_role("link", name="mri.pdf")).to_be_visible()
        page.locator("[name=imaging-0-file]").set_input_files(
            {"name": "newer.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        expect(page.get_by_role("link", name="newer.pdf")).to_be_visible()
        page.keyboard.press("Control+s")
        expect(told).to_contain_text("Saved at")

        aside(saved_by_a_colleague)
        page.get_by_label("First name").fill("Mine")
        page.get_by_label("Last name").focus()
        expect(page.get_by_role("alert").filter(has_text="Press Save to see both.")).to_be_visible()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("heading", name="Two versions of this request")).to_be_visible()
        expect(page.locator("span.pre", has_text="Mine")).to_be_visible()
    assert [file.name for file in the_case().attachments.all()] == ["newer.pdf"]
    assert draft_of(the_case()).fields["levels-0-onset"] == ["Sep 2026"]


def test_what_is_typed_without_a_pause_and_then_left_is_kept(chrome, live_server):
    """A new request is left at once, then a draft is typed on and on until its person signs out: both are saved."""
    client = browser(clerk())
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/new/")
        page.get_by_label("Last name").fill("Typed")
        page.goto(f"{live_server.url}/help/")
        aside(lambda: eventually(lambda: Case.objects.unscoped("a test counts").exists(), "a draft"))

        page.clock.install()
        page.goto(f"{live_server.url}/requests/{aside(the_case).reference}/edit/")
        page.get_by_label("Last name").press("End")
        page.clock.pause_at(timezone.now() + dt.timedelta(seconds=10))
        with page.expect_response("**/edit/missing/"):
            for letter in " on on":
                page.keyboard.type(letter)
                page.clock.run_for(1_900)
        page.clock.resume()
        assert draft_of(aside(the_case)).fields["last_name"] == ["Typed on on"]
        page.keyboard.type("!")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in/**")
    assert draft_of(the_case()).fields["last_name"] == ["Typed on on!"]


def test_levels_are_typed_and_ticked_while_one_goes_on(chrome, live_server):
    """Box and spine by keyboard and mouse, on a slow line and one that fails: what is done meanwhile is not lost."""
    client = browser(clerk())
    case = saved_draft(client, **BLANK)
    edit, held = f"{live_server.url}/requests/{case.reference}/edit/", []
    with a_page(chrome, live_server, client) as page:
        page.goto(edit)
        box, told, spine = page.locator("#id_levels_named"), page.locator("#told"), page.locator("#spine")
        tick = {name: page.locator(f"[name=level_ticked][value={name}]") for name in ("T11", "T12", "L1", "L2")}
        box.focus()
        page.keyboard.type("t12 and l1")
        page.route(edit, lambda route: held.append(route))
        with page.expect_request(edit):
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
        page.keyboard.press("Shift+Tab")
        page.locator("#id_last_name").fill("Meanwhile")
        held.pop().continue_()
        page.unroute(edit)
        expect(told).to_contain_text("Levels: T12, L1. ")
        expect(spine).to_have_attribute("open", "")
        expect(page.locator("#id_last_name")).to_be_focused()
        expect(page.locator("#id_last_name")).to_have_value("Meanwhile")
        expect(box).to_have_value("T12, L1")
        expect(page.locator("#id_lines-1-code")).to_have_value("22512")
        expect(page.get_by_role("heading", name="Examination of T12")).to_be_visible()

        tick["T11"].focus()
        page.keyboard.press("Space")
        expect(told).to_contain_text("Levels: T12, L1, T11")
        expect(tick["T11"]).to_be_focused()
        expect(tick["T11"]).to_be_checked()
        page.route(edit, lambda route: route.fulfill(status=500))
        tick["T12"].click()
        expect(page.locator("#saved")).to_contain_text("we try again")
        page.unroute(edit)
        tick["L2"].click()
        expect(told).to_contain_text("Levels: L1, T11, L2")
        expect(page.locator("#id_lines-0-code")).to_have_value("22511")

        page.locator("#id_levels-0-name").fill("L3")
        page.keyboard.press("Tab")
        page.locator("#id_levels-0-etiology").select_option("trauma")
        expect(box).to_have_value("L3, T11, L2")
        expect(page.locator("#id_levels-0-etiology")).to_have_value("trauma")
        box.fill("T11, L2, Q9")
        box.press("Enter")
        expect(told).to_contain_text("“Q9” is not a level.")
        expect(box).to_be_focused()
        box.fill("T11, L2")
        box.press("Enter")
        expect(told).to_contain_text("L3 has answers, so it stays.")
        assert [problem_of(page, "the open spine", width) for width in (320, 1280)] == [None, None]
        expect(page.locator("#saved")).to_contain_text("Saved at")
    fields = draft_of(case).fields
    assert [fields[f"levels-{index}-name"] for index in range(3)] == [["L3"], ["T11"], ["L2"]]
    assert fields["last_name"] == ["Meanwhile"]


def test_what_the_page_does_and_says_by_itself(chrome, live_server, monkeypatch):
    """A line that fails loses nothing and is told; codes are found as one types."""
    on_file("Alma"), on_file("Anna")
    client = browser(clerk())
    case = saved_draft(client, diagnosis_codes="")
    report_file = {"name": "mri.pdf", "mimeType": "application/pdf", "buffer": PDF}
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/{case.reference}/edit/")
        wrong, refused = page.locator("#id_imaging-0-file_size"), page.locator("#id_imaging-0-file_wrong")
        page.locator("[name=imaging-0-file]").set_input_files(report_file | {"name": "scan.heic"})
        expect(refused).to_contain_text("The file must be a PDF, JPG or PNG")
        page.locator("[name=imaging-0-file]").evaluate("input => input.setAttribute('data-most-bytes', 9)")
        page.locator("[name=imaging-0-file]").set_input_files(report_file)
        expect(wrong).to_contain_text("25 MB or smaller")
        expect(refused).to_have_count(0)
        page.locator("[name=imaging-0-file]").evaluate("input => input.setAttribute('data-most-bytes', 99999)")
        for answer in (lambda route: route.abort(), lambda route: route.fulfill(status=500)):
            page.route("**/edit/file/", answer)
            page.locator("[name=imaging-0-file]").set_input_files(report_file)
            expect(wrong).to_have_text("The file could not be uploaded. Try again")
            expect(page.locator("progress")).to_have_count(0)
            page.unroute("**/edit/file/")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("link", name="mri.pdf")).to_be_visible()

        monkeypatch.setitem(rows.GROUPS, "treatments", rows.Group(2, "treatments"))
        page.get_by_role("button", name="Add another treatment").click()
        expect(page.locator(".errors")).to_be_focused()
        expect(page.locator(".errors")).to_contain_text("A request can have 2 treatments.")

        page.get_by_label("First name").fill("")
        page.get_by_role("button", name="Look up this member").press("Enter")
        page.get_by_role("button", name="Anna Synthetic").press("Enter")
        expect(page.locator("#id_first_name")).to_have_value("Anna")
        expect(page.locator("#id_first_name")).to_be_focused()

        page.context.set_offline(True)
        page.get_by_label("Last name").fill(LONG_NAME)
        page.keyboard.press("Control+s")
        expect(page.locator("#saved")).to_contain_text("is not")
        for name in ("Save", "Check and send"):
            page.locator("#told").evaluate("told => told.textContent = ''")
            page.get_by_role("button", name=name, exact=True).click()
            expect(page.locator("#told")).to_contain_text("It stays on this page, and we try again.")
        page.get_by_role("button", name="Add another study").click()
        expect(page.get_by_label("Last name")).to_have_value(LONG_NAME)
        page.context.set_offline(False)
        with page.expect_navigation():
            page.get_by_role("button", name="Save", exact=True).click()

        page.get_by_label("Look for a code").press_sequentially("wedge l1")
        expect(page.locator("#told")).to_contain_text("6 codes found.")
        page.keyboard.press("Enter")
        expect(page.locator("#id_find_code")).to_be_focused()
        page.get_by_role("button", name="Add S32.010A").click()
        expect(page.locator("#id_diagnosis_codes")).to_have_value("S32.010A")
        expect(page.locator("#id_diagnosis_codes")).to_be_focused()
        page.get_by_label("Not recorded: pain score").check()
        expect(page.locator("#saved")).to_contain_text("Saved at")
        expect(page.get_by_text("“Not recorded” is ticked beside an answer").first).to_be_visible()
        page.goto(f"{live_server.url}/requests/")
        expect(page.get_by_text(LONG_NAME)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert draft_of(case).fields["last_name"] == [LONG_NAME]
