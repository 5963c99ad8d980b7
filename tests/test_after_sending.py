"""Messages between office and plan, and the office's page of a request in each of its states."""

import pytest
from django.urls import reverse
from django.utils import timezone

from priorauth import audit
from priorauth.admin.bar import SAVES
from priorauth.models import AuditEvent, Case, KeptPost
from priorauth.roles import Role
from priorauth.services import withdraw, write
from priorauth.services.errors import Conflict
from tests import cases
from tests.admin_helpers import act, case_page, typed
from tests.cases import approve, not_approve, person
from tests.factories import browser, clerk, saved_draft, sent_through_the_page
from tests.office_helpers import OPEN_STATES, ask_about, hand_on, in_review, page_of, scored, text

pytestmark = pytest.mark.django_db


# Messages


def test_office_and_plan_write_to_each_other_and_nobody_decides_unread():
    sender, nurse = clerk(), person(Role.NURSE)
    client, reviewer = browser(sender), browser(nurse)
    case = in_review(client)
    cases.certain(cases.claimed(case, nurse, timezone.now()), nurse, timezone.now())
    seen = typed("approve", case)
    message = {"version": case.version, "text": "The MRI was repeated.\r\nIt is coming."}
    for wrong, words in ((" ", "Write your message."), ("x" * 2001, "2,000 characters")):
        page = text(client.post(page_of(case, "message/"), message | {"text": wrong}))
        assert page.count(words) >= 2
        assert "<title>Error: " in page
    for _ in range(2):
        assert client.post(page_of(case, "message/"), message)["Location"] == page_of(case)
    stale = client.post(page_of(case, "message/"), message | {"text": "Another."})
    assert (stale.status_code, "Another." in text(stale)) == (409, True)
    assert case.messages.get().text == "The MRI was repeated.\nIt is coming."
    assert reviewer.post(act(case, "approve"), seen).status_code == 409
    for then in (*SAVES, "read?path=pain"):  # of a case page from before the message, with every mark saved
        standing = {"L1.pain_source_certain": "met", "L1.pain_source_certain.reason": cases.WORDS}
        opened = reviewer.post(act(case, "judge"), {**standing, "version": seen["version"], "then": then})
        assert (opened.status_code, "changed at" in text(opened)) == (409, True), then
    waiting = f"{reverse('admin:priorauth_case_changelist')}?view=messages"
    assert case.reference in text(reviewer.get(waiting))
    assert "<b>1</b> Messages to answer" in text(reviewer.get(reverse("admin:index")))
    assert "The MRI was repeated." in text(reviewer.get(case_page(case)))
    assert "The plan wrote to you." not in text(client.get("/requests/"))
    case.refresh_from_db()
    assert reviewer.post(act(case, "message"), typed("message", case)).status_code == 302
    assert "<b>0</b> Messages to answer" in text(reviewer.get(reverse("admin:index")))
    assert "The plan wrote to you." in text(client.get("/requests/"))
    assert "Which clinic took the MRI?" in text(client.get(page_of(case)))
    case.refresh_from_db()
    assert audit.verify_case(case) == (None, case.version)
    assert browser(clerk("Bay Pain Clinic")).post(page_of(case, "message/"), message).status_code == 404
    approve(case, nurse, timezone.now())
    with pytest.raises(Conflict):
        write.write(case, by=sender, at=timezone.now(), text="Too late.")
    page = text(client.get(page_of(case)))
    assert 'name="text"' not in page
    assert "The MRI was repeated." in page


# The case page in each state


def states():
    now = timezone.now()
    return {
        "draft": (lambda case, who: None, "Continue the draft", ["Withdraw"], ["amend/", "<svg", "reviewer"]),
        "received": (lambda case, who: None, "takes seconds", ["amend/", "Withdraw", "<svg"], ["Continue"]),
        "in_review": (lambda case, who: None, "the nurse reviewers of the plan", ["amend/", "percent of the time"], []),
        "information_needed": (ask_about, "waits for your answer", ["answer/1/", "amend/"], []),
        "with_physician": (hand_on, "with a physician of the plan", ["amend/", "Write to the plan"], ["answer/1/"]),
        "approved": (lambda case, nurse: approve(case, nurse, now), "Authorization number", [], None),
        "not_approved": (lambda case, _: not_approve(case, person(Role.PHYSICIAN), now), "N01", [], None),
        "withdrawn": (
            lambda case, _: withdraw.withdraw(case, by=clerk(), at=now, reason="Twice."),
            "Withdrawn because",
            [],
            None,
        ),
    }


@pytest.mark.parametrize("status", list(states()))
def test_the_case_page_shows_what_can_be_done_in_each_state_and_nothing_else(status):
    does, words, links, absent = states()[status]
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = saved_draft(client) if status == "draft" else sent_through_the_page(client)
    if status not in ("draft", "received"):
        scored(case)
        does(case, nurse)
    assert case.status == status
    page = text(client.get(page_of(case)))
    finished = ["amend/", "withdraw/", "answer/1/", "Write to the plan", "percent of the time"]
    assert words in page
    assert [link for link in links if link not in page] == []
    assert [link for link in (finished if absent is None else absent) if link in page] == []
    assert page.count("<h1>") == 1
    assert len(page) < 60_000
    assert "This portal sends no e-mail" in page or case.status not in OPEN_STATES
    if status not in ("draft", "received"):
        assert page.count('role="img"') == 2, "timeline and spine"


def test_a_case_that_came_by_api_or_holds_nonsense_dates_has_its_page_and_its_pictures():
    sender = clerk()
    document = cases.facts()
    document["levels"]["L1"] |= {"onset": {"earliest": "2026-10-09", "latest": "2026-01-01"}, "exam": None}
    document["treatments"] = [{"modality": "rest", "start": "2026-12-01", "end": "1999-01-01"}]
    case = cases.submit.send(cases.draft_case(sender), cases.submission(document), by=sender, at=timezone.now())
    scored(case)
    for client, address in ((browser(sender), page_of(case)), (browser(person(Role.NURSE)), case_page(case))):
        page = text(client.get(address))
        assert "the dates do not fit together" in page
    assert browser(sender).get(page_of(case, "amend/")).status_code == 200
    assert Case.objects.for_actor(sender).count() == 1


@pytest.mark.parametrize(("tail", "name", "on"), [("message/", "text", ""), ("withdraw/", "reason", "withdraw/")])
def test_words_on_a_page_that_acts_at_once_are_kept_for_their_person_until_they_are_sent(tail, name, on):
    client, other = browser(clerk()), browser(clerk())
    case = in_review(client)
    events = AuditEvent.objects.exclude(action__startswith="read_").count()

    def alone(words):
        return client.post(page_of(case, tail), {name: words}, headers={"X-Background": "1"}).status_code

    assert (alone("Half a sen"), alone("Half a sentence")) == (204, 204)
    assert (case.messages.exists(), AuditEvent.objects.exclude(action__startswith="read_").count()) == (False, events)
    assert ">\nHalf a sentence</textarea>" in text(client.get(page_of(case, on)))
    assert "Half a sentence" not in text(other.get(page_of(case, on)))
    assert alone(" ") == 204
    assert not KeptPost.objects.exists()
    assert alone("Half a sentence") == 204
    assert client.post(page_of(case, tail), {"version": case.version, name: " "}).status_code in (200, 400)
    assert KeptPost.objects.exists(), "what was refused is still to be sent"
    assert client.post(page_of(case, tail), {"version": case.version, name: "A sentence."}).status_code == 302
    assert not KeptPost.objects.exists()
