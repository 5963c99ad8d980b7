"""P7: no page asks anything of another host, in any test that drives a browser (an autouse fixture in conftest.py)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import unwrap
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

HERE = {"127.0.0.1", "localhost", None}  # None: data:, blob: and about: name no host


@contextmanager
def at_home() -> Iterator[list[str]]:
    """Note every address outside this machine that a page asks for. Fails at the end where there was one."""
    strays: list[str] = []

    def note(request: Any) -> None:
        if urlsplit(request.url).hostname not in HERE:
            strays.append(request.url)

    with (
        mock.patch.object(Browser, "new_context", _listening(unwrap(Browser.new_context), note)),
        mock.patch.object(Browser, "new_page", _listening(unwrap(Browser.new_page), note)),
    ):
        yield strays
    assert strays == [], f"a page asked another host: {strays[:5]}"


def _listening(make: Callable[..., BrowserContext | Page], note: Callable[[Any], None]) -> Callable[..., Any]:
    @wraps(make)
    def made(browser: Browser, *args: Any, **options: Any) -> BrowserContext | Page:
        opened = make(browser, *args, **options)
        opened.on("request", note)
        return opened

    return made
