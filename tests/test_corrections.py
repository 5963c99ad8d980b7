"""A correction of a request that was sent, kept until it is sent: two clerks at once, an answer or a decision in
between, files, and what is asked about before it goes out (decision 51)."""

import pytest
from django.utils import timezone

from portal.web import amending, answering, correcting, versions
from priorauth.models import AuditEvent, Case, Draft
from priorauth.roles import Actor, Role
from priorauth.services import amend, corrections, draft_versions, withdraw
from priorauth.services.errors import Conflict
from tests import cases
from tests.cases import person
from tests.factories import browser, clerk, day, level_row, report, sent_through_the_page, study_row, treatment_row
from tests.forms_in_pages import form_to
from tests.office_helpers import asked, page_of, text

pytestmark = pytest.mark.django_db
AMEND, VERSIONS = "amend/", "amend/versions/"
ALONE = {"X-Background": "1"}


@pytest.fixture
def two():
    """Two clerks, and a request that one of them sent."""
    one, other = browser(clerk()), browser(clerk())
    return one, other, sent_through_the_page(one)


def form_on(client_or_page, case, tail=AMEND):
    """The form as the page has it, to be posted with changes."""
    page = client_or_page if hasattr(client_or_page, "content") else client_or_page.get(page_of(case, tail))
    return form_to(page, page_of(case, tail)).fields


def post(client, case, form, action="", tail=AMEND, headers=None, **changes):
    return client.post(page_of(case, tail), {**form, "action": action, **changes}, headers=headers)


def kept(case):
    return Draft.objects.unscoped("a test reads").filter(case=case).first()


def row(index, **changes):
    return {"treatments-count": str(index + 1), **treatment_row(index, **changes)}


def facts_of(case):
    return case.revisions.order_by("-number")[0].facts


def test_who_sends_second_takes_nothing_back_and_chooses_where_both_changed_one_answer(two):
    one, other, case = two
    seen = form_on(other, case)
    first = {"t_score": "-3.4", "levels-0-onset": day(95), "pain_word": "moderate"}
    added = row(2, modality="brace", name="Thoracic brace")
    assert post(one, case, form_on(one, case), "send", **first, **added).status_code == 302
    page = post(other, case, seen, "send", pain_score="9", **row(2, modality="injection", name="Facet block"))
    assert (page.status_code, amending.SENT_MEANWHILE in text(page), case.revisions.count()) == (409, True, 2)
    assert {"-3.4", day(95), "Moderate"} <= {one.theirs for one in page.context["taken"]}
    sent = post(other, case, form_on(page, case), "send")
    assert sent["Location"] == page_of(case)
    facts = facts_of(case)
    assert (facts["patient"]["t_score"], facts["pain"]["score"], facts["pain"]["descriptor"]) == (-3.4, 9, "moderate")
    assert {one["name"] for one in facts["treatments"]} >= {"Thoracic brace", "Facet block"}
    assert (case.revisions.count(), kept(case)) == (3, None)

    page = post(one, case, seen, "send", pain_score="7", walking="unable")
    assert "sent something for request" in text(page)
    assert [(one.mine, one.theirs) for one in page.context["differences"].open] == [("7", "9")]
    again = post(one, case, form_on(page, case, VERSIONS), tail=VERSIONS)
    assert (again.status_code, versions.CHOOSE in text(again)) == (200, True)
    assert "Two versions" in text(one.get(page_of(case, AMEND))), "it is kept, and asked about until it is chosen"
    chosen = {"choose.pain_score": "mine"}
    assert post(one, case, form_on(again, case, VERSIONS), tail=VERSIONS, **chosen)["Location"] == page_of(case, AMEND)
    assert post(one, case, form_on(one, case), "send")["Location"] == page_of(case)
    facts = facts_of(case)
    assert (facts["patient"]["t_score"], facts["pain"]["score"], facts["ambulation"]["current"]) == (-3.4, 7, "unable")


def test_a_correction_is_kept_as_it_is_typed_and_a_colleague_goes_on_with_it(two):
    one, other, case = two
    seen, events = form_on(one, case), AuditEvent.objects.count()
    assert post(one, case, seen, headers=ALONE).status_code == 200
    assert kept(case) is None, "nothing was changed"
    answer = post(one, case, seen, pain_score="9", pain_date="11/20/26", headers=ALONE)
    assert 'id="id_pain_date_read" data-live>Read as Nov 20, 2026<' in text(answer)
    first = kept(case).version
    assert (answer.status_code, f'name="answer.kept" value="{first}"' in text(answer)) == (200, True)
    assert form_on(one, case)["pain_score"] == ["9"]
    told = text(other.get(page_of(case)))
    assert ("A correction was begun" in told, "Continue the correction" in told) == (True, True)
    assert not Draft.objects.for_actor(person(Role.NURSE)).exists()
    assert not Draft.objects.for_actor(clerk("Bay Pain Clinic")).exists()
    late = post(other, case, seen, t_score="-3.4", headers=ALONE)
    assert (late.status_code, "not saved: press Save" in text(late)) == (409, True)
    page = post(other, case, seen, "keep", t_score="-3.4", **row(2, modality="brace", name="Brace"))
    assert (page.status_code, amending.KEPT_MEANWHILE in text(page)) == (409, True)
    assert [one.theirs for one in page.context["taken"]] == ["9", "11/20/26"]
    fields = kept(case).fields
    assert (fields["pain_score"], fields["t_score"], fields["treatments-2-name"]) == (["9"], ["-3.4"], ["Brace"])

    page = post(one, case, seen, "keep", pain_score="9", t_score="-2.5", **{"answer.kept": first})
    assert (page.status_code, "saved a correction of" in text(page)) == (409, True)
    assert [(one.mine, one.theirs) for one in page.context["differences"].open] == [("-2.5", "-3.4")]
    form = form_on(page, case, VERSIONS)
    post(other, case, form_on(other, case), "keep", t_score="-3.3")
    moved = post(one, case, form, tail=VERSIONS, **{"choose.t_score": "mine"})
    assert (moved.status_code, versions.MOVED_ON in text(moved)) == (409, True)
    never = {"base.revision": "99999"}
    assert post(one, case, form_on(moved, case, VERSIONS), tail=VERSIONS, every="mine", **never).status_code == 302
    fields = kept(case).fields
    assert (fields["t_score"], fields["pain_score"]) == (["-2.5"], ["9"])
    assert case.revisions.count() == 1
    acts = AuditEvent.objects.order_by("pk")[events:].values_list("action", flat=True)
    assert {*acts} <= {"read_case"}, "keeping is no act"


def test_an_answer_in_between_is_taken_in_and_a_decision_leaves_the_correction_to_be_read():
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse)
    post(client, case, form_on(client, case), "keep", pain_score="9", note="Typed before.")
    answer = form_on(client, case, "answer/1/")
    assert post(client, case, answer, "send_part", "answer/1/", response="none").status_code == 302
    page = client.get(page_of(case, AMEND))
    assert ("Changed meanwhile" in text(page), page.context["base"]) == (True, 2)
    form = form_on(page, case)
    assert (form["pain_score"], form["response"]) == (["9"], ["none"])
    cases.score_all(timezone.now())
    case.refresh_from_db()
    withdraw.withdraw(case, by=clerk(), at=timezone.now(), reason="Treated elsewhere.")
    late = post(client, case, form, "send", note="Typed too late.")
    assert (late.status_code, correcting.ENDED in text(late), "Typed too late." in text(late)) == (409, True, True)
    assert post(client, case, form, headers=ALONE).status_code == 409
    page = text(client.get(page_of(case, AMEND)))
    assert ("Typed before." in page, "Send the changes" in page, case.revisions.count()) == (True, False, 2)
    assert "A correction was not sent" in text(client.get(page_of(case)))
    by = Actor.of(case.created_by)
    with pytest.raises(Conflict, match="can no longer be corrected"):
        corrections.keep(case, by=by, at=timezone.now(), version=1, fields={}, corrects=1)
    assert "Typed before." in text(client.get(page_of(case, "amend/discard/"))), "what goes is read before"


def test_a_correction_of_what_was_sent_before_takes_nothing_of_the_later_back(two):
    one, other, case = two
    before = form_on(one, case)
    assert post(other, case, form_on(other, case), "send", t_score="-3.4").status_code == 302
    after = form_on(other, case)
    assert post(one, case, before, pain_score="9", headers=ALONE).status_code == 200
    assert kept(case).corrects == 1
    page = post(other, case, after, "keep", pain_word="moderate")
    assert [one.theirs for one in page.context["taken"]] == ["9"]
    fields = kept(case).fields
    assert (fields["t_score"], fields["pain_score"], kept(case).corrects) == (["-3.4"], ["9"], 2)


def test_a_page_of_a_correction_that_is_gone_does_not_write_over_the_next_one(two):
    one, other, case = two
    post(one, case, form_on(one, case), "keep", pain_score="9")
    seen = form_on(one, case)
    post(other, case, form_on(other, case, "amend/discard/"), tail="amend/discard/")
    post(other, case, form_on(other, case), "keep", t_score="-3.4")
    assert post(one, case, seen, pain_score="7", headers=ALONE).status_code == 409
    page = post(one, case, seen, "keep", pain_score="7")
    assert (page.status_code, kept(case).fields["t_score"]) == (409, ["-3.4"])


def test_an_answer_that_was_begun_takes_a_correction_in_row_by_row():
    one, other = browser(clerk()), browser(clerk())
    case, tail = asked(one, person(Role.NURSE)), "answer/1/"
    added = {"imaging-count": "2", **study_row(1, impression="Edema of L1, seen late.")}
    post(other, case, form_on(other, case, tail), "keep", tail, **added)
    seen = form_on(other, case, tail)
    study = study_row(1, modality="CT", impression="A line through L1.", **{"findings-0": ["fracture_line"]})
    assert post(one, case, form_on(one, case), "send", **{"imaging-count": "2"}, **study).status_code == 302
    page = other.get(page_of(case, tail))
    told = {form_on(page, case, tail).get(f"imaging-{row}-impression", [""])[0] for row in range(3)}
    assert {"Edema of L1, seen late.", "A line through L1."} <= told
    assert answering.CHANGED in text(page)
    late = post(other, case, seen, "send_part", tail, response="none")
    assert (late.status_code, answering.CHANGED in text(late), case.revisions.count()) == (409, True, 2)
    assert post(other, case, form_on(late, case, tail), "send_part", tail)["Location"] == page_of(case)
    facts = facts_of(case)
    found = [(one["modality"], one["finding"]) for one in facts["levels"]["L1"]["imaging"]]
    assert (sorted(found), facts["treatment_response"]) == ([("CT", "fracture_line"), ("MRI", "edema")], "none")


def test_a_correction_is_discarded_with_its_files_and_never_while_a_colleague_goes_on(two):
    one, other, case = two
    post(one, case, form_on(one, case), "keep", **{"imaging-0-file": report("mine.pdf")})
    assert "mine.pdf" in text(one.get(page_of(case, AMEND)))
    ask = other.get(page_of(case, "amend/discard/"))
    assert "mine.pdf" in text(ask)
    post(one, case, form_on(one, case), "keep", pain_score="9")
    assert post(other, case, form_on(ask, case, "amend/discard/"), tail="amend/discard/").status_code == 409
    open_elsewhere = form_on(one, case)
    done = post(other, case, form_on(other, case, "amend/discard/"), tail="amend/discard/")
    assert (done["Location"], kept(case), case.attachments.count()) == (page_of(case), None, 0)
    assert post(one, case, open_elsewhere, pain_score="7", headers=ALONE).status_code == 409
    assert post(one, case, open_elsewhere, "keep", pain_score="7").status_code == 302
    assert kept(case).fields["pain_score"] == ["7"], "what is typed on is not lost"


def test_a_reviewer_who_claims_meanwhile_keeps_no_file_of_a_correction_that_is_discarded(two):
    one, _, case = two
    files = {"imaging-0-file": report("mine.pdf"), "other_file": report("also.pdf")}
    post(one, case, form_on(one, case), "keep", **files)
    post(one, case, form_on(one, case), "keep", **{"imaging-count": "2", **study_row(1, file=report("second.pdf"))})
    cases.score_all(timezone.now())
    case.refresh_from_db()
    seen, by, at = Case.objects.for_actor(clerk()).get(pk=case.pk), Actor.of(case.created_by), timezone.now()
    cases.claimed(case, person(Role.NURSE), at)
    with pytest.raises(Conflict, match="since you looked at it"):
        corrections.discard(seen, by=by, at=at, version=kept(case).version, files=[])
    files = [str(file.pk) for file in case.attachments.all()]
    corrections.discard(seen, by=by, at=at, version=kept(case).version, files=files)
    assert (kept(case), len(files), case.attachments.count()) == (None, 3, 0)


def test_a_correction_kept_while_another_is_sent_is_not_swept_away(two):
    one, _, case = two
    post(one, case, form_on(one, case), "keep", pain_score="9")
    by, at = Actor.of(case.created_by), timezone.now()
    case.refresh_from_db()
    changed = {**case.revisions.get().facts, "treatment_response": "none"}
    brought = {"by": by, "at": at, "facts": changed, "details": case.revisions.get().details}
    with pytest.raises(Conflict, match="while you were sending it"):
        amend.amend(case, **brought, draft_version=7)
    case.refresh_from_db()
    assert (case.revisions.count(), kept(case).fields["pain_score"]) == (1, ["9"])
    amend.amend(case, **brought)
    assert (case.revisions.count(), kept(case).corrects) == (2, 1)


def test_of_two_who_keep_at_once_the_second_is_told_and_what_is_replaced_can_be_asked_for(two):
    _, _, case = two
    one, other = Actor.of(case.created_by), clerk()

    def keep(by, version, score):
        fields = {"pain_score": [score]}
        return corrections.keep(case, by=by, at=timezone.now(), version=version, fields=fields, corrects=1)

    first = keep(one, 0, "9").version
    assert keep(one, 0, "9").version == first, "the second press of one button"
    for version in (0, first - 1):
        with pytest.raises(Conflict, match="kept a correction"):
            keep(other, version, "7")
    assert keep(other, first, "7").version == first + 1
    assert draft_versions.at(kept(case), first) == {"pain_score": ["9"]}
    Draft.objects.unscoped("a colleague sent it").filter(case=case).delete()
    with pytest.raises(Conflict, match="sent or discarded"):
        keep(one, first, "9")


def test_a_file_that_was_sent_or_that_an_answer_names_outlives_a_correction_that_is_discarded():
    one, tail, discard = browser(clerk()), "answer/1/", "amend/discard/"
    case = asked(one, person(Role.NURSE), **{"imaging-0-file": report("sent.pdf"), "imaging-0-findings-0": []})
    added = {"imaging-count": "2", **study_row(1, file=report("both.pdf"))}
    post(one, case, form_on(one, case, tail), "keep", tail, **added)
    linked = {"imaging-1-attachment": str(case.attachments.get(name="both.pdf").pk)}
    post(one, case, form_on(one, case), "keep", **{"imaging-count": "2", **study_row(1), **linked})
    assert post(one, case, form_on(one, case, discard), tail=discard)["Location"] == page_of(case)
    assert (kept(case), case.attachments.count()) == (None, 2)


def test_what_a_colleague_took_out_before_sending_is_asked_about_and_not_sent_again(two):
    one, other, case = two
    post(one, case, form_on(one, case), "keep", pain_score="9")
    seen = form_on(other, case)
    post(one, case, form_on(one, case), "send", pain_score="8", t_score="-3.4")
    page = post(other, case, seen, "keep", pain_word="moderate")
    assert page.status_code == 409
    assert "pain_score" in {one.key for one in page.context["differences"].open}


def test_a_correction_that_took_a_sending_in_stays_so_whoever_keeps_next(two):
    one, other, case = two
    post(one, case, form_on(one, case), "keep", pain_score="9")
    seen, sent = form_on(other, case), case.revisions.get()
    changed = {**sent.facts, "treatment_response": "none"}
    case.refresh_from_db()
    amend.amend(case, by=Actor.of(case.created_by), at=timezone.now(), facts=changed, details={})
    post(one, case, form_on(one, case), "keep", t_score="-3.4")
    assert kept(case).corrects == 2
    post(other, case, seen, "keep", pain_word="moderate")
    assert (kept(case).corrects, kept(case).fields["pain_word"]) == (2, ["moderate"])
    page = post(other, case, seen, "keep", t_score="-3.1")
    form = form_on(page, case, VERSIONS)
    post(other, case, form, tail=VERSIONS, **{"choose.t_score": "mine"})
    assert (kept(case).corrects, kept(case).fields["t_score"]) == (2, ["-3.1"])
    withdraw.withdraw(Case.objects.for_actor(clerk()).get(pk=case.pk), by=clerk(), at=timezone.now(), reason="Moved.")
    late = post(other, case, form, tail=VERSIONS, **{"choose.t_score": "mine"})
    assert (late.status_code, "-3.1" in text(late)) == (409, True), "nothing typed is lost"


def test_what_was_chosen_is_shown_again_where_a_colleague_keeps_at_that_moment(two, monkeypatch):
    one, other, case = two
    seen, keep = form_on(other, case), corrections.keep
    post(one, case, form_on(one, case), "keep", t_score="-3.4")
    form = form_on(post(other, case, seen, "keep", t_score="-3.1"), case, VERSIONS)

    def a_colleague_was_faster(case, *, version, fields, **kept):
        keep(case, version=version, fields={**fields, "t_score": ["-2.7"]}, **{**kept, "by": clerk()})
        return keep(case, version=version, fields=fields, **kept)

    monkeypatch.setattr(corrections, "keep", a_colleague_was_faster)
    page = post(other, case, form, tail=VERSIONS, **{"choose.t_score": "mine"})
    monkeypatch.undo()
    assert ("kept a correction at" in text(page), "-3.1" in text(page)) == (True, True)
    again = post(other, case, form_on(page, case, VERSIONS), tail=VERSIONS, **{"choose.t_score": "mine"})
    assert (again.status_code, versions.MOVED_ON in text(again)) == (409, True)


@pytest.mark.parametrize(("meanwhile", "told"), [("keeps", "press Save, and both"), ("withdraws", "Withdrawn")])
def test_a_page_that_saves_itself_while_a_colleague_acts_says_what_to_do(two, monkeypatch, meanwhile, told):
    _, other, case = two
    form, keep = form_on(other, case), corrections.keep

    def a_colleague_was_faster(case, *, fields, at, **kept):
        monkeypatch.undo()
        if meanwhile == "keeps":
            keep(case, fields={**fields, "t_score": ["-2.7"]}, at=at, **{**kept, "by": clerk()})
        else:
            withdraw.withdraw(Case.objects.for_actor(clerk()).get(pk=case.pk), by=clerk(), at=at, reason="Moved.")
        return keep(case, fields=fields, at=at, **kept)

    monkeypatch.setattr(corrections, "keep", a_colleague_was_faster)
    answer = post(other, case, form, "keep", headers=ALONE, t_score="-3.1")
    assert (answer.status_code, told in text(answer)) == (409, True)


def test_more_levels_than_a_request_can_have_are_told_and_nothing_is_kept_or_sent_of_them(two):
    one, other, case = two
    rows = [level_row(index, f"T{index}") for index in range(1, 10)]
    many = {"levels-count": "10"} | {name: text for row in rows for name, text in row.items()}
    few = {"levels-count": "3", **level_row(1, "L2"), **level_row(2, "L3")}
    seen = form_on(other, case)
    post(one, case, form_on(one, case), "keep", **few)
    page = post(other, case, seen, "keep", **many)
    assert (page.status_code, "leave some out" in text(page)) == (409, True)
    assert kept(case).fields["levels-count"] == ["3"]
    post(one, case, form_on(one, case, "amend/discard/"), tail="amend/discard/")
    post(other, case, form_on(other, case), "keep", **many)
    facts = case.revisions.get().facts
    levels = dict.fromkeys(("L1", "L2", "L3"), facts["levels"]["L1"])
    case.refresh_from_db()
    brought = {"facts": {**facts, "levels": levels}, "details": {}}
    amend.amend(case, by=Actor.of(case.created_by), at=timezone.now(), **brought)
    assert "leave some out" in text(other.get(page_of(case, AMEND)))


def test_a_button_of_an_old_page_takes_no_row_out_and_a_second_press_keeps_nothing(two):
    one, other, case = two
    seen = form_on(other, case)
    post(one, case, form_on(one, case), "keep", pain_score="9")
    post(other, case, seen, remove="treatments-1")
    assert kept(case).fields["treatments-1-modality"] == ["physical_therapy"]
    form = form_on(one, case)
    answers = [post(one, case, form, "send") for _ in range(2)]
    assert {answer["Location"] for answer in answers} == {page_of(case)}
    assert (case.revisions.count(), kept(case)) == (2, None)


@pytest.mark.parametrize(
    "changes",
    [{"imaging-0-file": report("mine.exe", b"MZ"), "pain_score": "9"}, {"levels_named": "T1-T11", "pain_score": "9"}],
)
def test_nothing_is_sent_beside_a_refused_file_or_a_level_that_is_none(two, changes):
    one, _, case = two
    assert post(one, case, form_on(one, case), "send", **changes).status_code == 200
    assert case.revisions.count() == 1


SILENT = "Study 2 has nothing ticked. Tick at least one finding for L1, or “Not mentioned”."


@pytest.mark.parametrize("tail", [AMEND, "answer/1/"])
def test_a_study_of_which_nothing_is_ticked_is_asked_about_once_and_never_said_not_to_mention(tail):
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse)
    study = {"imaging-count": "2", **study_row(1, modality="CT", **{"findings-0": []})}
    page = post(client, case, form_on(client, case, tail), "send_part" if "answer" in tail else "send", tail, **study)
    assert (page.status_code, SILENT in text(page), case.revisions.count()) == (200, True, 1)
    form = form_on(page, case, tail)
    action = "send_part" if "answer" in tail else "send"
    assert post(client, case, form, action, tail)["Location"] == page_of(case)
    assert case.revisions.get(number=2).details["confirmed"] == [SILENT]
    page = text(client.get(page_of(case)))
    assert page.count('<dt>What does the report say about L1?</dt><dd class="pre quiet">Not provided</dd>') >= 2
    assert "Not mentioned" not in page
    form = form_on(client, case)
    post(client, case, form, "send", **{"imaging-1-findings-0": ["not_mentioned"]})
    assert "Not mentioned</dd>" in text(client.get(page_of(case)))
