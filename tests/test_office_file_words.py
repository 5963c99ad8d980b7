"""Every message about a report's file that the specification of the form lists (UX.md 2.5)."""

from html import unescape

import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from priorauth.services import attach
from priorauth.services import look as pages
from tests.factories import PDF, browser, clerk, draft_of, post_edit, report, saved_draft, valid_form
from tests.form_messages import plain
from tests.reports import blank_third

pytestmark = pytest.mark.django_db

FILES = [
    ("is empty", report(content=b""), "The file is empty. Choose the report again."),
    (
        "must be a PDF, JPG or PNG",
        report("report.docx"),
        "The file must be a PDF, JPG or PNG, with a name that ends so.",
    ),
    ("must be a PDF, JPG or PNG, by its bytes", report(content=b"GIF89a"), "The file must be a PDF, JPG or PNG"),
    ("is cut short", report(content=PDF[:40]), "The file is damaged or was cut short."),
    ("must be smaller than 25MB", report(), "The file must be 25 MB or smaller."),
    ("could not be uploaded - try again", report(), "The rest is kept: add the file again later."),
]


@pytest.mark.parametrize(("asked", "file", "words"), FILES, ids=[row[0] for row in FILES])
def test_each_message_about_a_report_file_stands_at_its_study(asked, file, words, monkeypatch):
    if asked.startswith("must be smaller"):
        monkeypatch.setattr(attach, "MAX_FILE_BYTES", len(PDF) - 1)
    if asked.startswith("could not be uploaded"):
        monkeypatch.setattr(FileSystemStorage, "_save", full)
    file.seek(0)
    client = browser(clerk())
    case = saved_draft(client)
    response = post_edit(client, case, valid_form() | {"imaging-0-file": file})
    page = unescape(response.content.decode())
    found = {problem.input_id: problem.message for problem in response.context["form"].problems}
    assert words in found["id_imaging-0-file"]
    assert page.count(found["id_imaging-0-file"]) == 2
    plain(found["id_imaging-0-file"])


def test_a_report_that_is_password_protected_is_asked_about_once():
    client = browser(clerk())
    case = saved_draft(client)
    locked = PDF.replace(b"trailer", b"trailer\n<</Encrypt 9 0 R>>")
    post_edit(client, case, valid_form() | {"imaging-0-file": report("mri.pdf", content=locked)})
    checked = post_edit(client, case, draft_of(case).fields | {"action": "check", "other_file": report("letter.pdf")})
    asked = client.get(checked["Location"]).content.decode()
    words = "mri.pdf says that it is password protected, and a reviewer has no password. Does it open without one?"
    assert asked.count("password protected") == 2  # the sentence, and what its link is about
    assert words in asked
    assert f"/requests/{case.reference}/edit/#id_imaging-0-file" in asked
    plain(words.removeprefix("mri.pdf"))


def test_a_report_that_could_not_be_read_is_told_at_its_study_and_asked_about_once():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report("mri.pdf", content=blank_third())})
    pages.run(timezone.now)
    told = unescape(client.get(f"/requests/{case.reference}/edit/").content.decode())
    assert "Could not be read: page 3 is blank" in told[told.index('id="imaging-0-report"') :]
    checked = post_edit(client, case, draft_of(case).fields | {"action": "check"})
    asked = client.get(checked["Location"]).content.decode()
    assert "mri.pdf could not be read: page 3 is blank. Is it the right file, and whole?" in asked
    assert f"/requests/{case.reference}/edit/#id_imaging-0-file" in asked


def full(*_):
    raise OSError(28, "No space left on device")
