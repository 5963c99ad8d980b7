"""The marks of the criteria on the case page: what is written, what is shown again, and who reads whose."""

import re

import pytest
from django.utils import timezone

from priorauth.admin import ready_sentences
from priorauth.admin.criteria_table import table
from priorauth.admin.provenance import Origins
from priorauth.models import AuditEvent, Case, Judgement
from priorauth.posting import PUT_BACK
from priorauth.roles import Actor, Role
from priorauth.services import amend, claim, expire, information, judge
from tests.admin_helpers import act, case_page, held_by, in_review, signed_in, snapshot, text_of, with_physician
from tests.cases import NO_IMAGING, WORDS, facts, person, score_all
from tests.scored_facts import facts_with, scored

pytestmark = pytest.mark.django_db

CERTAIN = "L1.pain_source_certain"
REASON = f"{CERTAIN}.reason"


def test_who_holds_a_case_goes_on_to_the_next_and_takes_the_marks_along():
    case, actor, client = mine()
    assert "Next: " not in text_of(client.get(case_page(case)))
    others = [in_review(), in_review()]
    held_by(person(Role.NURSE), in_review())
    page = client.get(case_page(case)).content.decode()
    assert re.search(r'form="marks" name="then" value="next" data-key="n"[^>]*>Next: 2 more', page)
    answer = marked(case, client, then="next", L1__osteoporotic="met")
    assert answer["Location"] == case_page(others[0])
    assert (case.judgements.get().criterion, claim.holds(case, actor, timezone.now())) == ("osteoporotic", True)


def mine(name=facts, role=Role.NURSE):
    actor, client = signed_in(role)
    case = in_review() if name is facts else in_review(name)
    return held_by(actor, case), actor, client


def marked(case, client, follow=False, **fields):
    data = {"version": case.version, **{name.replace("__", "."): value for name, value in fields.items()}}
    return client.post(act(case, "judge"), data, follow=follow)


def test_only_what_differs_from_what_stands_is_written_and_the_next_act_is_opened():
    case, _, client = mine()
    response = marked(case, client, L1__symptomatic="met", **{CERTAIN: "met", REASON: WORDS}, then="approve")
    assert (response.status_code, response["Location"]) == (302, act(case, "approve"))
    case.refresh_from_db()
    again = {"L1.symptomatic": "met", CERTAIN: "met", REASON: WORDS, "L1.osteoporotic": "met"}
    response = marked(case, client, **again, then="")
    assert (response.status_code, response["Location"]) == (302, case_page(case))
    case.refresh_from_db()
    version = case.version
    page = text_of(marked(case, client, **again, follow=True))
    assert "No mark differs from what was saved before" in page
    case.refresh_from_db()
    assert case.version == version
    stored = [(one.criterion, one.verdict, one.reason) for one in case.judgements.order_by("id")]
    certain = ("pain_source_certain", "met", WORDS)
    assert sorted(stored) == sorted([("symptomatic", "met", ""), certain, ("osteoporotic", "met", "")])
    shown = client.get(case_page(case)).content.decode()
    assert f'value="{WORDS}"' in shown
    assert shown.count(" checked") == 3


WRONG = [
    ({CERTAIN: "met", REASON: "too short"}, "in at least 20 characters what ties the pain", f"id_{REASON}"),
    ({"L1.symptomatic": "not_met"}, "Your mark differs from the computed result.", "id_L1.symptomatic.reason"),
    ({"L1.symptomatic.reason": WORDS}, "You wrote a reason. Choose also what you say", "id_L1.symptomatic_0"),
    ({"L1.symptomatic": "perhaps"}, "Choose one of the three.", "id_L1.symptomatic_0"),
    ({"L1.osteoporotic": "met", "then": "approve"}, "Say first whether the pain comes from L1", f"id_{CERTAIN}_0"),
]


@pytest.mark.parametrize(("fields", "message", "place"), WRONG)
def test_a_mark_that_lacks_something_is_shown_again_beside_its_row(fields, message, place):
    case, _, client = mine()
    before = snapshot(case)
    response = marked(case, client, **fields)
    page = response.content.decode()
    assert response.status_code == 400
    assert page.count(message) == 2, "in the summary and beside the row"
    assert f'<a href="#{place}">' in page
    assert f'id="{place}"' in page
    assert "<title>Error: " in page
    for value in fields.values():
        assert value in ("approve", "perhaps", "not_met", "met") or value in page
    assert snapshot(case) == before
    assert not Judgement.objects.for_actor(person(Role.NURSE)).exists()


def test_who_may_not_mark_now_reads_why_and_loses_nothing():
    case, _, holder = mine()
    other, (reader, auditor) = signed_in(Role.NURSE)[1], signed_in(Role.AUDITOR)
    fields = {CERTAIN: "met", REASON: WORDS}
    for client, status, words in ((other, 409, "holds this case until"), (auditor, 403, "As auditor you cannot do")):
        response = marked(case, client, **fields)
        assert (response.status_code, words in text_of(response)) == (status, True)
    assert WORDS in text_of(marked(case, other, **fields))
    assert AuditEvent.objects.filter(action="refused_judge", actor_id=reader.user_id).count() == 1
    assert marked(case, holder, **fields, version=case.version - 1).status_code == 409
    shown = marked(case, holder, **fields, **{PUT_BACK: "1"})
    assert (shown.status_code, f'value="{WORDS}"' in shown.content.decode()) == (200, True)
    assert not case.judgements.exists()
    assert 'type="radio"' not in other.get(case_page(case)).content.decode()
    assert 'type="radio"' in holder.get(act(case, "judge")).content.decode()
    assert other.get(act(case, "judge")).status_code == 409


def test_words_of_a_page_that_the_office_overtook_are_shown_while_the_case_is_scored_and_after():
    case, physician, client = mine(NO_IMAGING, Role.PHYSICIAN)
    gone = "Of a level that is gone."
    marks = {CERTAIN: "met", REASON: WORDS, "T12.osteoporotic.reason": gone}
    late = Case.objects.for_actor(physician).get()
    amend.amend(late, by=Actor.of(case.created_by), at=timezone.now(), facts=facts(), details={})
    said = text_of(marked(case, client, **marks))
    assert ("It is being scored again" in said, WORDS in said, gone in said) == (True, True, True)
    score_all(timezone.now())
    said = text_of(marked(case, client, **marks))
    assert ("while you had it open" in said, WORDS in said, gone in said) == (True, True, True)
    decision = {"version": case.version, "reason": WORDS, "valid_from": "11/30/2026", "valid_to": "2/28/2027"}
    response = client.post(act(case, "approve"), decision)
    assert (response.status_code, WORDS in text_of(response)) == (409, True), "no reason is due any more"


def test_a_reviewer_reads_the_marks_of_others_but_a_physician_marks_first():
    case, nurse, _ = mine()
    judge.judge(case, by=nurse, at=timezone.now(), marks=[judge.Mark("L1", "pain_source_certain", "not_met", WORDS)])
    said = f"Judgment {nurse.name}, nurse reviewer: no , “{WORDS}”"
    assert said in text_of(signed_in(Role.NURSE)[1].get(case_page(case)))
    assert said in text_of(signed_in(Role.AUDITOR)[1].get(case_page(case)))
    claim.release(case, by=nurse, at=timezone.now())
    with_physician(case)
    physician, client = signed_in(Role.PHYSICIAN)
    held_by(physician, case)
    information.ask(case, by=physician, at=timezone.now(), question="Which side is it?", items=[])
    assert WORDS not in text_of(client.get(case_page(case))), "nor while the office is asked"
    expire.sweep(case.information_requests.get().answer_by)
    case.refresh_from_db()
    held_by(physician, case)
    page = text_of(client.get(case_page(case)))
    assert WORDS not in page
    assert "Marked by somebody else. You see how after your own mark." in page
    marked(case, client, **{CERTAIN: "met", REASON: "Exam and MRI both name L1, I read them."})
    page = text_of(client.get(case_page(case)))
    assert said in page
    assert "Marked by somebody else" not in page


def test_a_criterion_of_two_pathways_is_marked_once_and_rows_are_numbered_through():
    revision, assessment = scored(facts_with(levels__L1__onset=None, levels__L1__imaging=None, ambulation=None))
    found = table(assessment, Origins(revision, {}))
    assert [row.number for row in found.rows] == list(range(1, len(found.rows) + 1))
    again = {row.place: row.marked_in for row in found.rows if row.marked_in}
    assert again == {"C1": 1, "C2": 2, "C6": 8}
    assert len({row.key for row in found.markable}) == len(found.markable) == len(found.rows) - 3
    assert [row.digit for row in found.rows[7:11]] == ["8", "9", "", ""]


def test_a_level_that_no_pathway_carries_shows_the_closest_to_be_marked():
    revision, assessment = scored(facts_with(levels__L1__purpose="prophylactic"))
    (level,) = table(assessment, Origins(revision, {})).lines[0].levels
    assert [(path.told["pathway"], path.told["state"]) for path in level.open] == [("A", "not_met")]
    assert [path["pathway"] for path in level.closed] == ["B", "C"]


def test_the_sentences_for_the_reason_come_from_the_facts_and_none_is_chosen():
    three = ready_sentences.sentences("L1", facts())
    assert len(set(three)) == 3
    assert all(len(sentence) >= judge.SHORTEST_REASON for sentence in three)
    assert re.fullmatch(r"Exam of \w+ \d+, 2026: tenderness at L1; MRI of .*: both name the same level\.", three[0])
    bare = ready_sentences.sentences("L1", {"levels": {}})
    assert "No exam of L1 is recorded" in bare[0]
    case, _, client = mine()
    page = client.get(case_page(case)).content.decode()
    assert page.count("<option value=") == 3
    assert " checked" not in page
