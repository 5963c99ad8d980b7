"""How the tests start Chromium, and what a click waits for."""

import functools
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def wait_for_the_page_after_a_click() -> None:
    """Playwright's click ends when the page that it leads to has begun: what is asked at once may meet half of it."""
    for name in ("click", "dblclick", "press"):
        setattr(Locator, name, _and_wait(getattr(Locator, name)))


def _and_wait(act: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(act)
    def acted(place: Locator, *args: Any, **options: Any) -> None:
        act(place, *args, **options)
        place.page.wait_for_load_state()

    return acted
