"""A correction of what was sent: what it keeps, what it scores again, whom it stops, and who may send one."""

import datetime as dt

import pytest
from django.utils import timezone

from priorauth import audit, jobs
from priorauth.models import AuditEvent, Job, Opening
from priorauth.roles import Role
from priorauth.services import amend, score
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.services.scored import unscored
from tests import cases
from tests.admin_helpers import act, case_page, typed
from tests.cases import approve, person
from tests.factories import browser, clerk, report, sent_through_the_page
from tests.office_helpers import OPEN_STATES, claimed_by, in_review, page_of, posted, scored, shown, text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", OPEN_STATES)
def test_a_correction_keeps_status_claim_and_clock_and_is_scored_again(status):
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = in_review(client)
    OPEN_STATES[status](case, nurse)
    before = {
        name: getattr(case, name) for name in ("status", "claimed_by_id", "claimed_until", "received_at", "due_at")
    }
    payload = shown(client, case, "amend/")
    unchanged = posted(client, case, payload, "send", "amend/")
    assert "Nothing was changed, so nothing was sent." in text(unchanged)
    change = payload | {"treated": "no", "treatments-count": "1", "response": "not_recorded"}
    change = {name: value for name, value in change.items() if not name.startswith(("treatments-0", "treatments-1"))}
    presses = [posted(client, case, change, "send", "amend/")["Location"] for _ in range(2)]
    assert presses == [page_of(case)] * 2
    assert (case.revisions.count(), case.determination, case.score) == (2, "", None)
    assert "We are checking your facts" in text(client.get(page_of(case)))
    assert {name: getattr(case, name) for name in before} == before
    assert case.revisions.get(number=2).facts["treatments"] == []
    scored(case)
    assert (case.status, case.determination) == (status, "does_not_meet")
    assert {name: getattr(case, name) for name in before} == before
    events = AuditEvent.objects.filter(stream=audit.case_stream(case)).order_by("-sequence")
    assert [event.action for event in events[:2]] == ["rescore", "amend"]
    assert audit.verify_case(case) == (None, case.version)
    assert "2. Corrected" in text(client.get(page_of(case)))


def test_a_reviewer_who_has_the_case_open_is_stopped_and_told_what_changed():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case, reviewer = in_review(client), browser(nurse)
    assert "No reviewer has opened it yet." in text(client.get(page_of(case)))
    claimed_by(case, nurse)
    assert "Changed since" not in text(reviewer.get(case_page(case)))
    seen = typed("approve", case)
    opened = Opening.objects.unscoped("a test reads").get()
    assert f"Seen by a reviewer at {moment(opened.first_at)}" in text(client.get(page_of(case)))
    posted(client, case, shown(client, case, "amend/") | {"pain_score": "3"}, "send", "amend/")
    assert "Not opened since your office sent its last change." in text(client.get(page_of(case)))
    for version in (seen["version"], case.version):
        refusal = reviewer.post(act(case, "approve"), seen | {"version": version})
        assert (refusal.status_code, case.decisions.count()) == (409, 0)
    assert "being scored again" in text(refusal)
    scored(case)
    assert reviewer.post(act(case, "approve"), seen).status_code == 409
    for _ in range(2):
        page = text(reviewer.get(case_page(case)))
        assert "Changed since you last opened it (revision 1)" in page
        assert '<td data-label="Before">8</td><td data-label="Now">3</td>' in page
    assert "Changed since" not in text(browser(person(Role.LEAD)).get(case_page(case)))
    assert "Changed since" not in text(browser(person(Role.AUDITOR)).get(case_page(case)))
    assert Opening.objects.unscoped("a test counts").count() == 2, "an auditor's look is no reviewer's"
    cases.certain(case, nurse, timezone.now())
    assert reviewer.post(act(case, "approve"), typed("approve", case)).status_code == 302
    assert client.get(page_of(case, "amend/"))["Location"] == page_of(case)


def test_a_correction_before_the_first_scoring_is_scored_once_and_one_that_fails_is_shown():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = sent_through_the_page(client)
    posted(
        client, case, shown(client, case, "amend/") | {"pain_score": "9", "imaging-0-file": report()}, "send", "amend/"
    )
    assert case.attachments.get().revision.number == 2
    assert cases.score_all(timezone.now()) == 2
    case.refresh_from_db()
    assert (case.status, case.assessments.get().revision.number) == ("in_review", 2)
    assert {job.state for job in case.jobs.filter(kind="score")} == {"done"}, "the second finds nothing to do"
    posted(client, case, shown(client, case, "amend/") | {"pain_score": "7"}, "send", "amend/")

    def broken(job, now):
        raise ValueError

    at = timezone.now()
    for _ in range(jobs.MAX_ATTEMPTS):
        at += dt.timedelta(minutes=10)
        jobs.run_due(Job.Kind.SCORE, broken, score.give_up, at)
    case.refresh_from_db()
    assert (case.status, case.determination) == ("in_review", "")
    assert "This request could not be scored." in text(browser(nurse).get(case_page(case)))
    assert unscored(case) == "", "a person may decide where scoring failed for good"


def test_only_the_office_corrects_and_only_before_a_decision():
    office_clerk, nurse = clerk(), person(Role.NURSE)
    draft = cases.draft_case(office_clerk)
    case = cases.case_in_review(office_clerk)
    values = {"at": cases.NOW, "facts": cases.facts(), "details": {"note": "New."}}
    with pytest.raises(NotPermitted):
        amend.amend(case, by=nurse, **values)
    with pytest.raises(Conflict, match="not sent yet"):
        amend.amend(draft, by=office_clerk, **values)
    with pytest.raises(Incomplete):
        amend.amend(case, by=office_clerk, **(values | {"facts": cases.facts() | {"lines": []}}))
    approve(case, nurse)
    with pytest.raises(Conflict):
        amend.amend(case, by=office_clerk, **values)
    assert case.revisions.count() == 1
