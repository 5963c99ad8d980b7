"""Files of a request: stored whole or not at all, and without holding a lock while the bytes are written."""

import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection

from portal.web import intake
from priorauth import audit
from priorauth.models import Attachment, Case
from priorauth.roles import Role
from priorauth.services import attach
from priorauth.services.errors import Conflict, Incomplete, NotPermitted
from tests.cases import NOW, draft_case, person
from tests.factories import PDF, browser, clerk, draft_of, post_edit, report, saved_draft, valid_form
from tests.together import at_once

pytestmark = pytest.mark.django_db


def stored_files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def attachments() -> int:
    return Attachment.objects.unscoped("a test counts").count()


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_bytes_are_written(monkeypatch):
    write, open_then = FileSystemStorage._save, []

    def save(self, name, content):
        open_then.append(connection.in_atomic_block)
        return write(self, name, content)

    monkeypatch.setattr(FileSystemStorage, "_save", save)
    clerk = person(Role.CLERK)
    attach.attach(draft_case(clerk), report(), by=clerk, at=NOW)
    assert open_then == [False]


def test_a_failing_trail_leaves_no_file_behind(monkeypatch):
    clerk, before = person(Role.CLERK), stored_files()
    case = draft_case(clerk)

    def broken(**_):
        raise RuntimeError("the trail cannot be written")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError, match="trail"):
        attach.attach(case, report(), by=clerk, at=NOW)
    assert (stored_files(), attachments()) == (before, 0)


def test_a_case_that_moved_on_takes_no_file_and_none_stays():
    clerk, before = person(Role.CLERK), stored_files()
    case = draft_case(clerk)
    case.version += 1
    with pytest.raises(Conflict):
        attach.attach(case, report(), by=clerk, at=NOW)
    assert (stored_files(), attachments()) == (before, 0)


def test_a_full_disk_is_told_and_leaves_no_part_of_the_file(monkeypatch):
    clerk, before = person(Role.CLERK), stored_files()
    case = draft_case(clerk)

    def full(self, name, content):
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%PDF")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "_save", full)
    with pytest.raises(Incomplete, match="add the file again later"):
        attach.attach(case, report(), by=clerk, at=NOW)
    assert (stored_files(), attachments()) == (before, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [{"MAX_FILES": 1}, {"MAX_CASE_BYTES": len(PDF) + 10}], ids=["number", "size"])
def test_two_uploads_at_once_do_not_pass_the_quota_of_a_request(monkeypatch, limit):
    for name, value in limit.items():
        monkeypatch.setattr(attach, name, value)
    clerk, before, together = person(Role.CLERK), stored_files(), threading.Barrier(2)
    case = draft_case(clerk)
    store, refused = attach._store, []

    def store_together(*arguments):
        together.wait(20)  # both have passed the first look at the quota
        store(*arguments)

    monkeypatch.setattr(attach, "_store", store_together)

    def send(_):
        try:
            attach.attach(Case.objects.unscoped("a test").get(pk=case.pk), report(), by=clerk, at=NOW)
        except (Conflict, Incomplete) as refusal:
            refused.append(str(refusal))

    at_once(send, range(2))
    assert (attachments(), len(refused), len(stored_files() - before)) == (1, 1, 1)


def test_a_file_that_comes_beside_another_one_stays_too():
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    pages = [Case.objects.unscoped("two windows").get(pk=case.pk) for _ in range(2)]
    one, other = (attach.attach(page, report(), by=clerk, at=NOW) for page in pages)
    with pytest.raises(Conflict):
        attach.detach(pages[0], other, by=clerk, at=NOW)
    assert set(case.attachments.all()) == {one, other}


def test_the_role_comes_before_the_file():
    with pytest.raises(NotPermitted):
        attach.attach(draft_case(person(Role.CLERK)), report("x.exe"), by=person(Role.NURSE), at=NOW)


def test_a_colleague_who_was_faster_with_a_file_costs_nothing_typed(monkeypatch):
    client = browser(clerk())
    case = saved_draft(client)
    post_edit(client, case, valid_form() | {"imaging-0-file": report()})

    def taken(*_args, **_kwargs):
        raise Conflict("The case was changed while you had it open.")

    monkeypatch.setattr(intake, "detach", taken)
    file_id = str(case.attachments.get().pk)
    fields = draft_of(case).fields | {"first_name": "Just typed", "remove_file": file_id}
    response = post_edit(client, case, fields)
    assert response.status_code == 200
    assert "The case was changed while you had it open." in response.content.decode()
    assert draft_of(case).fields["first_name"] == ["Just typed"]
