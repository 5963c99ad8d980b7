"""When a page would be ready on a slow line and a slow processor (G13), from what decides it.

Clocks differ from machine to machine, so no test reads one. What counts is how many requests wait for one another, how
many bytes come, and how many elements are built; `make figures` measures the same pages with a clock, and agrees.
"""

import gzip
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from playwright.sync_api import CDPSession, Page

# Milliseconds: of one request on the line of G13 (150 ms, 1.6 Mbit/s); of an element at a quarter of the processor,
# generously, as measured by `make figures`; of the server's answer.
ROUND_TRIP, A_KILOBYTE, AN_ELEMENT, SERVER = 150, 1024 * 8 / 1600, 0.5, 100
BUDGET = 1500
BLOCKING = "script:not([defer], [async], [type=module], [type='application/json'])"


HEADERS = 500  # bytes, generously, of an answer that production sends compressed


class SlowLine:
    """What arrived for a page since it was last asked about. `wire` has its network events on.

    A file of ours counts as production sends it, compressed (tests/test_deployment.py): a test's server does not.
    """

    def __init__(self, wire: CDPSession) -> None:
        self.sizes: list[int] = []
        self._asked: dict[str, str] = {}
        self._deep: dict[str, int] = {}
        self._redirects = 0
        wire.on("Network.requestWillBeSent", self._sent)
        wire.on("Network.loadingFinished", self._arrived)

    def _arrived(self, event: dict[str, Any]) -> None:
        path = urlsplit(self._asked.get(event["requestId"], "")).path
        name = path.removeprefix(f"/{settings.STATIC_URL.strip('/')}/")
        packed = _packed(name) if name != path else 0
        self.sizes.append(min(event["encodedDataLength"], packed) if packed else event["encodedDataLength"])

    def _sent(self, event: dict[str, Any]) -> None:
        self._asked[event["requestId"]] = event["request"]["url"]
        cause = event["initiator"]
        frames = cause.get("stack", {}).get("callFrames") or [{}]
        before = cause.get("url") or frames[0].get("url", "")
        self._redirects += "redirectResponse" in event
        self._deep[event["request"]["url"]] = self._deep.get(before, 0) + 1

    def ready(self, page: Page) -> float:
        """Milliseconds until the document is ready with an empty cache; without end where a script stops the parser."""
        if page.locator(BLOCKING).count():
            return float("inf")
        trips = max(self._deep.values(), default=0) + self._redirects
        elements = page.evaluate("document.querySelectorAll('*').length")
        return trips * ROUND_TRIP + sum(self.sizes) / 1024 * A_KILOBYTE + elements * AN_ELEMENT + SERVER

    def forget(self) -> None:
        self.sizes.clear()
        self._deep.clear()
        self._redirects = 0


@cache
def _packed(name: str) -> int:
    """The bytes of one of our files on the wire; 0 for what is none of ours."""
    found = finders.find(name)
    return len(gzip.compress(Path(found).read_bytes(), 9)) + HEADERS if found else 0
