"""The plan's pages for the README's gallery, reached as a person reaches them. Run twice they show the same."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.people import fill

Go = Callable[[Page, str], None]

HELD, ASKABLE, ESCALATED, EXTENDABLE = "Fabricated", "Nowhere", "Fictional", "Imaginary"  # of the demo
CERTAIN = "Tender at L1 on examination, and the MRI shows edema at the same level."


def at(path: str) -> Go:
    """The page at an address of the admin."""
    return lambda page, url: page.goto(f"{url}admin/{path}") and None


def open_case(page: Page, url: str, last_name: str) -> str:
    """Open a case of the demo by its member. Returns the address under which its acts are."""
    page.goto(f"{url}admin/priorauth/case/?view=open")
    page.get_by_role("row", name=re.compile(last_name)).get_by_role("link").first.click()
    page.wait_for_url(re.compile("/change/"))
    return page.url.partition("change/")[0]


def held(page: Page, url: str, last_name: str) -> str:
    """Open a case and hold it."""
    base = open_case(page, url, last_name)
    claim = page.get_by_role("button", name="Claim", exact=True)
    if claim.count():
        claim.first.click()
        page.get_by_text("You hold this case now.").wait_for()
    page.goto(f"{base}change/")  # without the message
    return base


def marked(page: Page, url: str) -> str:
    """The case that was handed over, with its marks. Returns the address under which its acts are."""
    base = held(page, url, HELD)
    page.locator("[name='L1.pain_source_certain'][value=met]").check()
    page.locator("[name='L1.pain_source_certain.reason']").fill(CERTAIN)
    return base


def case(page: Page, url: str) -> None:
    marked(page, url)
    page.get_by_role("button", name="Save marks").click()
    page.get_by_role("status").first.wait_for()
    page.goto(page.url.replace("judge/", "change/"))


def evidence(page: Page, url: str) -> None:
    held(page, url, HELD)
    page.get_by_role("link", name=re.compile("page 2")).first.click()
    page.locator(".bench.reading #evidence img").wait_for()
    page.wait_for_function("document.querySelector('#evidence img').complete")


def viewer(page: Page, url: str) -> None:
    base = open_case(page, url, HELD)
    page.goto(page.locator("a[href*='/view/']").first.evaluate("a => a.href"))
    assert page.url.startswith(base)


def approve(page: Page, url: str) -> None:
    marked(page, url)
    page.get_by_role("button", name="Save and approve").click()
    page.get_by_role("heading", name="The letter, as it will be sent").wait_for()


def ask(page: Page, url: str) -> None:
    page.goto(held(page, url, ASKABLE) + "ask/")


def escalate(page: Page, url: str) -> None:
    page.goto(held(page, url, HELD) + "escalate/")


def not_approve(page: Page, url: str) -> None:
    page.goto(held(page, url, ESCALATED) + "not-approve/")


def extend(page: Page, url: str) -> None:
    page.goto(held(page, url, EXTENDABLE) + "extend/")
    fill(page, "By how many calendar days", "5")
    page.get_by_label("More evidence is needed").check()
    fill(page, "Your reason", "A bone scan is on its way, and could show which level hurts.")
    page.get_by_role("button", name=re.compile("^Go on")).click()
    page.get_by_role("heading", name="The letter, as it will be sent").wait_for()


def conflicts(page: Page, url: str) -> None:
    page.goto(f"{url}admin/priorauth/case/conflicts/")
    if page.get_by_text("None is declared.").count():
        fill(page, "Or of the clinician with this NPI", "1316007792")
        page.get_by_role("button", name="Declare").click()
    page.goto(f"{url}admin/priorauth/case/conflicts/")


def find(page: Page, url: str) -> None:
    page.goto(f"{url}admin/priorauth/case/find/")
    page.get_by_label("Reference, member ID").fill(HELD)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name="Found").wait_for()


def replay(page: Page, url: str) -> None:
    page.goto(f"{url}admin/priorauth/replay/")
    page.locator("#result_list th a, table th a").first.click()


def trail(page: Page, url: str) -> None:
    page.goto(f"{url}admin/priorauth/case/?view=decided")
    page.get_by_role("link", name="PA-").first.click()
    page.get_by_role("link", name="Full trail").click()


NURSE, LEAD, PHYSICIAN, AUDITOR = (f"{who}@plan.example" for who in ("nurse", "lead", "physician", "auditor"))
SHOTS: dict[str, tuple[str, Go]] = {
    "board": (NURSE, at("")),
    "queue": (NURSE, at("priorauth/case/?view=open")),
    "case": (NURSE, case),
    "evidence": (NURSE, evidence),
    "viewer": (NURSE, viewer),
    "approve": (NURSE, approve),
    "ask": (NURSE, ask),
    "escalate": (NURSE, escalate),
    "extend": (NURSE, extend),
    "find": (NURSE, find),
    "lead": (LEAD, at("")),
    "limits": (LEAD, at("priorauth/regimeuse/")),
    "editions": (LEAD, at("priorauth/editionuse/")),
    "replay": (LEAD, replay),
    "not-approve": (PHYSICIAN, not_approve),
    "physician": (PHYSICIAN, lambda page, url: held(page, url, ESCALATED) and None),
    "conflicts": (PHYSICIAN, conflicts),
    "trail": (AUDITOR, trail),
    "keys": ("administrator@plan.example", at("priorauth/apikey/")),
}
