"""Bodies of every size and shape at a real web process: none is read beyond its limit, nothing typed is lost (B5)."""

import http.client
import io
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from portal.uploads import MAX_BODY, MAX_PLAIN_BODY, MIB
from priorauth.roles import Role
from priorauth.services.attach import MAX_FILE_BYTES, TOO_LARGE
from tests.cases import draft_case, person
from tests.factories import browser, draft_of
from tests.hostile_files import pdf
from tests.serving import MULTIPART, Sender, Web, answer, form, web

pytestmark = pytest.mark.django_db(transaction=True)
GROWTH = 20 * MIB


@pytest.fixture(scope="module")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with web(tmp_path_factory.mktemp("web")) as started:
        yield started


@pytest.fixture
def sender(served: Web) -> Sender:
    clerk = person(Role.CLERK)
    return Sender(served, browser(clerk), draft_case(clerk))


def large(size: int) -> bytes:
    return pdf(b"%" + b"x" * (size - len(pdf()) - 2) + b"\n")


def files_on_disk() -> set[Path]:
    folders = [Path(settings.MEDIA_ROOT), Path(settings.ARRIVING_ROOT)]
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def left_behind() -> Callable[[], int]:
    """How many files a test has left on the disk so far."""
    before = files_on_disk()
    return lambda: len(files_on_disk() - before)


def kept_fields(sender: Sender) -> list[str]:
    fields = draft_of(sender.case).fields
    return [*fields.get("first_name", []), *fields.get("last_name", [])]


def test_files_at_the_limit_are_taken_and_one_byte_more_costs_only_that_file(served, sender, left_behind):
    before = served.memory()
    assert len(large(MAX_FILE_BYTES)) == MAX_FILE_BYTES
    assert sender.post(("other_file", "a.pdf", large(MAX_FILE_BYTES))).status == 302
    version = str(draft_of(sender.case).version)
    response = sender.post(
        ("imaging-0-file", "b.pdf", large(MAX_FILE_BYTES + 1)), ("other_file", "c.pdf", pdf()), version=version
    )
    assert response.status == 200
    assert response.text.count(TOO_LARGE) == 2
    assert sorted(sender.case.attachments.values_list("name", flat=True)) == ["a.pdf", "c.pdf"]
    assert kept_fields(sender) == ["Alma", "Synthetic"]
    assert left_behind() == 2
    assert served.memory() - before < GROWTH


def test_a_body_over_the_limit_is_answered_with_words_before_it_is_sent(served, sender, left_behind):
    before = served.memory()
    for size in (MAX_BODY + 1, 50 * MIB, 1 << 40):
        with closing(served.connection()) as connection:
            connection.connect()
            connection.sock.sendall(sender.head(size))
            response = http.client.HTTPResponse(connection.sock, method="POST")
            response.begin()
            page = response.read().decode()
        assert response.status == 413
        assert "a file can have 25 MB, all files of a request 40 MB" in page
        assert "Nothing of it was read" in page
    assert draft_of(sender.case).version == 1
    assert left_behind() == 0
    assert served.memory() - before < GROWTH


def test_who_sends_too_much_all_the_same_still_gets_the_page(served, sender):
    body = sender.form(("other_file", "a.pdf", large(50 * MIB)))
    with closing(served.connection()) as connection:
        connection.putrequest("POST", sender.path)
        for name, value in {"Cookie": sender.cookies, "Content-Length": str(len(body)), **MULTIPART}.items():
            connection.putheader(name, value)
        connection.endheaders()
        with suppress(ConnectionError):  # as curl and browsers do: what was not sent is not sent, the answer is read
            connection.send(body)
        response = answer(connection)
    assert response.status == 413
    assert "all files of a request 40 MB" in response.text
    assert draft_of(sender.case).version == 1


def test_a_body_in_chunks_is_refused_and_not_read(served, sender):
    def endless() -> Iterator[bytes]:
        yield sender.form()
        for _ in range(100):
            yield bytes(MIB)

    before = served.memory()
    with closing(served.connection()) as connection:
        connection.putrequest("POST", sender.path)
        for name, value in {"Cookie": sender.cookies, "Transfer-Encoding": "chunked", **MULTIPART}.items():
            connection.putheader(name, value)
        connection.endheaders()
        sent = 0
        with suppress(ConnectionError):
            for piece in endless():
                connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                sent += len(piece)
        response = answer(connection)
    assert response.status == 411
    assert "Content-Length" in response.text
    assert sent < 50 * MIB, "the server closed long before the end"
    assert served.memory() - before < GROWTH
    assert draft_of(sender.case).version == 1


def test_a_form_that_is_cut_on_its_way_saves_nothing(served, sender, left_behind):
    """A tab that is closed while a file is sent: the answers behind the file never arrive."""
    body = sender.form(("other_file", "a.pdf", large(MIB)))
    for end in (len(body) // 2, len(body) - 40):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
            connection.sendall(sender.head(len(body)) + body[:end])
            connection.shutdown(socket.SHUT_WR)
            response = connection.makefile("rb").read()
        assert not response.startswith(b"HTTP/1.1 302")
        assert draft_of(sender.case).version == 1
        assert not sender.case.attachments.exists()
        assert left_behind() == 0
    assert sender.post(("other_file", "a.pdf", pdf())).status == 302


def test_a_stream_gives_a_whole_body_or_none():
    from portal.wsgi import WholeBody  # which asks the database whether it may start

    assert WholeBody(io.BytesIO(b"whole")).read(5) == b"whole"
    with pytest.raises(ConnectionError):
        WholeBody(io.BytesIO(b"cut")).read(5)


@pytest.mark.parametrize(
    ("files", "fields", "words"),
    [(51, 0, "more than the portal accepts at once"), (0, 6001, "more than the portal accepts at once")],
)
def test_more_files_or_fields_than_a_form_has_are_refused_and_nothing_is_kept(files, fields, words, left_behind):
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    uploads = [(f"imaging-{number}-file", "a.pdf", pdf()) for number in range(files)]
    body = form([("version", "1"), *((f"field_{number}", "x") for number in range(fields))], uploads, [])
    response = browser(clerk).post(f"/requests/{case.reference}/edit/", body, MULTIPART["Content-Type"])
    assert response.status_code == 400
    assert words in response.content.decode()
    assert not case.attachments.exists()
    assert left_behind() == 0


def test_the_largest_form_that_the_page_can_make_is_taken():
    """30 studies with 13 findings at 10 levels, 40 treatments: more than 1,001 fields, and one body."""
    clerk = person(Role.CLERK)
    case = draft_case(clerk)
    fields = {f"imaging-{study}-findings-{level}": ["edema"] * 13 for study in range(30) for level in range(10)}
    body = urlencode({"version": 1, "action": "save", "imaging-count": 30, "levels-count": 10} | fields, doseq=True)
    response = browser(clerk).post(
        f"/requests/{case.reference}/edit/", body, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 302


@pytest.mark.parametrize("address", ["/sign-in/", "/requests/", "/requests/new/"])
def test_a_large_body_is_only_for_pages_with_files_and_people_who_are_signed_in(address):
    head = {"content_type": "multipart/form-data; boundary=b", "CONTENT_LENGTH": str(MAX_PLAIN_BODY + 1)}
    response = Client().post(address, b"--b--", **head)
    assert response.status_code == 413
    assert "Nothing of it was read" in response.content.decode()


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 40])
def test_a_length_that_is_no_number_of_bytes_is_refused(length):
    response = browser(person(Role.CLERK)).post("/requests/new/", b"", content_type="text/plain", CONTENT_LENGTH=length)
    assert response.status_code == 413
