"""A person of an office at a page in Chromium, and what happens beside it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from priorauth.models import Case
from tests.factories import browser, clerk, draft_of, post_edit, valid_form

# A form as it is opened: one row of each group.
BLANK = {name: "1" if name.endswith("count") else "" for name in valid_form()}


@contextmanager
def a_page(chrome, live_server, client, **options):
    """A page of a signed-in person; what its scripts throw fails the test."""
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    thrown = []
    context = chrome.new_context(viewport={"width": 1280, "height": 900}, **options)
    context.add_cookies([cookie | {"url": live_server.url}])
    page = context.new_page()
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.on("console", lambda line: thrown.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    context.close()
    assert thrown == []


def aside(work):
    """Do something with the database while a browser is open: its event loop keeps this thread from it."""

    def alone():
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(alone).result()


def saved_by_a_colleague():
    post_edit(browser(clerk()), the_case(), draft_of(the_case()).fields | {"first_name": "Colleague"})


def the_case():
    return Case.objects.unscoped("a test reads the only one").get()
