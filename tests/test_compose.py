"""The production files, as data: what may run as whom, and what nobody outside may reach."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OURS = ("migrate", "web", "worker", "beat")


def test_web_worker_beat_database_and_broker_are_there():
    assert set(SERVICES) == {*OURS, "database", "broker"}


def test_nothing_but_the_web_process_is_published_and_that_only_to_the_machine_itself():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


@pytest.mark.parametrize("name", OURS)
def test_our_processes_run_without_rights(name):
    service = SERVICES[name]
    assert service["read_only"]
    assert not service["user"].startswith("0")
    assert service["cap_drop"] == ["ALL"]


def test_the_broker_never_evicts():
    assert "--maxmemory-policy noeviction" in SERVICES["broker"]["command"][-1]


def test_secrets_have_no_default():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "AUDIT_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text


def test_the_settings_read_every_variable_that_compose_sets():
    settings = (ROOT / "portal" / "settings.py").read_text()
    for name in SERVICES["web"]["environment"]:
        assert f'"{name}"' in settings, name


def test_the_image_runs_as_the_user_that_compose_names():
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert SERVICES["web"]["user"].split(":")[0] == re.search(r"^USER (\d+)$", dockerfile, re.MULTILINE)[1]
    assert "--require-hashes" in dockerfile
