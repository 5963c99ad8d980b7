"""An answer and a correction in a browser: they save themselves, show their files, and lose nothing on the way."""

import pytest
from playwright.sync_api import expect

from priorauth.roles import Role
from tests.cases import person
from tests.factories import PDF, browser, clerk, day, draft_of, saved_draft, sent_through_the_page
from tests.office_browser import a_page, aside
from tests.office_helpers import asked
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_answer_saves_itself_and_shows_its_files_on_the_way_and_a_correction_shows_them_too(chrome, live_server):
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse)
    file = {"name": "mri.pdf", "mimeType": "application/pdf", "buffer": PDF}
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/{case.reference}/answer/1/")
        page.locator("[name='answer.1.words']").fill("It is attached.")
        page.locator("[name=response][value=none]").check()
        expect(page.locator("#saved")).to_contain_text("Saved at")
        page.get_by_role("button", name="Add another study").click()
        expect(page.locator("#id_imaging-1-modality")).to_be_focused()
        held = []
        page.route("**/amend/file/", lambda route: held.append(route))
        page.locator("[name=imaging-1-file]").set_input_files(file)
        expect(page.get_by_label("Sending mri.pdf")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("progress")).to_have_count(0)
        for route in held:
            route.abort()
        page.unroute("**/amend/file/")
        with page.expect_response("**/answer/1/"):  # the save that links it
            page.locator("[name=imaging-1-file]").set_input_files(file)
        expect(page.locator("#imaging-1-report").get_by_role("link", name="mri.pdf")).to_be_visible()
        page.reload()
        expect(page.locator("#imaging-1-report").get_by_role("link", name="mri.pdf")).to_be_visible()
        expect(page.locator("[name='answer.1.words']")).to_have_value("It is attached.")
        page.locator("#id_imaging-1-modality").select_option("MRI")
        page.locator("#id_imaging-1-date").fill(day(3))
        page.locator("[name=imaging-1-findings-0][value=edema]").check()
        presses = []

        def pressed(route):
            """What the page saves by itself goes through."""
            if "x-background" in route.request.headers:
                return route.continue_()
            presses.append(1)
            return route.fulfill(status=204)

        page.route("**/answer/1/", pressed)
        send = page.get_by_role("button", name="Send answer")
        send.click()
        heard = page.get_by_role("button", name="Sending...")
        expect(heard).to_be_enabled()
        heard.click()
        page.evaluate("window.dispatchEvent(new Event('pageshow'))")
        expect(send).to_be_visible()
        assert presses == [1], "the second press is the same press"
        page.unroute("**/answer/1/")
        send.click()
        expect(page.get_by_text("Answer sent")).to_be_visible()
        page.goto(f"{live_server.url}/requests/{case.reference}/amend/")
        page.locator("[name=other_file]").set_input_files({**file, "name": "note.pdf"})
        expect(page.locator("#other-files").get_by_role("link", name="note.pdf")).to_be_visible()
        page.get_by_label("Lowest T-score").fill("-3.1")
        page.get_by_role("button", name="Send the changes").click()
        page.wait_for_url(f"**/requests/{case.reference}/")
    assert sorted(file.name for file in case.attachments.all() if file.revision_id) == ["mri.pdf", "note.pdf"]


def test_the_back_button_takes_no_correction_away_and_a_colleague_is_told_to_press_save(chrome, live_server):
    client = browser(clerk())
    case = sent_through_the_page(client)
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/{case.reference}/amend/")
        page.get_by_label("Lowest T-score").fill("-3.1")
        expect(page.locator("#saved")).to_contain_text("Saved at")
        page.get_by_role("button", name="Add another treatment").click()
        page.locator("[name=treatments-2-modality]").select_option("brace")
        page.locator("[name=treatments-2-name]").fill("Thoracic brace")
        page.get_by_role("link", name="Back to the request").click()  # before the page saves itself
        expect(page.get_by_role("heading", name="A correction was begun")).to_be_visible()
        aside(lambda: eventually(lambda: "Thoracic brace" in str(draft_of(case).fields), "what was typed is kept"))
        page.go_back()
        expect(page.get_by_label("Lowest T-score")).to_have_value("-3.1")
        expect(page.locator("[name=treatments-2-name]")).to_have_value("Thoracic brace")
        second = page.context.new_page()
        second.goto(page.url)
        with second.expect_response(lambda answer: answer.request.method == "POST"):
            second.locator("#id_note").fill("From another window.")
        page.get_by_label("Lowest T-score").fill("-3.2")
        expect(page.locator("#saved")).to_contain_text("press Save, and both are put together")
        page.get_by_role("button", name="Save, do not send yet").click()
        expect(page.get_by_role("heading", name="Changed meanwhile, and part of what stands below")).to_be_visible()
        page.get_by_role("button", name="Send the changes").click()
        page.wait_for_url(f"**/requests/{case.reference}/")
    sent = case.revisions.get(number=2)
    assert (sent.facts["patient"]["t_score"], sent.details["note"]) == (-3.2, "From another window.")


def test_words_of_a_page_that_acts_at_once_go_out_only_once_the_portal_answers(chrome, live_server):
    client = browser(clerk())
    case = saved_draft(client)
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/{case.reference}/withdraw/")
        reason, press = page.get_by_label("Why do you withdraw it?"), page.get_by_role("button", name="Withdraw the")
        reason.fill("Sent twice.")
        page.context.set_offline(True)
        press.click()
        expect(page.get_by_role("alert")).to_contain_text("The portal does not answer, so nothing was sent.")
        page.context.set_offline(False)
        with page.expect_response(lambda answer: answer.request.method == "POST"):  # kept while it is typed
            reason.fill("Sent twice, by mistake.")
        page.reload()
        expect(reason).to_have_value("Sent twice, by mistake.")
        press.click()
        page.wait_for_url(f"**/requests/{case.reference}/")
    case.refresh_from_db()
    assert (case.status, case.withdrawal_reason) == ("withdrawn", "Sent twice, by mistake.")
