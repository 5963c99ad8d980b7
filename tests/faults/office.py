"""Offices that send requests as a program would: each until it is confirmed, every time the same."""

import http.client
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode

from django.conf import settings

from priorauth.roles import Actor, Role
from tests.cases import office, person
from tests.factories import browser, valid_form
from tests.faults.site import Site

CSRF = "x" * 32
PATIENCE = 120.0  # seconds until a request that is not confirmed fails the test
PAUSE = 0.1  # seconds between two tries
SENT_FORM_VERSION = 2  # of a draft that was started and saved once


@dataclass
class Answers:
    """What a clerk got: the statuses, how often there was no answer, and how long the answers took."""

    statuses: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    broken: int = 0
    seconds: list[float] = field(default_factory=list)


class Clerk:
    """One clerk with a session; not for two threads at once."""

    def __init__(self, site: Site, actor: Actor) -> None:
        self.site, self.actor = site, actor
        self.answers = Answers()
        session = browser(actor).cookies[settings.SESSION_COOKIE_NAME].value
        self._headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={CSRF}",
        }

    def send(self) -> str:
        """Send one whole request; return its reference once that is confirmed."""
        form = valid_form() | {"token": str(uuid.uuid4()), "action": "check"}
        reference = self.post("/requests/new/", form).split("/")[2]
        sent = {"version": SENT_FORM_VERSION, "statement": "yes", "second_because": "The tests send several."}
        confirmed = self.post(f"/requests/{reference}/edit/check/", sent)
        assert confirmed.endswith("/submitted/"), confirmed
        return reference

    def post(self, path: str, form: dict[str, object]) -> str:
        """Post until there is a good answer; return where it leads. Only 503 and no answer at all are tried again."""
        body = urlencode(form | {"csrfmiddlewaretoken": CSRF}, doseq=True)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            response = self._try(path, body)
            if response and response.status == 302:
                return response.headers["Location"]
            assert response is None or response.status == 503, f"{response.status} to {path}: {response.text[:2000]}"
            time.sleep(PAUSE)
        raise AssertionError(f"no good answer to {path} for {PATIENCE:.0f} s")

    def _try(self, path: str, body: str) -> http.client.HTTPResponse | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=60)
        start = time.monotonic()
        with closing(connection):
            try:
                connection.request("POST", path, body, self._headers)
                response = connection.getresponse()
                response.text = response.read().decode()
            except ConnectionRefusedError:
                self.answers.refused += 1
                return None
            except (OSError, http.client.HTTPException):
                self.answers.broken += 1
                return None
        self.answers.seconds.append(time.monotonic() - start)
        self.answers.statuses[response.status] += 1
        return response


class Office:
    """An office with a few clerks, who send side by side."""

    _numbers: Iterator[int] = count(1)

    def __init__(self, site: Site, clerks: int = 4) -> None:
        organization = office(f"Office {next(self._numbers)} of the fault tests")
        self.id = organization.pk
        self.clerks = [Clerk(site, person(Role.CLERK, organization)) for _ in range(clerks)]
        self.sent: list[str] = []
        self.trouble: list[BaseException] = []
        self._queue: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def send(self, requests: int) -> list[str]:
        """Send so many requests and wait for them; return their references."""
        before = len(self.sent)
        with self.sending(requests):
            pass
        return self.sent[before:]

    @contextmanager
    def sending(self, requests: int = 0) -> Iterator[None]:
        """The clerks send in the background, so many and what `more` adds; at the end all of it is sent.

        Raises the first trouble that a clerk had.
        """
        threads = [threading.Thread(target=self._work, args=(clerk,)) for clerk in self.clerks]
        for thread in threads:
            thread.start()
        try:
            self.more(requests)
            yield
        finally:
            for _ in threads:
                self._queue.put(False)
            for thread in threads:
                thread.join()
        if self.trouble:
            raise self.trouble[0]

    def more(self, requests: int) -> None:
        for _ in range(requests):
            self._queue.put(True)

    def _work(self, clerk: Clerk) -> None:
        while self._queue.get():
            try:
                self.sent.append(clerk.send())
            except BaseException as error:
                self.trouble.append(error)

    @property
    def answers(self) -> Answers:
        """All answers together."""
        together = Answers()
        for clerk in self.clerks:
            together.statuses += clerk.answers.statuses
            together.refused += clerk.answers.refused
            together.broken += clerk.answers.broken
            together.seconds += clerk.answers.seconds
        return together
