"""What a reviewer read in the record: whose value counts, what is scored then, who may say so (decision 38)."""

import copy
import datetime as dt
import json
import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from policies.places import places, put
from priorauth import audit, fact_words
from priorauth.admin import evidence, read_form
from priorauth.admin.obstacles import Obstacles
from priorauth.audit import contents
from priorauth.models import Attachment, AuditEvent, Case, Job, Membership, PlanMember, Reading
from priorauth.roles import Actor, Role
from priorauth.services import amend, claim, decide, judge, read, reopen, replay, score, submit
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from priorauth.services.read import Finding
from priorauth.services.scored import latest_assessment
from priorauth.statuses import Act
from tests.admin_helpers import act, case_page, held_by
from tests.cases import NOW, WORDS, approve, case_in_review, claimed, draft_case, facts, person, score_all, submission
from tests.factories import browser, report, sent_through_the_page
from tests.letters import strings

pytestmark = pytest.mark.django_db
ONSET = ("levels.L1.onset.earliest", "levels.L1.onset.latest")
SHOWN = "levels.L1.imaging.0.finding"
ADMITTED, DISCHARGED = "hospitalization.admit_date", "hospitalization.discharge_date"


@pytest.fixture(autouse=True)
def _drawn(monkeypatch) -> None:
    """No program draws a page here: test_page_images.py."""
    monkeypatch.setattr(evidence, "_look", lambda file, number: (2, None, "", False))


@pytest.fixture
def nurse() -> Actor:
    return person(Role.NURSE)


@pytest.fixture
def case(nurse: Actor) -> Case:
    return claimed(case_in_review(person(Role.CLERK)), nurse)


def in_review_with(nurse: Actor, **values: Any) -> Case:
    """A held case whose facts say something else at some paths (dots as __)."""
    document = put(facts(), {path.replace("__", "."): value for path, value in values.items()})
    clerk = person(Role.CLERK)
    case = submit.send(draft_case(clerk), submission(document), by=clerk, at=NOW)
    score_all()
    case.refresh_from_db()
    return claimed(case, nurse)


def says(case: Case, by: Actor, *findings: Finding, at: dt.datetime = NOW, **where: Any) -> list[Reading]:
    return read.read(case, by=by, at=at, findings=findings, **where)


def started(day: str, found: str = "counts") -> list[Finding]:
    return [Finding(path, found, day, WORDS) for path in ONSET]


def arithmetic(case: Case) -> str:
    return latest_assessment(case).stories()["L1", "conservative_6_weeks"]["arithmetic"]


# Which value counts


def test_another_value_counts_only_where_that_is_said_and_the_latest_reading_holds(case, nurse):
    sent, first = case.revisions.get().facts, latest_assessment(case)
    says(case, nurse, Finding("pain.score", "same"), Finding("treatment_response", "not_there"))
    says(case, nurse, *started("2026-10-30", "stands"))
    assert (latest_assessment(case), case.determination) == (first, "meets")
    says(case, nurse, *started("2026-10-30"))
    assert (case.determination, case.score) == ("does_not_meet", latest_assessment(case).result["score"])
    assert "Oct 30 to Nov 20, 2026 = 21 days" in arithmetic(case)
    assert latest_assessment(case).facts["levels"]["L1"]["onset"] == dict.fromkeys(("earliest", "latest"), "2026-10-30")
    assert case.revisions.get().facts == sent
    claim.release(case, by=nurse, at=NOW, line=WORDS)
    other = person(Role.PHYSICIAN)
    says(claimed(case, other), other, *(Finding(path, "same") for path in ONSET))
    assert (case.determination, latest_assessment(case).facts) == ("meets", sent)
    assert case.assessments.count() == 3


@pytest.mark.parametrize(
    ("sent", "finding", "before", "after"),
    [
        ({}, Finding(SHOWN, "counts", "healed", WORDS), "meets", "does_not_meet"),
        (
            {"levels__L1__imaging__0__finding": "healed"},
            Finding(SHOWN, "counts", "edema", WORDS),
            "does_not_meet",
            "meets",
        ),
        (
            {"levels__L1__exam": None},
            Finding("levels.L1.exam.finding", "counts", "focal_tenderness_at_level", WORDS),
            "insufficient_information",
            "insufficient_information",
        ),
    ],
)
def test_a_value_that_counts_changes_the_result_both_ways_and_fills_what_was_not_sent(
    nurse, sent, finding, before, after
):
    case = in_review_with(nurse, **sent)
    assert case.determination == before
    says(case, nurse, finding)
    assert case.determination == latest_assessment(case).result["determination"] == after
    assert places(latest_assessment(case).facts)[finding.path].value == finding.value


def test_an_assessment_with_readings_is_made_again_bit_for_bit_and_its_trail_holds(case, nurse):
    says(case, nurse, *started("2026-10-30"))
    says(case, nurse, Finding(SHOWN, "counts", "cleft", WORDS))
    for stored in case.assessments.all():
        again = score.evaluate(stored.revision, NOW, stored.facts)
        assert (again.result, again.explanation) == (stored.result, stored.explanation)
    [first, second, third] = case.assessments.order_by("id")
    assert (first.last_reading, len(second.counted), len(third.counted)) == (None, 2, 3)
    older = {"assessment": {"last_reading"}}  # how assessments were sealed before there were readings
    assert contents.seal(first) == contents.seal(first, unsealed=older)
    assert contents.seal(third) != contents.seal(third, unsealed=older)
    run = replay.run(replay.installed()[-1], at=NOW)
    assert (run.requests, run.changed, run.matrix) == (1, 0, {"does_not_meet": {"does_not_meet": 1}})
    assert audit.verify_case(case)[0] is None
    with pytest.raises(IntegrityError, match="scored_once"), transaction.atomic():
        score.evaluate(first.revision, NOW).save()


def test_marks_fall_where_another_result_is_computed_and_readings_end_with_their_revision(case, nurse):
    marks = [judge.Mark("L1", name, "met", WORDS) for name in ("imaging_nonhealing", "symptomatic")]
    at = NOW
    for found in ("cleft", "healed"):  # met as before, by another finding; then not met
        judge.judge(case, by=nurse, at=at, marks=marks)
        says(case, nurse, Finding(SHOWN, "counts", found, WORDS), at=at + dt.timedelta(minutes=1))
        assert set(judge.standing(case, latest_assessment(case), nurse.user_id)) == {("L1", "symptomatic")}, found
        at += dt.timedelta(minutes=2)
    document = {**facts(), "pain": {"present": True, "score": 7}}
    amend.amend(case, by=person(Role.CLERK), at=NOW, facts=document, details={})
    with pytest.raises(Conflict, match="being scored again"):
        says(case, nurse, Finding("pain.score", "same"))
    score_all()
    case.refresh_from_db()
    assert (case.determination, latest_assessment(case).counted, case.readings.count()) == ("meets", {}, 2)


def test_where_the_member_files_plan_counts_the_clock_follows_it_and_the_office_is_told(case, nurse, settings):
    settings.MAIL_URL = "smtp://mail.example.test"
    Membership.objects.filter(role=Role.CLERK).update(notify=True)
    says(case, nurse, Finding("product", "counts", "medicare_hmo_blue", WORDS))
    case.refresh_from_db()
    assert (case.product, case.determination) == ("medicare_hmo_blue", "not_in_scope")
    change = case.clock_changes.get()
    assert change.kind == "other_rule"
    assert f"clock:{change.pk}" in case.jobs.get(kind=Job.Kind.NOTIFY).dedupe_key
    assert audit.verify_case(case)[0] is None


def test_a_plan_that_was_read_makes_no_late_case_timely(case, nurse):
    late = case.due_at + dt.timedelta(hours=1)
    case = claim.claim(case, by=nurse, at=late)
    with pytest.raises(Incomplete, match="was over at"):
        says(case, nurse, Finding("product", "counts", "medicare_hmo_blue", WORDS), at=late)
    says(case, nurse, Finding("product", "counts", "hmo", WORDS), at=late)
    assert (case.product, case.clock_changes.count()) == ("hmo", 0)


@pytest.mark.parametrize("finding", [("product", "other"), ("service_date", "2001-01-01")])
def test_what_is_out_of_scope_only_by_a_reading_is_closed_by_a_physician_alone(case, nurse, finding):
    path, value = finding
    says(case, nurse, Finding(path, "counts", value, WORDS))
    assert case.determination == "not_in_scope"
    with pytest.raises(NotPermitted, match="only a physician may close"):
        decide.close(case, by=nurse, at=NOW, reason=WORDS)
    assert "only a physician may close" in Obstacles(case, nurse, NOW).to(Act.CLOSE)
    claim.release(case, by=nurse, at=NOW)
    physician = person(Role.PHYSICIAN)
    assert decide.close(claimed(case, physician), by=physician, at=NOW, reason=WORDS).outcome == "closed"


# What is refused

REFUSED = [
    ([], "findings", "at least one fact"),
    ([Finding("lines.0.code", "same")], "lines.0.code", "no fact"),
    ([Finding("patient.age", "counts", 50, WORDS)], "patient.age", "no fact"),
    ([Finding("treatments.9.start", "same")], "treatments.9.start", "no fact"),
    ([Finding("pain.score", "perhaps")], "pain.score", "Choose"),
    ([Finding("pain.date", "same")], "pain.date", "sent nothing"),
    ([Finding("pain.score", "counts", None, WORDS)], "pain.score", "Write what"),
    ([Finding("pain.score", "counts", "", WORDS)], "pain.score", "Write what"),
    ([Finding("pain.score", "counts", 8, WORDS)], "pain.score", "what the office sent"),
    ([Finding("pain.score", "counts", 11, WORDS)], "pain.score", "from 0 to 10"),
    ([Finding("patient.t_score", "stands", 1e16, WORDS)], "patient.t_score", "up to 10,000"),
    ([Finding("patient.t_score", "stands", -10_001, WORDS)], "patient.t_score", "up to 10,000"),
    ([Finding("pain.score", "stands", 3, "nineteen characters")], "pain.score", "20 characters"),
    ([Finding("pain.score", "stands", 3, "\u200b" * 40)], "pain.score", "20 characters"),
    ([Finding("pain.score", "counts", 3, "x" * 2001)], "pain.score", "2,000"),
    ([Finding(SHOWN, "counts", "a crack", WORDS)], SHOWN, "must be one of"),
    ([Finding(ONSET[1], "counts", "2026-11-21", WORDS)], ONSET[1], "still to come"),
    ([Finding(ONSET[1], "stands", "soon", WORDS)], ONSET[1], "calendar date|still to come"),
    ([Finding(ONSET[1], "counts", "2026-10-01", WORDS)], ONSET[1], "before the start"),
    ([Finding("treatments.0.start", "counts", "2026-11-02", WORDS)], "treatments.0.start", "before the start"),
    (
        [Finding(ADMITTED, "stands", "2026-11-08", WORDS), Finding(DISCHARGED, "counts", "2026-11-09", WORDS)],
        DISCHARGED,
        "before the start",
    ),
]
STAY = {"hospitalization__status": "inpatient", "hospitalization__admit_date": "2026-11-10"}


def test_what_does_not_fit_is_refused_at_its_field_and_nothing_is_stored(nurse):
    case = in_review_with(nurse, treatments__0__end="2026-11-01", treatments__0__ongoing=None, **STAY)
    before, same = case.version, Finding("pain.present", "same")
    for findings, field, message in REFUSED:
        with pytest.raises(Incomplete, match=message) as refused:
            says(case, nurse, *([same, *findings] if findings else []))
        assert refused.value.field == field
    elsewhere, unsent = Attachment(case_id=case.pk + 1, revision_id=1), Attachment(case_id=case.pk, revision_id=None)
    for where in ({"file": elsewhere}, {"file": unsent, "page": 1}, {"page": 1}):
        with pytest.raises(Incomplete, match="a file that was sent with this request"):
            says(case, nurse, same, **where)
    case.refresh_from_db()
    assert (case.version, case.readings.count(), case.assessments.count()) == (before, 0, 1)


def test_what_only_just_fits_is_taken_and_the_day_is_the_plans(nurse):
    evening = NOW.replace(hour=23, minute=30)  # the next day has begun where clocks are set to UTC
    case = claim.claim(in_review_with(nurse, treatments__0__end="2026-11-01", **STAY), by=nurse, at=evening)
    fits = [
        Finding(ONSET[1], "stands", "2026-11-20", WORDS),
        Finding("service_date", "counts", "2026-12-15", WORDS),
        Finding("pain.score", "stands", 3, "x" * 2000),
        Finding("treatments.0.start", "counts", "2026-11-01", "x" * 20),
        Finding(ADMITTED, "stands", "2026-11-19", WORDS),
        Finding(DISCHARGED, "stands", "2026-11-09", WORDS),
    ]
    assert [one.path for one in says(case, nurse, *fits, at=evening)] == [one.path for one in fits]
    with pytest.raises(Incomplete, match="still to come"):
        says(case, nurse, Finding(ONSET[1], "stands", "2026-11-21", WORDS), at=evening)


def test_who_may_not_say_what_the_record_holds(case, nurse):
    same = Finding("pain.score", "same")
    elsewhere = person(Role.PHYSICIAN, licensed=False)
    for actor, error in [
        (person(Role.CLERK), NotPermitted),
        (person(Role.AUDITOR), NotPermitted),
        (elsewhere, NotPermitted),
        (person(Role.LEAD), Conflict),
    ]:
        with pytest.raises(error):
            says(case, actor, same)
    with pytest.raises(Conflict, match="while you had it open"):
        says(case, nurse, same, version=case.version - 1)
    assert AuditEvent.objects.filter(action="refused_read").count() == 5
    approve(case, nurse)
    with pytest.raises(Conflict, match="decided this case"):
        says(case, nurse, same)
    assert not case.readings.exists()


def test_the_database_itself_refuses_a_reading_that_does_not_say_which_counts(case, nurse):
    row = {"path": "pain.score", "found": "same", "read_role": "nurse"}
    about = {"case": case, "revision": case.revisions.get(), "read_by_id": nurse.user_id, "read_at": NOW}
    for changes in (
        {"found": "counts", "value": 3},
        {"found": "stands", "reason": WORDS},
        {"found": "same", "value": 3, "reason": WORDS},
        {"found": "perhaps"},
        {"read_role": "clerk"},
        {"page": 2},
    ):
        with pytest.raises(IntegrityError, match=r"another_value|read_by_a|a_page_is"), transaction.atomic():
            Reading(**about, **{**row, **changes}).save()


# In words


def test_every_value_that_can_be_read_has_a_name_and_comes_back_where_it_was_put():
    document = copy.deepcopy(facts()) | {"safety_notes": ["Takes warfarin"]}
    known = places(document)
    readable = {path: place for path, place in known.items() if read.of_the_record(path)}
    assert "levels.L1.lesion.source" in readable
    assert len({fact_words.named(path) for path in readable}) == len(readable)
    assert fact_words.named("treatments.1.end") == "Treatment 2, last day"
    assert put(document, {path: place.value for path, place in known.items() if place.value is not None}) == document
    for place in readable.values():
        assert "_" not in " ".join([*dict(fact_words.choices(place)).values(), fact_words.said(place, place.value)])


def test_the_letter_and_the_offices_page_tell_the_value_that_counted_beside_the_one_that_was_sent(case, nurse):
    says(case, nurse, Finding(ONSET[0], "counts", "2026-10-07", WORDS), Finding("pain.score", "stands", 3, WORDS))
    approve(case, nurse)
    told = "\n".join(strings(case.letters.get().content))
    both = "L1: Pain started, first possible day: Oct 7, 2026, where the request says: Oct 9, 2026"
    assert both in told
    assert re.search(r"Onset: .*Oct 7.*Oct 9, 2026", told), told[:3000]
    assert "Worst score" not in told
    office = browser(person(Role.CLERK)).get(f"/requests/{case.reference}/").content.decode()
    assert both in office
    assert WORDS not in office


def test_the_trail_names_facts_and_keeps_no_value_and_no_reason(case, nurse):
    reason = "The emergency note names Brightwater Quarry as the place."
    says(case, nurse, Finding("treatments.0.name", "counts", "Velomorphine 5 mg", reason))
    event = AuditEvent.objects.get(action="read")
    row = json.dumps({field.name: str(getattr(event, field.name)) for field in event._meta.concrete_fields})
    assert event.entities["facts"] == ["treatments.0.name"]
    assert event.entities["assessment"] == latest_assessment(case).pk
    assert "treatments.0.name" in event.fields
    assert not re.search("Velomorphine|Brightwater", row)


# The pages


def page_of(client: Client, case: Case, query: str = "") -> str:
    return client.get(act(case, "read") + query).content.decode()


def posted(client: Client, case: Case, **values: Any) -> Any:
    case.refresh_from_db()
    data = {name.replace("__", "."): value for name, value in values.items()}
    return client.post(act(case, "read"), {"version": case.version, **data}, follow=True)


def words_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_nurse_reads_a_page_once_and_its_facts_are_seen_by_name():
    clerk, nurse = person(Role.CLERK), person(Role.NURSE)
    where = {"imaging-0-page": "2", "levels-0-onset_source": "MRI lumbar, page 2"}
    files = {"imaging-0-file": report("MRI lumbar.pdf"), "other_file": report("Visit note.pdf")}
    case = sent_through_the_page(browser(clerk), **where, **files)
    score_all(timezone.now())
    case.refresh_from_db()
    held_by(nurse, case)
    client, (file, note) = browser(nurse), case.attachments.order_by("name")
    page = client.get(case_page(case)).content.decode()
    query = re.search(r'value="(read\?[^"]*)">I read it', page)[1].replace("&amp;", "&")
    mark = {"version": case.version, "L1.symptomatic": "met", "then": query}
    opened = client.post(act(case, "judge"), mark)
    assert case.judgements.get().criterion == "symptomatic", "no mark is lost on the way"
    assert opened["Location"] == act(case, "read") + query.removeprefix("read")
    page = client.get(opened["Location"]).content.decode()
    assert re.findall(r'<h2 id="fact-\d">([^<]+)', page) == ["L1: Imaging 1", "L1: Pain started"]
    assert not re.search(r" checked", page), "nothing is chosen beforehand"
    assert re.search(rf'<option value="{file.pk}" selected>', page)
    assert re.search(rf'href="[^"]*/{file.pk}/[^"]*page=2[^"]*">Look at this page', page)
    paths = re.search(r'name="paths" value="([^"]*)"', page)[1]
    same = {"same.levels.L1.imaging.0": "on", "same.levels.L1.onset": "on", "file": str(note.pk), "page": "2"}
    before = case.readings.count()
    shown = words_of(posted(client, case, paths=paths, **same))
    assert (before, AuditEvent.objects.filter(action="read").count()) == (0, 1)
    seen = f"Seen by {case.readings.first().read_by}"
    assert f"{seen} : I read it MRI of" in shown
    assert f"{seen} : I read it Onset: " in shown
    other = words_of(browser(person(Role.NURSE)).get(case_page(case)))
    assert f"{seen} MRI of" in other
    assert "I read it" not in other
    assert {(one.file, one.page) for one in case.readings.all()} == {(note, 2)}
    sent = shown.split("Facts as sent")[1]
    assert re.search(r"Pain started [^B]*? Seen by", sent)
    assert "read the same." in page_of(client, case, "?path=levels.L1.onset")


def test_both_values_are_shown_with_the_reason_and_the_one_that_counts(nurse):
    client = browser(nurse)
    case = held_by(nurse, case_in_review(person(Role.CLERK), at=timezone.now()))
    choice = {f"{SHOWN}": "counts", f"{SHOWN}.value": "healed", f"{SHOWN}.why": WORDS}
    other = {"pain.score": "stands", "pain.score.value": "2", "pain.score.why": WORDS, "pain.present": "not_there"}
    shown = words_of(posted(client, case, paths=f"{SHOWN},pain", **choice, **other))
    by = case.readings.first().read_by
    result, sent = shown.split("Facts as sent")
    for words in (
        f"L1: Imaging 1, what it shows: sent Edema, read by {by}: Healed; the one read counts: “{WORDS}”",
        f"Pain, worst score, 0 to 10: sent 8, read by {by}: 2; the one sent counts: “{WORDS}”",
        f"Pain, pain now: {by} did not find it there.",
    ):
        assert words in result.replace("&quot;", '"')
    assert "Does not meet the policy" in result
    assert "did not find it there." in result.split("Look at these")[1].split("Does not meet")[0]
    assert re.search(r"Imaging 1 MRI, [^:]+: edema", sent), "the record keeps what was sent"
    assert "the one read counts" in sent


def test_what_was_read_in_a_former_round_still_counts_and_whoever_decides_now_sees_whose_it_is(nurse):
    case = held_by(nurse, case_in_review(person(Role.CLERK), at=timezone.now()))
    for finding in (Finding(SHOWN, "counts", "cleft", WORDS), Finding("pain.score", "same")):
        says(case, nurse, finding, at=timezone.now())
    approve(case, nurse, timezone.now())
    reopen.reopen(case, by=person(Role.LEAD), at=timezone.now(), reason=WORDS)
    physician = person(Role.PHYSICIAN)
    client, who = browser(physician), f"{case.readings.first().read_by} in a former round"
    page = words_of(client.get(case_page(held_by(physician, case))))
    assert "What was read in the record in a former round still counts (2 values)" in page
    assert f"read by {who}: Cleft; the one read counts" in page.split("Look at these")[1].split("Meets the policy")[0]
    assert latest_assessment(case).facts == put(facts_of(case), {SHOWN: "cleft"})
    assert f"{who} read the same" in words_of(client.get(act(case, "read") + "?path=pain.score"))
    says(case, physician, Finding(SHOWN, "same"), at=timezone.now())
    assert latest_assessment(case).facts == facts_of(case)
    page = words_of(client.get(case_page(case)))
    assert ("still counts (1 value)" in page, f"read by {who}" in page) == (True, False)


def facts_of(case: Case) -> dict[str, Any]:
    return case.revisions.get().facts


BAD = [
    ({}, "Say of at least one fact"),
    ({"pain.score.value": "3"}, "Choose which of the two counts"),
    ({"pain.score": "counts", "pain.score.value": "3"}, "Write in at least 20 characters"),
    ({"pain.score": "counts", "pain.score.why": WORDS}, "Write what the record says"),
    ({"pain.score": "counts", "pain.score.value": "many", "pain.score.why": WORDS}, "whole number"),
    ({"pain.descriptor": "stands", "pain.descriptor.value": "awful", "pain.descriptor.why": WORDS}, "Choose one of"),
    ({"pain.date": "counts", "pain.date.value": "1/1/2099", "pain.date.why": WORDS}, "still to come"),
    ({"pain.date": "counts", "pain.date.value": "soon", "pain.date.why": WORDS}, "date like 12/27/2026"),
    ({"pain.score": "counts", "pain.score.value": "11", "pain.score.why": WORDS}, "from 0 to 10"),
    ({"same.pain": "on", "page": "2"}, "Choose a file"),
    ({"same.pain": "on", "page": "0"}, "number of a page"),
    ({"same.pain": "on", "file": "7"}, "Choose one of"),
]


def test_a_form_that_does_not_fit_says_so_keeps_what_was_typed_and_stores_nothing():
    nurse = person(Role.NURSE)
    case = held_by(nurse, case_in_review(person(Role.CLERK), at=timezone.now()))
    client = browser(nurse)
    for values, message in BAD:
        response = posted(client, case, paths="pain", **values)
        page, typed = (
            response.content.decode(),
            [text for name, text in values.items() if name.endswith((".value", ".why"))],
        )
        assert (response.status_code, message in words_of(response)) == (400, True), (values, words_of(response))
        assert all(text in page for text in typed if text != "awful")
    assert not case.readings.exists()


def test_no_more_paths_are_looked_for_than_a_page_can_ask_about(monkeypatch):
    nurse, looked = person(Role.NURSE), []
    case = case_in_review(person(Role.CLERK), at=timezone.now())
    monkeypatch.setattr(read_form, "_under", lambda known, path: looked.append(path) or [])
    form = read_form.ReadForm(case, nurse, {"version": case.version, "paths": ",".join(map(str, range(10**5)))})
    assert (form.is_valid(), len(looked) < read_form.LONGEST_PATHS) == (False, True)


def test_what_the_member_file_says_can_be_chosen_from_the_case_page():
    nurse = person(Role.NURSE)
    row = {"member_id": "XYZ123456", "birth_date": dt.date(1948, 3, 14), "first_name": "Alma", "last_name": "Synthetic"}
    PlanMember.objects.create(**row, product="hmo", covered_from=dt.date(2025, 1, 1))
    case = held_by(nurse, case_in_review(person(Role.CLERK), at=timezone.now()))
    client = browser(nurse)
    assert 'value="read?path=product"' in client.get(case_page(case)).content.decode()
    said = {"product": "counts", "product.value": "hmo", "product.why": "The plan's own member file names HMO."}
    shown = words_of(posted(client, case, paths="product", **said))
    assert "The plans differ." not in shown
    assert "HMO" in shown
