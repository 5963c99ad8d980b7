"""T4: what one office wrote never stands in anything that another office, or nobody, is shown.

Every row that a test saves is noted with its office (a file's name, a person's name, a reference, ...); every answer
that a test client gets is searched for the words of the others. Mails, log lines and cached values are searched for
the names of all. An autouse fixture in conftest.py does so for the whole suite.
"""

import contextlib
import io
import logging
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from unittest import mock
from urllib.parse import unquote_plus

from django.core import mail
from django.core.cache import cache
from django.db.models import Model
from django.db.models.signals import post_save
from django.http import HttpResponse
from django.test import Client
from django.test.client import FakePayload

from priorauth.models import Attachment, Case, Draft
from priorauth.roles import CASE_READER_ROLES, Role
from priorauth.services import submit
from priorauth.services.submit import Submission

# What names one row, person or place: columns by model, the fields of a form, the parts of a sending.
COLUMNS: dict[type[Model], tuple[str, ...]] = {Attachment: ("id",), Case: ("reference", "started_with")}
TYPED = ("member_id", "last_name", "clinician_name", "facility_name", "contact_name")
SHORTEST = 6  # characters; a shorter word stands on too many pages by chance
OF_THE_PLAN = CASE_READER_ROLES | {Role.PAYER, Role.ADMINISTRATOR}
LARGE = 1_000_000  # bytes
NOBODYS = 0  # whoever belongs to no office


class Leak(AssertionError):
    """Something was shown to somebody whose it is not."""


class Canaries:
    """Which office wrote which word, in this test."""

    def __init__(self) -> None:
        self.writers: dict[str, set[int]] = defaultdict(set)
        self.patients: set[str] = set()

    def note_row(self, sender: type[Model], instance: Any, **_: Any) -> None:
        """Connected to post_save."""
        if sender is Draft:
            self._note(instance.case.office_id, *(text for name in TYPED for text in instance.fields.get(name, ())))
        elif sender in COLUMNS:
            office = instance.office_id if sender is Case else instance.case.office_id
            self._note(office, *(str(getattr(instance, column)) for column in COLUMNS[sender]))

    def note_sending(self, case: Case, sent: Submission) -> None:
        """The member, the clinician and the facility of a request that is sent."""
        patient = [sent.member["member_id"], sent.member["last_name"]]
        self.patients.update(word for word in patient if len(word) >= SHORTEST)
        self._note(case.office_id, *patient, sent.clinician["name"], sent.facility["name"])

    def _note(self, office: int, *words: str) -> None:
        for word in words:
            if len(word) >= SHORTEST:
                self.writers[word].add(office)

    def search(self, text: str, reader: int, where: str, known: str = "") -> None:
        """Raises Leak where `text` has a word that offices wrote, `reader` not among them; `known` was sent by the
        reader, and may be said back."""
        for word, offices in self.writers.items():
            if reader not in offices and word in text and word not in known:
                raise Leak(f"{where} shows {word!r}, which only office {sorted(offices)} wrote")

    def search_for_patients(self, text: str, where: str) -> None:
        for word in self.patients:
            if word in text:
                raise Leak(f"{where} names the patient {word!r}")


@contextlib.contextmanager
def watched() -> Iterator[Canaries]:
    """Watch every answer, mail, log line and cached value of one test."""
    canaries, written = Canaries(), io.StringIO()
    request, send = Client.request, submit.send

    def sending(case: Case, sent: Submission, **options: Any) -> Case:
        canaries.note_sending(case, sent)
        return send(case, sent, **options)

    def watching(client: Client, **environ: Any) -> HttpResponse:
        sent = _sent(environ)
        response = request(client, **environ)
        _search(canaries, response, sent)
        return response

    handler = logging.StreamHandler(written)
    configured = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    handler.setFormatter(configured[0].formatter if configured else None)
    post_save.connect(canaries.note_row, weak=False)
    logging.getLogger().addHandler(handler)
    try:
        with mock.patch.object(Client, "request", watching), mock.patch.object(submit, "send", sending):
            yield canaries
        canaries.search_for_patients(written.getvalue(), "the log")
        for message in getattr(mail, "outbox", ()):
            canaries.search_for_patients(str(message.message()), "a mail")
        canaries.search_for_patients(repr(getattr(cache, "_cache", "")), "the cache")
    finally:
        logging.getLogger().removeHandler(handler)
        post_save.disconnect(canaries.note_row)


def _sent(environ: dict[str, Any]) -> str:
    """What the client itself says in its request: address, query, and body unless it is a large one."""
    payload, body = environ.get("wsgi.input"), b""
    if isinstance(payload, FakePayload) and len(payload) < LARGE:
        body = payload.read()
        environ["wsgi.input"] = FakePayload(body)
    text = f"{environ.get('PATH_INFO', '')}?{environ.get('QUERY_STRING', '')} {body.decode(errors='replace')}"
    return f"{text} {unquote_plus(text)}"


def _search(canaries: Canaries, response: HttpResponse, sent: str) -> None:
    actor = getattr(response.wsgi_request, "actor", None)
    if actor is not None and actor.role in OF_THE_PLAN:
        return
    reader = actor.organization_id if actor else NOBODYS
    where = f"{response.wsgi_request.method} {response.wsgi_request.path} as {actor.role if actor else 'nobody'}"
    canaries.search(str(response.headers), reader, where, sent)
    if response.streaming:
        response.streaming_content = _searched(canaries, response.streaming_content, reader, where)
    else:
        canaries.search(response.content.decode(errors="replace"), reader, where, sent)


def _searched(canaries: Canaries, chunks: Any, reader: int, where: str) -> Iterator[bytes]:
    for chunk in chunks:
        canaries.search(chunk.decode(errors="replace"), reader, where)
        yield chunk
