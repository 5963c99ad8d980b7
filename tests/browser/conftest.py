"""The portal as `make run` starts it, once for all stories, and Chromium with and without JavaScript."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.people import sign_in
from tests.running import Portal, a_demo


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    with a_demo("story") as portal:
        yield portal


@pytest.fixture
def browser(chrome: Browser) -> Browser:
    return chrome


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def signed_in(request: pytest.FixtureRequest, browser: Browser, portal: Portal) -> Iterator[Callable[[str], Page]]:
    """A function that gives a person of the demo a browser of their own, signed in."""
    contexts = []

    def person(email: str) -> Page:
        context = browser.new_context(java_script_enabled=request.param)
        contexts.append(context)
        page = context.new_page()
        sign_in(page, portal.url, email, portal.passwords[email])
        return page

    yield person
    for context in contexts:
        context.close()
