"""The levels of a request, typed in a box or ticked on the spine: they are its entries and nothing beside them."""

import pytest
from django.utils import timezone

from policies.codes import CodeError, read_levels
from portal.web import coding, levels
from portal.web.intake import form_of
from priorauth.posting import PUT_BACK
from priorauth.roles import Role
from tests.admin_helpers import signed_in
from tests.factories import (
    NEW,
    browser,
    clerk,
    day,
    draft_of,
    level_row,
    post_edit,
    report,
    saved_draft,
    sent_through_the_page,
    study_row,
    valid_form,
)
from tests.forms_in_pages import form_to

WRITTEN = {
    "T12, L1": ["T12", "L1"],
    "t12 and l1": ["T12", "L1"],
    "T12-L2": ["T12", "L1", "L2"],
    " t12 – l2 ": ["T12", "L1", "L2"],
    "T12 to L1; L3": ["T12", "L1", "L3"],
    "L2-T12": ["T12", "L1", "L2"],
    "L4-5": ["L4", "L5"],
    "C7/T1 & S1": ["C7", "T1", "S1"],
    "coccyx": ["COCCYX"],
    "": [],
    "Q9": "“Q9” is not a level. A level is C1 to C7",
    "L1, 2": "“2” is not a level.",
    "T12-2": "“T12-2” is not a level.",
    "L1-": "“L1-” is not a level.",
    "L1, l1": "L1 is given twice: name each level once.",
    "T11-L1, L1": "L1 is given twice",
    "\uff2c1": "is not a level",
    "x" * 99: f"“{'X' * 20}” is not a level.",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_levels_are_read_as_people_write_them(text):
    expected = WRITTEN[text]
    if isinstance(expected, list):
        assert read_levels(text) == expected
    else:
        with pytest.raises(CodeError, match=expected):
            read_levels(text)


def entries(*names, **more):
    raw = {f"levels-{index}-name": [name] for index, name in enumerate(names)}
    return raw | {"levels-count": [str(max(len(names), 1))]} | {name: [text] for name, text in more.items()}


def asked(shown, box=None, ticks=None):
    """What a page posts that showed some levels: the box as it stands, and the ticks."""
    ticked = shown.split(", ") if ticks is None and shown else ticks or []
    return {"levels_shown": [shown], "levels_named": [shown if box is None else box], "level_ticked": ticked}


FULL = "C1, C2, C3, C4, C5, C6, C7, T1, T2, T3"
FINDING, CAUSE = "imaging-0-findings-1", {"levels-0-etiology": "osteoporosis"}
CHANGES = {  # entries, what the page posts; then the entries, what waits in the box, and what is said
    "typed": (entries(), asked("", "t12 and l1"), ["T12", "L1"], "", ""),
    "ticked": (entries(), asked("", "", ["T12", "L1"]), ["T12", "L1"], "", ""),
    "both": (entries("L1"), asked("L1", "L1, L2", ["L1", "T12"]), ["L1", "L2", "T12"], "", ""),
    "taken out of the box": (entries("T12", "L1"), asked("T12, L1", "L1"), ["L1"], "", ""),
    "unticked": (entries("T12", "L1"), asked("T12, L1", None, ["T12"]), ["T12"], "", ""),
    "the last": (entries("L1"), asked("L1", ""), [], "", ""),
    "not touched, and the entry renamed": (entries("L2"), asked("L1"), ["L2"], "", ""),
    "one more beside a renamed entry": (entries("L2"), asked("L1", "L1, T12"), ["L2", "T12"], "", ""),
    "in the entry already": (entries("L1"), asked("", "L1"), ["L1"], "", ""),
    "of a page without box and ticks": (entries("L1"), {}, ["L1"], "", ""),
    "one level, and an entry that waits for its name": (entries("", **CAUSE), asked("", "L1"), ["L1"], "", ""),
    "two levels, of which it may be either": (entries("", **CAUSE), asked("", "T12, L1"), ["", "T12", "L1"], "", ""),
    "with answers": (
        entries("T12", "L1", **CAUSE),
        asked("T12, L1", "L1"),
        ["T12", "L1"],
        "",
        "T12 has answers, so it stays. Remove it with its own button under “Fracture or lesion”.",
    ),
    "with a finding": (
        entries("T12", "L1", **{FINDING: "edema"}),
        asked("T12, L1", None, ["T12"]),
        ["T12", "L1"],
        "",
        "L1 has answers, so it stays.",
    ),
    "the only one, with answers": (entries("L1", **CAUSE), asked("L1", ""), ["L1"], "", "It is the only level"),
    "no level": (entries("L1"), asked("L1", "L1, Q9"), ["L1"], "L1, Q9", ""),
    "a tick that the page does not have": (entries("L1"), asked("L1", None, ["L1", "Q9"]), ["L1"], "L1, Q9", ""),
    "10,000 ticks": (
        entries(),
        asked("", "", [f"Q{n}" * 99 for n in range(10_000)]),
        [""],
        ", ".join(f"Q{n}" * 5 for n in range(10)),
        "",
    ),
    "11 levels": (entries(*FULL.split(", ")), asked(FULL, f"{FULL}, T4"), FULL.split(", "), f"{FULL}, T4", ""),
    "29 levels": (entries("L1"), asked("L1", "C1-S5"), ["L1"], None, ""),
    "11 with one that has no name": (
        entries(*FULL.split(", ")[1:], "foo"),
        asked(FULL[4:], FULL),
        [*FULL.split(", ")[1:], "foo"],
        f"{FULL[4:]}, C1",
        "A request can have 10 levels. Remove one",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_box_and_ticks_say_what_they_change_and_nothing_of_them_is_kept(name):
    raw, posted, named, waits, told = CHANGES[name]
    settled, problem = levels.settle(raw | posted)
    count = int(settled["levels-count"][0])
    assert [(settled.get(f"levels-{index}-name") or [""])[0] for index in range(count)] == (named or [""])
    assert told in problem
    assert bool(told) == bool(problem)
    assert not {"levels_shown", "level_ticked"} & settled.keys()
    if waits is not None:
        assert settled.get("levels_named", [""]) == [waits]
    assert levels.settle(settled).raw == settled, "a second time it changes nothing"
    answers = {key for key in raw if not key.endswith("-name") and not key.endswith("-count")}
    assert answers <= settled.keys()


def line(code="", names="", units="", technique="", index=0):
    row = {"code": code, "levels": names, "units": units, "technique": technique}
    return {f"lines-{index}-{name}": [text] for name, text in row.items()}


L1_LINE, T12_LINE = line("22511", "L1", "1"), line("22510", "T12", "1")
LINES = {  # levels and lines before, levels after; then code, levels, units and technique of each line
    "none written": ("", line(), "T12, L1", [("22510", "T12", "1", ""), ("22512", "L1", "1", "")]),
    "what the note describes is known": (
        "",
        line(technique="vertebroplasty"),
        "L1",
        [("22511", "L1", "1", "vertebroplasty")],
    ),
    "as suggested": ("L1", L1_LINE, "L1, L2", [("22511", "L1", "1", ""), ("22512", "L2", "1", "")]),
    "as suggested, one less": (
        "T12, L1",
        T12_LINE | line("22512", "L1", "1", "kyphoplasty", 1) | {"lines-count": ["2"]},
        "L1",
        [("22511", "L1", "1", "")],
    ),
    "as suggested, and none left": (
        "L1",
        line("22511", "L1", "1", "vertebroplasty"),
        "S1",
        [("", "", "", "vertebroplasty")],
    ),
    "somebody's own": ("L1", line("0200T", "L1", "1"), "L1, L2", [("0200T", "L1", "1", "")]),
    "other units": ("L1", line("22511", "L1", "2"), "L1, L2", [("22511", "L1", "2", "")]),
    "renamed": ("L1", L1_LINE, "L3", [("22511", "L3", "1", "")]),
    "not read": ("", line("225"), "L1", [("225", "", "", "")]),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_follow_unless_somebody_wrote_them(name):
    before, lines, after, expected = LINES[name]
    lines = {"lines-count": ["1"]} | lines
    form = form_of(lines | entries(*after.split(", ")), None, timezone.localdate())
    raw = coding.followed(form, before.split(", ") if before else [])
    rows = range(int(raw["lines-count"][0]))
    found = [
        tuple(raw[f"lines-{index}-{part}"][0] for part in ("code", "levels", "units", "technique")) for index in rows
    ]
    assert found == expected


@pytest.fixture
def client(db):
    return browser(clerk())


def page_of(client, path, **changes):
    """The page, and what a browser without scripts posts of its form."""
    page = client.get(path)
    return page, form_to(page, path).fields | changes


def names_of(case):
    fields = draft_of(case).fields
    return [fields.get(f"levels-{index}-name", [""])[0] for index in range(int(fields["levels-count"][0]))]


def test_without_scripts_a_page_says_the_same_in_box_spine_entries_and_lines(client):
    _, typed = page_of(client, NEW)
    answer = client.post(NEW, typed | {"levels_named": "t12 and L1", "set_levels": "spine"})
    assert answer["Location"].endswith("/edit/#planned")
    page, fields = page_of(client, path := answer["Location"].partition("#")[0])
    case = page.context["case"]
    assert fields["levels_named"] == fields["levels_shown"] == ["T12, L1"]
    assert fields["level_ticked"] == ["T12", "L1"]
    assert [fields[f"lines-{index}-code"] for index in (0, 1)] == [["22510"], ["22512"]]
    assert not {"levels_named", "levels_shown", "level_ticked", "set_levels"} & draft_of(case).fields.keys()

    # A finding hatches and is told; an untick takes out a bare entry, and says why another one stays.
    found = fields | {"imaging-0-modality": "MRI", "imaging-0-findings-1": ["edema", "fracture_line"]}
    client.post(path, found | {"level_ticked": ["L1", "S1"]})
    page, fields = page_of(client, path)
    text = page.content.decode()
    assert names_of(case) == ["L1", "S1"]
    assert '<label class="found">L1<input type="checkbox" name="level_ticked" value="L1" checked>' in text
    assert "<span>edema (MRI); fracture line (MRI)</span>" in text
    assert "S1 is a sacral level: that is sacroplasty (0200T or 0201T)" in text
    refused = client.post(path, fields | {"level_ticked": ["S1"], "action": "save"})
    text = refused.content.decode()
    assert text.count("L1 has answers, so it stays. Remove it with its own button") == 2, "above and at the field"
    assert '<a href="#id_levels_named">' in text
    assert names_of(case) == ["L1", "S1"]

    # Buttons that name a row by its number mean the row that was on the page.
    page, fields = page_of(client, path)
    client.post(path, fields | {"levels_named": "L1, T11", "remove": "levels-0"})
    assert names_of(case) == ["T11"]
    page, fields = page_of(client, path)
    none = client.post(path, fields | {"levels_named": "", "suggest": "codes"})
    assert "Select at least one level." in none.content.decode()
    many = client.post(path, page_of(client, path)[1] | {"levels_named": "Q9", "level_ticked": ["Q9"] * 900})
    page = client.get(many["Location"]).content.decode()
    assert "“Q9” is not a level." in page
    assert 'value="Q9, Q9"' in page, "as it was typed"


def test_what_is_typed_survives_whatever_saves_it(client):
    """The form that saves itself, a colleague, an old page, a copy, a correction."""
    case = saved_draft(client, **{"lines-0-code": "", "lines-0-levels": "", "lines-0-units": ""})
    path = f"/requests/{case.reference}/edit/"
    _, fields = page_of(client, path, levels_named="L1, L2")
    for _ in range(2):  # the page does not know of its second entry until it is drawn anew
        live = client.post(f"{path}missing/", fields | {"version": draft_of(case).version})
        assert live.status_code == 200
        assert names_of(case) == ["L1", "L2"]
    assert draft_of(case).fields["lines-1-code"] == ["22512"]

    other = browser(clerk())
    post_edit(other, case, valid_form(**level_row(1, "T9"), **{"levels-count": "2"}))
    both = client.post(path, fields | {"action": "save"})
    assert both.status_code == 409
    assert "Level L2" in both.content.decode()
    button = client.post(path, fields | {"levels_named": "Q9", "set_levels": "spine"})
    assert button.status_code == 409
    assert 'value="Q9"' in button.content.decode()

    _, fields = page_of(client, path, levels_named="L1, T9, L3")
    client.post(path, fields | {PUT_BACK: "1"})
    assert names_of(case) == ["L1", "T9", "L3"]
    copy = client.post(f"/requests/{case.reference}/copy/", {"patient": "same"})["Location"]
    assert page_of(client, copy)[1]["levels_named"] == ["L1, T9, L3"]


def test_a_correction_names_levels_too_and_a_sending_without_any_is_asked_about(client):
    sent = sent_through_the_page(client)
    path = f"/requests/{sent.reference}/amend/"
    _, fields = page_of(client, path, levels_named="L1, L2")
    shown = client.post(path, fields | {"set_levels": "spine"})
    assert form_to(shown, path).fields["level_ticked"] == ["L1", "L2"]
    kept = client.post(path, fields | {"levels_named": "L2", "action": "send"})
    assert "L1 has answers, so it stays." in kept.content.decode()
    assert sent.revisions.count() == 1
    asked = client.post(path, form_to(shown, path).fields | {"action": "send"})
    assert "Study 1 has nothing ticked for L2" in asked.content.decode()
    client.post(path, form_to(asked, path).fields | {"action": "send"})
    facts = sent.revisions.order_by("-number")[0].facts
    assert [row["levels"] for row in facts["lines"]] == [["L1"], ["L2"]]
    assert list(facts["levels"]) == ["L1", "L2"]

    silent = dict.fromkeys(level_row(0, ""), "") | {"imaging-0-findings-0": [], "lines-0-levels": ""}
    case = saved_draft(client, **silent)
    answer = post_edit(client, case, page_of(client, f"/requests/{case.reference}/edit/")[1] | {"action": "check"})
    assert answer["Location"].endswith("/possible-mistakes/")
    assert "Select at least one level. Or is none known yet?" in client.get(answer["Location"]).content.decode()


def test_in_review_a_level_leads_to_the_newest_study_that_shows_it(client):
    """Both case pages; a file that nobody may have leads nowhere."""
    case = saved_draft(client)
    older = study_row(1, date=day(40), attachment="", **{"findings-0": ["healed"]})
    payload = valid_form(**older, **{"imaging-count": "2", "imaging-0-page": "p. 2", "imaging-0-file": report()})
    post_edit(client, case, payload | {"imaging-1-file": report()})
    sent = {"version": draft_of(case).version, "statement": "yes"}
    assert client.post(f"/requests/{case.reference}/edit/check/", sent).status_code == 302
    newest = case.revisions.get().details["studies"][0]["file"]
    _, nurse = signed_in(Role.NURSE)
    of_office, of_nurse = f"/requests/{case.reference}/", f"/admin/priorauth/case/{case.pk}/change/"
    says = 'aria-label="L1: requested; edema (MRI); healed (MRI). Show the study"'
    link = f'<a href="{of_office}files/{newest}/" {says}>'
    assert link in client.get(of_office).content.decode()
    assert f'<a href="?file={newest}&amp;page=2#evidence" {says}>' in nurse.get(of_nurse).content.decode()
    case.attachments.update(scan="infected")
    text = client.get(of_office).content.decode()
    assert says not in text
    assert text.count('role="img"') == 2, "a picture again, and no group"
