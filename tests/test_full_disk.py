"""A disk that is full: the person is told, the rest of the form is kept, and nothing half is left (F12)."""

import datetime as dt
import os
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from priorauth.roles import Role
from priorauth.services import attach
from priorauth.services.attach import CANNOT_STORE
from tests.cases import NOW, draft_case, person
from tests.factories import browser, draft_of, report
from tests.hostile_files import pdf
from tests.serving import GUNICORN, Sender, web

MIB = 1024 * 1024


def large(size: int) -> bytes:
    return pdf(b"%" + b"x" * size + b"\n")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("full", ["media", "arriving"])
def test_a_full_disk_costs_one_file_and_nothing_else(tmp_path, full):
    """Eight MiB: for the files, which are then copied there from another disk, or for what arrives."""
    data = tmp_path / "data"
    with web(tmp_path, "tests.small_disk", str(data / full), *GUNICORN, DATA_DIR=str(data)) as served:
        clerk = person(Role.CLERK)
        sender = Sender(served, browser(clerk), draft_case(clerk))
        response = sender.post(("imaging-0-file", "large.pdf", large(12 * MIB)), ("other_file", "small.pdf", pdf()))
        assert response.status == 200, "neither a fault nor a loss"
        assert response.text.count(CANNOT_STORE) == 2, "in the summary and at the field"
        assert list(sender.case.attachments.values_list("name", flat=True)) == ["small.pdf"]
        fields = draft_of(sender.case).fields
        assert (fields["first_name"], fields["last_name"]) == (["Alma"], ["Synthetic"])
        assert "imaging-0-attachment" not in fields
        version = str(draft_of(sender.case).version)
        assert sender.post(("imaging-0-file", "fits.pdf", large(3 * MIB)), version=version).status == 302, (
            "no part of the large file takes the room"
        )
        for name in ("small.pdf", "fits.pdf"):
            sender.path = f"/requests/{sender.case.reference}/files/{sender.case.attachments.get(name=name).pk}/"
            assert sender.ask("GET").status == 200


@pytest.fixture
def folders(tmp_path, settings) -> tuple[Path, Path]:
    settings.MEDIA_ROOT, settings.ARRIVING_ROOT = tmp_path / "media", tmp_path / "arriving"
    settings.ARRIVING_ROOT.mkdir()
    return settings.MEDIA_ROOT, settings.ARRIVING_ROOT


@pytest.mark.django_db
def test_what_a_killed_process_left_is_removed_after_a_day_and_nothing_else_ever(folders, capsys):
    media, arriving = folders
    kept = attach.attach(draft_case(person(Role.CLERK)), report(), by=person(Role.CLERK), at=NOW)
    own = media / kept.file.name
    orphan = own.with_name("0123456789abcdef0123456789abcdef")
    fresh = own.with_name("f" * 32)
    foreign = own.with_name("README")
    half = arriving / "tmpabc"
    for path in (orphan, fresh, foreign, half):
        path.write_bytes(b"%PDF-")
    long_ago = (timezone.now() - dt.timedelta(days=2)).timestamp()
    for path in (own, orphan, foreign, half):
        os.utime(path, (long_ago, long_ago))
    call_command("clear_orphans")
    assert capsys.readouterr().out == "2 files removed.\n"
    assert [path.exists() for path in (own, orphan, fresh, foreign, half)] == [True, False, True, True, False]
