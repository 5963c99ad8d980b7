"""Production as docker-compose.yml describes it, carried out as processes (RELIABILITY.md D13)."""

import http.client
import io
import os
import re
import shutil
import signal
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from portal.embedded.files import held
from tests.compose import Machine
from tests.factories import valid_form
from tests.folder_processes import belonging_to
from tests.waiting import eventually

pytestmark = pytest.mark.faults

HOST = "portal.example.org"
STAYING = ("worker", "beat", "web")


class Browser:
    """A browser behind a proxy that ends TLS: it sends what the proxy sends, and keeps cookies."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    def packed(self, path: str) -> bool:
        """Whether what stands there comes compressed to a browser that can read that."""
        headers = {"Host": HOST, "X-Forwarded-Proto": "https", "Accept-Encoding": "gzip"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().headers["Content-Encoding"] == "gzip"

    def ask(self, path: str, form: dict[str, str] | None = None, proto: str = "https") -> http.client.HTTPResponse:
        """GET, or POST of `form`; the answer has its whole text as `.text`."""
        headers = {"Host": HOST, "X-Forwarded-Proto": proto, "Origin": f"https://{HOST}"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = urlencode(form, doseq=True) if form else None
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("POST" if form else "GET", path, body, headers)
            answer = connection.getresponse()
            answer.text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or ():
            self.set_cookies.append(line)
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def post(self, page: str, **form: str) -> http.client.HTTPResponse:
        """Open a page, take over the hidden fields of its form, and send it."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.ask(page).text))
        return self.ask(page, {**hidden, **form})


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """The whole of docker-compose.yml, up, in the order that `depends_on` gives."""
    folder = Path(tempfile.mkdtemp(prefix="portal-compose-", dir="/tmp"))
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        lock = stack.enter_context(held(folder / "lock", busy="Process {pid} works in this folder."))
        made = Machine(folder, stack, lock)
        made.make_secrets(HOST)
        made.build()
        made.start_database()
        made.start_broker()
        migrated = made.run("migrate")
        assert migrated.returncode == 0, migrated.stderr
        made.before = contents(made.app)
        for name in STAYING:
            made.start(name)
        eventually(lambda: " ready." in made.log("worker"), "the worker says that it is ready")
        assert made.is_healthy("worker")
        eventually(lambda: made.is_healthy("web"), "web is healthy")
        yield made


def contents(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")}


def test_the_secrets_are_private_random_and_never_overwritten(machine):
    file = machine.clone / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    again = subprocess.run([machine.clone / "deploy" / "new-env", HOST], capture_output=True, text=True)
    assert again.returncode == 1
    assert again.stderr.startswith(".env stands already")
    assert file.read_text() == before
    keys = machine.secrets()
    assert len({*keys}) == len(keys) == 6
    assert {len(key) for key in keys} == {64}


def test_people_sign_in_over_https_and_a_request_is_sent_and_scored(machine):
    demo = machine.run("web", "python", "manage.py", "demo")
    password = re.search(r"clerk@harbor\.example +(\S+)$", demo.stdout, re.MULTILINE)[1]
    clerk = Browser(machine.ports["web"])
    assert clerk.ask("/sign-in/", proto="http").status == 301
    style = re.search(r'href="(/static/portal\.\w+\.css)"', clerk.ask("/sign-in/").text)[1]
    assert clerk.ask(style).status == 200
    assert clerk.packed(style), "a file of ours is sent compressed, as the measures of a page's weight count it"
    entered = clerk.post("/sign-in/", username="clerk@harbor.example", password=password)
    assert entered.status == 302, entered.text
    assert all("; Secure" in line and line.startswith("__Host-") for line in clerk.set_cookies)

    saved = clerk.post("/requests/new/", **valid_form(), action="save")
    assert saved.status == 302, saved.text
    request = re.match(r"/requests/[^/]+/", saved.headers["Location"])[0]
    sent = clerk.post(f"{request}edit/check/", statement="yes")
    assert sent.status == 302, sent.text
    eventually(lambda: "In review" in clerk.ask(request).text, "the worker scores the request")


def test_the_first_administrator_comes_in_by_a_link_to_this_portal(machine):
    invited = machine.run("web", "python", "manage.py", "invite", "first@plan.example")
    link = re.search(rf"https://{HOST}(/invitation/\S+)", invited.stdout)
    assert link, invited.stderr
    assert Browser(machine.ports["web"]).ask(link[1]).status == 302


def test_the_probes_answer_without_a_host_name_or_https(machine):
    for path in ("livez", "readyz"):
        connection = http.client.HTTPConnection("127.0.0.1", machine.ports["web"], timeout=30)
        with closing(connection):
            connection.request("GET", f"/{path}")
            assert connection.getresponse().status == 200, path


def test_no_secret_is_in_an_argument_or_a_log(machine):
    arguments = belonging_to(machine.folder)
    assert {"gunicorn", "celery", "postgres", "valkey-server"} <= set(
        re.findall(r"[a-z-]+", " ".join(arguments.values()))
    )
    logs = [path.read_text(errors="replace") for path in machine.folder.glob("*.log")]
    assert len(logs) >= 5
    assert not [secret for secret in machine.secrets() if any(secret in text for text in [*arguments.values(), *logs])]


def test_the_database_logs_no_values(machine):
    url = machine.environment("web")["DATABASE_URL"]
    code = (
        "import psycopg, sys; c = psycopg.connect(sys.argv[1], autocommit=True);"
        " c.execute(\"SELECT 1 / length(%s) FROM no_such_table\", ['Alma Synthetic'])"
    )
    failed = machine.run("web", "python", "-c", code, url)
    assert "no_such_table" in failed.stderr
    log = machine.database_log.read_text()
    assert "no_such_table" in log
    assert "Synthetic" not in log
    assert "SELECT" not in log


def test_nothing_is_written_beside_the_data(machine):
    assert contents(machine.app) == machine.before
    assert any(machine.data.iterdir())


def test_a_backup_is_taken_while_everything_runs(machine):
    taken = machine.run("backup", text=False)
    assert taken.returncode == 0, taken.stderr
    with tarfile.open(fileobj=io.BytesIO(taken.stdout)) as parts:
        assert "./database.dump" in parts.getnames()


def test_every_process_ends_within_its_grace_period_when_asked(machine):
    for name in STAYING:
        os.kill(machine.processes[name].pid, signal.SIGTERM)
    for name in STAYING:
        grace = int(machine.services[name]["stop_grace_period"].removesuffix("s"))
        assert machine.processes[name].wait(grace) == 0, machine.log(name)[-2000:]
