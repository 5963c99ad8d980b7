"""The people of the stories, at their pages: they read labels and press buttons, as a person does."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

TODAY = dt.datetime.now(dt.UTC).date()


def day(days: int) -> str:
    """The day `days` from today, as Americans write it."""
    date = TODAY + dt.timedelta(days=days)
    return f"{date.month}/{date.day}/{date.year}"


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    page.goto(url)
    page.get_by_label("Work e-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    with page.expect_navigation():  # a page that is closed while it goes on its way never closes
        page.get_by_role("button", name="Sign out").click()


def choose(where: Any, question: str, answer: str) -> None:
    """Tick the answer of a question that has its choices in sight."""
    where.get_by_role("group", name=question).get_by_label(answer, exact=True).check()


def fill(where: Any, label: str, text: str) -> None:
    where.get_by_label(label, exact=True).fill(text)


def select(where: Any, label: str, answer: str) -> None:
    where.get_by_label(label, exact=True).select_option(label=answer)


def say_why_a_second(page: Page) -> None:
    """Where the check page asks, since the office sent one for the same member and level before."""
    because = page.get_by_label("Send a second request because")
    if because.count():
        because.fill("The story is told more than once.")


class Clerk:
    def __init__(self, page: Page) -> None:
        self.page = page

    def section(self, heading: str) -> Any:
        return self.page.get_by_role("region", name=heading)

    def start(self, url: str) -> None:
        self.page.goto(f"{url}requests/")
        self.page.get_by_role("link", name="New request").first.click()

    def fill_member(self, member_id: str, first: str, last: str) -> None:
        section = self.section("Tell us who the member is")
        fill(section, "Member ID", member_id)
        fill(section, "Date of birth", "3/14/1948")
        fill(section, "First name", first)
        fill(section, "Last name", last)
        choose(section, "Member's plan", "PPO")

    def fill_plan(
        self, code: str = "22511", level: str = "L1", technique: str = "Vertebroplasty: cement, no balloon"
    ) -> None:
        section = self.section("Tell us what is planned")
        choose(section, "Where will it be done?", "Hospital outpatient")
        fill(section, "Planned date", day(10))
        fill(section, "Procedure code", code)
        fill(section, "Levels of this line", level)
        fill(section, "Units", "1")
        select(section, "What does the note describe?", technique)
        select(section, "Treating clinician", "Alex Rivera MD, NPI 1205804119")
        select(section, "Facility", "Somewhere else")
        fill(section, "Facility's NPI", "1316905227")
        fill(section, "Facility's name", "Harbor General Hospital")
        choose(section, "How soon is a decision needed?", "Standard")

    def fill_level(self, level: str = "L1") -> None:
        section = self.section("Tell us about the fracture or lesion")
        fill(section, "Lowest T-score (optional)", "-3.0")
        choose(section, "Is osteoporosis diagnosed in the record?", "Yes")
        fill(section, "Level", level)
        select(section, "What caused it, as recorded by the clinician?", "Osteoporosis")
        choose(section, "How did it happen?", "Fall from standing height or less")
        fill(section, "When did this pain start?", day(-84))
        choose(section, "What is the procedure for?", "Treat pain that is there now")
        choose(section, "Lesion on imaging", "No lesion")

    def fill_pain_and_exam(self) -> None:
        section = self.section("Tell us about pain, walking and hospital")
        choose(section, "Is there pain from this now?", "Yes")
        fill(section, "Worst pain in the last 24 hours", "8")
        choose(section, "The pain in the clinician's word", "Severe")
        choose(section, "Walking now", "Walks with a cane or walker")
        choose(section, "Why is walking limited?", "This pain")
        choose(section, "Admitted to a hospital because of this fracture?", "No")
        exam = self.section("Tell us what the examination found")
        choose(exam, "Tenderness on examination", "Tender at this level")
        fill(exam, "Date of the examination", day(-9))
        choose(exam, "Another source of the pain", "Ruled out")

    def fill_imaging(
        self, finding: str = "Bone marrow edema", file: Path | None = None, under: Any = "Add imaging studies"
    ) -> None:
        section = self.section(under)
        select(section, "Type of study", "MRI")
        fill(section, "Date of the study", day(-12))
        section.get_by_role("group", name=re.compile("What does the report say about")).get_by_label(finding).check()
        if file:
            section.get_by_label("Report file (optional)").set_input_files(file)

    def fill_treatments(self) -> None:
        section = self.section("Add treatment tried")
        choose(section, "Was conservative treatment of this fracture tried?", "Yes, as listed below")
        first = section.get_by_role("group", name="Treatment 1")
        select(first, "What was tried?", "Pain medicine")
        fill(first, "Started", day(-83))
        choose(first, "Still going on?", "Yes")
        section.get_by_role("button", name="Add another treatment").click()
        second = self.section("Add treatment tried").get_by_role("group", name="Treatment 2")
        select(second, "What was tried?", "Physical therapy or exercise")
        fill(second, "Started", day(-70))
        fill(second, "Ended (if it has)", day(-21))
        choose(self.section("Add treatment tried"), "Did the treatment help?", "Not enough")

    def fill_contact(self) -> None:
        section = self.section("Who can we ask?")
        fill(section, "Name of the person we can ask", "Casey Morgan")
        fill(section, "Direct phone", "617-555-0142")

    def check(self) -> None:
        self.press_check()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Check and send this request")

    def check_what_may_be_odd(self) -> None:
        """The same, and stand by what is asked about, if by now anything is."""
        self.press_check()
        title = self.page.get_by_role("heading", level=1)
        expect(title).to_have_text(re.compile("^(Check and send this request|Possible mistakes?)$"))
        if title.inner_text().startswith("Possible"):
            self.page.get_by_role("button", name="right: go on").click()
        expect(title).to_have_text("Check and send this request")

    def press_check(self) -> None:
        self.page.get_by_role("button", name="Check and send").click()

    def send(self, button: str = "Send request") -> str:
        """Send the checked request. Returns its reference."""
        say_why_a_second(self.page)
        self.page.get_by_label("I have checked this against").check()
        self.page.get_by_role("button", name=button).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Request sent")
        return self.page.locator("main .reference").first.inner_text()


class Reviewer:
    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, reference: str) -> None:
        """Find the case by its reference, in whatever queue it is."""
        self.page.goto(f"{self.url}admin/priorauth/case/?view=all&q={reference}")
        self.page.get_by_role("link", name=reference).click()

    def claim(self) -> None:
        self.page.get_by_role("button", name="Claim", exact=True).click()
        expect(self.page.get_by_text("You hold this case now.")).to_be_visible()

    def act(self, link: str) -> None:
        self.page.get_by_role("link", name=link).click()

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button).click()
