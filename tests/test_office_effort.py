"""What the request form asks of a practised person: 200 keys (G1, G4) or 60 activations (G2), a copy 90 keys (G3)."""

import pytest
from playwright.sync_api import expect

from priorauth.models import Case
from tests.factories import PDF, browser, clerk, day, draft_of, saved_draft, sent_through_the_page, valid_form
from tests.office_browser import BLANK, a_page
from tests.soak import report

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What the office's lists and the person's own account fill in.
KNOWN = ("clinician_npi", "clinician_name", "facility_npi", "facility_name", "contact_name", "contact_email")
KEY, DECISION, FILE = 0.28, 1.35, 8  # seconds of a practised person: a key, a control to decide about, a file to choose
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
