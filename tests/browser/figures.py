"""`make figures`: how fast the office's and the reviewers' pages are on a slow line (G13), and what Lighthouse says of
them (G10, G12).

It prints figures and judges none: they depend on the machine. Chromium is slowed four times and gets 1.6 Mbit/s with
150 ms of delay. Lighthouse is not part of the portal; how to get it is printed where it is missing.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from playwright.sync_api import BrowserContext, Page, sync_playwright

from conftest import NO_CHROMIUM, chromium_path
from tests.browser.people import sign_in
from tests.chromium import FLAGS
from tests.running import a_demo

PAGES = {
    "clerk@harbor.example": ("requests/", "requests/new/"),
    "nurse@plan.example": ("admin/", "admin/priorauth/case/", CASE := "the first case of the queue"),
}
TIMES = 5
SLOW_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 200_000,
}  # bytes a second
READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
CATEGORIES = ("performance", "accessibility", "best-practices")
NO_LIGHTHOUSE = (
    "G10, G12: Lighthouse is missing. It needs Node.js: npm install --prefix /tmp/lighthouse lighthouse\n"
    "and then: PATH=/tmp/lighthouse/node_modules/.bin:$PATH make figures"
)


def on_a_slow_line(context: BrowserContext, url: str) -> str:
    """DOM ready with an empty cache, in milliseconds: the median and the slowest of TIMES."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    wire.send("Network.emulateNetworkConditions", SLOW_LINE)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    ready = [_ready(page, url) for _ in range(TIMES)]
    page.close()
    return f"DOM ready in {statistics.median(ready):.0f} ms, the slowest of {TIMES} in {max(ready):.0f} ms"


def _ready(page: Page, url: str) -> float:
    page.goto(url)
    return float(page.evaluate(READY))


def by_lighthouse(program: str, chromium: str, cookies: str, url: str) -> str:
    """The scores of Lighthouse's preset for phones, and its time to interactive."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as headers:
        json.dump({"Cookie": cookies}, headers)
        headers.flush()
        options = ["--output=json", "--quiet", f"--extra-headers={headers.name}"]
        options += [f"--only-categories={','.join(CATEGORIES)}", "--chrome-flags=--headless=new --no-sandbox"]
        env = os.environ | {"CHROME_PATH": chromium}
        run = subprocess.run([program, url, *options], env=env, capture_output=True, text=True, check=False)
    if run.returncode:
        return f"Lighthouse failed: {run.stderr.strip()[-500:]}"
    found = json.loads(run.stdout)
    if found["finalDisplayedUrl"] != url:
        return f"Lighthouse was led to {found['finalDisplayedUrl']}"
    scores = ", ".join(f"{name} {found['categories'][name]['score']:.2f}" for name in CATEGORIES)
    failed = [
        one["id"] for one in found["audits"].values() if one["score"] == 0 and one["scoreDisplayMode"] == "binary"
    ]
    interactive = found["audits"]["interactive"]["numericValue"]
    return f"{scores}; interactive in {interactive:.0f} ms; failed: {', '.join(failed) or 'none'}"


def measure(url: str, passwords: dict[str, str], chromium: str) -> None:
    lighthouse = shutil.which("lighthouse")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        found = []
        for email, paths in PAGES.items():
            context = browser.new_context()
            page = context.new_page()
            sign_in(page, url, email, passwords[email])
            page.wait_for_url(lambda address: "/sign-in/" not in address)
            addresses = {path: url + path if path != CASE else _first_case(page, url) for path in paths}
            cookies = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())
            found += [(path, address, cookies) for path, address in addresses.items()]
            for path, address in addresses.items():
                print(f"G13  {path}: {on_a_slow_line(context, address)}", flush=True)
        browser.close()
    for path, address, cookies in found if lighthouse else ():
        print(f"G10, G12  {path}: {by_lighthouse(lighthouse or '', chromium, cookies, address)}", flush=True)
    if not lighthouse:
        print(NO_LIGHTHOUSE)


def _first_case(page: Page, url: str) -> str:
    page.goto(f"{url}admin/priorauth/case/")
    return str(page.get_by_role("link", name="PA-").first.evaluate("link => link.href"))


def main() -> None:
    chromium = chromium_path() or sys.exit(NO_CHROMIUM)
    with a_demo("figures") as portal:
        measure(portal.url, portal.passwords, chromium)


if __name__ == "__main__":
    main()
