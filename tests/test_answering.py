"""Answering the plan's question: by parts, by files, by two people at once, or by saying that it is not held."""

import re

import pytest
from django.utils import timezone

from policies import registry
from portal.web import answered
from portal.web import asked as asked_fields
from portal.web.asked import OF_A_MEASURE, OF_THE_REQUEST
from priorauth import audit
from priorauth.models import AnswerDraft, ItemAnswer
from priorauth.roles import Role
from priorauth.services import answer_drafts, withdraw
from priorauth.services.base import moment
from tests.admin_helpers import case_page
from tests.cases import person
from tests.factories import browser, clerk, report, saved_draft
from tests.office_helpers import asked, page_of, posted, scored, shown, text

pytestmark = pytest.mark.django_db

NONE = "The clinic that took it has closed."


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
