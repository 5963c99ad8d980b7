"""How the tests start Chromium, and what a click waits for."""

import functools
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 30_000  # milliseconds; as long as Playwright waits for an act


def be_patient() -> None:
    """A click ends when the page that it leads to stands: Playwright's ends when that has begun, and what is asked at
    once may meet half of it. What is expected may take as long as an act: five seconds are little on a slow machine.
    """
    expect.set_options(timeout=PATIENCE)
    for name in ("click", "dblclick", "press"):
        setattr(Locator, name, _and_wait(getattr(Locator, name)))


def _and_wait(act: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(act)
    def acted(place: Locator, *args: Any, **options: Any) -> None:
        act(place, *args, **options)
        place.page.wait_for_load_state()

    return acted
