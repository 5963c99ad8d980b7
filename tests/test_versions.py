"""Two clerks, one draft: both versions side by side, in the words of the form, and nothing of either is lost
(issue 5, point 6)."""

import datetime as dt
from collections import defaultdict

import pytest
from django.utils import timezone

from portal.web import versions
from portal.web.differences import MINE, NO_SUCH_ROW, THEIRS, Differences
from portal.web.rows import TooMany
from portal.web.summary import NOT_PROVIDED
from priorauth.models import Draft, User
from priorauth.roles import Role
from priorauth.services import draft_versions, drafts
from priorauth.services.errors import Conflict
from tests.admin_helpers import snapshot
from tests.cases import person
from tests.factories import (
    NEW,
    browser,
    clerk,
    draft_of,
    level_row,
    post_edit,
    report,
    saved_draft,
    sent_through_the_page,
    study_row,
    token_of,
    treatment_row,
    valid_form,
)
from tests.forms_in_pages import form_to
from tests.tampering import force


def as_raw(payload):
    return {name: value if isinstance(value, list) else [value] for name, value in payload.items()}


def with_levels(*names, **changes):
    rows = {name: text for index, level in enumerate(names) for name, text in level_row(index, level).items()}
    return rows | {"levels-count": str(len(names)), **changes}


def with_treatments(*names):
    rows = {name: text for index, one in enumerate(names) for name, text in treatment_row(index, name=one).items()}
    return rows | {"treatments-count": str(len(names))}


def found(mine, theirs, base=None, **choices):
    """What differs between two changed forms, as (about: question, mine, theirs, chosen)."""
    bare = {name: text for name, text in valid_form().items() if not name.startswith(("levels-", "treatments-"))}
    start = bare | with_levels("L1") | with_treatments("Rest")
    versions = [as_raw(start | changes) for changes in (mine, theirs)]
    chosen = defaultdict(str, choices)
    return Differences(*versions, as_raw(start | base) if base is not None else {}, {}, chosen)


def told(differences):
    return [
        (f"{one.about}: {one.question}" if one.about else one.question, one.mine, one.theirs, one.chosen)
        for one in differences
    ]


ADDED = "Is it part of the request?"


@pytest.mark.parametrize(
    ("mine", "theirs", "base", "expected"),
    [
        ({}, {}, {}, []),
        ({"first_name": " Alma "}, {}, {}, []),
        ({"first_name": "Anna"}, {}, {}, [("First name", "Anna", "Alma", MINE)]),
        ({}, {"product": "hmo"}, {}, [("Member's plan", "PPO", "HMO", THEIRS)]),
        ({"t_score": ""}, {}, {}, [("Lowest T-score", NOT_PROVIDED, "-2.9", MINE)]),
        ({"t_score": "-3"}, {"t_score": "x"}, {}, [("Lowest T-score", "-3", "x", "")]),
        ({"t_score": "-3"}, {"t_score": ""}, None, [("Lowest T-score", "-3", NOT_PROVIDED, MINE)]),
        ({"t_score": "-3"}, {}, None, [("Lowest T-score", "-3", "-2.9", "")]),
        (
            with_levels("L1", "L2"),
            {"levels-0-onset": "10/2/2026"},
            {},
            [("Level L1: When did this pain start?", valid_form()["levels-0-onset"], "10/2/2026", THEIRS)],
        ),
        (with_levels("L2", "L1", **{"imaging-0-findings-0": [], "imaging-0-findings-1": ["edema"]}), {}, {}, []),
        ({"levels-0-name": "L2"}, {}, {}, [("Level L2: Level", "L2", "L1", MINE)]),
        (with_treatments("Brace", "Rest"), with_treatments("Rest", "Walks"), {}, []),
        (with_treatments(), {}, {}, []),
        (
            {"imaging-0-findings-0": ["edema", "cleft"]},
            {"imaging-0-findings-0": ["cleft", "edema"], "imaging-0-sequence": "T2"},
            {},
            [(f"Study 1: MRI, {study_row(0)['imaging-0-date']}: Sequence", "STIR", "T2", THEIRS)],
        ),
    ],
)
def test_only_what_differs_is_shown_in_the_words_of_the_form(mine, theirs, base, expected):
    """Rows that only one version has are the matter of the next test."""
    assert [one for one in told(found(mine, theirs, base)) if not one[0].endswith(ADDED)] == expected


def rows_told(differences):
    """Which rows only one version has: (about, mine has none, theirs has none, chosen)."""
    added = (one for one in told(differences) if one[0].endswith(ADDED))
    return [(one[0], one[1] == NO_SUCH_ROW, one[2] == NO_SUCH_ROW, one[3]) for one in added]


@pytest.mark.parametrize(
    ("mine", "theirs", "base", "expected"),
    [
        (with_levels("L1", "L2"), {}, {}, [(f"Level L2: {ADDED}", False, True, MINE)]),
        ({}, with_levels("T12", "L1"), {}, [(f"Level T12: {ADDED}", True, False, THEIRS)]),
        ({}, with_levels("L1"), with_levels("L1", "L2"), []),
        (with_levels("L1", "L2"), {}, with_levels("L1", "L2"), [(f"Level L2: {ADDED}", False, True, THEIRS)]),
        (
            with_levels("L1", "L2", **{"levels-1-onset": "10/2/2026"}),
            {},
            with_levels("L1", "L2"),
            [(f"Level L2: {ADDED}", False, True, "")],
        ),
        (
            with_treatments("Rest", "Brace"),
            with_treatments("Rest", "Walks"),
            {},
            [
                (f"Treatment 2: Rest, Walks: {ADDED}", True, False, THEIRS),
                (f"Treatment 3: Rest, Brace: {ADDED}", False, True, MINE),
            ],
        ),
    ],
)
def test_a_row_is_the_same_row_wherever_it_stands_and_one_that_only_one_has_is_one_choice(mine, theirs, base, expected):
    assert rows_told(found(mine, theirs, base)) == expected


def test_a_row_of_one_version_is_told_with_all_that_it_says():
    (one,) = found(with_levels("L1", "L2"), {}, {})
    assert one.theirs == NO_SUCH_ROW
    assert one.mine.splitlines()[:3] == [
        "Level: L2",
        "What caused it, as recorded by the clinician? Osteoporosis",
        "How did it happen? Fall from standing height or less",
    ]


def test_what_was_chosen_is_put_together_and_findings_stay_with_their_level():
    """Mine put T12 first, theirs added L3: three levels, each with the findings that were ticked for it."""
    mine = with_levels("T12", "L1", **{"imaging-0-findings-0": ["cleft"], "imaging-0-findings-1": ["edema"]})
    theirs = with_levels("L1", "L3", **{"imaging-0-findings-0": ["edema"], "imaging-0-findings-1": ["healed"]})
    both = found(mine, theirs, {"imaging-0-findings-0": ["edema"]})
    assert both.open == []
    merged = both.merged()
    assert [merged[f"levels-{index}-name"] for index in range(3)] == [["L1"], ["L3"], ["T12"]]
    assert [merged[f"imaging-0-findings-{index}"] for index in range(3)] == [["edema"], ["healed"], ["cleft"]]
    assert merged["levels-count"] == ["3"]
    less = found(mine, theirs, {"imaging-0-findings-0": ["edema"]}, **{"levels.1": MINE}).merged()
    assert [less[f"levels-{index}-name"] for index in range(2)] == [["L1"], ["T12"]]
    assert (less["levels-count"], less["imaging-0-findings-1"], less.get("levels-2-name")) == (["2"], ["cleft"], None)


def test_more_rows_than_a_request_can_have_are_shown_and_refused_with_a_sentence():
    mine = with_levels(*(f"T{number}" for number in range(1, 11)))
    theirs = with_levels("L1", "L2", "L3", "L4")
    both = found(mine, theirs, {})
    assert len(rows_told(both)) == 12
    with pytest.raises(TooMany, match="can have 10 levels, and your choice has 13: leave some out"):
        both.merged()
    chosen = {f"levels.{number}": MINE for number in (1, 2, 3)}
    merged = found(mine, theirs, {}, **chosen).merged()
    assert (merged["levels-count"], merged["levels-9-name"]) == (["10"], ["T10"])


# Through the pages


def versions_of(case):
    return f"/requests/{case.reference}/edit/versions/"


def edit_of(case):
    return f"/requests/{case.reference}/edit/"


@pytest.fixture
def two(db):
    """A draft that a clerk has open in version 2, and a colleague who saved it since."""
    mine, colleague = browser(clerk()), browser(clerk())
    case = saved_draft(mine)
    post_edit(colleague, case, valid_form(first_name="Berta", note="Theirs.") | {"treatments-1-name": "Walks"})
    return mine, colleague, case


def stale(client, case, **changes):
    """What a person who still has version 2 saves."""
    return client.post(edit_of(case), valid_form(**changes) | {"version": 2, "action": "save"})


def pressed(client, page, case, **changes):
    form = form_to(page, versions_of(case))
    return client.post(versions_of(case), form.fields | changes)


def test_who_saves_second_sees_both_versions_chooses_and_loses_nothing(two):
    mine, _, case = two
    page = stale(mine, case, first_name="Anna", last_name="Mine")
    text = page.content.decode()
    assert page.status_code == 409
    assert draft_of(case).fields["last_name"] == ["Synthetic"], "nothing is saved yet"
    saver = User.objects.get(pk=draft_of(case).saved_by_id)
    assert f"{saver} saved request" in text
    assert [one.question for one in page.context["differences"].open] == ["First name"]
    again = pressed(mine, page, case)
    assert again.status_code == 200
    assert versions.CHOOSE in again.content.decode()
    assert 'href="#choose.first_name"' in again.content.decode()
    done = pressed(mine, again, case, **{"choose.first_name": "mine"})
    assert done["Location"] == edit_of(case)
    fields = draft_of(case).fields
    assert [fields[name] for name in ("first_name", "last_name", "note")] == [["Anna"], ["Mine"], ["Theirs."]]
    assert fields["treatments-1-name"] == ["Walks"]


@pytest.mark.parametrize(("side", "name", "note"), [("mine", "Anna", None), ("theirs", "Berta", ["Theirs."])])
def test_one_button_keeps_one_version_of_everything(two, side, name, note):
    mine, _, case = two
    page = stale(mine, case, first_name="Anna")
    assert pressed(mine, page, case, every=side).status_code == 302
    fields = draft_of(case).fields
    assert (fields["first_name"], fields.get("note"), "every" in fields) == ([name], note, False)


def test_a_draft_that_moves_on_while_one_chooses_is_shown_anew_with_what_was_typed(two):
    mine, colleague, case = two
    page = stale(mine, case, first_name="Anna")
    post_edit(colleague, case, valid_form(first_name="Clara"))
    again = pressed(mine, page, case, every="mine")
    assert again.status_code == 409
    assert versions.MOVED_ON in again.content.decode()
    assert ("First name", "Anna", "Clara", "") in told(again.context["differences"])
    pressed(mine, again, case, **{"choose.first_name": "theirs"})
    assert draft_of(case).fields["first_name"] == ["Clara"], "the button of the page before chooses nothing on this one"
    sent = sent_through_the_page(colleague)
    assert mine.post(versions_of(sent), {"version": 3}).status_code == 409
    assert mine.get(versions_of(case))["Location"] == edit_of(case)


def test_a_row_button_of_a_page_that_was_overtaken_keeps_what_was_typed_and_its_version(two):
    mine, _, case = two
    page = mine.post(edit_of(case), valid_form(first_name="Anna") | {"version": 2, "add": "levels"})
    assert page.status_code == 409
    assert "press Save to see both versions" in page.content.decode()
    form = form_to(page, edit_of(case))
    assert (form.fields["version"], form.fields["first_name"]) == (["2"], ["Anna"])
    assert "Two versions" in mine.post(edit_of(case), form.fields | {"action": "save"}).content.decode()


def test_a_report_that_was_replaced_by_both_is_chosen_by_name_and_the_other_stays_with_the_request(db):
    mine, colleague = browser(clerk()), browser(clerk())
    case = saved_draft(mine)
    post_edit(colleague, case, valid_form() | {"imaging-0-file": report("theirs.pdf")})
    payload = valid_form() | {"imaging-0-file": report("mine.pdf"), "version": 2, "action": "save"}
    page = mine.post(edit_of(case), payload)
    assert [(one[1], one[2], one[3]) for one in told(page.context["differences"])] == [("mine.pdf", "theirs.pdf", "")]
    name = page.context["differences"].all[0].field
    pressed(mine, page, case, **{name: "theirs"})
    shown = mine.get(edit_of(case)).context["form"]
    assert [study.attachment.name for study in shown.studies] == ["theirs.pdf"]
    assert [one.name for one in shown.other_attachments] == ["mine.pdf"]


def test_the_blank_page_sent_again_with_more_typed_shows_both(db):
    client = browser(clerk())
    token = token_of(client)
    client.post(NEW, valid_form() | {"token": token})
    page = client.post(NEW, valid_form(first_name="Berta", note="") | {"token": token})
    assert page.status_code == 409
    assert "Another window of yours saved" in page.content.decode()
    assert told(page.context["differences"]) == [("First name", "Berta", "Alma", "")]
    case = page.context["case"]
    assert pressed(client, page, case, every="mine").status_code == 302
    assert draft_of(case).fields["first_name"] == ["Berta"]


def test_the_form_says_who_changed_it_last_unless_that_was_oneself(two):
    mine, colleague, case = two
    saver = draft_of(case).saved_by_id
    assert f"{User.objects.get(pk=saver)} changed this draft at " in mine.get(edit_of(case)).content.decode()
    assert "changed this draft" not in colleague.get(edit_of(case)).content.decode()


def test_an_earlier_version_is_rebuilt_from_what_each_save_replaced(db, monkeypatch):
    by, now = person(Role.CLERK), timezone.now()
    draft = draft_of(saved_draft(browser(by)))
    said = {2: draft.fields}
    for step in range(3, 8):
        fields = {"first_name": [f"Step {step}"]} | ({"note": ["x" * step]} if step % 2 else {})
        draft = drafts.save(draft, by=by, at=now, version=draft.version, fields=fields)
        said[draft.version] = fields
    assert {version: draft_versions.at(draft, version) for version in said} == said
    assert [draft_versions.at(draft, version) for version in (0, 1, 8, 99)] == [{}, said[2], {}, {}]
    monkeypatch.setattr(draft_versions, "MOST", 2)
    monkeypatch.setattr(draft_versions, "LARGEST", 300)
    draft = drafts.save(draft, by=by, at=now, version=7, fields={"first_name": ["y"]})
    assert [step["version"] for step in draft.replaced] == [6, 7]
    draft = drafts.save(draft, by=by, at=now, version=8, fields={"first_name": ["z" * 400]})
    draft = drafts.save(draft, by=by, at=now + dt.timedelta(1), version=9, fields={})
    assert (draft.replaced, draft_versions.at(draft, 9)) == ([], {})
    with pytest.raises(Conflict):
        drafts.save(draft, by=by, at=now, version=9, fields={"first_name": ["late"]})


def test_what_is_saved_or_confirmed_too_late_changes_nothing_and_a_second_press_is_no_conflict(db):
    by, other, now = person(Role.CLERK), person(Role.CLERK), timezone.now()
    seen = draft_of(saved_draft(browser(by)))
    theirs = {"first_name": ["Theirs"]}
    drafts.save(draft_of(seen.case), by=other, at=now, version=seen.version, fields=theirs)
    again = drafts.save(seen, by=other, at=now, version=seen.version, fields=theirs)
    assert (again.version, again.fields) == (seen.version + 1, theirs)

    def late(message, by, fields):
        before, case = Draft.objects.unscoped("a test compares").values().get(), snapshot(seen.case)
        with pytest.raises(Conflict, match=message):
            drafts.save(seen, by=by, at=now + dt.timedelta(hours=1), version=seen.version, fields=fields)
        with pytest.raises(Conflict, match="while you were reading"):
            drafts.confirm(again if "sent" in message else seen, by=by, doubts={"page": "Is it right?"})
        after = Draft.objects.unscoped("a test compares").values().get(), snapshot(seen.case)
        assert after == (before, case)

    late(f"{User.objects.get(pk=other.user_id)} saved this request", by, theirs)
    late("saved this request", other, {"first_name": ["Theirs, later"]})
    force("UPDATE priorauth_case SET status = 'withdrawn' WHERE id = %s", seen.case_id)
    seen.version = again.version
    late("has sent or withdrawn", other, {"first_name": ["Theirs, later"]})
