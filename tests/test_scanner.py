"""Files are scanned for viruses: what was not found clean is not handed out, and a scanner that fails costs time, not
files (B7, F16). The scanner is a stand-in at a real socket; the jobs, the rows and the pages are real."""

import datetime as dt
import io
import threading
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from priorauth import audit, checks, jobs, scanner
from priorauth.models import Attachment, AuditEvent, Case, Job
from priorauth.page_images import store
from priorauth.roles import Role
from priorauth.services import attach, scan
from tests.cases import NOW, draft_case, person
from tests.factories import browser, draft_of, post_edit, report, saved_draft, sent_through_the_page
from tests.fake_clamd import EICAR, FakeClamd, serving
from tests.hostile_files import pdf

pytestmark = pytest.mark.django_db

SICK = pdf(b"% " + EICAR + b"\n")


@pytest.fixture
def clamd(settings) -> Iterator[FakeClamd]:
    fake = FakeClamd()
    with serving(fake) as url:
        settings.SCANNER_URL = url
        yield fake


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(scanner.virus_in, "__defaults__", (0.3,))


def attached(content: bytes = pdf(), case: Case | None = None) -> Attachment:
    clerk = person(Role.CLERK)
    return attach.attach(case or draft_case(clerk), report(content=content), by=clerk, at=NOW)


def scan_all(now: dt.datetime = NOW) -> int:
    return scan.run(lambda: now)


def state(attachment: Attachment) -> str:
    attachment.refresh_from_db()
    return attachment.scan


def job_of(attachment: Attachment) -> Job:
    return Job.objects.get(dedupe_key=f"scan:{attachment.pk}")


def verdicts() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action__startswith="scan_").order_by("pk"))


# The scanner


@pytest.mark.parametrize("size", [0, 1, scanner.PIECE, scanner.PIECE + 1, 3 * scanner.PIECE])
def test_every_byte_of_a_file_goes_to_the_scanner(clamd, settings, size):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert scanner.virus_in(io.BytesIO(content), settings.SCANNER_URL) == ""
    assert clamd.heard == [content]


def test_a_virus_is_named_over_a_socket_of_this_machine_too(tmp_path):
    with serving(FakeClamd(), tmp_path / "clamd.ctl") as url:
        assert scanner.virus_in(io.BytesIO(b"x" * 100_000 + EICAR), url) == "Win.Test.EICAR_HDB-1"


@pytest.mark.parametrize(
    ("mode", "size", "failure", "words"),
    [
        ("hang", 10, scanner.Unavailable, scanner.SILENT),
        ("garbage", 10, scanner.Unavailable, scanner.STRANGE),
        ("cut", 10, scanner.Unavailable, scanner.STRANGE),
        ("hang", 5_000_000, scanner.Unavailable, scanner.SILENT),
        ("drip", 10, scanner.Unavailable, scanner.SILENT),
        ("garbage", 5_000_000, scanner.Unavailable, f"{scanner.STRANGE}|{scanner.AWAY}"),
        ("cut", 5_000_000, scanner.Unavailable, f"{scanner.STRANGE}|{scanner.AWAY}"),
        (1000, 5_000_000, scanner.ScanFailed, scanner.TOO_LARGE),
    ],
)
def test_a_scanner_without_a_verdict_never_counts_as_clean(clamd, settings, impatient, mode, size, failure, words):
    clamd.mode = mode
    with pytest.raises(scanner.ScanFailed, match=words) as raised:
        scanner.virus_in(io.BytesIO(bytes(size)), settings.SCANNER_URL)
    assert type(raised.value) is failure


def test_a_scanner_that_is_not_there_is_told():
    with pytest.raises(scanner.Unavailable, match=scanner.AWAY):
        scanner.virus_in(io.BytesIO(b"x"), "clamd://127.0.0.1:1")
    with pytest.raises(scanner.Unavailable, match=scanner.AWAY):
        scanner.virus_in(io.BytesIO(b"x"), "clamd:///nowhere/clamd.ctl")


@pytest.mark.parametrize("url", ["clamd://scanner:3310", "clamd://scanner", "clamd:///run/clamd.ctl"])
def test_an_address_of_a_scanner(url, settings):
    settings.SCANNER_URL = url
    assert checks.scanner_has_an_address(None) == checks.files_are_scanned(None) == []


@pytest.mark.parametrize("url", ["scanner:3310", "http://scanner:3310", "clamd://", "clamd://x:y", "clamd://h/path"])
def test_what_is_no_address_stops_the_start(url, settings):
    settings.SCANNER_URL = url
    (error,) = checks.scanner_has_an_address(None)
    assert (error.id, error.msg) == ("priorauth.E002", scanner.url_fault(url))


def test_a_portal_without_a_scanner_is_warned_of_before_it_is_deployed(settings):
    settings.SCANNER_URL = ""
    assert [found.id for found in checks.files_are_scanned(None)] == ["priorauth.W001"]
    assert checks.scanner_has_an_address(None) == []


# The jobs


def test_a_clean_file_and_an_infected_one_get_their_verdicts_with_an_event_each(
    clamd, django_capture_on_commit_callbacks
):
    clean, sick = attached(), attached(SICK)
    assert (state(clean), state(sick)) == ("unscanned", "unscanned")
    for file in (clean, sick):
        store.keep(file.pk, 1, b"{}\n")
    with django_capture_on_commit_callbacks(execute=True):
        assert scan_all() == 2
    assert (state(clean), state(sick)) == ("clean", "infected")
    assert clean.scanned_at == NOW
    first, second = verdicts()
    assert first.entities == {"case": clean.case.reference, "attachment": str(clean.pk), "sha256": clean.sha256}
    assert (second.action, second.entities["virus"]) == ("scan_virus", "Win.Test.EICAR_HDB-1")
    assert first.stream == "user:system:2026-11-20"
    assert [str(fault) for _, fault, _ in audit.verify_all() if fault] == []
    assert scan_all() == 0
    assert [store.get(file.pk, 1) for file in (clean, sick)] == [b"{}\n", None], "no drawn page of it stays"


def test_a_verdict_disturbs_nobody_who_has_the_case_open(clamd):
    attachment = attached()
    before = Case.objects.unscoped("a test compares").values().get(pk=attachment.case_id)
    scan_all()
    assert Case.objects.unscoped("a test compares").values().get(pk=attachment.case_id) == before


def test_without_a_scanner_no_job_is_made(settings):
    settings.SCANNER_URL = ""
    attached()
    assert not Job.objects.filter(kind=Job.Kind.SCAN).exists()
    assert scan_all() == 0


def test_a_file_that_was_taken_out_needs_no_scan(clamd):
    attachment = attached()
    clerk = person(Role.CLERK)
    attach.detach(attachment.case, attachment, by=clerk, at=NOW)
    assert scan_all() == 1
    assert clamd.heard == []
    assert Job.objects.get(kind=Job.Kind.SCAN).state == "done"
    assert verdicts() == []


def test_a_scanner_out_of_order_costs_tries_then_a_person_sees_it_and_later_every_file_is_scanned(clamd, impatient):
    clamd.mode = "hang"
    files, now = [attached(), attached(SICK)], NOW
    for _ in range(jobs.MAX_ATTEMPTS * len(files)):
        assert scan_all(now) == 0
        assert Job.objects.filter(kind=Job.Kind.SCAN, state="waiting", run_after__lte=now).count() == 0, "all wait"
        now += dt.timedelta(minutes=10)
    assert [job_of(file).state for file in files] == ["failed", "failed"]
    assert {job_of(file).last_error for file in files} == {scanner.SILENT}
    assert {state(file) for file in files} == {"unscanned"}
    clamd.mode = ""
    assert scan.enqueue_missed(now) == 2
    assert scan.enqueue_missed(now) == 0
    assert scan_all(now) == 2
    assert [state(file) for file in files] == ["clean", "infected"]


def test_a_file_that_the_scanner_refuses_holds_up_no_other(clamd):
    clamd.mode = 10_000
    large, small = attached(pdf(b"%" + b"x" * 20_000 + b"\n")), attached()
    assert scan_all() == 2
    assert (state(large), state(small)) == ("unscanned", "clean")
    assert job_of(large).last_error == scanner.TOO_LARGE


def test_a_file_whose_bytes_are_gone_gets_no_verdict(clamd):
    attachment = attached()
    attachment.file.storage.delete(attachment.file.name)
    scan_all()
    assert (state(attachment), job_of(attachment).last_error) == ("unscanned", scan.GONE)


def test_files_from_before_there_was_a_scanner_are_scanned_on_command(settings, capsys):
    settings.SCANNER_URL = ""
    attachment = attached()
    with pytest.raises(CommandError, match="SCANNER_URL"):
        call_command("scan_files")
    with serving(FakeClamd()) as url:
        settings.SCANNER_URL = url
        call_command("scan_files")
        assert capsys.readouterr().out == "1 file will be scanned.\n"
        assert scan_all(timezone.now()) == 1
    assert state(attachment) == "clean"


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_scanner_thinks_and_no_second_worker_waits_for_it(clamd):
    clamd.mode = "hang"
    attached(), attached()

    def worker():
        scan_all()
        connection.close()

    thread = threading.Thread(target=worker)
    thread.start()
    try:
        assert clamd.arrived.wait(20)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state, now() - xact_start > interval '1 second' FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%%advisory%%'"
                " OR state LIKE 'idle in transaction%%'"
            )
            assert [row for row in cursor.fetchall() if row[0] != "idle"] == []
        assert scan_all() == 0, "one worker scans at a time"
        assert len(clamd.heard) == 0
        assert sum(Job.objects.filter(kind=Job.Kind.SCAN).values_list("attempts", flat=True)) == 1
    finally:
        clamd.mode = ""
        clamd.release.set()
        thread.join(20)


@pytest.mark.django_db(transaction=True)
def test_a_verdict_that_comes_after_another_worker_took_over_is_not_written_twice(clamd):
    attachment = attached()
    job = jobs.take(Job.Kind.SCAN, NOW)
    Job.objects.filter(pk=job.pk).update(attempts=job.attempts + 1)  # the other worker
    scan._finish(job, attachment, "", NOW)
    assert (state(attachment), verdicts(), job_of(attachment).state) == ("unscanned", [], "waiting")


# The pages


@pytest.fixture
def sent(clamd):
    """A sent case with one file, its clerk's browser, and the addresses of the file for office and reviewer."""

    def make(content: bytes):
        client = browser(person(Role.CLERK))
        case = sent_through_the_page(client, **{"imaging-0-file": report(content=content)})
        file = case.attachments.get()
        addresses = {
            client: f"/requests/{case.reference}/files/{file.pk}/",
            browser(person(Role.NURSE)): f"/admin/priorauth/case/{case.pk}/files/{file.pk}/",
            browser(person(Role.AUDITOR)): f"/admin/priorauth/case/{case.pk}/files/{file.pk}/",
        }
        return case, file, addresses

    return make


@pytest.mark.parametrize(
    ("content", "scanned", "words"),
    [
        (pdf(), False, "still being checked for viruses. Try again in a minute"),
        (SICK, True, "A virus was found in this file, so nobody can open it"),
    ],
    ids=["not scanned yet", "infected"],
)
def test_a_file_that_is_not_clean_is_handed_to_nobody_and_says_why(sent, content, scanned, words):
    _, _, addresses = sent(content)
    if scanned:
        scan_all(timezone.now())
    for client, address in addresses.items():
        response = client.get(address)
        assert response.status_code == 403
        assert words in response.content.decode()
        assert "Content-Disposition" not in response.headers
        assert EICAR not in response.content
    assert not AuditEvent.objects.filter(action="read_file").exists(), "nobody read it"


def answered(addresses: dict[Client, str]) -> set[int]:
    responses = [client.get(address) for client, address in addresses.items()]
    for response in responses:
        b"".join(response)  # to the end, so that the file is closed
    return {response.status_code for response in responses}


def test_a_clean_file_is_handed_out_and_an_infected_one_never_even_without_the_scanner(sent, settings):
    _, _, clean = sent(pdf())
    _, _, sick = sent(SICK)
    scan_all(timezone.now())
    for url in (settings.SCANNER_URL, ""):
        settings.SCANNER_URL = url
        assert answered(clean) == {200}
        assert answered(sick) == {403}


def test_the_state_of_a_file_stands_beside_it_for_office_and_reviewer(sent):
    case, file, addresses = sent(SICK)
    office, nurse, _ = addresses
    pages = {office: f"/requests/{case.reference}/", nurse: f"/admin/priorauth/case/{case.pk}/change/"}
    for client, page in pages.items():
        assert "not scanned for viruses" in client.get(page).content.decode()
    scan_all(timezone.now())
    for client, page in pages.items():
        text = client.get(page).content.decode()
        assert "a virus was found: nobody can open this file" in text
        assert f'files/{file.pk}/"' not in text, "no link leads to it"
        assert file.name in text


def test_a_draft_with_an_infected_file_cannot_be_sent_until_the_file_is_removed(clamd):
    client = browser(person(Role.CLERK))
    case = saved_draft(client, **{"imaging-0-file": report(content=SICK)})
    scan_all(timezone.now())
    words = "A virus was found in mri-report.pdf. Remove it, and add a new copy."
    page = client.get(f"/requests/{case.reference}/edit/").content.decode()
    assert page.count(words) == 2, "in the summary and at the field"
    client.post(f"/requests/{case.reference}/edit/check/", {"version": draft_of(case).version, "statement": "yes"})
    case.refresh_from_db()
    assert case.status == "draft"
    post_edit(client, case, draft_of(case).fields | {"remove_file": str(case.attachments.get().pk)})
    client.post(f"/requests/{case.reference}/edit/check/", {"version": draft_of(case).version, "statement": "yes"})
    case.refresh_from_db()
    assert case.status == "received"
