"""`make screenshots`: draw the README's pictures anew, from the demo as `make run` starts it."""

import re
import sys
from collections.abc import Callable

from playwright.sync_api import Browser, Page, sync_playwright

from conftest import NO_CHROMIUM, chromium_path
from tests.browser import office_shots, reviewer_shots
from tests.browser.people import sign_in
from tests.chromium import FLAGS
from tests.running import ROOT, a_demo

PICTURES = ROOT / "docs" / "pictures"


def export(page: Page, url: str) -> None:
    page.goto(f"{url}payer/exports/")
    page.get_by_role("button", name="Show the first rows").click()


SHOTS: dict[str, tuple[str, Callable[[Page, str], None]]] = {
    **office_shots.SHOTS,
    **reviewer_shots.SHOTS,
    "export": ("payer@plan.example", export),
}


# Folder -> the window's width and height in CSS pixels.
WIDTHS = {PICTURES: (1280, 900), PICTURES / "narrow": (320, 640)}


def draw(browser: Browser, url: str, passwords: dict[str, str]) -> None:
    """Every picture in every width. Stops where a page is wider than its window: something would be cut off."""
    for email, shots in _by_person().items():
        for folder, (width, height) in WIDTHS.items():
            folder.mkdir(parents=True, exist_ok=True)
            page = browser.new_context(viewport={"width": width, "height": height}).new_page()
            sign_in(page, url, email, passwords[email])
            for name, go in shots.items():
                go(page, url)
                if "/sign-in/" in page.url:  # where the way there signs out
                    sign_in(page, page.url, email, passwords[email])
                    page.wait_for_url(re.compile("^(?!.*/sign-in/)"))
                page.locator("h1").wait_for()
                if folder != PICTURES and not page.evaluate("scrollY"):
                    page.locator("h1").evaluate(office_shots.TO_TOP)  # past the links of a narrow page
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    sys.exit(f"{name} is wider than {width} pixels")
                page.screenshot(path=folder / f"{name}.png")
                print((folder / f"{name}.png").relative_to(ROOT))


def _by_person() -> dict[str, dict[str, Callable[[Page, str], None]]]:
    people: dict[str, dict[str, Callable[[Page, str], None]]] = {}
    for name, (email, go) in SHOTS.items():
        people.setdefault(email, {})[name] = go
    return people


def main() -> None:
    chromium = chromium_path() or sys.exit(NO_CHROMIUM)
    with a_demo("shots") as portal, sync_playwright() as playwright:
        draw(playwright.chromium.launch(executable_path=chromium, args=FLAGS), portal.url, portal.passwords)


if __name__ == "__main__":
    main()
