"""Possible mistakes: asked about once, on a page that one press passes; kept for the reviewer."""

import re

import pytest
from django.utils import timezone

from portal.web import doubts
from portal.web.dates import read
from tests.cases import score_all
from tests.factories import (
    browser,
    clerk,
    day,
    draft_of,
    form_of,
    level_row,
    post_edit,
    saved_draft,
    treatment_row,
    valid_form,
)

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
TWO = {"levels-count": "2", **level_row(1, "L2"), "imaging-0-findings-1": ["not_mentioned"]}


def added(index: int, level: str) -> dict[str, str]:
    return {f"lines-{index}-code": "22512", f"lines-{index}-levels": level, f"lines-{index}-units": "1"}


def words_of(ago: int) -> str:
    return str(read(day(ago)))


DOUBTS = [
    (
        {"imaging-0-date": day(215), "levels-0-onset": day(300)},
        "imaging-0-date",
        f"This MRI is 7 months old. Is {words_of(215)} right?",
    ),
    (
        {"imaging-0-date": day(95)},
        "imaging-0-date",
        f"The MRI of {words_of(95)} was before the pain at L1 started ({words_of(90)})",
    ),
    (
        {"service_date": day(91), "retrospective_reason": "The patient could not wait."},
        "service_date",
        f"The planned date, {words_of(91)}, is before the pain at L1 started ({words_of(90)}). Are both dates right?",
    ),
    (treatment_row(0, modality="analgesic", start=day(100)), "treatments-0-start", "It counts from the day of onset"),
    ({"levels-0-exam_date": day(91)}, "levels-0-exam_date", "must be on or after that day, or it is an earlier exam"),
    (
        {"imaging-0-findings-0": ["edema", "healed"]},
        "imaging-0-findings-0",
        "edema and an old or healed fracture are ticked for L1",
    ),
    (
        {"diagnosis_codes": "S32.010A, M80.08XA"},
        "levels-0-etiology",
        "The code S32.010A says injury, the cause of L1 says osteoporosis",
    ),
    (
        {"levels-0-etiology": "trauma"},
        "levels-0-etiology",
        "The code M80.08XA says osteoporosis, the cause of L1 says injury",
    ),
    (
        {"levels-0-name": "S1", "lines-0-levels": "S1"},
        "lines-0-levels",
        "S1 is a sacral level: that is sacroplasty (0200T or 0201T)",
    ),
    ({"lines-0-code": "22512"}, "lines-0-code", "22512 is an add-on: add 22510 or 22511"),
    (
        TWO | {"lines-count": "3", **added(1, "L2"), **added(2, "L2")},
        "lines-2-code",
        "22512 stands in lines 2 and 3: one line with L2 and 1 unit says it all",
    ),
    (TWO, "lines-0-levels", "2 levels are described but the codes cover 1: add L2 to a line"),
    ({"imaging-0-findings-0": []}, "imaging-0-findings-0", "Tick at least one finding for L1, or “Not mentioned”"),
    (
        {**TWO, "lines-0-levels": "L1, L2", "imaging-0-findings-1": []},
        "imaging-0-findings-1",
        "Study 1 has nothing ticked for L2. Tick at least one finding for L2, or “Not mentioned”",
    ),
]


@pytest.mark.parametrize(("changes", "name", "words"), DOUBTS, ids=[row[2][:28] for row in DOUBTS])
def test_a_possible_mistake_is_asked_about(changes, name, words):
    form = form_of(valid_form(**changes), TODAY())
    (doubt,) = doubts.find(form)
    assert doubt.input_id == f"id_{name}"
    assert words in doubt.words
    assert not re.search(r"invalid|[a-z]_[a-z]", doubt.words.lower())


FINE = [
    {},
    {"imaging-0-date": day(180), "levels-0-onset": day(200), **treatment_row(0), **treatment_row(1)},
    {"imaging-0-date": day(90)},
    {"levels-0-exam_date": day(90)},
    {"levels-0-onset": "not a date", "imaging-0-date": day(150)},
    {"imaging-0-findings-0": ["not_mentioned"]},
    {"lines-0-levels": "", "levels-0-name": "L1"},
    {"diagnosis_codes": ""},
]


@pytest.mark.parametrize("changes", FINE)
def test_what_stands_on_the_right_side_of_each_boundary_raises_no_doubt(changes):
    assert doubts.find(form_of(valid_form(**changes), TODAY())) == []


def test_one_press_passes_and_the_same_values_are_not_asked_about_again():
    client = browser(clerk())
    odd = {"imaging-0-date": day(215), "levels-0-onset": day(300)}
    case = saved_draft(client, **odd)
    page = f"/requests/{case.reference}/edit/possible-mistakes/"
    check = f"/requests/{case.reference}/edit/check/"
    assert post_edit(client, case, valid_form(**odd, action="check"))["Location"] == page
    shown = client.get(page).content.decode()
    assert "<h1>Possible mistake</h1>" in shown
    assert "This MRI is 7 months old" in shown
    assert f'href="/requests/{case.reference}/edit/#id_imaging-0-date"' in shown
    assert "may be a mistake" in client.get(check).content.decode()

    assert client.post(page, {"version": draft_of(case).version})["Location"] == check
    assert "may be a mistake" not in client.get(check).content.decode()
    assert post_edit(client, case, valid_form(**odd, action="check"))["Location"] == check
    changed = odd | {"imaging-0-date": day(216)}
    assert post_edit(client, case, valid_form(**changed, action="check"))["Location"] == page

    client.post(page, {"version": draft_of(case).version})
    client.post(check, {"version": draft_of(case).version, "statement": "yes"})
    assert case.revisions.get().details["confirmed"] == [f"This MRI is 7 months old. Is {words_of(216)} right?"]
    score_all(timezone.now())


def test_a_confirmation_of_what_a_colleague_changed_meanwhile_counts_for_nothing():
    client = browser(clerk())
    case = saved_draft(client, **{"imaging-0-date": day(215)})
    seen = draft_of(case).version
    post_edit(client, case, valid_form(**{"imaging-0-date": day(250)}))
    page = f"/requests/{case.reference}/edit/possible-mistakes/"
    assert "8 months old" in client.post(page, {"version": seen}).content.decode()
    assert "confirmed" not in draft_of(case).record


def test_nothing_in_doubt_leads_straight_to_the_check():
    client = browser(clerk())
    case = saved_draft(client)
    check = f"/requests/{case.reference}/edit/check/"
    assert post_edit(client, case, valid_form(action="check"))["Location"] == check
    assert client.get(f"/requests/{case.reference}/edit/possible-mistakes/")["Location"] == check


def test_a_planned_date_that_has_passed_asks_why():
    client = browser(clerk())
    late = {"service_date": day(3)}
    case = saved_draft(client, **late)
    page = client.get(f"/requests/{case.reference}/edit/?problems=all").content.decode()
    assert page.count("Say why the request comes after the procedure.") == 2
    why = late | {"retrospective_reason": "It was an emergency at night."}
    response = post_edit(client, case, valid_form(**why, action="check"))
    assert response["Location"] == f"/requests/{case.reference}/edit/check/"
    client.post(response["Location"], {"version": draft_of(case).version, "statement": "yes"})
    assert case.revisions.get().details["retrospective_reason"] == "It was an emergency at night."
    assert "retrospective_reason" not in client.get("/requests/new/").content.decode()
