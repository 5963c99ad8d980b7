"""Every file that somebody might send, through the office's form: refused with a sentence, or stored inert (B3)."""

import re
from html import escape, unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from priorauth.roles import Role
from priorauth.services.attach import clean_name
from tests.cases import draft_case, person
from tests.factories import browser, post_edit
from tests.hostile_files import Sent, hostile, sound

pytestmark = pytest.mark.django_db

HOSTILE = hostile()
REFUSED = [file for file in HOSTILE if file.words]
STORED = [file for file in HOSTILE if not file.words]


def by_id(files: list[Sent]) -> object:
    return pytest.mark.parametrize("file", files, ids=lambda file: file.id)


@pytest.fixture
def clerk():
    return person(Role.CLERK)


def send(clerk, file: Sent):
    """The answer to the form with one file, and the draft."""
    case = draft_case(clerk)
    upload = SimpleUploadedFile("x", file.content, content_type=file.declared)
    upload._name = file.name  # as a hostile client would send it, uncleaned
    return post_edit(browser(clerk), case, {"first_name": "Alma", "other_file": upload}), case


def in_store() -> set[str]:
    folder = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_set_is_large_enough():
    assert len(HOSTILE) >= 40
    assert len({file.id for file in HOSTILE}) == len(HOSTILE)


@by_id(REFUSED)
def test_a_hostile_file_is_refused_with_words_and_leaves_nothing(clerk, file):
    before = in_store()
    response, case = send(clerk, file)
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count(file.words) == 2, "in the summary and at the field"
    assert 'value="Alma"' in page, "the rest of the form is kept"
    assert not case.attachments.exists()
    assert in_store() == before


@by_id([*sound(), *STORED])
def test_what_is_stored_is_named_by_a_uuid_shown_escaped_and_served_inert(clerk, file):
    response, case = send(clerk, file)
    assert response.status_code == 302, response.content.decode()
    attachment = case.attachments.get()
    assert attachment.name == clean_name("".join(filter(str.isprintable, unescape(file.name))))
    assert attachment.file.name == f"attachments/{attachment.pk.hex[:2]}/{attachment.pk.hex}"
    page = browser(clerk).get(response["Location"]).content.decode()
    assert f">{escape(attachment.name).replace('&#x27;', '&#39;')}</a>" in page.replace("&#x27;", "&#39;")
    assert "GPSLatitude" not in page, "what a telephone wrote into it is evidence in the file, and shown nowhere"
    answer = browser(clerk).get(f"/requests/{case.reference}/files/{attachment.pk}/")
    assert b"".join(answer.streaming_content) == file.content
    assert answer["Content-Type"] in ("application/pdf", "image/png", "image/jpeg")
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


@by_id(STORED)
def test_a_name_is_harmless_wherever_it_is_saved(file):
    name = clean_name(file.name)
    assert re.fullmatch(r"[^\x00-\x1f/\\\u2028\u2029\u202a-\u202e\u2066-\u2069]{1,120}", name)
    assert name.lower().endswith((".pdf", ".png", ".jpg"))
    assert not name.startswith((".", " "))
    assert name.upper() != "CON.PDF"


def test_a_name_that_smuggles_a_header_into_the_form_changes_nothing_else(clerk):
    """A raw line break in the name ends the header there; what follows is no header of ours."""
    client, case = browser(clerk), draft_case(clerk)
    body = (
        b'--b\r\nContent-Disposition: form-data; name="version"\r\n\r\n1\r\n'
        b'--b\r\nContent-Disposition: form-data; name="other_file"; filename="a\r\nX-Evil: 1\r\n\r\n.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n%PDF-1.7\n%%EOF\r\n--b--\r\n"
    )
    response = client.post(f"/requests/{case.reference}/edit/", body, content_type="multipart/form-data; boundary=b")
    assert response.status_code in (200, 302)
    assert "X-Evil" not in response.headers
    assert not case.attachments.exists()
