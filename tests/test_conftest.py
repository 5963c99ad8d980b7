"""What conftest.py promises to every test."""

import os
import socket
from pathlib import Path

import pytest
from django.conf import settings
from pytest_socket import SocketConnectBlockedError


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
