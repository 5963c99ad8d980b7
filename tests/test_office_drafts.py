"""The draft: kept as typed, continued by colleagues, unseen by other offices, with rows and files."""

import uuid
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client
from django.test.client import encode_multipart

from portal.web.words import FINDING
from priorauth.models import Attachment, AuditEvent, Case, Draft
from priorauth.roles import Role
from priorauth.services import attach
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

pytestmark = pytest.mark.django_db
NEVER = "/requests/PA-0000-0000-0000/"


def edit_of(case):
    return f"/requests/{case.reference}/edit/"


def kept(case, name):
    return draft_of(case).fields.get(name)


def test_save_keeps_everything_as_typed_right_or_wrong_and_sends_nothing():
    client = browser(clerk())
    wrong = {"birth_date": " 31/31/48 ", "pain_score": "a lot", "note": "line 1\r\nline 2 <b>&"}
    case = saved_draft(client, **wrong)
    page = client.get(edit_of(case)).content.decode()
    for name, value in wrong.items():
        assert kept(case, name) == [value]
    assert 'value=" 31/31/48 "' in page
    assert "line 2 &lt;b&gt;&amp;" in page
    assert case.status == "draft"
    assert not case.revisions.exists()


def test_a_colleague_of_the_office_continues_the_draft():
    case = saved_draft(browser(clerk()))
    colleague = browser(person(Role.OFFICE_ADMIN))
    assert colleague.get(edit_of(case)).context["form"].raw["first_name"] == ["Alma"]
    response = post_edit(colleague, case, valid_form(first_name="Anna"))
    assert response.status_code == 302
    assert kept(case, "first_name") == ["Anna"]


def test_another_office_gets_the_very_page_of_a_request_that_never_was():
    client = browser(clerk())
    case = saved_draft(client)
    sent = sent_through_the_page(client)
    stranger = browser(clerk("Bay Pain Clinic"))
    tails = ["", "edit/", "edit/check/", "submitted/", "answer/1/", "withdraw/", f"files/{uuid.uuid4()}/"]
    for mine in (case, sent):
        for tail in tails:
            for method in (stranger.get, stranger.post):
                hidden = method(f"/requests/{mine.reference}/{tail}")
                absent = method(f"{NEVER}{tail}")
                assert hidden.status_code == absent.status_code
                assert hidden.content == absent.content
                assert comparable(hidden) == comparable(absent)
                assert hidden.status_code == (404 if hidden.status_code != 405 else 405)
    assert stranger.get("/requests/").context["rows"] == []


def comparable(response):
    return {name: value for name, value in response.headers.items() if name not in ("Set-Cookie", "Date")}


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN, Role.LEAD, Role.PAYER, Role.AUDITOR, Role.ADMINISTRATOR])
def test_the_office_pages_are_for_offices_only(role):
    case = saved_draft(browser(clerk()))
    plan = browser(person(role))
    for url in ("/requests/", NEW, edit_of(case), f"/requests/{case.reference}/"):
        assert plan.get(url).status_code == 403


def test_nobody_who_is_not_signed_in_sees_a_page(client):
    assert client.get("/requests/")["Location"].startswith("/sign-in/")


def test_a_double_press_of_the_first_save_makes_one_draft():
    client = browser(clerk())
    payload = valid_form() | {"action": "save", "token": token_of(client)}
    first, second = client.post(NEW, payload), client.post(NEW, payload)
    assert first["Location"] == second["Location"]
    assert Case.objects.unscoped("counting in a test").count() == 1


def test_the_draft_of_a_sent_request_is_gone_and_says_so():
    client = browser(clerk())
    case = sent_through_the_page(client)
    assert client.get(edit_of(case))["Location"] == f"/requests/{case.reference}/"
    response = client.post(edit_of(case), valid_form() | {"version": 1})
    assert response.status_code == 409
    assert "sent or withdrawn" in response.content.decode()


GROUPS = ["lines", "levels", "imaging", "treatments"]


@pytest.mark.parametrize("group", GROUPS)
def test_add_another_gives_a_blank_row_and_keeps_what_was_typed(group):
    client = browser(clerk())
    case = saved_draft(client)
    before = int(valid_form()[f"{group}-count"])
    response = post_edit(client, case, valid_form(first_name="Just typed") | {"add": group})
    assert response["Location"] == f"{edit_of(case)}#{group}-{before}"
    assert kept(case, f"{group}-count") == [str(before + 1)]
    assert kept(case, "first_name") == ["Just typed"]
    assert f'id="{group}-{before}"' in client.get(edit_of(case)).content.decode()


@pytest.mark.parametrize(("group", "most"), [("lines", 10), ("levels", 10), ("imaging", 30), ("treatments", 40)])
def test_a_full_group_says_so_and_keeps_what_was_typed(group, most):
    client = browser(clerk())
    case = saved_draft(client)
    full = valid_form(**{f"{group}-count": str(most), "first_name": "Just typed"})
    response = post_edit(client, case, full | {"add": group})
    assert f"A request can have {most} " in response.content.decode()
    assert kept(case, f"{group}-count") == [str(most)]
    assert kept(case, "first_name") == ["Just typed"]


def test_removing_a_row_moves_the_later_ones_up():
    client = browser(clerk())
    rows = {**treatment_row(0, name="one"), **treatment_row(1, name="two"), **treatment_row(2, name="three")}
    case = saved_draft(client, **rows, **{"treatments-count": "3"})
    post_edit(client, case, draft_of(case).fields | {"remove": "treatments-1"})
    assert [kept(case, f"treatments-{index}-name") for index in range(3)] == [["one"], ["three"], None]
    assert kept(case, "treatments-count") == ["2"]


def test_removing_a_level_keeps_each_finding_with_its_level():
    client = browser(clerk())
    levels = {**level_row(1, "L2"), **level_row(2, "L3"), "levels-count": "3"}
    studies = study_row(0, **{"findings-0": ["edema"], "findings-1": ["healed"], "findings-2": ["cleft", "uptake"]})
    case = saved_draft(client, **levels, **studies)
    post_edit(client, case, draft_of(case).fields | {"remove": "levels-1"})
    assert [kept(case, f"levels-{index}-name") for index in range(3)] == [["L1"], ["L3"], None]
    assert [kept(case, f"imaging-0-findings-{index}") for index in range(3)] == [["edema"], ["cleft", "uptake"], None]


def test_a_level_that_is_added_again_does_not_inherit_the_findings_of_the_removed_one():
    client = browser(clerk())
    case = saved_draft(client, **level_row(1, "L2"), **{"levels-count": "2", "imaging-0-findings-1": ["healed"]})
    post_edit(client, case, draft_of(case).fields | {"remove": "levels-1"})
    post_edit(client, case, draft_of(case).fields | {"add": "levels"})
    assert kept(case, "imaging-0-findings-0") == ["edema"]
    assert kept(case, "imaging-0-findings-1") is None


def test_removing_the_only_row_empties_it():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, draft_of(case).fields | {"remove": "levels-0"})
    assert kept(case, "levels-count") == ["1"]
    assert kept(case, "levels-0-name") is None


def test_a_report_is_stored_shown_and_can_be_removed():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report()})
    attachment = case.attachments.get()
    assert kept(case, "imaging-0-attachment") == [str(attachment.pk)]
    page = client.get(edit_of(case)).content.decode()
    assert "mri-report.pdf" in page
    post_edit(client, case, draft_of(case).fields | {"remove_file": str(attachment.pk)})
    assert not case.attachments.exists()
    assert kept(case, "imaging-0-attachment") is None


def test_a_report_chosen_on_the_blank_page_is_stored_with_the_new_draft():
    client = browser(clerk())
    client.post(
        NEW, valid_form() | {"token": token_of(client), "imaging-0-file": report(), "other_file": report("pt.pdf")}
    )
    case = Case.objects.unscoped("a test reads what was saved").get()
    assert sorted(case.attachments.values_list("name", flat=True)) == ["mri-report.pdf", "pt.pdf"]


def test_a_new_report_replaces_the_one_of_its_study():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report("old.pdf")})
    post_edit(client, case, draft_of(case).fields | {"imaging-0-file": report("new.pdf")})
    assert case.attachments.get().name == "new.pdf"


def test_a_file_sent_alone_is_linked_by_the_next_save_which_drops_the_one_it_replaced():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report("old.pdf")})
    old, version = str(case.attachments.get().pk), draft_of(case).version
    alone = f"/requests/{case.reference}/edit/file/"
    page = client.post(alone, {"imaging-0-file": report("new.pdf"), "replaced": old}).content.decode()
    new = str(case.attachments.exclude(pk=old).get().pk)
    assert f'name="imaging-0-attachment" value="{new}"' in page
    assert f'name="replaced" value="{old}"' in page
    assert kept(case, "imaging-0-attachment") == [old], "not linked yet"
    assert draft_of(case).version == version
    fields = draft_of(case).fields | {"imaging-0-attachment": new, "replaced": old, "version": version}
    assert client.post(f"/requests/{case.reference}/edit/missing/", fields).status_code == 200
    assert [str(file.pk) for file in case.attachments.all()] == [new]
    refused = client.post(alone, {"other_file": report("x.pdf", b"no pdf")}).content.decode()
    assert "must be a PDF, JPG or PNG" in refused
    assert 'id="other-files"' in refused
    assert client.post(alone, {}).status_code == 200


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (report("report.pdf", b"not a pdf at all"), "must be a PDF, JPG or PNG"),
        (report("report.exe"), "must be a PDF, JPG or PNG"),
        (report("report.pdf", b""), "The file is empty"),
    ],
)
@pytest.mark.parametrize("name", ["imaging-0-file", "other_file"])
def test_a_refused_file_gets_its_message_and_everything_else_is_saved(name, upload, words):
    client = browser(clerk())
    case = saved_draft(client)
    upload.seek(0)
    response = post_edit(client, case, valid_form(first_name="Just typed") | {name: upload})
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count(words) == 2, "in the summary and at the field"
    assert f'href="#id_{name}"' in page
    assert kept(case, "first_name") == ["Just typed"]
    assert not case.attachments.exists()
    assert response.context["version"] == draft_of(case).version


def test_a_file_that_is_too_large_is_stopped_while_it_arrives(monkeypatch):
    monkeypatch.setattr("portal.uploads.MAX_FILE_BYTES", 1000)
    client = browser(clerk())
    case = saved_draft(client)
    large = SimpleUploadedFile("large.pdf", b"%PDF-" + b"x" * 2000)
    response = post_edit(client, case, valid_form() | {"imaging-0-file": large})
    assert response.content.decode().count(attach.TOO_LARGE) == 2
    assert not case.attachments.exists()


def test_the_eleventh_file_is_refused_with_its_message(monkeypatch):
    monkeypatch.setattr(attach, "MAX_FILES", 1)
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"other_file": report()})
    response = post_edit(client, case, draft_of(case).fields | {"imaging-0-file": report("two.pdf")})
    assert "A request can hold 1 files" in response.content.decode()


def test_a_file_downloads_as_an_inert_attachment():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report()})
    response = client.get(f"/requests/{case.reference}/files/{case.attachments.get().pk}/")
    assert b"".join(response.streaming_content).startswith(b"%PDF-")
    assert response["Content-Disposition"] == 'attachment; filename="mri-report.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "no-store"


def test_a_file_of_another_office_is_not_found_under_any_reference():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report()})
    file_id = case.attachments.get().pk
    stranger = browser(clerk("Bay Pain Clinic"))
    own = saved_draft(stranger)
    for reference in (case.reference, own.reference):
        assert stranger.get(f"/requests/{reference}/files/{file_id}/").status_code == 404


def test_a_foreign_file_cannot_be_linked_or_removed_by_its_number():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report()})
    file_id = str(case.attachments.get().pk)
    stranger = browser(clerk("Bay Pain Clinic"))
    own = saved_draft(stranger, **{"imaging-0-attachment": file_id})
    assert stranger.get(edit_of(own)).context["form"].studies[0].attachment is None
    post_edit(stranger, own, draft_of(own).fields | {"remove_file": file_id})
    assert Attachment.objects.unscoped("counting in a test").count() == 1


def test_saving_writes_no_answer_into_the_trail():
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form())
    events = AuditEvent.objects.all()
    assert [event.action for event in events] == ["create"]
    assert "Synthetic" not in str([event.__dict__ for event in events])
    assert Draft.objects.unscoped("counting in a test").count() == 1


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_each_error_page_stands_without_anything_from_the_request(name):
    page = render_to_string(f"{name}.html")
    assert page.count("<h1>") == 1
    assert "csrf" not in page


def test_a_fault_of_the_server_shows_its_page(monkeypatch):
    client = browser(clerk())
    client.raise_request_exception = False
    monkeypatch.setattr("portal.web.listing.next_step", lambda case, now: 1 / 0)
    saved_draft(client)
    response = client.get("/requests/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()


def test_the_longest_form_is_shown_and_kept():
    client = browser(clerk())
    everything = {"levels-count": "10", "imaging-count": "30", "treatments-count": "40", "lines-count": "10"}
    names = [f"T{number}" for number in range(1, 11)]
    for index, name in enumerate(names):
        everything |= level_row(index, name)
    for index in range(30):
        everything |= study_row(index, **{f"findings-{level}": [value for value, _ in FINDING] for level in range(10)})
    for index in range(40):
        everything |= treatment_row(index)
    case = saved_draft(client, **everything, **{"lines-0-code": "22510", "lines-0-levels": " ".join(names)})
    response = client.get(f"/requests/{case.reference}/edit/check/")
    assert response.status_code == 200
    assert len(kept(case, "imaging-29-findings-9")) == 13


@pytest.mark.parametrize("stale", [{"imaging-0-file": "new"}, {"remove_file": "old"}, {"remove": "imaging-0"}])
def test_a_save_that_a_colleague_overtook_takes_no_file_out_of_the_draft(stale):
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report("old.pdf")})
    old = str(case.attachments.get().pk)
    version = draft_of(case).version
    linked = valid_form() | {"imaging-0-attachment": old}
    post_edit(client, case, linked | {"last_name": "Colleague"})
    values = {"new": report("new.pdf"), "old": old}
    late = {name: values.get(value, value) for name, value in stale.items()}
    assert post_edit(client, case, linked | late | {"version": version}).status_code == 409
    assert case.attachments.filter(pk=old).exists()
    assert draft_of(case).fields["imaging-0-attachment"] == [old]


@pytest.mark.parametrize("name", ["unicode_escape", "utf-16", "rot13", "base64", "undefined", "nosuch"])
@pytest.mark.parametrize("path", ["/requests/", "/requests/new/", "/sign-in/"])
def test_a_form_is_read_as_utf_8_whatever_the_sender_says(path, name):
    client = browser(clerk()) if path != "/sign-in/" else Client()
    client.raise_request_exception = False
    fields = {"sought": "a\\ud800", "last_name": "b\\u0000", "username": "c\\ud800", "password": "d"}
    multipart = encode_multipart("edge", fields)
    forms = {"multipart/form-data; boundary=edge": multipart, "application/x-www-form-urlencoded": urlencode(fields)}
    for kind, body in forms.items():
        assert client.generic("POST", path, body, f"{kind}; charset={name}").status_code in (200, 302)
