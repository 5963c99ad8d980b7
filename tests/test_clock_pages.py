"""The pages around a case's clock: the acts and what closes them, the case page, the office's pages, the list of
rules."""

import datetime as dt
import html
import re

import pytest

from priorauth.admin import clock_acts
from priorauth.clock import Clock
from priorauth.letters import answers, reading
from priorauth.letters.pdf import pdf
from priorauth.models import AuditEvent, Case
from priorauth.posting import PUT_BACK
from priorauth.roles import Role
from priorauth.services import information, stop_clock
from priorauth.statuses import TRANSITIONS, Urgency
from tests import cases
from tests.admin_helpers import CLOCK_REASON, act, case_page, held_by, lacking, signed_in, snapshot, typed
from tests.cases import NOW, claimed, person
from tests.factories import browser, draft_of, saved_draft
from tests.letters import content, member_text, strings
from tests.regimes import MOVED, copy
from tests.test_clock import COMMERCIAL, DAY, MASSHEALTH, MEDICARE, WHY, extended, received, stopped

pytestmark = pytest.mark.django_db

STAFF = (Role.NURSE, Role.LEAD, Role.PHYSICIAN, Role.AUDITOR)
REVIEWERS = {Role.NURSE, Role.LEAD, Role.PHYSICIAN}
ALLOWED = {"extend": REVIEWERS, "stop-clock": REVIEWERS, "resume-clock": REVIEWERS, "downgrade": {Role.PHYSICIAN}}
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _moved(settings, tmp_path_factory, clock):
    settings.REGIMES_FILE = copy(tmp_path_factory.mktemp("regimes"), *MOVED)


def fit_for(slug) -> Case:
    """A case whose rule knows the act."""
    if slug in ("stop-clock", "resume-clock"):
        case = received(MASSHEALTH)
        return stopped(case).case if slug == "resume-clock" else case
    return received(MEDICARE, Urgency.EXPEDITED)


def words_of(response) -> str:
    return html.unescape(response.content.decode())


# The acts


@pytest.mark.parametrize(("slug", "lacks"), [("extend", 3), ("stop-clock", 2), ("resume-clock", 1), ("downgrade", 1)])
def test_each_page_says_at_each_field_what_it_lacks_and_leads_to_it(slug, lacks):
    case, (_, client) = fit_for(slug), signed_in(Role.PHYSICIAN)
    assert len(lacking(client, case, slug)) == lacks


@pytest.mark.parametrize("slug", ALLOWED)
def test_each_act_is_open_to_its_roles_read_before_it_is_done_and_refused_to_the_others(slug):
    assert set(ALLOWED) == set(clock_acts.PAGES)
    assert TRANSITIONS[clock_acts.PAGES[slug].act].roles == ALLOWED[slug]
    for role in STAFF:
        case, (actor, client) = fit_for(slug), signed_in(role)
        before, data = snapshot(case), typed(slug, case)
        confirmed = data.pop("confirmed", None)
        if role not in ALLOWED[slug]:
            assert client.get(act(case, slug)).status_code == 403
            assert client.post(act(case, slug), data).status_code == 403
            assert snapshot(case) == before
            assert AuditEvent.objects.filter(actor_id=actor.user_id, action__startswith="refused_").count() == 1
            assert act(case, slug) not in words_of(client.get(case_page(case)))
            continue
        assert act(case, slug) in words_of(client.get(case_page(case)))
        assert client.get(act(case, slug)).status_code == 200
        if confirmed:
            page = words_of(client.post(act(case, slug), data))
            assert ("Nothing is recorded yet." in page, "The letter, as it will be sent" in page) == (True, True)
            assert (CLOCK_REASON in page, snapshot(case) == before) == (True, True)
        assert client.post(act(case, slug), data | {"confirmed": "1"}).status_code == 302
        after = snapshot(case)
        assert after["version"] == before["version"] + 1
        assert after["due_at"] != before["due_at"]


# Why not, and whether the case page says so: nobody looks for the button of a clock that runs.
CLOSED = {
    "extend": ("The rule of this plan knows no extension (Massachusetts commercial, standard).", True),
    "stop-clock": ("The rule of this plan knows no stop of the clock (Massachusetts commercial, standard).", True),
    "resume-clock": ("The clock is running.", False),
    "downgrade": ("This request is standard already.", False),
}


@pytest.mark.parametrize("slug", ALLOWED)
def test_what_the_rule_does_not_know_has_no_button_but_a_reason_and_a_raw_post_is_kept_as_refused(slug):
    case, (actor, client) = received(COMMERCIAL), signed_in(Role.PHYSICIAN)
    page = words_of(client.get(case_page(case)))
    assert act(case, slug) not in page
    why, told = CLOSED[slug]
    assert (f"{clock_acts.PAGES[slug].title}:</span> {why}" in page) is told
    answer = client.get(act(case, slug))
    assert (answer.status_code, why in words_of(answer)) == (409, True)
    before = snapshot(case)
    for data in ({"version": case.version}, typed(slug, case), typed(slug, case, count="x", ground="y")):
        answer = client.post(act(case, slug), data)
        if "reason" in data:
            assert (answer.status_code, why in words_of(answer)) == (403, True)
    assert snapshot(case) == before
    refused = AuditEvent.objects.filter(actor_id=actor.user_id, action=f"refused_{clock_acts.PAGES[slug].act}")
    assert refused.count() >= 2


def test_what_is_wrong_in_a_form_is_said_and_an_older_page_does_nothing():
    case, (_, nurse) = received(MEDICARE), signed_in(Role.NURSE)
    before = snapshot(case)
    for changes, message in (
        ({"count": "15"}, "Write a number of calendar days from 1 to 14."),
        ({"count": "some"}, "Write a number of calendar days from 1 to 14."),
        ({"ground": ""}, "Choose one of the grounds that the rule knows."),
        ({"reason": "Too short."}, "Write the reason in at least 20 characters."),
    ):
        answer = nurse.post(act(case, "extend"), typed("extend", case, **changes))
        assert (answer.status_code, message in words_of(answer)) == (400, True)
    assert "The procedure is planned for Nov 30, 2026." in nurse.get(act(case, "extend")).content.decode()
    stale = nurse.post(act(case, "extend"), typed("extend", case, version=case.version - 1))
    assert (stale.status_code, CLOCK_REASON in words_of(stale)) == (409, True)
    held_by(person(Role.NURSE), case)
    held = nurse.post(act(case, "extend"), typed("extend", case, version=case.version))
    assert (held.status_code, "holds this case until" in words_of(held)) == (409, True)
    assert snapshot(case)["due_at"] == before["due_at"]


@pytest.mark.parametrize("slug", ["stop-clock", "resume-clock"])
def test_what_was_typed_too_late_is_put_back(slug):
    case, (_, nurse) = fit_for(slug), signed_in(Role.NURSE)
    before = snapshot(case)
    page = words_of(nurse.post(act(case, slug), typed(slug, case) | {PUT_BACK: "1"}))
    assert (CLOCK_REASON in page, snapshot(case) == before) == (True, True)


# What people read


def test_the_ask_page_and_its_letter_tell_whether_the_clock_stands_still():
    for product, said, letter_says in (
        (COMMERCIAL, "By the rule of this plan the clock keeps running.", "We have to decide by Nov 24, 2026."),
        (
            MASSHEALTH,
            "By the rule of this plan the clock stands still until the office answers, for at most 14 calendar days.",
            "At the latest we have to decide by Dec 11, 2026.",
        ),
    ):
        case, (actor, nurse) = received(product), signed_in(Role.NURSE)
        held_by(actor, case)
        assert said in words_of(nurse.get(act(case, "ask")))
        nurse.post(act(case, "ask"), typed("ask", case))
        letter = case.letters.get()
        assert letter_says in " ".join(strings(letter.content))
        assert reading.grade(member_text(content(letter))) <= reading.HARDEST_GRADE


def test_the_letter_of_a_stopped_clock_is_plain_and_always_the_same_file():
    letter = stopped(received(MASSHEALTH), reason="We wait for the scan that your doctor told us of.").letter
    told = content(letter)
    assert (letter.kind, told.title) == ("clock_stopped", "The time for our answer stands still")
    assert reading.grade(member_text(told)) <= reading.HARDEST_GRADE
    assert reading.unexplained(member_text(told)) == []
    said = " ".join(strings(letter.content))
    for words in (
        "If nothing comes, we have to decide by Dec 11, 2026.",
        "Papers that we need are missing, and we wait for them.",
        "Fri Dec 4, 2026, 3:30 p.m. EST",
    ):
        assert words in said
    assert pdf(answers.whole(letter)) == pdf(answers.whole(type(letter).objects.unscoped("a test").get(pk=letter.pk)))
    extension = extended(received(MEDICARE)).letter
    assert pdf(answers.whole(extension)) == pdf(answers.whole(extension))


def test_the_case_page_tells_the_rule_each_change_and_that_the_clock_stands_still(clock):
    case = received(MASSHEALTH)
    stopped(case, NOW)
    lead = person(Role.LEAD)
    clock.forward(days=2)
    page = words_of(browser(lead).get(case_page(case)))
    for said in (
        "The clock stands still, until Fri Dec 4, 2026, 3:30 p.m. EST at the latest",
        "MassHealth, standard: 7 calendar days from receipt",
        "Not yet verified by the plan",
        "as configured by the plan), with a stop of the clock; received",
        "Clock stopped, Nurse reviewer No. 2",
        "Documents are missing (deferral).",
        WHY,
    ):
        assert said in re.sub(r"</?strong>", "", page), said
    assert act(case, "resume-clock") in page
    assert (page.count("<h1"), act(case, "stop-clock") in page) == (1, False)


def test_the_office_reads_of_every_change_with_its_rule(clock):
    case = received(MEDICARE, Urgency.EXPEDITED)
    clerk = cases.Actor.of(case.created_by)
    page = f"/requests/{case.reference}/"
    assert "What changed the clock" not in words_of(browser(clerk).get(page))
    extended(case, at=NOW + HOUR)
    read = words_of(browser(person(Role.NURSE)).get(case_page(case)))
    assert "as configured by the plan), extended by 5 calendar days; received" in read
    plain = re.sub(r"</?strong>", "", words_of(browser(clerk).get(page)))
    for said in (
        "time extended by 5 calendar days. Due Sat Nov 28, 2026, 3:30 p.m. EST, before Mon Nov 23",
        "More evidence is needed, in the member's interest.",
        WHY,
        "Medicare Advantage, expedited: 72 hours from receipt",
        "Letter 1: More time",
    ):
        assert said in plain, said
    for reading_page in (page, f"{page}letter/1/"):
        assert browser(clerk).get(reading_page).status_code == 200


def test_the_office_reads_that_the_clock_stands_still_and_runs_when_it_answers(clock):
    case, nurse = received(MASSHEALTH), person(Role.NURSE)
    clerk = cases.Actor.of(case.created_by)
    information.ask(claimed(case, nurse), by=nurse, at=NOW, question="Which level?", items=[])
    clock.forward(days=3)
    still = "The clock stands still until your office sends what was asked, until Fri Dec 4, 2026, 3:30 p.m. EST"
    pages = [words_of(browser(clerk).get(f"/requests/{case.reference}/{where}")) for where in ("", "answer/1/")]
    assert [still in page for page in pages] == [True, True]
    assert ["0 percent of the time is used" in pages[0], "The clock keeps running" in pages[0]] == [True, False]
    amend = words_of(browser(clerk).get(f"/requests/{case.reference}/amend/"))
    assert "The clock stands still now and runs again when you answer what was asked" in amend
    information.answer(case, by=clerk, at=NOW + 3 * DAY, note="It is L1.")
    clock.forward(days=3.5)
    page = words_of(browser(clerk).get(f"/requests/{case.reference}/"))
    assert ("50 percent of the time is used" in page, "clock running again" in page) == (True, True)
    assert Clock.of(case).due() == case.due_at == NOW + 10 * DAY
    other = stopped(received(MASSHEALTH), NOW + 6 * DAY).case
    amend = words_of(browser(cases.Actor.of(other.created_by)).get(f"/requests/{other.reference}/amend/"))
    assert "The clock stands still now and runs again when you send" in amend
    stop_clock.resume(other, by=nurse, at=NOW + 6 * DAY + HOUR, reason=WHY)


def test_the_check_page_tells_what_a_question_does_to_the_clock():
    client = browser(person(Role.CLERK))
    for product, said in (
        ("hmo", "meanwhile the clock keeps running, by the rule for this plan (Massachusetts commercial)"),
        (
            MASSHEALTH,
            "meanwhile the clock stands still until you answer, for at most 14 calendar days,"
            " by the rule for this plan (MassHealth)",
        ),
    ):
        case = saved_draft(client, product=product, response="not_recorded")
        page = words_of(client.get(f"/requests/{case.reference}/edit/check/"))
        assert (draft_of(case).fields["product"], said in page) == ([product], True)


def test_every_rule_is_shown_in_words_to_everybody_who_enters_the_admin(settings, tmp_path):
    received(MEDICARE)
    settings.REGIMES_FILE = copy(
        tmp_path,
        *MOVED,
        (
            "holidays: massachusetts",
            'verified_by: Legal\n        verified_on: "2026-11-02"\n        holidays: massachusetts',
        ),
    )
    for role in (*STAFF, Role.ADMINISTRATOR):
        _, client = signed_in(role)
        page = words_of(client.get("/admin/priorauth/regimeuse/"))
        for said in (
            "Massachusetts commercial, from Jun 5, 2026",
            "Binds: HMO, POS, Another plan, every other product. <strong>Verified by Legal, Nov 2, 2026.</strong>",
            "Binds: Medicare HMO Blue, Medicare PPO Blue. <strong>Not yet verified by the plan.</strong>",
            "2 business days from receipt",
            "Patriots' Day",
            "At most 14 calendar days, once: The member or the office asks for more time;",
            "A question to the office; Documents are missing (deferral). For 14 calendar days in all",
            "(standard only)",
            "deemed approved; a person states it",
            "211 CMR 52 (read in another's account of it)",
            "First used",
        ):
            assert said in page, said
        assert client.post("/admin/priorauth/regimeuse/").status_code in (403, 405)
