"""The portal as `make run` starts it, once for all stories, and Chromium with and without JavaScript."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.people import sign_in
from tests.running import ROOT, SUITES_OWN, Run

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass(frozen=True)
class Portal:
    url: str
    passwords: dict[str, str]
    folder: Path

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command beside the running portal, as its owner would."""
        env = {name: value for name, value in os.environ.items() if name not in SUITES_OWN}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=env | {"DATA_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    base = Path(tempfile.mkdtemp(prefix="portal-story-", dir="/tmp"))
    base.chmod(0o711)
    run = Run(base / "var")
    try:
        url = run.wait_until_up()
        passwords = dict(re.findall(r"(\S+@\S+) +(\S+)$", run.text(), re.MULTILINE))
        yield Portal(url, passwords, base / "var")
    finally:
        if run.process.poll() is None:
            run.ctrl_c()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def signed_in(request: pytest.FixtureRequest, browser: Browser, portal: Portal) -> Iterator[Callable[[str], Page]]:
    """A function that gives a person of the demo a browser of their own, signed in."""
    contexts = []

    def person(email: str) -> Page:
        context = browser.new_context(java_script_enabled=request.param)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        sign_in(page, portal.url, email, portal.passwords[email])
        return page

    yield person
    for context in contexts:
        context.close()
