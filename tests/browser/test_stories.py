"""From the office's form to the payer's export, in Chromium, on real web, worker, beat, database and broker."""

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import Clerk, Reviewer, choose, day, fill
from tests.reports import two_pages
from tests.waiting import eventually

pytestmark = pytest.mark.browser

CLERK, NURSE, PHYSICIAN = "clerk@harbor.example", "nurse@plan.example", "physician@plan.example"
PAYER, AUDITOR = "payer@plan.example", "auditor@plan.example"
REASON = "Sacroplasty is investigational for all indications under statement 4 of policy 484."


def fill_clean_request(clerk: Clerk, url: str, *, imaging: bool = True) -> None:
    clerk.start(url)
    clerk.fill_member("BXH900800701", "Story", "Synthetic")
    clerk.fill_plan()
    clerk.fill_level()
    clerk.fill_pain_and_exam()
    if imaging:
        clerk.fill_imaging()
    clerk.fill_treatments()
    clerk.fill_contact()


def wait_for_review(page: Page, url: str, reference: str) -> None:
    """Look again and again, as a clerk would, until the request is in review."""

    def in_review() -> bool:
        page.goto(f"{url}requests/{reference}/")
        return page.locator(".status-in_review").count() > 0

    eventually(in_review, f"{reference} is scored and in review")


CERTAIN = "Tender at L1 on examination, and the MRI shows edema at the same level."


def mark(reviewer: Reviewer, criterion: str, verdict: str, reason: str, then: str) -> None:
    """Mark a criterion on the case page, and go on with the button that saves it."""
    reviewer.page.locator(f'[name="{criterion}"][value="{verdict}"]').check()
    reviewer.page.locator(f'[name="{criterion}.reason"]').fill(reason)
    reviewer.press(then)


def approve(nurse: Reviewer, reference: str) -> None:
    nurse.open(reference)
    nurse.claim()
    mark(nurse, "L1.pain_source_certain", "met", CERTAIN, "Save and approve")
    expect(nurse.page.get_by_role("heading", name="The letter, as it will be sent")).to_be_visible()
    nurse.press("Confirm: approve")
    expect(nurse.page.get_by_text("Approved.")).to_be_visible()


def exported(page: Page, url: str, folder) -> list[dict[str, str]]:
    """What the payer downloads for the days around today."""
    page.goto(f"{url}payer/exports/")
    fill(page, "Decided from", day(-1))
    fill(page, "to (included)", day(1))
    page.get_by_role("button", name="Show the first rows").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("^Download")).click()
    target = folder / "export.csv"
    download.value.save_as(target)
    with target.open(newline="") as file:
        return list(csv.DictReader(file))


def audit_is_sound(portal) -> None:
    check = portal.manage("verify_audit")
    assert check.returncode == 0, check.stderr
    assert "unbroken" in check.stdout


def test_a_clean_request_is_sent_scored_approved_and_exported(portal, signed_in, tmp_path):
    clerk = Clerk(signed_in(CLERK))
    fill_clean_request(clerk, portal.url)
    clerk.check()
    expect(clerk.page.get_by_role("heading", name="What policy 484 needs: nothing is missing")).to_be_visible()
    reference = clerk.send()
    expect(clerk.page.get_by_text("Decision due by")).to_be_visible()
    wait_for_review(clerk.page, portal.url, reference)

    approve(Reviewer(signed_in(NURSE), portal.url), reference)
    clerk.page.goto(f"{portal.url}requests/{reference}/")
    expect(clerk.page.locator(".status-approved").first).to_be_visible()

    rows = [row for row in exported(signed_in(PAYER), portal.url, tmp_path) if row["reference"] == reference]
    assert [(row["outcome"], row["pathway"], row["on_time"]) for row in rows] == [("approved", "A", "true")]
    audit_is_sound(portal)

    auditor = Reviewer(signed_in(AUDITOR), portal.url)
    auditor.open(reference)
    auditor.act("Full trail")
    auditor.press("Check the chain")
    expect(auditor.page.get_by_text("unbroken")).to_be_visible()


def test_missing_imaging_is_asked_about_answered_and_approved(portal, signed_in, tmp_path):
    report = tmp_path / "mri-report.pdf"
    report.write_bytes(two_pages())  # pages that can be read: a worker may look at them before the answer is sent
    clerk, nurse = Clerk(signed_in(CLERK)), Reviewer(signed_in(NURSE), portal.url)
    fill_clean_request(clerk, portal.url, imaging=False)
    clerk.check()
    reference = clerk.send("Send with 1 item missing")
    wait_for_review(clerk.page, portal.url, reference)

    nurse.open(reference)
    expect(nurse.page.get_by_text("only a physician", exact=False).first).to_be_visible()
    nurse.claim()
    nurse.press("Save and ask")
    fill(nurse.page, "Your question, in your own words", "Please send the MRI report of L1.")
    nurse.press("Go on: read the letter")
    nurse.press("Confirm: ask for information")
    expect(nurse.page.get_by_text("The office was asked.")).to_be_visible()

    clerk.page.goto(f"{portal.url}requests/")
    expect(clerk.page.get_by_role("row", name=reference).locator(".status-information_needed")).to_be_visible()
    clerk.page.goto(f"{portal.url}requests/{reference}/")
    clerk.page.get_by_role("link", name=re.compile("Answer")).first.click()
    expect(clerk.page.get_by_text("Please send the MRI report of L1.")).to_be_visible()
    clerk.fill_imaging(file=report, under=re.compile("^1. Please send a dated MRI"))
    clerk.page.get_by_role("button", name="Send answer").click()
    clerk.page.wait_for_url(f"{portal.url}requests/{reference}/")
    wait_for_review(clerk.page, portal.url, reference)

    nurse.open(reference)
    with nurse.page.expect_download() as download:
        nurse.page.get_by_role("link", name="Download mri-report.pdf").click()
    assert download.value.path().read_bytes() == report.read_bytes()
    approve(nurse, reference)
    audit_is_sound(portal)


def test_a_sacroplasty_request_goes_to_a_physician_who_does_not_approve_it(portal, signed_in):
    clerk, nurse = Clerk(signed_in(CLERK)), Reviewer(signed_in(NURSE), portal.url)
    clerk.start(portal.url)
    clerk.fill_member("BXH900800702", "Story", "Invented")
    clerk.fill_plan("0200T", "S1", "Sacroplasty")
    clerk.fill_level("S1")
    clerk.fill_pain_and_exam()
    clerk.fill_contact()
    clerk.check()
    reference = clerk.send(re.compile("^Send"))
    wait_for_review(clerk.page, portal.url, reference)

    nurse.open(reference)
    nurse.claim()
    expect(nurse.page.get_by_role("link", name="Not approve")).to_have_count(0)
    answer = nurse.page.goto(nurse.page.url.replace("change/", "not-approve/"))
    assert answer.status == 403
    expect(nurse.page.get_by_text("physician", exact=False).first).to_be_visible()
    nurse.open(reference)
    nurse.act("Escalate to a physician")
    fill(nurse.page, "Your question to the physician", "Sacral level: please decide.")
    choose(nurse.page, "What you recommend", "Not approve")
    nurse.press("Escalate")
    expect(nurse.page.get_by_text("The case waits for a physician.", exact=True)).to_be_visible()

    physician = Reviewer(signed_in(PHYSICIAN), portal.url)
    physician.open(reference)
    physician.claim()
    physician.act("Not approve")
    choose(physician.page, "Reasons", "N03 Sacral level or sacroplasty")
    fill(physician.page, "Reason for the member", REASON)
    fill(physician.page, "Reason for the clinician", REASON)
    fill(physician.page, "What would change this decision", REASON)
    physician.press("Go on: read it once more")
    physician.press("Confirm: not approve")
    expect(physician.page.get_by_text("The decision is recorded.")).to_be_visible()

    clerk.page.goto(f"{portal.url}requests/{reference}/")
    expect(clerk.page.locator(".status-not_approved").first).to_be_visible()
    expect(clerk.page.get_by_text(REASON).first).to_be_visible()
    audit_is_sound(portal)
