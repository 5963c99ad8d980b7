"""A file belongs to the correction or to the answer in which it was chosen until that is sent (decision 53)."""

import importlib
import re
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from portal.web.intake import OTHER_FILES
from priorauth import audit
from priorauth.models import AnswerDraft, Attachment, AuditEvent, Case, Draft
from priorauth.roles import Actor, Role
from priorauth.services import answer_drafts, attach, expire, information, withdraw, write
from tests import cases
from tests.admin_helpers import act, case_page, typed
from tests.cases import person
from tests.factories import browser, clerk, report, sent_through_the_page, study_row
from tests.forms_in_pages import form_to
from tests.office_helpers import asked, in_review, page_of, text

pytestmark = pytest.mark.django_db
AMEND, ANSWER, DISCARD = "amend/", "answer/1/", "amend/discard/"
STUDY = {"imaging-count": "2", **study_row(1)}


def form_on(client, case, tail):
    return form_to(client.get(page_of(case, tail)), page_of(case, tail)).fields


def post(client, case, tail, action="", form=None, **changes):
    form = form_on(client, case, tail) if form is None else form
    response = client.post(page_of(case, tail), {**form, "action": action, **changes})
    case.refresh_from_db()
    return response


def names(case, **of):
    return [file.name for file in case.attachments.filter(**of).order_by("name")]


def held(case):
    """What the case page says of each file that was not sent."""
    return {file.name: place for file, place in browser(clerk()).get(page_of(case)).context["held"]}


def test_each_file_goes_with_what_it_was_chosen_in_and_until_then_only_its_office_has_it():
    one, other, nurse = browser(clerk()), browser(clerk()), person(Role.NURSE)
    case = asked(one, nurse)
    post(one, case, AMEND, "keep", other_file=report("note.pdf"))
    post(other, case, ANSWER, "keep", **STUDY, **{"imaging-1-file": report("mri.pdf")})
    assert held(case) == {"note.pdf": "In the correction.", "mri.pdf": "In the answer to question 1."}
    for tail, mine, not_mine in ((AMEND, "note.pdf", "mri.pdf"), (ANSWER, "mri.pdf", "note.pdf")):
        page = text(other.get(page_of(case, tail)))
        assert (mine in page, not_mine in page) == (True, False)
    reviewer, files = browser(nurse), list(case.attachments.all())
    assert re.findall(r"note\.pdf|mri\.pdf", text(reviewer.get(case_page(case)))) == []
    assert not Attachment.objects.for_actor(nurse).exists()
    assert {reviewer.get(f"{case_page(case)[:-7]}files/{file.pk}/").status_code for file in files} == {404}

    assert post(one, case, ANSWER, "send_part")["Location"] == page_of(case)
    assert (names(case, revision__number=2), names(case, revision=None)) == (["mri.pdf"], ["note.pdf"])
    (sent,) = case.attachments.filter(revision__number=2)
    assert case.revisions.get(number=2).details["files"] == [str(sent.pk)]
    event = AuditEvent.objects.filter(stream=audit.case_stream(case), action="answer").get()
    assert event.entities["attachments"] == [str(sent.pk)]
    assert post(other, case, AMEND, "send")["Location"] == page_of(case)
    assert (names(case, revision__number=3), held(case)) == (["note.pdf"], {})
    trail = text(browser(person(Role.LEAD)).get(f"{case_page(case)[:-7]}trail/"))
    assert f"revision 2, question 1, files {str(sent.pk)[:8]}" in trail
    assert audit.verify_case(case) == (None, case.version)


MEANWHILE = {
    "a file is added": True,
    "a file is added and removed": True,
    "a message is written": False,
    "a file is added and sent": False,
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_a_reviewers_form_does_not_go_stale_by_what_is_not_sent(what):
    client, nurse = browser(clerk()), person(Role.NURSE)
    case, now = in_review(client), timezone.now()
    cases.claimed(case, nurse, now)
    cases.certain(case, nurse, now)
    seen = typed("approve", case)
    post(client, case, AMEND, "keep", other_file=report("note.pdf"))
    if "removed" in what:
        post(client, case, AMEND, remove_file=str(case.attachments.get().pk))
        assert not case.attachments.exists()
    if "sent" in what:
        post(client, case, AMEND, "send")
    if "message" in what:
        write.write(case, by=Actor.of(case.created_by), at=now, text="Please wait.")
    answer = browser(nurse).post(act(case, "approve"), seen)
    case.refresh_from_db()
    assert (answer.status_code == 302, case.status == "approved") == (MEANWHILE[what],) * 2
    assert audit.verify_case(case) == (None, case.version)
    if "added" in what and MEANWHILE[what]:
        assert held(case) == ({} if "removed" in what else {"note.pdf": "In the correction."})
        assert ("the plan never saw them" in text(client.get(page_of(case)))) == ("removed" not in what)


@pytest.mark.parametrize("tail", [AMEND, ANSWER])
def test_no_file_is_sent_that_the_page_did_not_show_and_a_removed_one_stays_removed(tail):
    one, other = browser(clerk()), browser(clerk())
    case = asked(one, person(Role.NURSE))
    changes = {"pain_score": "9"} if tail == AMEND else {"response": "none"}
    send = "send" if tail == AMEND else "send_part"
    post(one, case, tail, "keep", **changes, other_file=report("first.pdf"))
    seen = form_on(one, case, tail)
    post(other, case, tail, "keep", other_file=report("second.pdf"))
    page = post(one, case, tail, send, seen)
    assert (page.status_code, OTHER_FILES in text(page), case.revisions.count()) == (409, True, 1)
    seen = form_to(page, page_of(case, tail)).fields
    first = case.attachments.get(name="first.pdf")
    post(other, case, tail, remove_file=str(first.pk))
    page = post(one, case, tail, send, seen)
    assert (page.status_code, "first.pdf" in text(page), case.revisions.count()) == (409, False, 1)
    seen = form_to(page, page_of(case, tail)).fields
    assert post(one, case, tail, send, seen, other_file=report("third.pdf"))["Location"] == page_of(case)
    assert names(case, revision__number=2) == ["second.pdf", "third.pdf"], "what a post brings, its page knows"
    assert audit.verify_case(case) == (None, case.version)


def test_a_correction_is_discarded_with_all_its_files_and_with_no_other():
    one, other = browser(clerk()), browser(clerk())
    case = asked(one, person(Role.NURSE))
    post(one, case, AMEND, "keep", other_file=report("note.pdf"))
    post(one, case, ANSWER, "keep", other_file=report("mri.pdf"))
    ask = one.get(page_of(case, DISCARD))
    assert ("note.pdf" in text(ask), "mri.pdf" in text(ask)) == (True, False)
    form = form_to(ask, page_of(case, DISCARD)).fields
    alone = {"other_file": report("more.pdf")}
    assert other.post(page_of(case, "amend/file/"), alone).status_code == 200
    assert post(one, case, DISCARD, form=form).status_code == 409, "that one was not read"
    assert post(one, case, DISCARD)["Location"] == page_of(case)
    assert names(case) == ["mri.pdf"]
    actions = AuditEvent.objects.filter(stream=audit.case_stream(case)).values_list("action", flat=True)
    assert (list(actions).count("attach"), list(actions).count("detach")) == (3, 2)


def test_files_of_an_answer_that_nobody_sent_are_told_and_go_with_a_correction():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse)
    post(client, case, ANSWER, "keep", other_file=report("mri.pdf"))
    before = form_on(client, case, ANSWER)
    question = case.information_requests.get()
    assert expire.sweep(question.answer_by) == 1
    late = post(client, case, ANSWER, "send", before, other_file=report("late.pdf"))
    assert (late.status_code, attach.ENDED in text(late), names(case)) == (409, True, ["mri.pdf"])
    assert held(case) == {"mri.pdf": "From an answer to question 1 that was not sent: now in the correction."}
    assert "mri.pdf" in text(client.get(page_of(case, "withdraw/")))
    assert post(client, case, AMEND, "send")["Location"] == page_of(case)
    assert names(case, revision__number=2) == ["mri.pdf"]


@pytest.mark.parametrize("ended_by", ["a program", "time"])
def test_what_a_person_keeps_of_an_answer_outlives_a_programs_answer_and_the_time_to_answer(ended_by):
    one, other, nurse = browser(clerk()), browser(clerk()), person(Role.NURSE)
    case = asked(one, nurse)
    said = {"response": "none", "answer.1.words": "The clinic looks for it.", "note_to_answer": "More on Friday."}
    post(one, case, ANSWER, "keep", other_file=report("mri.pdf"), **said)
    open_elsewhere = form_on(other, case, ANSWER)
    if ended_by == "time":
        assert expire.sweep(case.information_requests.get().answer_by) == 1
    else:
        information.answer(case, by=Actor.of(case.created_by), at=timezone.now(), note="We have no more.")
    late = post(other, case, ANSWER, "send", open_elsewhere, note_to_answer="Typed last.")
    assert (late.status_code, "its time ended" in text(late), "Typed last." in text(late)) == (409, True, True)
    assert (names(case, revision=None), "mri.pdf" in text(one.get(page_of(case, AMEND)))) == (["mri.pdf"], True)
    assert "Another answer was begun and not sent" in text(other.get(page_of(case)))
    page = text(other.get(page_of(case, ANSWER)))
    for words in ("Did the treatment help?", "The clinic looks for it.", "More on Friday.", "Nothing of it was sent:"):
        assert words in page
    post(other, case, AMEND, "keep", pain_score="9")
    assert post(other, case, ANSWER, "correct")["Location"] == page_of(case, AMEND)
    fields = Draft.objects.unscoped("a test reads").get(case=case).fields
    assert (fields["response"], fields["pain_score"]) == (["none"], ["9"]), "beside what a colleague corrected"
    seen = form_on(one, case, ANSWER)
    assert post(one, case, ANSWER, "discard", seen, **{"answer.kept": "9"}).status_code == 409
    assert post(one, case, ANSWER, "discard", seen)["Location"] == page_of(case)
    assert not AnswerDraft.objects.unscoped("a test reads").exists()
    assert one.get(page_of(case, ANSWER))["Location"] == page_of(case)


@pytest.mark.parametrize("ended", ["approved", "withdrawn"])
def test_what_can_no_longer_be_sent_is_discarded_in_one_press(ended, django_capture_on_commit_callbacks):
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse) if ended == "withdrawn" else in_review(client)
    post(client, case, AMEND, "keep", pain_score="9", other_file=report("note.pdf"))
    if ended == "withdrawn":
        post(client, case, ANSWER, "keep", other_file=report("mri.pdf"))
        withdraw.withdraw(case, by=clerk(), at=timezone.now(), reason="Treated elsewhere.")
    else:
        cases.approve(case, nurse, timezone.now())
    case.refresh_from_db()
    due, stored = case.due_at, [file.file.path for file in case.attachments.all()]
    assert page_of(case, DISCARD) in text(client.get(page_of(case)))
    form = form_on(client, case, DISCARD)
    assert post(client, case, DISCARD, form=form | {"files.shown": []}).status_code == 409, "those were not read"
    with django_capture_on_commit_callbacks(execute=True):
        assert post(client, case, DISCARD, form=form)["Location"] == page_of(case)
    assert (names(case), Draft.objects.unscoped("a test reads").exists()) == ([], False)
    assert (case.status, case.due_at, [Path(one).exists() for one in stored]) == (ended, due, [False] * len(stored))
    assert audit.verify_case(case) == (None, case.version)
    assert (client.get(page_of(case, DISCARD))["Location"], held(case)) == (page_of(case), {})


def test_a_full_request_says_where_room_can_be_made(monkeypatch):
    client = browser(clerk())
    case = asked(client, person(Role.NURSE))
    monkeypatch.setattr(attach, "MAX_FILES", 1)
    post(client, case, AMEND, "keep", other_file=report("note.pdf"))
    for tail, words in ((AMEND, "Remove one first."), (ANSWER, "1 of them is in the correction, not sent: remove it")):
        assert words in text(post(client, case, tail, "keep", other_file=report("mri.pdf"))), tail
    assert post(client, case, AMEND, "send").status_code == 302
    assert "All of them were sent" in text(post(client, case, ANSWER, "keep", other_file=report("mri.pdf")))


def test_a_replaced_report_stays_where_the_new_one_is_refused_and_is_not_shown_where_it_is_taken():
    client = browser(clerk())
    case = sent_through_the_page(client)
    post(client, case, AMEND, "keep", **{"imaging-0-file": report("old.pdf")})
    old = str(case.attachments.get().pk)
    on_page = {"imaging-0-attachment": old, "replaced": old, "imaging-count": "1"}
    refused = client.post(page_of(case, "amend/file/"), on_page | {"imaging-0-file": report("new.exe")})
    assert ("old.pdf" in text(refused), 'name="replaced"' in text(refused)) == (True, False)
    taken = client.post(page_of(case, "amend/file/"), on_page | {"imaging-0-file": report("new.pdf")})
    assert ("old.pdf" in text(taken), f'name="replaced" value="{old}"' in text(taken)) == (False, True)


def test_files_from_before_go_to_the_answer_that_names_them_and_else_to_the_correction():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse)
    by, at = Actor.of(case.created_by), timezone.now()
    linked, other = (attach.attach(case, report(name), by=by, at=at) for name in ("linked.pdf", "other.pdf"))
    question = case.information_requests.get()
    changes = {"imaging-0-attachment": [str(linked.pk)], "note": [str(other.pk)]}
    answer_drafts.keep(question, by=by, at=at, version=0, changes=changes, items={}, note="")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(importlib.import_module("priorauth.migrations.0020_held_files").CARRY_OVER)
    assert held(case) == {"linked.pdf": "In the answer to question 1.", "other.pdf": "In the correction."}
    assert audit.verify_case(Case.objects.unscoped("a test checks").get(pk=case.pk))[0] is None
    assert AnswerDraft.objects.unscoped("a test reads").exists()
