"""A real web process on the tests' own database, and a person's browser at it, down to the bytes."""

import http.client
import io
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from django.test import Client

from portal.embedded.files import free_port
from priorauth.models import Case
from tests.processes import Process, environment
from tests.waiting import eventually

MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
GUNICORN = ("gunicorn", "portal.wsgi", "--workers=1", "--threads=4", "--no-control-socket")
Upload = tuple[str, str, bytes]  # the field, the file's name, its bytes


class Web(Process):
    """gunicorn with one worker process on a free port. `module` starts it where it is not started plainly."""

    def __init__(self, folder: Path, *module: str, **env: str) -> None:
        self.port = free_port()
        started = environment(os.environ["REDIS_URL"]) | env
        super().__init__(folder / "web.log", started, *(module or GUNICORN), f"--bind=127.0.0.1:{self.port}")

    def answers(self) -> bool:
        assert self.lives(), f"the process ended:\n{self.log.read_text()[-3000:]}"
        with suppress(OSError, http.client.HTTPException), closing(self.connection()) as connection:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        return False

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def memory(self) -> int:
        """Bytes in memory of gunicorn and its worker."""
        workers = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text().split()
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in (self.popen.pid, *workers)]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def web(folder: Path, *module: str, **env: str) -> Iterator[Web]:
    """A web process that answers."""
    process = Web(folder, *module, **env)
    try:
        eventually(process.answers, "the web process answers")
        yield process
    finally:
        process.kill()


class Sender:
    """A clerk at the form of one draft. `client` is a test client that is signed in."""

    def __init__(self, served: Web, client: Client, case: Case) -> None:
        self.served, self.case = served, case
        self.path = f"/requests/{case.reference}/edit/"
        self.cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())
        page = self.ask("GET")
        self.cookies += "".join("; " + cookie.split(";")[0] for cookie in page.headers.get_all("Set-Cookie"))
        self.token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]

    def ask(self, method: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        """The answer, with its `text`."""
        with closing(self.served.connection()) as connection:
            connection.request(method, self.path, body, {"Cookie": self.cookies, **headers})
            return answer(connection)

    def form(self, *files: Upload, **fields: str) -> bytes:
        """The form, with an answer before the files and one behind them."""
        before = {"csrfmiddlewaretoken": self.token, "version": "1", "action": "save", "first_name": "Alma"}
        return form([*(before | fields).items()], files, [("last_name", "Synthetic")])

    def post(self, *files: Upload, **fields: str) -> http.client.HTTPResponse:
        return self.ask("POST", self.form(*files, **fields), **MULTIPART)

    def head(self, length: int) -> bytes:
        """The head of a post that announces `length` bytes."""
        lines = [
            f"POST {self.path} HTTP/1.1",
            "Host: localhost",
            f"Cookie: {self.cookies}",
            f"Content-Type: {MULTIPART['Content-Type']}",
            f"Content-Length: {length}",
        ]
        return "\r\n".join([*lines, "", ""]).encode()


def answer(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    response = connection.getresponse()
    response.text = response.read().decode(errors="replace")
    return response


def form(before: list[tuple[str, str]], files: tuple[Upload, ...], after: list[tuple[str, str]]) -> bytes:
    """A multipart body with the boundary `b`."""
    body = io.BytesIO()
    for part in (before, files, after):
        for name, *rest in part:
            file_name = f'; filename="{rest[0]}"\r\nContent-Type: application/pdf' if len(rest) == 2 else ""
            body.write(f'--b\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'.encode())
            body.write(rest[-1] if isinstance(rest[-1], bytes) else rest[-1].encode())
            body.write(b"\r\n")
    body.write(b"--b--\r\n")
    return body.getvalue()
