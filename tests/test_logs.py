"""No log line holds a patient's data: of an exception it tells the class and the places."""

import io
import logging

import pytest
from django.db import DatabaseError, connection, transaction

NAME, BORN = "Alma Synthetic", "1948-03-14"


@pytest.fixture
def lines():
    """What the portal's own handler writes."""
    handler = (
        logging.getHandlerByName("stderr") if hasattr(logging, "getHandlerByName") else logging._handlers["stderr"]
    )
    stream, kept = io.StringIO(), handler.stream
    handler.setStream(stream)
    yield stream
    handler.setStream(kept)


def fail() -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s::date", [NAME])
    except DatabaseError as error:
        raise RuntimeError(BORN) from error


def test_the_text_of_an_exception_stays_out_of_the_log_and_its_place_stands_in_it(lines, db):
    try:
        fail()
    except RuntimeError:
        logging.getLogger("portal.test").exception("the request failed")
    text = lines.getvalue()
    assert NAME not in text
    assert BORN not in text
    for part in ("ERROR portal.test - the request failed", "builtins.RuntimeError", "in fail", "utils.DataError"):
        assert part in text


def test_no_line_has_the_token_of_an_invitation(lines, db, client):
    token = "x" * 43
    assert client.get(f"/invitation/{token}/").status_code == 404
    assert "Not Found: /invitation/.../" in lines.getvalue()
    assert token not in lines.getvalue()
