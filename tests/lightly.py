"""The portal for thousands of requests of one test."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from unittest import mock

from django.test import override_settings
from django.test.client import ClientHandler

from portal.accounts.backend import PeopleBackend


@contextmanager
def lightly() -> Iterator[ClientHandler]:
    """No line of log for each request, no session row, each user looked up once. Sessions begin inside."""
    known = cache(PeopleBackend().get_user)
    logging.disable(logging.ERROR)
    with (
        override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"),
        mock.patch.object(PeopleBackend, "get_user", lambda _, user_id: known(user_id)),
    ):
        yield ClientHandler(enforce_csrf_checks=False)
    logging.disable(logging.NOTSET)
