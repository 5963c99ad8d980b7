"""What a record does not say can be answered so, also where an answer is typed; and why a request is expedited."""

import re

import pytest
from django.utils import timezone

from portal.web import build
from portal.web.fields import Choice
from portal.web.ticks import BOTH, Findings
from portal.web.words import NOT_RECORDED
from tests.factories import browser, clerk, draft_of, form_of, post_edit, saved_draft, sent_through_the_page, valid_form

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
# The typed questions about facts that are not optional, as the page names them.
TYPED = {
    *("service_date", "lines-0-units", "levels-0-onset", "levels-0-exam_date", "pain_score", "pain_date", "admit_date"),
    *("imaging-0-date", "treatments-0-start", "treatments-0-end"),
}
UNKNOWN = {name: ["", NOT_RECORDED] for name in TYPED} | {"treatments-0-ongoing": "no", "hospital": "inpatient"}
STAY = {"hospital_reason": NOT_RECORDED, "treatments-0-duration": "9"}


def test_every_typed_question_that_is_waited_for_offers_not_recorded_and_it_is_an_answer():
    blank = form_of(valid_form(**dict.fromkeys(TYPED, "")) | {"treatments-0-ongoing": "no"} | STAY, TODAY())
    states = {section["id"]: section["state"] for section in blank.section_list()}
    waited = {"planned", "levels", "pain", "exam", "imaging", "treatments"}
    assert {name for name, state in states.items() if state == "In progress"} == waited
    offering = {
        part[name].html_name
        for parts in blank.sections().values()
        for part in parts
        for name, field in part.fields.items()
        if getattr(field, "or_not_recorded", False)
    }
    assert {name for name in offering if not name.startswith("treatments-1")} == TYPED

    form = form_of(valid_form(**UNKNOWN, **STAY), TODAY(), whole=True)
    assert form.problems == []
    assert {section["state"] for section in form.section_list()} == {"Done"}
    facts = build.facts(form, TODAY())
    level = facts["levels"]["L1"]
    assert (facts["service_date"], facts["lines"][0]["units"], level["onset"], level["exam"]["date"]) == (None,) * 4
    assert (facts["pain"]["score"], facts["pain"]["date"], level["imaging"][0]["date"]) == (None,) * 3
    assert facts["treatments"][0]["start"] is None


def test_not_recorded_beside_an_answer_is_a_question_and_neither_is_lost():
    client = browser(clerk())
    case = saved_draft(client, pain_score=["8", NOT_RECORDED])
    assert draft_of(case).fields["pain_score"] == ["8", NOT_RECORDED]
    page = client.get(f"/requests/{case.reference}/edit/").content.decode()
    assert page.count(f"Pain score: {BOTH}") == 2
    assert 'name="pain_score" id="id_pain_score" value="8"' in page
    assert 'name="pain_score" value="not_recorded" checked' in page


def test_it_is_shown_on_the_check_page_and_where_two_versions_differ():
    client = browser(clerk())
    case = saved_draft(client, **UNKNOWN, **STAY)
    page = client.get(f"/requests/{case.reference}/edit/check/").content.decode()
    for question in (
        "Planned date",
        "Units",
        "When did this pain start?",
        "Worst pain in the last 24 hours",
        "Started",
    ):
        assert f'<dt>{question}</dt><dd class="pre">Not recorded</dd>' in page, question
    theirs = draft_of(case).version
    post_edit(client, case, valid_form(**UNKNOWN | {"pain_score": "4"}))
    page = client.post(f"/requests/{case.reference}/edit/", valid_form(**UNKNOWN) | {"version": theirs})
    assert "Not recorded" in page.content.decode()


EXPEDITED = {"urgency": "expedited"}


@pytest.mark.parametrize(
    ("signs", "reason", "wrong"),
    [
        ([], "", True),
        (["something_else"], "", True),
        (["something_else"], "He lives alone.", False),
        (["new_weakness"], "", False),
        (["cannot_walk", "something_else"], "", False),
        ([], "Cannot turn in bed.", False),
    ],
)
def test_an_expedited_request_says_what_is_happening(signs, reason, wrong):
    changes = EXPEDITED | {"urgency_signs": signs, "urgency_reason": reason}
    form = form_of(valid_form(**changes), TODAY(), whole=True)
    assert [problem.input_id for problem in form.problems] == ["id_urgency_reason"] * wrong
    assert form_of(valid_form(**changes | {"urgency": "standard"}), TODAY(), whole=True).problems == []


def test_what_is_happening_is_checked_sent_and_stands_where_it_was_sent():
    client = browser(clerk())
    case = saved_draft(client, **EXPEDITED, urgency_signs=["in_hospital", "opioids_fail"])
    page = client.get(f"/requests/{case.reference}/edit/check/").content.decode()
    assert "The patient is in a hospital now; Opioids by mouth or vein do not control the pain" in page
    assert "Why is it expedited?" not in page
    sent = sent_through_the_page(client, **EXPEDITED, urgency_signs=["in_hospital"])
    assert sent.revisions.get().details["urgency_signs"] == ["in_hospital"]
    bad = form_of(valid_form(**EXPEDITED, urgency_signs=["dragon"]), TODAY())
    assert "Tick only answers of the list." in bad.problems[0].message


# What a request is about and not what a record says: here "Not recorded" would say nothing.
NO_FACT = {"urgency", "modality"}
OFFICE = {"member", "planned", "contact"}


def test_every_clinical_question_offers_not_recorded_and_none_has_an_answer_of_its_own():
    blank = form_of({}, TODAY())
    bound = [part[name] for parts in blank.sections().values() for part in parts for name in part.fields]
    assert len(bound) > 60
    for question in bound:
        assert question.field.initial is None
        assert question.value() in (None, "", []), question.html_name
        if isinstance(question.field, Choice) and question.name not in NO_FACT:
            assert NOT_RECORDED in dict(question.field.choices), question.html_name
        if isinstance(question.field, Findings):
            assert "not_mentioned" in dict(question.field.choices)
    page = browser(clerk()).get("/requests/new/").content.decode()
    asked = page[page.index('id="member"') : page.index('id="contact"')]
    assert not re.search(r" (checked|selected)\b", asked)
    assert not re.search(r'<input type="(?:text|email)"[^>]* value="[^"]', asked)


def test_what_is_not_recorded_can_be_sent():
    """Of a question without choices blank means it; so does everything clinical at once."""
    sections = form_of(valid_form(), TODAY()).sections()
    clinical = [part for name, parts in sections.items() if name not in OFFICE for part in parts]
    silent = {}
    for question in (part[name] for part in clinical for name in part.fields):
        offered = isinstance(question.field, Choice) and question.name not in NO_FACT
        silent[question.html_name] = NOT_RECORDED if offered else ""
    silent |= {"levels-0-name": "L1", "imaging-0-modality": "MRI"}
    silent |= {"treatments-0-modality": "rest", "treatments-1-modality": "brace"}
    assert form_of(valid_form(**silent), TODAY(), whole=True).problems == []
