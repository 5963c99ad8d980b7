"""The panel beside the office's form, as JSON, against the emptiest answer to a person who is signed in: in processor
time of this process, through the whole stack of middleware, as a browser asks."""

from collections.abc import Iterator

from django.test import Client
from django.urls import reverse

from benchmarks.measure import Finding, at_most, ratio
from tests.factories import browser, clerk, saved_draft

ROUNDS, EACH = 15, 5


def measure() -> Iterator[Finding]:
    client = browser(clerk())
    case = saved_draft(client)
    panel, empty = reverse("request-missing", args=[case.reference]), reverse("session")
    part, limit, ours = ratio(lambda: _ask(client, empty), lambda: _ask(client, panel), ROUNDS)
    told = f"{1000 * limit / EACH:.1f} ms for nothing, {1000 * ours / EACH:.1f} ms for the panel"
    yield at_most("live panel, against an empty answer", 5, 1 / part, told)


def _ask(client: Client, path: str) -> None:
    for _ in range(EACH):
        if client.get(path, headers={"accept": "application/json"}).status_code != 200:
            raise RuntimeError(f"{path} did not answer")
