"""The evidence beside the criteria: which fact cites which page, that page first, each look an event (UX.md 3.3)."""

import datetime as dt
import re
import uuid

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from priorauth import sources
from priorauth.admin import certainty, citations, evidence
from priorauth.admin.case_page import case_page as context_of
from priorauth.admin.provenance import Origins
from priorauth.models import Attachment, AuditEvent, Case
from priorauth.page_images import answer, program
from priorauth.roles import Role
from priorauth.services import attach, submit
from tests import reports
from tests.admin_helpers import case_page, in_review, signed_in
from tests.cases import NOW, draft_case, facts, person, score_all, submission
from tests.factories import report

pytestmark = pytest.mark.django_db

SOURCES = {
    "levels.L1.onset": "emergency note, p. 1",
    "treatments.0": "Emergency Note (pages 2 to 3)",
    "treatments.1": "Letter of Bayview Therapy, page 4",
}


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.PAGE_IMAGES_ROOT = tmp_path / "pages"


@pytest.fixture
def sent() -> tuple[Case, dict[str, Attachment]]:
    """A request with three files: two of two pages that are cited, and one that no page can be drawn of."""
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    contents = {
        "Emergency note.pdf": reports.two_pages(),
        "MRI.pdf": reports.two_pages(),
        "old.pdf": b"%PDF-1.7\n%%EOF",
    }
    files = {}
    for number, (name, content) in enumerate(contents.items()):
        at = NOW + dt.timedelta(seconds=number)
        files[name] = attach.attach(case, report(name, content), by=clerk, at=at)
    mri = str(files["MRI.pdf"].pk)
    study = {
        "modality": "MRI",
        "date": "2026-11-10",
        "file": mri,
        "page": "2, at the end",
        "findings": {"L1": ["edema"]},
    }
    details = {"studies": [study, {**study, "file": None}], "sources": SOURCES}
    details["files"] = [str(file.pk) for file in files.values()]
    document = facts()
    document["levels"]["L1"]["imaging"][0]["date"] = study["date"]
    submit.send(case, submission(document, details=details), by=clerk, at=at)
    return case, files


def shown_for(case: Case, **chosen: str) -> evidence.Evidence:
    revision = case.revisions.get()
    known = evidence.Known(revision, list(case.attachments.all()), revision.facts)
    return evidence.evidence(case, known, chosen=chosen)


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def page_url(case: Case, file: Attachment, number: int) -> str:
    return reverse("admin:priorauth_case_page", args=[case.pk, file.pk, number])


def view_url(case: Case, file: Attachment) -> str:
    return reverse("admin:priorauth_case_view", args=[case.pk, file.pk])


def readings() -> list[tuple[str, dict[str, object]]]:
    rows = AuditEvent.objects.filter(action__in=["read_page", "read_file"]).order_by("pk")
    return [
        (row.action, {name: row.entities[name] for name in ("attachment", "page") if name in row.entities})
        for row in rows
    ]


def test_each_fact_leads_to_the_file_and_page_that_the_office_named(sent):
    case, files = sent
    cited = citations.of_revision(case.revisions.get(), files.values())
    assert [(one.what, one.file and one.file.name, one.page) for one in cited] == [
        ("MRI, Nov 10, 2026", "MRI.pdf", 2),
        ("L1: pain started", "Emergency note.pdf", 1),
        ("Treatment 1: analgesic", "Emergency note.pdf", 2),
        ("Treatment 2: physical therapy", None, None),
    ]
    in_files = sources.in_files(case.revisions.get(), files.values())
    assert in_files == {path for path in SOURCES if path != "treatments.1"}
    origins = Origins(case.revisions.get(), {str(file.pk): file for file in files.values()})
    assert {path: origins.of(path).kind for path in SOURCES} == {
        path: "document" if path in in_files else "attested" for path in SOURCES
    }
    assert origins.of_records == {"treatments.0"}


def test_the_page_that_a_fact_cites_comes_first_and_the_address_chooses_another(sent):
    case, files = sent
    mri, note = files["MRI.pdf"], files["Emergency note.pdf"]
    for chosen, file, number in (
        ({}, mri, 2),
        ({"file": str(note.pk), "page": "1"}, note, 1),
        ({"file": str(note.pk), "page": "x'"}, note, 1),
        ({"file": str(note.pk), "page": "9" * 400}, note, 1),
        ({"file": str(uuid.uuid4()), "page": "2"}, mri, 2),
        ({"file": "<script>"}, mri, 2),
    ):
        shown = shown_for(case, **chosen).shown
        assert (shown.file, shown.number, shown.pages) == (file, number, 2)
        assert shown.image == page_url(case, file, number)
    parts = ("evidence_files", "evidence")
    html = "".join(
        render_to_string(f"admin/priorauth/case/{part}.html", {"evidence": shown_for(case)}) for part in parts
    )
    text = words_of(html)
    for words in (
        "MRI, Nov 10, 2026 , page 2",
        "L1: pain started , page 1",
        "Treatment 2: physical therapy: “Letter of Bayview Therapy, page 4”",
        "Page 2 of 2 Previous page",
        "Cited here: MRI, Nov 10, 2026.",
        "BRAVO edema of L1",
    ):
        assert words in text
    assert f'src="{page_url(case, mri, 2)}" alt="Page 2 of MRI.pdf.' in html
    assert {*re.findall(r'data-key="(.)" accesskey="\1"', html)} == {"o", "[", "]"}
    assert html.count("?file=") == html.count("#evidence")
    assert not re.search(r"<script|style=| on\w+=", html)


def test_a_page_that_cannot_be_shown_says_so_and_the_file_can_be_had(sent, monkeypatch):
    case, files = sent
    nurse = signed_in(Role.NURSE)[1]
    old, note = files["old.pdf"], files["Emergency note.pdf"]
    for file, number, words in (
        (old, 1, answer.BROKEN),
        (note, 3, "There is no such page: this file has 2 pages."),
    ):
        shown = shown_for(case, file=str(file.pk), page=str(number)).shown
        assert (shown.problem, shown.image) == (words, "")
        page = nurse.get(view_url(case, file), {"page": number}).content.decode()
        assert words in page
        assert f'href="{reverse("admin:priorauth_case_file", args=[case.pk, file.pk])}"' in page
        assert "<img" not in page
    assert shown_for(case, file=str(note.pk), page="3").shown.previous.endswith("page=2#evidence")
    picture = nurse.get(page_url(case, old, 1))
    assert (picture.status_code, picture["Content-Type"]) == (422, "image/svg+xml")
    assert b">This page could not be drawn.<" in picture.content
    assert {nurse.get(page_url(case, note, number)).status_code for number in (0, 3, 10_000, 10**300)} == {404}
    note.file.storage.delete(note.file.name)
    assert evidence.GONE in nurse.get(view_url(case, note)).content.decode()
    assert nurse.get(page_url(case, note, 1)).status_code == 404


def test_where_too_many_pages_are_drawn_the_answer_is_503_and_when_to_come_again(sent, monkeypatch):
    case, files = sent
    nurse = signed_in(Role.NURSE)[1]

    def busy(*_):
        raise answer.Busy(answer.BUSY)

    monkeypatch.setattr(program, "turn", busy)
    for url in (page_url(case, files["MRI.pdf"], 1), view_url(case, files["MRI.pdf"])):
        response = nurse.get(url)
        assert (response.status_code, response["Retry-After"]) == (503, "3")
        assert "Other pages are being drawn just now." in response.content.decode()
    assert shown_for(case).shown.problem == answer.BUSY, "the case page is there all the same"


def test_an_image_is_inert_and_each_look_is_an_event(sent):
    case, files = sent
    actor, nurse = signed_in(Role.NURSE)
    mri = files["MRI.pdf"]
    page = nurse.get(view_url(case, mri), {"page": "2"})
    assert re.search(r"<details class=.page-text. open>.*BRAVO edema of L1", page.content.decode(), re.DOTALL)
    image = nurse.get(page_url(case, mri, 2))
    assert (image.status_code, image["Content-Type"]) == (200, "image/png")
    for name, value in (
        ("Content-Security-Policy", "sandbox; default-src 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ):
        assert image[name].split(", max-age")[0] == value
    assert readings() == [
        ("read_file", {"attachment": str(mri.pk)}),
        ("read_page", {"attachment": str(mri.pk), "page": 2}),
    ]
    trail = reverse("admin:priorauth_auditevent_changelist")
    found = words_of(signed_in(Role.AUDITOR)[1].get(trail, {"q": case.reference}).content.decode())
    assert f"{actor.name} Nurse reviewer Example Plan read a page of a file" in found


def test_a_page_is_reached_as_its_file_is_and_not_otherwise(sent, settings):
    case, files = sent
    mri, nurse = files["MRI.pdf"], signed_in(Role.NURSE)[1]
    urls = [page_url(case, mri, 1), view_url(case, mri)]
    other, clerk = in_review(), person(Role.CLERK)
    draft = draft_case(clerk)
    unsent = attach.attach(draft, report("MRI.pdf", reports.two_pages()), by=clerk, at=NOW)
    strange = [(other, mri), (draft, unsent), (case, unsent)]
    for one, file in strange:
        assert [nurse.get(url).status_code for url in (page_url(one, file, 1), view_url(one, file))] == [404, 404]
    assert {client.get(url).status_code for url in urls for client in (Client(), signed_in(Role.CLERK)[1])} <= {
        302,
        403,
    }
    assert [nurse.get(url).status_code for url in urls] == [200, 200], "drawn, and then a virus is found in it"
    before = readings()
    Attachment.objects.unscoped("the test is the scanner").filter(pk=mri.pk).update(scan=Attachment.Scan.INFECTED)
    for url in urls:
        refused = nurse.get(url)
        assert (refused.status_code, "A virus was found" in refused.content.decode()) == (403, True)
    found = shown_for(case)
    assert found.shown.file == files["Emergency note.pdf"], "the next that is cited"
    assert [(one.file.name, one.url, one.original) for one in found.sent if one.file == mri] == [("MRI.pdf", "", "")]
    settings.SCANNER_URL = "clamd://127.0.0.1:9"
    assert nurse.get(view_url(case, files["old.pdf"])).status_code == 403
    assert shown_for(case).shown is None
    assert readings() == before


def test_examination_and_imaging_of_a_level_stand_side_by_side():
    document = facts()
    (level,) = certainty.levels(document)
    assert (level.name, level.exam, level.same) == ("L1", "Tender at this level", True)
    assert level.studies[0].what.startswith("MRI, ")
    html = render_to_string("admin/priorauth/case/certainty.html", {"certainty": [level]})
    assert "Same level: L1" in words_of(html)
    document["levels"]["L1"]["imaging"] = [{"modality": "MRI", "date": None, "finding": "healed"}]
    assert not certainty.levels(document)[0].same
    document["levels"]["L1"] = None
    (level,) = certainty.levels(document)
    assert (level.exam, level.studies, level.same) == ("Not recorded", [], False)
    html = render_to_string("admin/priorauth/case/certainty.html", {"certainty": [level]})
    assert "L1: examination and imaging do not both point here" in words_of(html)


def test_the_words_of_what_a_page_is_cited_for_are_marked_on_it_and_a_mark_claims_nothing(sent):
    case, files = sent
    nurse = signed_in(Role.NURSE)[1]
    page = nurse.get(view_url(case, files["MRI.pdf"]), {"page": "2"}).content.decode()
    text = words_of(page)
    assert "“L1”: the level “edema”: L1: Imaging 1, what it shows Marked because these words stand there" in text
    assert (
        "A mark proves nothing: read the page. Not found on page 2: L1: Imaging 1, day of the study (“Nov 10, 2026”)"
        in text
    )
    width, height = re.search(
        r'alt="[^"]*" width="(\d+)" height="(\d+)"><svg class="marks" viewBox="0 0 (\d+) (\d+)"', page
    ).group(1, 2)
    assert f'viewBox="0 0 {width} {height}"' in page
    drawing = re.search(r'<svg class="marks".*?</svg>', page, re.DOTALL)[0]
    assert re.findall(r">(\d+)</text>", drawing) == ["1", "2"]
    assert drawing.count('class="ground"') == 2
    assert not re.search(r"<script|style=| on\w+=|Nov 10", drawing)
    page = nurse.get(view_url(case, files["MRI.pdf"]), {"page": "1"}).content.decode()
    assert not re.search('class="marks"|Marked because|not found', page, re.IGNORECASE), "nothing is cited here"
    page = words_of(nurse.get(view_url(case, files["Emergency note.pdf"]), {"page": "1"}).content.decode())
    assert re.search(
        r"The words of what is cited here were not found on page 1: L1: Pain started \(“Oct 9, 2026”\)", page
    )


def test_words_of_a_file_are_shown_as_text_whatever_they_say(sent, monkeypatch):
    case, files = sent
    word = answer.Word("<b>L1</b>\"'&", 1, 1, 9, 9)
    drawn = answer.Page(1, "image/png", b"", (10, 10), word.text, (word,), whole=False)
    monkeypatch.setattr(evidence.page_images, "page", lambda *_: drawn)
    page = signed_in(Role.NURSE)[1].get(view_url(case, files["MRI.pdf"]), {"page": "2"}).content.decode()
    assert page.count("b&gt;L1&lt;/b&gt;&quot;&#x27;&amp;") == 2, "in the text of the page, and where it is quoted"
    assert "<li>“b&gt;L1&lt;/b&gt;&quot;&#x27;&amp;”: the level</li>" in page
    assert "page 2, of which only the beginning was searched" in words_of(page)
    scan = answer.Page(1, "image/png", b"", (10, 10), "", (), whole=True)
    monkeypatch.setattr(evidence.page_images, "page", lambda *_: scan)
    page = words_of(signed_in(Role.NURSE)[1].get(view_url(case, files["MRI.pdf"]), {"page": "2"}).content.decode())
    assert "This page is a picture without a text of its own: nothing can be searched or marked on it." in page
    assert "not found" not in page.casefold()


def test_choosing_a_criterion_shows_the_files_that_it_cites_and_opens_the_first(sent):
    case, _ = sent
    score_all(NOW + dt.timedelta(minutes=1))
    actor, nurse = signed_in(Role.NURSE)
    rows = context_of(case, actor, NOW)["table"].rows
    number = {row.told["criterion"]: row.number for row in rows}
    for criterion, cited, opened in (
        ("imaging_nonhealing", ["MRI.pdf"], "Page 2 of MRI.pdf."),
        ("conservative_6_weeks", ["Emergency note.pdf"], "Page 2 of Emergency note.pdf."),
        ("pain_source_certain", ["MRI.pdf"], "Page 2 of MRI.pdf."),
    ):
        page = nurse.get(case_page(case), {"row": number[criterion]}).content.decode()
        side = page.partition('id="evidence-files"')[2].partition("</section>")[0]
        assert re.findall(r"<a href=[^>]+>([^<]+\.pdf)</a>", side) == cited
        label = next(row.told["label"] for row in rows if row.told["criterion"] == criterion)
        assert words_of(side).partition("> ")[2].startswith(f"Files 1 of 3 files: cited by “{label}”. Show all")
        assert f'alt="{opened}' in page
        assert 'class="bench reading"' in page or 'class="bench disputed reading"' in page
        assert re.findall(r'data-chooses aria-current="true">(\d+)', page) == [str(number[criterion])]
        links = re.findall(r'href="([^"]*file=[^"]*)"', side)
        assert [link for link in links if f"row={number[criterion]}#" not in link] == links[:1], (
            "all but Show all keep it"
        )
    page = nurse.get(case_page(case), {"row": number["symptomatic"]}).content.decode()
    side = page.partition('id="evidence-files"')[2].partition("</section>")[0]
    assert "“The fracture causes pain now” cites no file. All 3 files are shown." in words_of(side)
    assert len(set(re.findall(r"[\w ]+\.pdf(?=</a>)", side))) == 3
    assert " reading" not in re.search(r'class="bench[^"]*"', page)[0]
    plain = nurse.get(case_page(case)).content.decode()
    for nonsense in ("0", "99", "x'\"<script>", "6" * 400):
        page = nurse.get(case_page(case), {"row": nonsense}).content.decode()
        assert (len(page.split("which-files")), page.count("aria-current")) == (1, plain.count("aria-current"))


def test_a_mark_is_of_the_chosen_criterion_and_the_viewer_leads_back_to_it(sent):
    case, files = sent
    score_all(NOW + dt.timedelta(minutes=1))
    actor, nurse = signed_in(Role.NURSE)
    row = next(r for r in context_of(case, actor, NOW)["table"].rows if r.told["criterion"] == "imaging_nonhealing")
    mri = files["MRI.pdf"]
    query = {"row": row.number, "file": str(mri.pk), "page": "1"}
    page = nurse.get(case_page(case), query).content.decode()
    assert 'class="marks"' not in page, "the page before it is not cited"
    assert f'{view_url(case, mri)}?page=1&amp;row={row.number}"' in page
    viewer = nurse.get(view_url(case, mri), {"page": "2", "row": row.number}).content.decode()
    assert f'href="{case_page(case)}?file={mri.pk}&amp;page=2&amp;row={row.number}#evidence"' in viewer
