"""The request form in a browser: 200 keys (G1, G4) or 60 activations (G2), a copy 90 keys (G3); it saves itself."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connections
from playwright.sync_api import expect

from portal.web import rows
from priorauth.models import Case
from priorauth.roles import Role
from tests.cases import person
from tests.factories import (
    PDF,
    browser,
    clerk,
    day,
    draft_of,
    post_edit,
    saved_draft,
    sent_through_the_page,
    valid_form,
)
from tests.looking import problem_of
from tests.soak import report
from tests.test_after_sending import asked
from tests.test_member_lookup import on_file
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# A form as it is opened: one row of each group.
BLANK = {name: "1" if name.endswith("count") else "" for name in valid_form()}
# What the office's lists and the person's own account fill in.
KNOWN = ("clinician_npi", "clinician_name", "facility_npi", "facility_name", "contact_name", "contact_email")
KEY, DECISION, FILE = 0.28, 1.35, 8  # seconds of a practised person: a key, a control to decide about, a file to choose
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewis"
SPACE = 0  # the first of several choices


def choice(number):
    """The keys that pick one of several radios, once the cursor is in their group."""
    return ["Space"] if number == SPACE else ["ArrowDown"] * number


ANSWERS = [
    ("member_id", "XYZ123456"),
    ("birth_date", "3/14/1948"),
    ("first_name", "Alma"),
    ("last_name", "Synthetic"),
    ("product", choice(2)),
    ("levels_named", "l1"),
    ("setting", choice(0)),
    ("service_date", day(-14)),
    ("lines-0-technique", "v"),
    ("urgency", choice(0)),
    ("t_score", "-2.9"),
    ("osteoporosis_dx", choice(0)),
    ("levels-0-etiology", "o"),
    ("levels-0-mechanism", choice(1)),
    ("levels-0-onset", day(90)),
    ("levels-0-purpose", choice(0)),
    ("levels-0-lesion_pattern", choice(0)),
    ("diagnosis_codes", "M80.08XA"),
    ("pain_present", choice(0)),
    ("pain_score", "8"),
    ("pain_word", choice(2)),
    ("walking", choice(1)),
    ("walking_cause", choice(0)),
    ("walking_before", choice(0)),
    ("hospital", choice(0)),
    ("levels-0-exam", choice(0)),
    ("levels-0-exam_date", day(10)),
    ("levels-0-other_source", choice(0)),
    ("imaging-0-modality", "m"),
    ("imaging-0-date", day(12)),
    ("imaging-0-findings-0", ["Space"]),
    ("treated", choice(0)),
    ("treatments-0-modality", "p"),
    ("treatments-0-start", day(80)),
    ("treatments-0-ongoing", choice(0)),
    ("response", choice(1)),
]
# To a section by its key, over what is left unanswered.
JUMPS = {"pain_present": "4", "imaging-0-modality": "6", "treated": "7"}
CHANGED = {name: typed for name, typed in ANSWERS if name.startswith(("levels-0-onset", "imaging-", "treat"))}


class Keyboard:
    """Presses keys and counts them; every field is reached by Tab, or by the key of its section."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def press(self, key):
        self.page.keyboard.press(key)
        self.count += 1

    def reach(self, name):
        for _ in range(16):
            if self.page.evaluate("document.activeElement.name") == name:
                return
            self.press("Tab")
        pytest.fail(f"{name} is not reached from {self.page.evaluate('document.activeElement.name')}")

    def answer(self, name, keys, jumps=JUMPS):
        if name in jumps:
            self.press(f"Alt+{jumps[name]}")
        self.reach(name)
        for key in keys:
            self.press(key)


class Pointer:
    """Points and presses, and counts it; typing is not counted. A list costs two: to open it, and to choose."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def press(self, place):
        place.click()
        self.count += 1

    def answer(self, name, typed):
        field = self.page.locator(f"[name='{name}']")
        if isinstance(typed, list):
            self.press(field.nth(typed.count("ArrowDown")))
        elif field.first.evaluate("element => element.tagName") == "SELECT":
            options = field.locator("option").all_inner_texts()
            field.select_option(label=next(text for text in options if text.lower().startswith(typed)))
            self.count += 2
        else:
            self.press(field.first)  # the second is its "Not recorded"
            self.page.keyboard.type(typed)


@contextmanager
def a_page(chrome, live_server, client, **options):
    """A page of a signed-in person; what its scripts throw fails the test."""
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    thrown = []
    context = chrome.new_context(viewport={"width": 1280, "height": 900}, **options)
    context.set_default_timeout(15_000)
    context.add_cookies([cookie | {"url": live_server.url}])
    page = context.new_page()
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.on("console", lambda line: thrown.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    context.close()
    assert thrown == []


def test_a_clean_request_takes_at_most_200_keys(chrome, live_server):
    client = browser(clerk())
    case = saved_draft(client, **BLANK | {name: valid_form()[name] for name in KNOWN})
    with a_page(chrome, live_server, client) as page:
        keys = Keyboard(page)
        page.goto(f"{live_server.url}/requests/{case.reference}/edit/")
        keys.press("Alt+1")
        for name, typed in ANSWERS:
            keys.answer(name, typed)
        for name in ("imaging-0-file", "other_file"):
            page.locator(f"[name={name}]").set_input_files(
                {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": PDF}
            )
            expect(page.get_by_role("link", name=f"{name}.pdf")).to_be_visible()
        keys.press("Control+Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Check and send this request")
        expect(page.get_by_role("heading", name="What policy 484 needs: nothing is missing")).to_be_visible()
        for key in ("Control+Enter", "Space", "Control+Enter"):
            keys.press(key)
        expect(page.get_by_role("heading", level=1)).to_have_text("Request sent")
    case.refresh_from_db()
    assert case.status == "received"
    assert case.revisions.get().facts["lines"] == [
        {"line": 1, "code": "22511", "levels": ["L1"], "units": 1, "technique": "vertebroplasty"}
    ]
    assert case.attachments.filter(revision__isnull=False).count() == 2
    report("G1", f"{len(ANSWERS)} answers by keyboard alone", f"{keys.count} keys, 2 file choices")
    seconds = KEY * keys.count + DECISION * len(ANSWERS) + FILE * 2
    report("G4", "a practised person, by the keystroke-level estimate", f"{seconds:.0f} s (at most 180)")
    assert seconds <= 180
    assert keys.count <= 200, keys.count


def test_a_clean_request_takes_at_most_60_activations_by_pointer(chrome, live_server):
    client = browser(clerk())
    case = saved_draft(client, **BLANK | {name: valid_form()[name] for name in KNOWN})
    with a_page(chrome, live_server, client) as page:
        pointer = Pointer(page)
        page.goto(f"{live_server.url}/requests/{case.reference}/edit/")
        for name, typed in ANSWERS:
            pointer.answer(name, typed)
        for name in ("imaging-0-file", "other_file"):
            page.locator(f"[name={name}]").set_input_files(
                {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": PDF}
            )
            pointer.count += 1
            expect(page.get_by_role("link", name=f"{name}.pdf")).to_be_visible()
        pointer.press(page.get_by_role("button", name="Check and send"))
        pointer.press(page.get_by_label("I have checked this"))
        pointer.press(page.get_by_role("button", name="Send request"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Request sent")
    report("G2", "the same by pointer", f"{pointer.count} activations")
    assert pointer.count <= 60, pointer.count


def test_a_copy_with_a_new_onset_study_and_treatment_takes_at_most_90_keys(chrome, live_server):
    client = browser(clerk())
    case = sent_through_the_page(client)
    with a_page(chrome, live_server, client) as page:
        keys = Keyboard(page)
        page.goto(f"{live_server.url}/requests/{case.reference}/copy/")
        keys.reach("patient")
        keys.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Vertebroplasty request for")
        jumps = {"levels-0-onset": "3", "imaging-0-modality": "6", "treated": "7"}
        for name, typed in CHANGED.items():
            keys.answer(name, typed, jumps)
        keys.press("Control+s")
        expect(page.locator("#told")).to_contain_text("Saved at")
        shown = page.url.split("/")[-3]
    draft = draft_of(Case.objects.unscoped("a test reads the copy").get(reference=shown))
    chosen = {"levels-0-onset": [day(90)], "imaging-0-modality": ["MRI"], "treatments-0-modality": ["analgesic"]}
    assert {name: draft.fields[name] for name in chosen} == chosen
    report("G3", "a copy: onset, imaging, treatment changed", f"{keys.count} keys")
    assert keys.count <= 90, keys.count


def test_the_form_saves_itself_and_keeps_what_is_missing_fresh(chrome, live_server):
    client = browser(clerk())
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/new/")
        page.get_by_label("Level", exact=True).fill("L1")
        page.get_by_label("When did this pain start?").fill("Sep 2026")
        page.get_by_label("Last name").focus()
        expect(page.locator("#saved")).to_contain_text("Saved at")
        expect(page).to_have_url(re.compile("/requests/PA-[^/]+/edit/$"))
        expect(page.get_by_text("Read as between Sep 1 and Sep 30, 2026")).to_be_visible()
        assert page.evaluate("document.activeElement.name") == "last_name"
        before = page.locator("#panel").get_attribute("data-count")

        page.locator("[name=response][value=inadequate]").check()
        told = page.locator("#told")
        expect(told).to_have_text(f"{int(before) - 1} items missing, was {before}")

        page.get_by_role("button", name="Add another treatment").click()
        expect(page.locator("#id_treatments-1-modality")).to_be_focused()
        page.locator("#id_treatments-0-modality").select_option("rest")
        page.locator("#id_treatments-0-start").fill(day(30))
        page.locator("#id_treatments-0-ongoing").check()
        expect(page.locator("#treated")).to_contain_text("Rest 30 days.")

        page.locator("[name=imaging-0-file]").set_input_files(
            {"name": "mri.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        expect(page.get_by_role("link", name="mri.pdf")).to_be_visible()
        page.locator("[name=imaging-0-file]").set_input_files(
            {"name": "newer.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        expect(page.get_by_role("link", name="newer.pdf")).to_be_visible()
        page.keyboard.press("Control+s")
        expect(told).to_contain_text("Saved at")

        aside(saved_by_a_colleague)
        page.get_by_label("First name").fill("Mine")
        page.get_by_label("Last name").focus()
        expect(page.get_by_role("alert").filter(has_text="Press Save to see both.")).to_be_visible()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("heading", name="Two versions of this request")).to_be_visible()
        expect(page.locator("span.pre", has_text="Mine")).to_be_visible()
    assert [file.name for file in the_case().attachments.all()] == ["newer.pdf"]
    assert draft_of(the_case()).fields["levels-0-onset"] == ["Sep 2026"]


def test_what_is_typed_without_a_pause_and_then_left_is_kept(chrome, live_server):
    """A new request is left at once, then a draft is typed on and on until its person signs out: both are saved."""
    client = browser(clerk())
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/new/")
        page.get_by_label("Last name").fill("Typed")
        page.goto(f"{live_server.url}/help/")
        aside(lambda: eventually(lambda: Case.objects.unscoped("a test counts").exists(), "a draft"))

        page.clock.install()
        page.goto(f"{live_server.url}/requests/{aside(the_case).reference}/edit/")
        page.get_by_label("Last name").press("End")
        with page.expect_response("**/edit/missing/"):
            for letter in " on on":
                page.keyboard.type(letter)
                page.clock.run_for(1_900)
        assert draft_of(aside(the_case)).fields["last_name"] == ["Typed on on"]
        page.keyboard.type("!")
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in/**")
    assert draft_of(the_case()).fields["last_name"] == ["Typed on on!"]


def test_levels_are_typed_and_ticked_while_one_goes_on(chrome, live_server):
    """Box and spine by keyboard and mouse, on a slow line and one that fails: what is done meanwhile is not lost."""
    client = browser(clerk())
    case = saved_draft(client, **BLANK)
    edit, held = f"{live_server.url}/requests/{case.reference}/edit/", []
    with a_page(chrome, live_server, client) as page:
        page.goto(edit)
        box, told, spine = page.locator("#id_levels_named"), page.locator("#told"), page.locator("#spine")
        tick = {name: page.locator(f"[name=level_ticked][value={name}]") for name in ("T11", "T12", "L1", "L2")}
        box.focus()
        page.keyboard.type("t12 and l1")
        page.route(edit, lambda route: held.append(route))
        with page.expect_request(edit):
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
        page.keyboard.press("Shift+Tab")
        page.locator("#id_last_name").fill("Meanwhile")
        held.pop().continue_()
        page.unroute(edit)
        expect(told).to_contain_text("Levels: T12, L1. ")
        expect(spine).to_have_attribute("open", "")
        expect(page.locator("#id_last_name")).to_be_focused()
        expect(page.locator("#id_last_name")).to_have_value("Meanwhile")
        expect(box).to_have_value("T12, L1")
        expect(page.locator("#id_lines-1-code")).to_have_value("22512")
        expect(page.get_by_role("heading", name="Examination of T12")).to_be_visible()

        tick["T11"].focus()
        page.keyboard.press("Space")
        expect(told).to_contain_text("Levels: T12, L1, T11")
        expect(tick["T11"]).to_be_focused()
        expect(tick["T11"]).to_be_checked()
        page.route(edit, lambda route: route.fulfill(status=500))
        tick["T12"].click()
        expect(page.locator("#saved")).to_contain_text("we try again")
        page.unroute(edit)
        tick["L2"].click()
        expect(told).to_contain_text("Levels: L1, T11, L2")
        expect(page.locator("#id_lines-0-code")).to_have_value("22511")

        page.locator("#id_levels-0-name").fill("L3")
        page.keyboard.press("Tab")
        page.locator("#id_levels-0-etiology").select_option("trauma")
        expect(box).to_have_value("L3, T11, L2")
        expect(page.locator("#id_levels-0-etiology")).to_have_value("trauma")
        box.fill("T11, L2, Q9")
        box.press("Enter")
        expect(told).to_contain_text("“Q9” is not a level.")
        expect(box).to_be_focused()
        box.fill("T11, L2")
        box.press("Enter")
        expect(told).to_contain_text("L3 has answers, so it stays.")
        assert [problem_of(page, "the open spine", width) for width in (320, 1280)] == [None, None]
        expect(page.locator("#saved")).to_contain_text("Saved at")
    fields = draft_of(case).fields
    assert [fields[f"levels-{index}-name"] for index in range(3)] == [["L3"], ["T11"], ["L2"]]
    assert fields["last_name"] == ["Meanwhile"]


def test_what_the_page_does_and_says_by_itself(chrome, live_server, monkeypatch):
    """A line that fails loses nothing and is told; codes are found as one types."""
    on_file("Alma"), on_file("Anna")
    client = browser(clerk())
    case = saved_draft(client, diagnosis_codes="")
    report_file = {"name": "mri.pdf", "mimeType": "application/pdf", "buffer": PDF}
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/{case.reference}/edit/")
        wrong, refused = page.locator("#id_imaging-0-file_size"), page.locator("#id_imaging-0-file_wrong")
        page.locator("[name=imaging-0-file]").set_input_files(report_file | {"name": "scan.heic"})
        expect(refused).to_contain_text("The file must be a PDF, JPG or PNG")
        page.locator("[name=imaging-0-file]").evaluate("input => input.setAttribute('data-most-bytes', 9)")
        page.locator("[name=imaging-0-file]").set_input_files(report_file)
        expect(wrong).to_contain_text("25 MB or smaller")
        expect(refused).to_have_count(0)
        page.locator("[name=imaging-0-file]").evaluate("input => input.setAttribute('data-most-bytes', 99999)")
        for answer in (lambda route: route.abort(), lambda route: route.fulfill(status=500)):
            page.route("**/edit/file/", answer)
            page.locator("[name=imaging-0-file]").set_input_files(report_file)
            expect(wrong).to_have_text("The file could not be uploaded. Try again")
            expect(page.locator("progress")).to_have_count(0)
            page.unroute("**/edit/file/")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("link", name="mri.pdf")).to_be_visible()

        monkeypatch.setitem(rows.GROUPS, "treatments", rows.Group(2, "treatments"))
        page.get_by_role("button", name="Add another treatment").click()
        expect(page.locator(".errors")).to_be_focused()
        expect(page.locator(".errors")).to_contain_text("A request can have 2 treatments.")

        page.get_by_label("First name").fill("")
        page.get_by_role("button", name="Look up this member").press("Enter")
        page.get_by_role("button", name="Anna Synthetic").press("Enter")
        expect(page.locator("#id_first_name")).to_have_value("Anna")
        expect(page.locator("#id_first_name")).to_be_focused()

        page.context.set_offline(True)
        page.get_by_label("Last name").fill(LONG_NAME)
        page.keyboard.press("Control+s")
        expect(page.locator("#saved")).to_contain_text("is not")
        for name in ("Save", "Check and send"):
            page.locator("#told").evaluate("told => told.textContent = ''")
            page.get_by_role("button", name=name, exact=True).click()
            expect(page.locator("#told")).to_contain_text("It stays on this page, and we try again.")
        page.get_by_role("button", name="Add another study").click()
        expect(page.get_by_label("Last name")).to_have_value(LONG_NAME)
        page.context.set_offline(False)
        with page.expect_navigation():
            page.get_by_role("button", name="Save", exact=True).click()

        page.get_by_label("Look for a code").press_sequentially("wedge l1")
        expect(page.locator("#told")).to_contain_text("6 codes found.")
        page.keyboard.press("Enter")
        expect(page.locator("#id_find_code")).to_be_focused()
        page.get_by_role("button", name="Add S32.010A").click()
        expect(page.locator("#id_diagnosis_codes")).to_have_value("S32.010A")
        expect(page.locator("#id_diagnosis_codes")).to_be_focused()
        page.get_by_label("Not recorded: pain score").check()
        expect(page.locator("#saved")).to_contain_text("Saved at")
        expect(page.get_by_text("“Not recorded” is ticked beside an answer").first).to_be_visible()
        page.goto(f"{live_server.url}/requests/")
        expect(page.get_by_text(LONG_NAME)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert draft_of(case).fields["last_name"] == [LONG_NAME]


def test_an_answer_saves_itself_and_shows_its_files_on_the_way_and_a_correction_shows_them_too(chrome, live_server):
    client, nurse = browser(clerk()), person(Role.NURSE)
    case = asked(client, nurse)
    file = {"name": "mri.pdf", "mimeType": "application/pdf", "buffer": PDF}
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/{case.reference}/answer/1/")
        page.locator("[name='answer.1.words']").fill("It is attached.")
        page.locator("[name=response][value=none]").check()
        expect(page.locator("#saved")).to_contain_text("Saved at")
        page.get_by_role("button", name="Add another study").click()
        expect(page.locator("#id_imaging-1-modality")).to_be_focused()
        held = []
        page.route("**/amend/file/", lambda route: held.append(route))
        page.locator("[name=imaging-1-file]").set_input_files(file)
        expect(page.get_by_label("Sending mri.pdf")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("progress")).to_have_count(0)
        for route in held:
            route.abort()
        page.unroute("**/amend/file/")
        with page.expect_response("**/answer/1/"):  # the save that links it
            page.locator("[name=imaging-1-file]").set_input_files(file)
        expect(page.locator("#imaging-1-report").get_by_role("link", name="mri.pdf")).to_be_visible()
        page.reload()
        expect(page.locator("#imaging-1-report").get_by_role("link", name="mri.pdf")).to_be_visible()
        expect(page.locator("[name='answer.1.words']")).to_have_value("It is attached.")
        page.locator("#id_imaging-1-modality").select_option("MRI")
        page.locator("#id_imaging-1-date").fill(day(3))
        page.locator("[name=imaging-1-findings-0][value=edema]").check()
        presses = []

        def pressed(route):
            """What the page saves by itself goes through."""
            if "x-background" in route.request.headers:
                return route.continue_()
            presses.append(1)
            return route.fulfill(status=204)

        page.route("**/answer/1/", pressed)
        send = page.get_by_role("button", name="Send answer")
        send.click()
        heard = page.get_by_role("button", name="Sending...")
        expect(heard).to_be_enabled()
        heard.click()
        page.evaluate("window.dispatchEvent(new Event('pageshow'))")
        expect(send).to_be_visible()
        assert presses == [1], "the second press is the same press"
        page.unroute("**/answer/1/")
        send.click()
        expect(page.get_by_text("Answer sent")).to_be_visible()
        page.goto(f"{live_server.url}/requests/{case.reference}/amend/")
        page.locator("[name=other_file]").set_input_files({**file, "name": "note.pdf"})
        expect(page.locator("#other-files").get_by_role("link", name="note.pdf")).to_be_visible()
        page.get_by_label("Lowest T-score").fill("-3.1")
        page.get_by_role("button", name="Send the changes").click()
        page.wait_for_url(f"**/requests/{case.reference}/")
    assert sorted(file.name for file in case.attachments.all() if file.revision_id) == ["mri.pdf", "note.pdf"]


def test_the_back_button_takes_no_correction_away_and_a_colleague_is_told_to_press_save(chrome, live_server):
    client = browser(clerk())
    case = sent_through_the_page(client)
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/{case.reference}/amend/")
        page.get_by_label("Lowest T-score").fill("-3.1")
        expect(page.locator("#saved")).to_contain_text("Saved at")
        page.get_by_role("button", name="Add another treatment").click()
        page.locator("[name=treatments-2-modality]").select_option("brace")
        page.locator("[name=treatments-2-name]").fill("Thoracic brace")
        page.get_by_role("link", name="Back to the request").click()  # before the page saves itself
        expect(page.get_by_role("heading", name="A correction was begun")).to_be_visible()
        page.go_back()
        expect(page.get_by_label("Lowest T-score")).to_have_value("-3.1")
        expect(page.locator("[name=treatments-2-name]")).to_have_value("Thoracic brace")
        second = page.context.new_page()
        second.goto(page.url)
        with second.expect_response(lambda answer: answer.request.method == "POST"):
            second.locator("#id_note").fill("From another window.")
        page.get_by_label("Lowest T-score").fill("-3.2")
        expect(page.locator("#saved")).to_contain_text("press Save, and both are put together")
        page.get_by_role("button", name="Save, do not send yet").click()
        expect(page.get_by_role("heading", name="Changed meanwhile, and part of what stands below")).to_be_visible()
        page.get_by_role("button", name="Send the changes").click()
        page.wait_for_url(f"**/requests/{case.reference}/")
    sent = case.revisions.get(number=2)
    assert (sent.facts["patient"]["t_score"], sent.details["note"]) == (-3.2, "From another window.")


def test_words_of_a_page_that_acts_at_once_go_out_only_once_the_portal_answers(chrome, live_server):
    client = browser(clerk())
    case = saved_draft(client)
    with a_page(chrome, live_server, client) as page:
        page.goto(f"{live_server.url}/requests/{case.reference}/withdraw/")
        reason, press = page.get_by_label("Why do you withdraw it?"), page.get_by_role("button", name="Withdraw the")
        reason.fill("Sent twice.")
        page.context.set_offline(True)
        press.click()
        expect(page.get_by_role("alert")).to_contain_text("The portal does not answer, so nothing was sent.")
        page.context.set_offline(False)
        with page.expect_response(lambda answer: answer.request.method == "POST"):  # kept while it is typed
            reason.fill("Sent twice, by mistake.")
        page.reload()
        expect(reason).to_have_value("Sent twice, by mistake.")
        press.click()
        page.wait_for_url(f"**/requests/{case.reference}/")
    case.refresh_from_db()
    assert (case.status, case.withdrawal_reason) == ("withdrawn", "Sent twice, by mistake.")


def aside(work):
    """Do something with the database while a browser is open: its event loop keeps this thread from it."""

    def alone():
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(alone).result()


def saved_by_a_colleague():
    post_edit(browser(clerk()), the_case(), draft_of(the_case()).fields | {"first_name": "Colleague"})


def the_case():
    return Case.objects.unscoped("a test reads the only one").get()
