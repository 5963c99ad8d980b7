"""What an office does after sending: answer by parts, correct facts, write messages; and what each side is shown."""

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from policies import registry
from portal.web import answered
from portal.web import asked as asked_fields
from portal.web.asked import OF_A_MEASURE, OF_THE_REQUEST
from priorauth import audit, jobs
from priorauth.admin.bar import SAVES
from priorauth.models import AnswerDraft, AuditEvent, Case, ItemAnswer, Job, KeptPost, Opening
from priorauth.roles import Role
from priorauth.services import amend, answer_drafts, escalate, information, score, withdraw, write
from priorauth.services.base import moment
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.services.scored import latest_assessment, unscored
from tests import cases
from tests.admin_helpers import act, case_page, typed
from tests.cases import approve, not_approve, person
from tests.factories import browser, clerk, report, saved_draft, sent_through_the_page

pytestmark = pytest.mark.django_db
TWO_MISSING = {"imaging-0-findings-0": [], "response": "not_recorded"}
NONE = "The clinic that took it has closed."


def page_of(case, tail=""):
    return f"/requests/{case.reference}/{tail}"


def scored(case):
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return case


def in_review(client, **changes):
    return scored(sent_through_the_page(client, **changes))


def asked(client, nurse, **changes):
    case = in_review(client, **(changes or TWO_MISSING))
    now = timezone.now()
    cases.claimed(case, nurse, now)
    missing = latest_assessment(case).result["missing"]
    information.ask(case, by=nurse, at=now, question="Please complete this.", items=missing)
    return case


def shown(client, case, tail="answer/1/"):
    """What the page would post as it stands, with its versions."""
    context = client.get(page_of(case, tail)).context
    raw = context["form"].raw
    return {
        **raw,
        "version": context["case"].version,
        "answer.kept": context["kept"],
        "base.revision": context.get("base", 0),
        "answer.question": getattr(context.get("question"), "number", []),
        "files.shown": [file.pk for file in context["form"].held],
    }


def posted(client, case, payload, action, tail="answer/1/"):
    response = client.post(page_of(case, tail), payload | {"action": action})
    case.refresh_from_db()
    return response


def text(response):
    return response.content.decode()


# Answering


def test_two_people_answer_a_part_each_and_the_reviewer_sees_who_answered_what():
    first, second, nurse = clerk(), clerk(), person(Role.NURSE)
    one, two = browser(first), browser(second)
    case = asked(one, nurse)
    items = case.information_requests.get().items
    assert [item["criterion"] for item in items] == ["failed_to_respond", "imaging_nonhealing"]
    page = text(one.get(page_of(case, "answer/1/")))
    rule = "Where the report does not mention a level, tick “Not mentioned”."
    for words in ("Please complete this.", moment(case.due_at), "For the criterion:", "Did the treatment help?", rule):
        assert words in page
    assert page.count('name="response"') == 4
    kept = posted(one, case, shown(one, case) | {"response": "none"}, "keep")
    assert kept["Location"] == page_of(case, "answer/1/")
    assert (case.revisions.count(), case.status) == (1, "information_needed")
    assert not AnswerDraft.objects.for_actor(nurse).exists()
    assert "1 of 2 items, kept by" in text(two.get(page_of(case)))
    page = text(two.get(page_of(case, "answer/1/")))
    assert f"Answered by {first.name}" in page
    payload = shown(two, case) | {"answer.1.none": "1"}
    assert "Write why you do not have what was asked." in text(posted(two, case, payload, "send"))
    payload = shown(two, case) | {"answer.1.none": "1", "answer.1.words": NONE}
    assert posted(two, case, payload, "send")["Location"] == page_of(case)
    rows = [(row.item, row.not_held, row.words, row.answered_by_id) for row in case.item_answers.all()]
    assert rows == [(0, False, "", first.user_id), (1, True, NONE, second.user_id)]
    assert case.revisions.get(number=2).facts["treatment_response"] == "none"
    assert not AnswerDraft.objects.unscoped("a test counts").exists()
    scored(case)
    assert audit.verify_case(case) == (None, case.version)
    for client, address in ((browser(nurse), case_page(case)), (one, page_of(case))):
        page = text(client.get(address))
        for words in (first.name, second.name, "We do not have this.", NONE, "answered with facts or a file"):
            assert words in page


def test_an_answer_saves_itself_takes_files_alone_and_never_goes_over_what_a_colleague_kept():
    """The page goes on with the versions that its own saves and files made; another's stay in its way."""
    one, two, nurse = browser(clerk()), browser(clerk()), person(Role.NURSE)
    case = asked(one, nurse)

    def alone(client, payload, tail="answer/1/", **headers):
        return client.post(page_of(case, tail), payload, headers=headers)

    def hidden(response):
        return dict(re.findall(r'name="(version|answer.kept)" value="([0-9]+)"', text(response)))

    def drafts():
        return AnswerDraft.objects.unscoped("a test reads it")

    payload, theirs = shown(one, case), shown(two, case)
    dated = {"answer.1.words": "The MRI", "imaging-0-date": "20-Nov-2026"}
    response = alone(one, payload | dated, **{"X-Background": "1"})
    assert 'id="id_imaging-0-date_read" data-live>Read as Nov 20, 2026<' in text(response)
    assert (response.status_code, hidden(response)["answer.kept"]) == (200, "1")
    assert "Saved at" in text(response)
    response = alone(two, theirs | {"answer.1.words": "The CT"}, **{"X-Background": "1"})
    assert response.status_code == 409
    assert "Press Keep to see both" in text(response)
    assert hidden(response) == {"version": str(theirs["version"]), "answer.kept": "0"}
    assert drafts().get().items["1"]["words"] == "The MRI"

    sent = {"imaging-0-file": report(), "imaging-count": "2", "answer.question": "1"}
    response = alone(one, sent, "amend/file/")
    case.refresh_from_db()
    new = str(case.attachments.get().pk)
    assert f'name="imaging-0-attachment" value="{new}"' in text(response)
    row = {"imaging-1-file": report("ct.pdf"), "imaging-count": "2", "imaging-0-attachment": new}
    response = alone(two, row | {"answer.question": "1"}, "amend/file/")
    assert 'id="imaging-1-report"' in text(response), "a row that is not kept yet"
    assert "mri-report.pdf" not in text(response), "what the page links is no other file"
    payload |= {"answer.kept": 1, "imaging-0-attachment": new, "response": "none"}
    response = alone(one, payload, **{"X-Background": "1"})
    assert hidden(response) == {"version": str(payload["version"]), "answer.kept": "2"}
    assert drafts().get().changes["imaging-0-attachment"] == [new]
    payload |= {"answer.kept": 2, "answer.1.none": "1", "answer.1.words": NONE}
    payload |= {"files.shown": [file.pk for file in case.attachments.all()]}
    page = text(posted(one, case, payload, "send"))
    assert page.count("“We do not have this” is ticked beside an answer.") == 2, "a report, and that there is none"
    payload |= {"answer.kept": 3, "answer.1.none": []}
    assert posted(one, case, payload, "send")["Location"] == page_of(case)
    response = alone(two, theirs, **{"X-Background": "1"})
    assert response.status_code == 409
    assert "was answered" in text(response)
    withdraw.withdraw(case, by=clerk(), at=timezone.now(), reason="It is not needed.")
    assert alone(one, sent, "amend/file/").status_code == 409
    assert case.attachments.count() == 2


def test_an_answer_needs_one_item_and_what_is_left_is_asked_about_before_it_is_sent():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse)
    page = text(posted(client, case, shown(client, case), "send"))
    assert page.count("Answer at least one item, or say that you do not have it.") == 2
    assert "<title>Error: " in page
    for wrong, words in (({"answer.0.words": "x" * 501}, "500 characters"), ({"note_to_answer": "x" * 2001}, "2,000")):
        assert words in text(posted(client, case, shown(client, case) | wrong, "send_part"))
    payload = shown(client, case) | {"response": "none", "answer.0.words": "", "note_to_answer": ""}
    page = posted(client, case, payload, "send")
    assert [item.place for item in page.context["left"]] == [1]
    assert "1 of 2 items has no answer yet" in text(page)
    assert case.status == "information_needed"
    assert posted(client, case, shown(client, case), "send_part").status_code == 302
    assert (case.status, case.item_answers.count()) == ("received", 1)


MRI, LESION, PAIN = ("imaging-",), ("imaging-",), ("pain_score",)


@pytest.mark.parametrize(
    ("changes", "not_held", "wrong"),
    [
        ({"imaging-0-date": ["11/2/2026"]}, {0, 1}, {0, 1}),
        ({"imaging-0-date": ["11/2/2026"]}, {1}, set()),  # it answers the first item
        ({"pain_score": ["8"]}, {0, 2}, {2}),
        ({"pain_score": [], "imaging-count": ["2"]}, {0, 1, 2}, set()),  # taken out, and a blank row
        ({"pain_score": ["8"]}, set(), set()),
    ],
)
def test_facts_beside_we_do_not_have_this_are_asked_about_unless_they_answer_another_item(changes, not_held, wrong):
    items = [
        asked_fields.AskedItem(
            place, "?", "L1", "", prefixes=names, answered={"not_held": place in not_held, "words": "No."}
        )
        for place, names in enumerate((MRI, LESION, PAIN))
    ]
    answered.check(items, changes)
    assert {item.place for item in items if item.wrong == answered.BOTH} == wrong


def test_a_file_answers_an_item_and_a_draft_outlives_a_correction_of_other_facts():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse)
    posted(client, case, shown(client, case) | {"imaging-0-file": report()}, "keep")
    (known,) = AnswerDraft.objects.unscoped("a test reads").get().items
    assert known == "1"
    correction = shown(client, case, "amend/") | {"pain_score": "9"}
    assert posted(client, case, correction, "send", "amend/").status_code == 302
    scored(case)
    assert (case.status, case.revisions.count()) == ("information_needed", 2)
    assert posted(client, case, shown(client, case), "send_part").status_code == 302
    third = case.revisions.get(number=3)
    assert (third.facts["pain"]["score"], bool(third.details["studies"][0]["file"])) == (9, True)
    assert ItemAnswer.objects.unscoped("a test reads").get().item == 1


def test_two_who_answer_at_once_lose_nothing_and_a_clash_shows_both():
    one, two, nurse = browser(clerk()), browser(clerk()), person(Role.NURSE)
    case = asked(one, nurse)
    stale = shown(two, case)
    posted(one, case, shown(one, case) | {"response": "none", "answer.0.words": "Asked the clinic."}, "keep")
    apart = posted(two, case, stale | {"imaging-0-findings-0": ["edema"], "note_to_answer": "Hello."}, "keep")
    assert apart.status_code == 302
    draft = AnswerDraft.objects.unscoped("a test reads").get()
    assert draft.changes == {"response": ["none"], "imaging-0-findings-0": ["edema"]}
    assert (draft.items["0"]["words"], draft.note, sorted(draft.items)) == ("Asked the clinic.", "Hello.", ["0", "1"])
    assert posted(two, case, stale, "keep").status_code == 302, "one's own second window takes nothing back"
    assert AnswerDraft.objects.unscoped("a test reads").get().changes == draft.changes
    posted(one, case, shown(one, case) | {"answer.0.words": "Asked the clinic.", "note_to_answer": "Hello!"}, "keep")
    clash = posted(two, case, stale | {"response": "inadequate", "answer.0.words": "We wait."}, "keep")
    assert clash.status_code == 409
    page = text(clash)
    for words in ("What your colleague wrote", "Did the treatment help?", "Asked the clinic.", "We wait."):
        assert words in page
    again = {**stale, **clash.context["form"].raw, "answer.kept": clash.context["kept"], "answer.0.words": "We wait."}
    assert posted(two, case, again, "keep").status_code == 302
    assert AnswerDraft.objects.unscoped("a test reads").get().changes["response"] == ["inadequate"]
    withdraw.withdraw(case, by=clerk(), at=timezone.now(), reason="Treated elsewhere.")
    late = posted(one, case, again | {"note_to_answer": "Too late."}, "send")
    assert (late.status_code, "Too late." in text(late)) == (409, True)


def test_what_a_colleague_keeps_while_an_answer_is_being_sent_is_not_swept_away(monkeypatch):
    first, second = clerk(), clerk()
    client, keep = browser(first), answer_drafts.keep
    case = asked(client, person(Role.NURSE))

    def and_a_colleague(question, **kept):
        mine = keep(question, **kept)
        theirs = {"changes": {}, "items": {}, "note": "The second report comes tomorrow."}
        keep(question, by=second, at=timezone.now(), version=mine.version, **theirs)
        return mine

    monkeypatch.setattr(answer_drafts, "keep", and_a_colleague)
    payload = shown(client, case) | {"response": "none", "note_to_answer": "What we have."}
    page = posted(client, case, payload, "send_part")
    monkeypatch.undo()
    assert (page.status_code, "A colleague kept an answer" in text(page)) == (409, True)
    assert (case.status, case.revisions.count()) == ("information_needed", 1)
    page = posted(client, case, payload | {"answer.kept": 1}, "keep")
    assert (page.status_code, "The second report comes tomorrow." in text(page)) == (409, True)


def test_every_criterion_of_the_policy_leads_to_the_fields_that_answer_it():
    document = registry.governing("bcbsma-484", None).document
    assert {one.measure for one in document.criteria.values()} <= set(OF_A_MEASURE)
    client = browser(clerk())
    form = client.get(page_of(saved_draft(client), "edit/")).context["form"]
    questions = [{"criterion": name, "level": "L1", "ask": name} for name in (*document.criteria, *OF_THE_REQUEST)]
    questions.append({"criterion": "of another policy", "level": None, "ask": "?"})
    found = asked_fields.items(questions, form)
    assert all(item.names or item.prefixes for item in found[:-1])
    names = [bound.html_name for item in found for bound in item.fields]
    assert len(names) == len(set(names)), "each field stands once on the page"
    assert all(item.serves for item in found[:-1])
    elsewhere = asked_fields.items([{"criterion": "purpose", "level": "C3", "ask": "?"}], form)
    assert (elsewhere[0].fields, elsewhere[0].shared) == ([], [])


# Correcting


def claimed_by(case, nurse):
    cases.claimed(case, nurse, timezone.now())


def ask_about(case, nurse):
    claimed_by(case, nurse)
    information.ask(case, by=nurse, at=timezone.now(), question="Which level?", items=[])


def hand_on(case, nurse):
    claimed_by(case, nurse)
    escalate.escalate(case, by=nurse, at=timezone.now(), question="Is it new?", recommendation="approve")


OPEN_STATES = {"in_review": claimed_by, "information_needed": ask_about, "with_physician": hand_on}


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
