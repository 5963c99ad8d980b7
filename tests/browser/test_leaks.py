"""A patient goes through the whole portal, with faults on the way; afterwards her name is looked for everywhere.

P1: logs, broker, addresses, referrers, arguments of processes, files outside the data, the browser's own storage.
P6: after signing out, the back button shows no patient. P7: no page asks anything of another host.
"""

import base64
import json
import re
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from priorauth.models import Job
from tests.browser.people import Clerk, Reviewer, fill, sign_in, sign_out
from tests.browser.staying import at_home
from tests.browser.test_stories import CLERK, NURSE, PAYER, approve, exported, fill_clean_request, wait_for_review
from tests.chromium import FLAGS
from tests.running import Portal
from tests.soak import figure, report
from tests.waiting import eventually

pytestmark = pytest.mark.browser

MEMBER_ID, FIRST, LAST = "QZX998877665", "Zephyrine", "Quillfeather"
BORN = ("1931-07-19", "7/19/1931", "07/19/1931", "Jul 19, 1931")
QUESTION, NOTE = "Is the quokka lantern real?", "The wombat sundial is real."
IMPRESSION = "Edema beside the heron clock."
WORDS = (MEMBER_ID, FIRST, LAST, *BORN, "quokka", "wombat", "heron clock")
DATABASE_AND_FILES = {"postgres", "media"}
STRAY = "<img src='https://elsewhere.example/x.png'>"
LARGEST = 5_000_000  # bytes of a file that is read


@dataclass
class Watch:
    """What is seen from outside while the story goes on."""

    broker: list[str] = field(default_factory=list)
    arguments: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)

    def everything(self) -> Iterator[tuple[str, str]]:
        yield from (("the broker", line) for line in self.broker)
        yield from (("a process", line) for line in self.arguments)
        yield from (("an address or a referrer", line) for line in self.addresses)


def settings_of(portal: Portal) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (portal.folder / "env").read_text().splitlines())


@contextmanager
def watching(portal: Portal) -> Iterator[Watch]:
    """Listen to the broker, and look at the processes of this machine again and again."""
    watch, over = Watch(), threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            watch.arguments |= set(arguments())

    threads = [threading.Thread(target=look), threading.Thread(target=listen, args=(portal, watch, over))]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        over.set()
        for thread in threads:
            thread.join(20)


def listen(portal: Portal, watch: Watch, over: threading.Event) -> None:
    """Every command that reaches the broker (MONITOR), and at the end all that it holds."""
    url = settings_of(portal)["REDIS_URL"]
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=0.5) as line:
        line.sendall((f"AUTH {place.password}\r\n" if place.password else "").encode() + b"MONITOR\r\n")
        while not over.is_set():
            with suppress(TimeoutError):
                watch.broker.append(line.recv(1_000_000).decode(errors="replace"))
    with closing(redis.Redis.from_url(url)) as client:
        watch.broker += [f"{key!r} {client.dump(key)!r}" for key in client.scan_iter()]


def arguments() -> Iterator[str]:
    """The command lines of all processes but browsers: those are told what a person types."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield place.read_bytes().replace(b"\0", b" ").decode(errors="replace")


@contextmanager
def broken(portal: Portal, table: str) -> Iterator[None]:
    """No row can be added to `table`; PostgreSQL quotes each that it refuses."""
    password = (portal.folder / "postgres" / "password").read_text().strip()
    place = urlsplit(settings_of(portal)["DATABASE_URL"]).netloc.rpartition("@")[2]
    with closing(psycopg.connect(f"postgres://portal:{password}@{place}/portal", autocommit=True)) as connection:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT planted_fault CHECK (false) NOT VALID")
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT planted_fault")


def opened(browser: Browser, portal: Portal, email: str, watch: Watch | None = None) -> Page:
    context = browser.new_context()
    page = context.new_page()
    if watch:
        page.on("request", lambda request: watch.addresses.add(f"{request.url} {request.headers.get('referer', '')}"))
    sign_in(page, portal.url, email, portal.passwords[email])
    return page


def fill_in(clerk: Clerk, portal: Portal) -> None:
    fill_clean_request(clerk, portal.url)
    clerk.fill_member(MEMBER_ID, FIRST, LAST)
    fill(clerk.section("Tell us who the member is"), "Date of birth", BORN[1])
    clerk.page.locator("[name=imaging-0-impression]").fill(IMPRESSION)


def through_the_portal(browser: Browser, portal: Portal, watch: Watch, folder: Path) -> list[Page]:
    """Sent, scored, asked about, answered, approved, exported; the sending and the scoring fail at first."""
    clerk = Clerk(opened(browser, portal, CLERK, watch))
    fill_in(clerk, portal)
    clerk.check()
    with broken(portal, "priorauth_member"):
        clerk.page.get_by_label("I have checked this against").check()
        clerk.page.get_by_role("button", name="Send request").click()
        expect(clerk.page.get_by_role("heading", level=1)).to_have_text("Something went wrong on our side")
        assert told(clerk.page) == []
    clerk.page.go_back()
    with broken(portal, "priorauth_assessment"):
        reference = clerk.send()
        eventually(lambda: "failed, try" in log_of(portal, "worker"), "the scoring failed once")
    wait_for_review(clerk.page, portal.url, reference)
    nurse = Reviewer(opened(browser, portal, NURSE, watch), portal.url)
    nurse.open(reference)
    nurse.claim()
    nurse.press("Save and ask")
    fill(nurse.page, "Your question, in your own words", QUESTION)
    nurse.press("Go on: read the letter")
    nurse.press("Confirm: ask for information")
    clerk.page.goto(f"{portal.url}requests/{reference}/")
    clerk.page.get_by_role("link", name=re.compile("Answer")).first.click()
    clerk.page.locator("#note_to_answer").fill(NOTE)
    clerk.page.get_by_role("button", name="Send answer").click()
    clerk.page.wait_for_url(f"{portal.url}requests/{reference}/")
    wait_for_review(clerk.page, portal.url, reference)
    clerk.page.goto(f"{portal.url}requests/")
    clerk.page.locator("#sought").fill(LAST)
    clerk.page.keyboard.press("Enter")
    expect(clerk.page.get_by_text(reference).first).to_be_visible()
    approve(nurse, reference)
    payer = opened(browser, portal, PAYER, watch)
    assert reference in {row["reference"] for row in exported(payer, portal.url, folder)}
    return [clerk.page, nurse.page, payer]


def told(page: Page) -> list[str]:
    return [word for word in WORDS if word in page.content()]


def log_of(portal: Portal, name: str) -> str:
    return (portal.folder / "log" / f"{name}.log").read_text(errors="replace")


def stored_in_the_browser(page: Page) -> str:
    """All that a page may keep: both storages, the names of databases and caches, and the cookies."""
    kept = page.evaluate(
        """async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,
          await indexedDB.databases(), await caches.keys()])"""
    )
    return f"{kept} {page.context.cookies()}"


def files_outside(portal: Portal, since: float) -> Iterator[tuple[str, str]]:
    """What the portal wrote beside database and attachments, and every new small file among the temporary ones."""
    ours = [file for part in portal.folder.iterdir() if part.name not in DATABASE_AND_FILES for file in below(part)]
    temporary = [file for file in below(Path(tempfile.gettempdir())) if not file.is_relative_to(portal.folder)]
    for file in [*ours, *temporary]:
        with suppress(OSError):
            status = file.stat()
            if status.st_size < LARGEST and (file in ours or status.st_mtime >= since):
                yield str(file), file.read_bytes().decode(errors="replace")


def below(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    found = []
    with suppress(OSError):
        found = [file for file in place.rglob("*") if file.is_file() and not file.is_symlink()]
    return found


def arguments_of_tasks(watch: Watch) -> set[str]:
    """Everything that Celery's messages gave their tasks, by position and by name."""
    bodies = re.findall(r'\\"body\\": \\"([\w+/=]+)', " ".join(watch.broker))
    assert bodies, "the broker was listened to"
    given = [json.loads(base64.b64decode(body)) for body in bodies]
    return {str(value) for positional, named, _ in given for value in [*positional, *named.values()]}


def test_a_patient_is_nowhere_but_in_the_database_the_files_and_the_answers(portal, browser, tmp_path):
    since = time.time()
    with watching(portal) as watch:
        pages = through_the_portal(browser, portal, watch, tmp_path)
        kept = [("the browser", stored_in_the_browser(page)) for page in pages]
        for page in pages:
            sign_out(page)
            page.context.close()
    seen = [*watch.everything(), *kept, *files_outside(portal, since)]
    found = {(where, word) for where, text in seen for word in WORDS if word in text}
    assert {place for place in found if not place[0].startswith(str(tmp_path))} == set()
    for name, trace in (("postgres", "planted_fault"), ("web", "IntegrityError"), ("worker", "IntegrityError")):
        assert trace in log_of(portal, name), f"the fault stands in the log of {name}"
    assert {"score"} <= arguments_of_tasks(watch) <= {*Job.Kind.values}, "P3: a message carries a kind, and no more"
    report("P1", f"{len(seen):,} places searched for {len(WORDS)} words", "0 found")


@pytest.fixture
def keeping(browser, chromium) -> Iterator[Browser]:
    """A Chromium that keeps the pages it leaves for the back button, as people's do and a driven one does not."""
    unusual = ["--disable-back-forward-cache"]
    kept = browser.browser_type.launch(executable_path=chromium, args=FLAGS, ignore_default_args=unusual)
    yield kept
    kept.close()


CAME_BACK = """() => document.readyState === 'complete' && (location.pathname !== '/sign-in/' ||
  performance.getEntriesByType('navigation')[0].type === 'back_forward')"""


def test_after_signing_out_the_back_button_shows_no_patient(portal, keeping):
    page = opened(keeping, portal, CLERK)
    page.goto(f"{portal.url}requests/")
    row = page.locator("tbody tr").first
    name, link = re.search(r"[A-Z]\. ([A-Z]\w+)", row.inner_text())[1], row.locator("a").first.get_attribute("href")
    for _ in range(figure(20)):
        page.goto(f"{portal.url}{link.lstrip('/')}")
        assert name in page.content()
        sign_out(page)
        expect(page.get_by_label("Password", exact=True)).to_be_visible()
        page.evaluate("history.back()")
        page.wait_for_function(CAME_BACK)
        assert name not in page.content()
        sign_in(page, portal.url, CLERK, portal.passwords[CLERK])
    report("P6", f"{figure(20)} times signed out and back", "0 patients shown")


def test_a_page_that_asks_another_host_is_noticed(browser):
    with ExitStack() as stack:
        stack.enter_context(at_home())
        page = browser.new_page()
        page.route("**/*", lambda route: route.fulfill(body=STRAY, content_type="text/html"))
        with page.expect_request("https://elsewhere.example/x.png"):
            page.goto("http://127.0.0.1:9/")
        with pytest.raises(AssertionError, match="another host"):
            stack.pop_all().close()
        page.close()
