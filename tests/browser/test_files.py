"""Each hostile file that the portal stores, opened in Chromium by its own address: nothing in it runs (B4)."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from priorauth.services.attach import MAX_CASE_BYTES, MAX_FILE_BYTES
from tests.browser.people import Clerk, Reviewer, sign_in
from tests.browser.test_stories import CLERK, NURSE, fill_clean_request
from tests.hostile_files import Sent, hostile, pdf
from tests.running import ROOT

pytestmark = pytest.mark.browser

FILES_OF_A_REQUEST = 10
# Those with something in them that could run; names are tried by the form's own tests.
ACTIVE = ("PDF with JavaScript", "PDF that starts a program", "page between the ends of a PDF")
ACTIVE += ("PNG with a page in its text", "JPG with a page in its EXIF", "name with markup")


class Canary:
    """A server that a script would call, if one ran."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        calls = self.calls

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join(10)
    made.server.server_close()


@pytest.fixture
def pages(browser: Browser, portal) -> Iterator[dict[str, Page]]:
    """A browser of their own, with scripts, for the clerk and the nurse."""
    contexts = {email: browser.new_context() for email in (CLERK, NURSE)}
    found = {}
    for email, context in contexts.items():
        found[email] = context.new_page()
        sign_in(found[email], portal.url, email, portal.passwords[email])
    yield found
    for context in contexts.values():
        context.close()


def add(page: Page, file: Sent) -> None:
    """Choose a file in the form, as a person does, and save."""
    upload = {"name": file.name, "mimeType": file.declared, "buffer": file.content}
    page.get_by_label("Another paper, such as a therapy note").set_input_files(upload)
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text("Nothing was sent.")).to_be_visible()


def open_directly(page: Page, address: str) -> bytes:
    """Type the address; the browser must keep the bytes as a file and show nothing. Returns them."""
    shown: list[str] = []

    def note(frame: Frame) -> None:
        shown.append(frame.url)

    page.goto("about:blank")
    page.on("framenavigated", note)
    with page.expect_download() as download:
        page.evaluate("address => { location.href = address }", address)
    page.remove_listener("framenavigated", note)
    assert shown == [], "no page was made of it"
    assert page.url == "about:blank"
    assert page.title() == ""
    return Path(download.value.path()).read_bytes()


def test_no_stored_file_runs_when_its_address_is_opened(pages, portal, canary):
    files = [file for file in hostile(canary.url) if file.id in ACTIVE]
    assert len(files) == len(ACTIVE) <= FILES_OF_A_REQUEST
    clerk = Clerk(pages[CLERK])
    fill_clean_request(clerk, portal.url)
    for file in files:
        add(clerk.page, file)
    office = [link.get_attribute("href") for link in clerk.page.locator("ul.files a").all()]
    clerk.check_what_may_be_odd()
    reference = clerk.send("Send request")
    reviewer = Reviewer(pages[NURSE], portal.url)
    reviewer.open(reference)
    originals = reviewer.page.locator("#evidence-files").get_by_role("link", name="Download")
    plan = [link.get_attribute("href") for link in originals.all()]
    for page, addresses in ((clerk.page, office), (reviewer.page, plan)):
        got = [open_directly(page, portal.url.rstrip("/") + address) for address in addresses]
        assert sorted(got) == sorted(file.content for file in files)
    assert canary.calls == []


def test_the_canary_sings_where_a_page_may_run(browser, canary):
    """Else its silence above would prove nothing."""
    content = next(file.content for file in hostile(canary.url) if file.id == "HTML as HTML")
    page = browser.new_page()
    page.route("**/evil", lambda route: route.fulfill(body=content, content_type="text/html"))
    with page.expect_response(lambda response: response.url.startswith(canary.url)):
        page.goto(f"{canary.url}evil")
    assert page.title() == "owned"
    page.close()


def test_a_file_that_is_too_large_is_refused_when_it_is_chosen(pages, portal, tmp_path):
    """Sent, it could cost what was typed. A file is refused alone, and several for their sum."""
    template = (ROOT / "templates" / "parts" / "file.html").read_text()
    assert f'data-most-bytes="{MAX_FILE_BYTES}" data-most-bytes-together="{MAX_CASE_BYTES}"' in template
    page = pages[CLERK]
    page.route("**/edit/file/", lambda _: None)  # what is chosen stays on its way, so that it is counted
    page.goto(f"{portal.url}requests/new/")
    other = page.get_by_label("Another paper, such as a therapy note")
    report = page.get_by_label("Report file (optional)")
    sizes = {"large": MAX_FILE_BYTES + 1, "half": MAX_CASE_BYTES // 2 + 1, "small": len(pdf())}
    for name, size in sizes.items():
        with (tmp_path / f"{name}.pdf").open("wb") as file:
            file.truncate(size)
    other.set_input_files(tmp_path / "large.pdf")
    expect(page.get_by_role("alert").filter(has_text="The file must be 25 MB or smaller.")).to_be_visible()
    expect(other).to_have_value("")
    report.set_input_files(tmp_path / "half.pdf")
    other.set_input_files(tmp_path / "half.pdf")
    expect(page.get_by_role("alert").filter(has_text="The files of one request can be 40 MB together.")).to_be_visible()
    expect(other).to_have_value("")
    expect(report).not_to_have_value("")
    other.set_input_files(tmp_path / "small.pdf")
    expect(other).not_to_have_value("")
