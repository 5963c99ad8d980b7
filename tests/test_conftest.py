"""What conftest.py promises to every test."""

import datetime as dt
import os
import socket
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_socket import SocketConnectBlockedError

from tests.cases import ZONE
from tests.moving_clock import behind


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("198.51.100.7", 443)])
def test_no_test_reaches_another_host(address):
    with pytest.warns(UserWarning, match="192.0.2.1|198.51.100.7"), pytest.raises(SocketConnectBlockedError):
        socket.create_connection(address, timeout=1)


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    ours.close()
    theirs.close()


@pytest.mark.django_db
def test_the_settings_name_the_suites_own_servers_and_folder(django_db_setup):
    database = settings.DATABASES["default"]
    assert str(database["PORT"]) in os.environ["DATABASE_URL"]
    assert os.environ["REDIS_URL"] == settings.REDIS_URL
    assert Path(settings.DATA_DIR) == Path(os.environ["DATA_DIR"])
    assert "var" not in Path(settings.DATA_DIR).parts


def test_a_run_past_midnight_in_the_plans_zone_stays_on_the_day_of_its_collection():
    day = dt.date(2026, 11, 27)
    assert behind(dt.datetime(2026, 11, 27, 23, 59, 59, tzinfo=ZONE), day) == dt.timedelta()
    for late in (dt.datetime(2026, 11, 28, 0, 0, tzinfo=ZONE), dt.datetime(2026, 11, 28, 0, 20, tzinfo=ZONE)):
        assert timezone.localdate(late - behind(late, day)) == day
