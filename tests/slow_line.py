"""When a page would be ready on a slow line and a slow processor (G13), from what decides it.

Clocks differ from machine to machine, so no test reads one. What counts is how many requests wait for one another, how
many bytes come, and how many elements are built; `make figures` measures the same pages with a clock, and agrees.
"""

from typing import Any

from playwright.sync_api import CDPSession, Page

# Milliseconds: of one request on the line of G13 (150 ms, 1.6 Mbit/s); of an element at a quarter of the processor,
# generously, as measured by `make figures`; of the server's answer.
ROUND_TRIP, A_KILOBYTE, AN_ELEMENT, SERVER = 150, 1024 * 8 / 1600, 0.5, 100
BUDGET = 1500
BLOCKING = "script:not([defer], [async], [type=module], [type='application/json'])"


class SlowLine:
    """What arrived for a page since it was last asked about. `wire` has its network events on."""

    def __init__(self, wire: CDPSession) -> None:
        self.sizes: list[int] = []
        self._deep: dict[str, int] = {}
        self._redirects = 0
        wire.on("Network.requestWillBeSent", self._sent)
        wire.on("Network.loadingFinished", lambda event: self.sizes.append(event["encodedDataLength"]))

    def _sent(self, event: dict[str, Any]) -> None:
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
