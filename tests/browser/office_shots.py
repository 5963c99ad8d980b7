"""Each page of the office for the README's gallery, reached as a person reaches it. Run twice they show the same."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.people import fill

TO_TOP = "element => element.scrollIntoView({ block: 'start' })"
DRAFT, ASKED, OPEN, DECIDED = "Irene", "Bernard", "Clara", "David"  # of the demo
INJURY = "S32.010A"

Go = Callable[[Page, str], None]


def requests(page: Page, url: str) -> None:
    page.goto(f"{url}requests/")


def new(page: Page, url: str) -> None:
    page.goto(f"{url}requests/new/")


def request_of(page: Page, url: str, first_name: str) -> str:
    """Open the request of a patient of the demo. Returns its address."""
    page.goto(f"{url}requests/?show=all")
    last_name = {DRAFT: "Imagined", ASKED: "Example", OPEN: "Madeup", DECIDED: "Placeholder"}[first_name]
    page.get_by_role("row", name=re.compile(last_name)).get_by_role("link").first.click()
    page.wait_for_url(re.compile("/requests/PA-"))
    return page.url.removesuffix("edit/")


def draft(page: Page, url: str, path: str = "edit/") -> None:
    page.goto(request_of(page, url, DRAFT) + path)


def codes(page: Page, codes: str) -> None:
    """Write the diagnosis codes of the draft and save."""
    fill(page, "ICD-10-CM codes (optional)", codes)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Nothing was sent.").wait_for()


def form(page: Page, url: str) -> None:
    draft(page, url)
    codes(page, "")
    draft(page, url)
    page.locator("#levels").evaluate(TO_TOP)


def missing(page: Page, url: str) -> None:
    draft(page, url, "edit/missing/")


def mistakes(page: Page, url: str) -> None:
    draft(page, url)
    codes(page, INJURY)
    page.get_by_role("button", name="Check and send").click()
    page.get_by_role("heading", name="Possible mistake").wait_for()


def check(page: Page, url: str) -> None:
    draft(page, url)
    codes(page, "")
    draft(page, url, "edit/check/")
    page.locator("#missing-title").evaluate(TO_TOP)


def conflict(page: Page, url: str) -> None:
    """Two windows of one draft; the second saves what the first does not know."""
    draft(page, url)
    other = page.context.new_page()
    draft(other, url)
    for window, phone in ((other, "617-555-0142"), (page, "617-555-0177")):
        fill(window, "Direct phone", phone)
        window.get_by_role("button", name="Save", exact=True).click()
        window.get_by_text("Nothing was sent." if window is other else "Two versions of this request").first.wait_for()
    other.close()


def kept(page: Page, url: str) -> None:
    """A page that is saved after its person was signed out elsewhere; they sign in again on the way."""
    new(page, url)
    fill(page, "Last name", "Synthetic")
    other = page.context.new_page()
    requests(other, url)
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(re.compile("/sign-in/"))
    other.close()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile("/sign-in/"))


def submitted(page: Page, url: str) -> None:
    page.goto(request_of(page, url, OPEN) + "submitted/")


def open_request(page: Page, url: str) -> None:
    request_of(page, url, OPEN)


def request(page: Page, url: str) -> None:
    request_of(page, url, DECIDED)


def letter(page: Page, url: str) -> None:
    request(page, url)
    page.get_by_role("region", name="Letters").get_by_role("link").first.click()


def answer(page: Page, url: str) -> None:
    request_of(page, url, ASKED)
    page.get_by_role("link", name="Answer", exact=True).click()


def behind(link: str) -> Go:
    """What a link of the open request leads to."""

    def go(page: Page, url: str) -> None:
        open_request(page, url)
        page.get_by_role("link", name=link).click()

    return go


def office(page: Page, url: str) -> None:
    page.goto(f"{url}office/")


def entry(page: Page, url: str) -> None:
    office(page, url)
    page.get_by_role("link", name="Rivera").first.click()


def person(page: Page, url: str) -> None:
    office(page, url)
    page.locator("a[href*='/office/people/']:not([href*=invite])").last.click()


def needed(page: Page, url: str) -> None:
    page.goto(f"{url}check/")
    page.get_by_role("group", name="Member's plan").get_by_label("PPO", exact=True).check()
    page.get_by_role("group", name="Setting").get_by_label("Outpatient", exact=True).check()
    fill(page, "Procedure code", "22511")
    page.get_by_role("button", name="Check", exact=True).click()


def policy(page: Page, url: str) -> None:
    page.goto(f"{url}policies/484/")


def everybodys(path: str) -> Go:
    """A page that everybody reads."""
    return lambda page, url: page.goto(url + path) and None


CLERK, ADMINISTRATOR = "clerk@harbor.example", "administrator@harbor.example"
SHOTS: dict[str, tuple[str, Go]] = {
    "list": (CLERK, requests),
    "new": (CLERK, new),
    "form": (CLERK, form),
    "check": (CLERK, check),
    "missing": (CLERK, missing),
    "mistakes": (CLERK, mistakes),
    "conflict": (CLERK, conflict),
    "submitted": (CLERK, submitted),
    "open": (CLERK, open_request),
    "answer": (CLERK, answer),
    "amend": (CLERK, behind("Correct or add facts")),
    "copy": (CLERK, behind("Copy this request")),
    "withdraw": (CLERK, behind("Withdraw this request")),
    "request": (CLERK, request),
    "letter": (CLERK, letter),
    "needed": (CLERK, needed),
    "policy": (CLERK, policy),
    "help": (CLERK, everybodys("help/")),
    "glossary": (CLERK, everybodys("glossary/")),
    "accessibility": (CLERK, everybodys("accessibility/")),
    "office": (ADMINISTRATOR, office),
    "entry": (ADMINISTRATOR, entry),
    "person": (ADMINISTRATOR, person),
    "kept": ("clerk@lakeside.example", kept),  # who is in no other picture: each of theirs would tell of it
}
