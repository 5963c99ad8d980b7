"""The case page: where each fact comes from, what disagrees, the marks of the criteria, the member's other requests."""

import copy
import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from policies import registry
from policies.assess import assess
from policies.explain import explain
from policies.facts import parse
from policies.vocabulary import day_words
from priorauth.admin import facts as facts_in_words
from priorauth.admin import looks, ready_sentences
from priorauth.admin.criteria_table import table
from priorauth.admin.provenance import Origins
from priorauth.models import Assessment, AuditEvent, Case, Judgement, PlanMember, Revision
from priorauth.posting import PUT_BACK
from priorauth.roles import Actor, Role
from priorauth.services import amend, claim, expire, information, judge, submit, write
from tests.admin_helpers import (
    act,
    case_page,
    held_by,
    in_review,
    ready_to_refuse,
    signed_in,
    snapshot,
    typed,
    with_physician,
)
from tests.cases import NO_IMAGING, WORDS, case_in_review, draft_case, facts, office, person, score_all, submission
from tests.cases import approve as approved
from tests.factories import browser, day, report, sent_through_the_page, treatment_row
from tests.letters import strings
from tests.test_admin_case import text_of

pytestmark = pytest.mark.django_db
CERTAIN = "L1.pain_source_certain"
REASON = f"{CERTAIN}.reason"


def rows_of(response) -> dict[str, str]:
    """The words of each row of the criteria, by its criterion's place: A1, A2, ..."""
    found = re.findall(r'<tbody class="criterion.*?</tbody>', response.content.decode(), re.DOTALL)
    words = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]
    return {re.search(r"\b([ABC]\d): ", row)[1]: row for row in words}


def scored(document) -> tuple[Revision, Assessment]:
    """A revision of these facts and how they are scored, without a database."""
    parsed, edition = parse(document), registry.governing(registry.DEFAULT_POLICY, None)
    result = assess(parsed, edition)
    story = explain(parsed, result, edition).as_dict()
    revision = Revision(facts=document, details={})
    return revision, Assessment(revision=revision, result=result.as_dict(), explanation=story)


# Where a fact comes from


def test_each_fact_says_whether_it_was_computed_typed_or_read_and_where():
    PlanMember.objects.create(
        member_id="XYZ123456",
        birth_date=dt.date(1948, 3, 14),
        first_name="Alma",
        last_name="Synthetic",
        product="ppo",
        covered_from=dt.date(2026, 1, 1),
    )
    places = {
        "treatments-0-source": "by phone",
        "treatments-1-source": "Not in a record",
        "levels-0-onset_source": "MRI lumbar, page 3",
    }
    upload = {"imaging-0-file": report("MRI lumbar.pdf"), "imaging-0-page": "2"}
    case = sent_through_the_page(browser(person(Role.CLERK)), **places, **upload)
    score_all(timezone.now())
    response = signed_in(Role.NURSE)[1].get(case_page(case))
    page, rows, file = response.content.decode(), rows_of(response), case.attachments.get()
    assert "Attested Cause recorded: osteoporosis; How it happened" in rows["A1"]
    assert "Computed 80 days of treatment; 42 asked" in rows["A3"]
    assert "Attested Analgesic (Acetaminophen 1 g)" in rows["A3"]
    assert ", said to be in “by phone” Attested Physical therapy" in rows["A3"]
    drawn = [mark.shape for row in response.context["timeline"].rows for mark in row.marks]
    assert (drawn.count("reported"), drawn.count("record")) == (2, 0), "no file holds the treatments"
    assert "Document Onset: " in rows["A3"]
    assert re.search(r"Document MRI of [^:]+: edema, MRI lumbar.pdf, page 2", rows["A6"])
    assert f'href="?file={file.pk}&amp;page=2#evidence"' in page
    assert f'href="?file={file.pk}&amp;page=3#evidence"' in page
    assert page.index('id="criteria-L1"') < page.index('href="#criteria-L1"'), "from the spine to its rows"
    sent = " ".join(re.sub(r"<[^>]+>", " ", page.split('id="sent"')[1]).split())
    for words in (
        "Plan PPO Member record",
        "Age 78 Computed",
        "Cause Osteoporosis Attested",
        "Lesion No lesion Attested",
    ):
        assert words in sent
    assert "Weeks that the letter claims" not in sent
    assert "typed by Office clerk" in text_of(response)


def test_what_was_not_recorded_has_no_badge():
    origins = Origins(Revision(facts=with_(pain={"present": True, "score": None}), details={}), {})
    kinds = [origins.of(path).kind for path in ("pain.present", "pain.score", "levels.L1.lesion", "levels.T9.exam", "")]
    assert kinds == ["attested", "", "", "", "computed"]


# What disagrees

Value = dict | list | str | float | None


def with_(**changes: Value) -> dict:
    """The facts of a clean case, changed at paths like `levels.L1.onset` (dots written as __)."""
    document = copy.deepcopy(facts())
    for path, value in changes.items():
        *steps, last = path.split("__")
        inner = document
        for step in steps:
            inner = inner[step]
        inner[last] = value
    return document


STUDIES = [
    {"modality": "MRI", "date": "2026-10-20", "finding": "edema"},
    {"modality": "MRI", "date": "2026-11-12", "finding": "healed"},
]
DISAGREE = [
    ({}, []),
    ({"stated_treatment_weeks": 8.0, "treatments": []}, ["The letter claims: 8 weeks"]),
    ({"levels__L1__imaging": STUDIES}, ["The studies do not agree.", "edema", "healed", "the latest decides"]),
    ({"pain": {"present": True, "score": 0}}, ["Score: 0 of 10", "Pain now: Yes"]),
    ({"patient": {"age": 78, "t_score": -0.5}}, ["T-score: -0.5", "Cause: Osteoporosis"]),
    (
        {"levels__L1__exam": {"documented": True, "finding": "focal_tenderness_at_level", "date": "2026-01-05"}},
        [
            "The examination came before the pain started.",
            "Examination: Jan 5, 2026",
            "The examination is not counted.",
        ],
    ),
    (
        {
            "hospitalization": {
                "status": "inpatient",
                "reason": "fracture_pain",
                "admit_date": "2026-01-05",
                "discharge_date": "2026-01-07",
            }
        },
        ["Admitted: Jan 5, 2026", "Pain started: "],
    ),
]


@pytest.mark.parametrize(("changes", "expected"), DISAGREE)
def test_what_disagrees_is_shown_with_both_values_and_what_was_done(changes, expected):
    revision, assessment = scored(with_(**changes))
    found = looks.looks(Case(), revision, assessment, Origins(revision, {}))
    disputed = [look for look in found if look.sides]
    told = " ".join(
        " ".join([look.what, *(f"{side.name}: {side.value}" for side in look.sides), look.used]) for look in disputed
    )
    assert all(words in told for words in expected), told
    assert bool(disputed) == bool(expected)
    assert all(side.origin.kind for look in disputed for side in look.sides if side.value != "Not recorded")


def test_what_the_member_file_says_otherwise_is_shown_and_nothing_is_settled():
    case = in_review()
    row = {"member_id": "XYZ123456", "birth_date": dt.date(1948, 3, 14), "first_name": "Alma"}
    ended = {"covered_from": dt.date(2025, 1, 1), "covered_to": dt.date(2025, 12, 31)}
    PlanMember.objects.create(**row, last_name="Otherwise", product="medicare_hmo_blue", **ended)
    page = text_of(signed_in(Role.NURSE)[1].get(case_page(case)))
    for words in (
        "The last names differ. Attested The request: Alma Synthetic Member record Member file: Alma Otherwise",
        "The plans differ.",
        "Member file: Medicare HMO Blue",
        "The member is not covered on the planned day.",
    ):
        assert words in page
    PlanMember.objects.all().delete()
    PlanMember.objects.create(**{**row, "first_name": "Berta"}, last_name="Synthetic", product="ppo", **ended)
    page = text_of(signed_in(Role.NURSE)[1].get(case_page(case)))
    assert "The member is not in the plan's file." in page.replace("&#x27;", "'")


def test_what_the_office_wrote_stands_above_the_criteria_until_it_is_answered():
    sender = person(Role.CLERK)
    nurse, reviewer = signed_in(Role.NURSE)
    case = held_by(nurse, in_review(clerk=sender))
    page, board = reviewer.get(case_page(case)), reviewer.get(reverse("admin:index"))
    assert "of the office" not in text_of(page)
    assert "The office wrote to you" not in text_of(board)
    write.write(case, by=sender, at=timezone.now(), text="Stop: she fell again.")
    write.write(case, by=sender, at=timezone.now(), text="A new MRI is taken today.")
    page = text_of(reviewer.get(case_page(case)))
    first, second, criteria_ = (page.index(words) for words in ("Stop: she", "A new MRI", "Criterion"))
    assert first < second < criteria_
    assert "The office wrote to you" in text_of(reviewer.get(reverse("admin:index")))
    write.write(case, by=nurse, at=timezone.now(), text="Thank you. We wait.")
    assert "of the office, wrote" not in text_of(reviewer.get(case_page(case)))


def test_a_case_that_was_decided_late_says_so_on_its_page_in_the_list_and_to_the_lead():
    nurse, reviewer = signed_in(Role.NURSE)
    case = in_review()
    approved(case, nurse, case.due_at + dt.timedelta(minutes=67))
    for page in (case_page(case), f"{reverse('admin:priorauth_case_changelist')}?view=decided"):
        assert "Decided late by 1 h 7 min" in text_of(reviewer.get(page))
    page = text_of(reviewer.get(case_page(case)))
    assert "Nobody holds this case" not in page
    assert "Claim next case" in page
    assert "1 decided late in the last 30 days" in text_of(signed_in(Role.LEAD)[1].get(reverse("admin:index")))


def test_what_is_not_approved_after_a_time_that_may_count_as_an_approval_is_told_before_and_shown_to_the_lead():
    (physician, client), lead = signed_in(Role.PHYSICIAN), signed_in(Role.LEAD)[1]
    case = case_in_review(person(Role.CLERK), at=timezone.now() - dt.timedelta(days=9))
    in_time = ready_to_refuse(physician, in_review())
    ready_to_refuse(physician, case)
    told = []
    for one in (case, in_time):
        answers = typed("not-approve", one)
        confirm = client.post(act(one, "not-approve"), {name: answers[name] for name in answers if name != "confirmed"})
        told.append("By this rule that may count as an approval." in text_of(confirm))
        assert client.post(act(one, "not-approve"), answers).status_code == 302
    assert told == [True, False]
    board = text_of(lead.get(reverse("admin:index")))
    listed = board[board.index("where by the rule silence may have been an approval") :]
    listed = listed[: listed.index("My cases")]
    assert (case.reference in listed, in_time.reference in listed) == (True, False)
    pages = [text_of(lead.get(case_page(one))) for one in (case, in_time)]
    assert ["A person finds out which of the two holds." in page for page in pages] == [True, False]


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


STAYS = {
    ("2026-11-16", None): ("since Nov 16, 2026", "since Nov 16, 2026"),
    ("2026-11-16", "2026-11-18"): ("Nov 16, 2026 to Nov 18, 2026", "from Nov 16, 2026 to Nov 18, 2026"),
    (None, "2026-11-18"): ("until Nov 18, 2026, first day not recorded", ""),
    (None, None): ("first day not recorded", ""),
}


def test_a_stay_without_a_last_day_is_told_by_its_first_in_the_facts_and_beside_the_criterion():
    for (first, last), (shown, told) in STAYS.items():
        stay = {"status": "inpatient", "reason": "fracture_pain", "admit_date": first, "discharge_date": last}
        revision, assessment = scored(with_(hospitalization=stay))
        facts_shown = dict(fact[1:3] for _, found in facts_in_words.sections(revision, {}) for fact in found)
        assert facts_shown["Stay"] == shown
        found = assessment.stories()["L1", "hospitalized_or_unable_to_walk"]["found"]
        assert " ".join(filter(None, ["Hospital stay: inpatient", told])) in found[0]
    revision, assessment = scored(with_(levels__L1__imaging=None))
    change = assessment.stories()["L1", "imaging_nonhealing"]["change"]
    assert change == "A scan that shows that the break has not healed.", "none was sent that it could be newer than"


# The marks


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
    revision, assessment = scored(with_(levels__L1__onset=None, levels__L1__imaging=None, ambulation=None))
    found = table(assessment, Origins(revision, {}))
    assert [row.number for row in found.rows] == list(range(1, len(found.rows) + 1))
    again = {row.place: row.marked_in for row in found.rows if row.marked_in}
    assert again == {"C1": 1, "C2": 2, "C6": 8}
    assert len({row.key for row in found.markable}) == len(found.markable) == len(found.rows) - 3
    assert [row.digit for row in found.rows[7:11]] == ["8", "9", "", ""]


def test_a_level_that_no_pathway_carries_shows_the_closest_to_be_marked():
    revision, assessment = scored(with_(levels__L1__purpose="prophylactic"))
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


# The member's other requests


def test_past_cases_of_the_member_are_capped_and_cost_the_same_however_many():
    at = timezone.now()
    case, nurse = in_review(), signed_in(Role.NURSE)[1]
    other = in_review(NO_IMAGING, person(Role.CLERK, office("Bay Pain Clinic")))
    assert "Past cases of the member None." in text_of(nurse.get(case_page(case)))
    approved(in_review(), person(Role.NURSE), at=at)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page = text_of(nurse.get(case_page(case)))
    assert "L1 Approved" in page
    assert other.reference not in page, "another member, by another office"
    for _ in range(6):
        submit.send(draft_case(person(Role.CLERK)), submission(), by=person(Role.CLERK), at=at)
    with CaptureQueriesContext(connection) as many:
        page = text_of(nurse.get(case_page(case)))
    assert "and 2 more" in page
    assert len(many) == len(few)
    assert len(many) < 55, len(many)
    assert str(many.captured_queries).count('FROM "priorauth_conflictofinterest"') == 1


def test_a_month_stands_beside_the_day_that_was_counted_for_the_reviewer_the_office_and_in_the_letter():
    month = (timezone.localdate() - dt.timedelta(days=120)).replace(day=1)
    last = (month + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    ended = timezone.localdate().replace(day=1) - dt.timedelta(days=1)
    rows = {
        **treatment_row(0, modality="", name="", start="", ongoing="", stopped=""),
        **treatment_row(1, modality="analgesic", start=f"{month:%b %Y}"),
        **treatment_row(
            2, modality="brace", start=f"{month.month}/20/{month.year}", ongoing="no", end=f"{ended:%m/%Y}"
        ),
    }
    office = browser(person(Role.CLERK))
    case = sent_through_the_page(office, **{"treatments-count": "3", "levels-0-onset": day(200), **rows})
    score_all(timezone.now())
    started = f"started {month:%b %Y} (counted from {day_words(last)})"
    over = f"ended {ended:%m/%Y} (counted up to {day_words(ended.replace(day=1))})"
    response = signed_in(Role.NURSE)[1].get(case_page(case))
    page, sent = text_of(response), " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
    assert started in rows_of(response)["A3"]
    assert over in rows_of(response)["A3"]
    facts = sent.split("What was sent", 1)[-1]
    assert f"still going on; {started}" in facts
    assert over in facts
    own = text_of(office.get(f"/requests/{case.reference}/"))
    assert f"A treatment {started}. If you know the day, correct or add facts" in own
    assert "see the table" in own, "beside its bar: the words are too long to stand there"
    assert own.count(started) >= 2
    assert page.count(started) >= 2
    case.refresh_from_db()
    letter = approved(case, person(Role.NURSE), timezone.now()).letter
    assert any(started in words for words in strings(letter.content))
