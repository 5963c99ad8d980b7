"""The facts on the case page: where each comes from, which disagree, and how days and months are told."""

import datetime as dt
import re

import pytest
from django.utils import timezone

from policies.vocabulary import day_words
from priorauth.admin import facts as facts_in_words
from priorauth.admin import looks
from priorauth.admin.provenance import Origins
from priorauth.models import Case, PlanMember, Revision
from priorauth.roles import Role
from tests.admin_helpers import case_page, in_review, signed_in, text_of
from tests.cases import approve as approved
from tests.cases import person, score_all
from tests.factories import browser, day, report, sent_through_the_page, treatment_row
from tests.letters import strings
from tests.scored_facts import facts_with, scored

pytestmark = pytest.mark.django_db


def rows_of(response) -> dict[str, str]:
    """The words of each row of the criteria, by its criterion's place: A1, A2, ..."""
    found = re.findall(r'<tbody class="criterion.*?</tbody>', response.content.decode(), re.DOTALL)
    words = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]
    return {re.search(r"\b([ABC]\d): ", row)[1]: row for row in words}


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
    origins = Origins(Revision(facts=facts_with(pain={"present": True, "score": None}), details={}), {})
    kinds = [origins.of(path).kind for path in ("pain.present", "pain.score", "levels.L1.lesion", "levels.T9.exam", "")]
    assert kinds == ["attested", "", "", "", "computed"]


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
    revision, assessment = scored(facts_with(**changes))
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


STAYS = {
    ("2026-11-16", None): ("since Nov 16, 2026", "since Nov 16, 2026"),
    ("2026-11-16", "2026-11-18"): ("Nov 16, 2026 to Nov 18, 2026", "from Nov 16, 2026 to Nov 18, 2026"),
    (None, "2026-11-18"): ("until Nov 18, 2026, first day not recorded", ""),
    (None, None): ("first day not recorded", ""),
}


def test_a_stay_without_a_last_day_is_told_by_its_first_in_the_facts_and_beside_the_criterion():
    for (first, last), (shown, told) in STAYS.items():
        stay = {"status": "inpatient", "reason": "fracture_pain", "admit_date": first, "discharge_date": last}
        revision, assessment = scored(facts_with(hospitalization=stay))
        facts_shown = dict(fact[1:3] for _, found in facts_in_words.sections(revision, {}) for fact in found)
        assert facts_shown["Stay"] == shown
        found = assessment.stories()["L1", "hospitalized_or_unable_to_walk"]["found"]
        assert " ".join(filter(None, ["Hospital stay: inpatient", told])) in found[0]
    revision, assessment = scored(facts_with(levels__L1__imaging=None))
    change = assessment.stories()["L1", "imaging_nonhealing"]["change"]
    assert change == "A scan that shows that the break has not healed.", "none was sent that it could be newer than"


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
