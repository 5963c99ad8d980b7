"""The production files, as data: what may run as whom, and what nobody outside may reach (RELIABILITY.md D13)."""

import re

import pytest
import yaml

from portal.embedded import postgres
from portal.launch import commands
from tests.compose import DOCKERFILE, ROOT, instructions, services

TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat", "folders")
TOOLS = ("folders", "backup", "restore")
ENDING = {"migrate", "folders"}
SECRETS = (
    *("SECRET_KEY", "AUDIT_KEY", "DATABASE_PASSWORD", "DATABASE_OWNER_PASSWORD"),
    *("POSTGRES_PASSWORD", "REDIS_PASSWORD"),
)


def test_what_runs_is_there_and_what_is_run_by_hand_does_not_start_by_itself():
    always = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert always == {*OURS, "database", "broker"} - {*TOOLS}
    assert all(SERVICES[name]["profiles"] == ["tools"] for name in TOOLS)
    assert SERVICES["scanner"]["profiles"] == ["scan"]


def test_nothing_but_the_web_process_is_published_and_that_only_to_the_machine_itself():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_only_the_web_process_and_the_scanner_are_on_a_network_with_a_way_out():
    inner = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    outward = {name for name, service in SERVICES.items() if set(service["networks"]) - inner}
    assert outward == {"web", "scanner"}
    assert not any("network_mode" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_runs_without_rights(name):
    service = SERVICES[name]
    assert service["read_only"] or name == "scanner"
    assert service["user"]
    assert not service["user"].startswith(("0", "root"))
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_no_log_fills_the_disk(name):
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}


def test_everything_that_waits_waits_for_health_or_success():
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in ENDING else "service_healthy"
            assert how == {"condition": wanted}
            assert other in ENDING or "healthcheck" in SERVICES[other]
    assert {name for name in SERVICES if "migrate" in SERVICES[name].get("depends_on", {})} == {"web", "worker", "beat"}


def test_the_owner_of_the_tables_is_known_to_migrate_and_restore_alone():
    told = {name for name, service in SERVICES.items() if "DATABASE_OWNER_PASSWORD" in str(service.get("environment"))}
    assert told == {"migrate", "restore", "database"}


def test_the_database_does_not_see_the_checkpoints_and_the_portal_keeps_them_apart():
    for name, service in SERVICES.items():
        sees = any(volume.startswith("checkpoints:/data/checkpoints") for volume in service.get("volumes", ()))
        assert sees == (name not in ("database", "broker", "scanner")), name


def test_what_must_last_is_on_a_volume_of_its_own():
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert {name for name in mounted if not name.startswith("./")} == COMPOSE["volumes"].keys()
    assert {"database", "media", "checkpoints"} <= COMPOSE["volumes"].keys()


def test_a_volume_of_the_portal_is_made_by_the_portals_image_so_that_its_user_can_write():
    for name, service in SERVICES.items():
        if any(volume.startswith(("media:", "checkpoints:")) for volume in service.get("volumes", ())):
            assert "build" in service or "folders" in service["depends_on"], name
    [user] = instructions("USER")
    assert any(f"mkdir -p /data/checkpoints && chown -R {user}:{user} /data" in line for line in instructions("RUN"))


def test_the_broker_never_evicts_and_its_password_is_no_argument():
    command = SERVICES["broker"]["command"][-1]
    assert "maxmemory-policy noeviction" in command
    assert re.search(r"redis-server - <<END$", command, re.MULTILINE)


def test_the_database_keeps_patients_out_of_its_log_and_sorts_as_the_tests_do():
    given = dict(option.removeprefix("-c").split("=", 1) for option in SERVICES["database"]["command"][1:])
    for name in ("log_min_error_statement", "log_error_verbosity", "timezone"):
        assert given[name] == postgres.SETTINGS[name]
    made = SERVICES["database"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert {*made} == {option for option in postgres.INITDB if "locale" in option or "encoding" in option}


def test_secrets_have_no_default():
    for name in SECRETS:
        assert f"${{{name}:?" in TEXT
        assert f"${{{name}:-" not in TEXT
    with pytest.raises(KeyError, match="DATABASE_PASSWORD"):
        services({})


def test_new_env_makes_exactly_the_variables_that_must_be_given():
    made = re.findall(r"^(\w+)=(?=(\$\()?)", (ROOT / "deploy" / "new-env").read_text(), re.MULTILINE)
    secret = {name for name, computed in made if computed}
    assert secret == {*re.findall(r"\$\{(\w+):\?", TEXT)} == {*SECRETS, "ALLOWED_HOSTS"}
    assert {name for name, _ in made} - secret <= {*re.findall(r"\$\{(\w+):-\}", TEXT), "COMPOSE_PROFILES"}


def test_the_settings_read_every_variable_that_compose_sets():
    settings = (ROOT / "portal" / "settings.py").read_text()
    for name in OURS:
        for variable in SERVICES[name]["environment"]:
            assert f'"{variable}"' in settings, variable


def test_worker_and_beat_are_started_as_make_run_starts_them():
    for name, command in commands(8000).items():
        if name != "web":
            assert SERVICES[name]["command"] == " ".join(command).replace("-A portal", "--app=portal").split()


def test_the_image_runs_as_the_user_that_compose_names_and_installs_by_digest():
    [user] = instructions("USER")
    assert {SERVICES[name]["user"] for name in (*OURS, *TOOLS)} == {f"{user}:{user}"}
    installs = [line for line in instructions("RUN") if "pip install" in line]
    assert len(installs) == 1
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert not re.search(r"^ADD ", DOCKERFILE.read_text(), re.MULTILINE)


def test_the_image_starts_the_web_process_as_compose_does():
    [command] = instructions("CMD")
    assert set(yaml.safe_load(command)) <= set(SERVICES["web"]["command"])


def test_no_secret_comes_into_the_image_or_the_repository():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env*", ".git", "var"} <= {*ignored}
    assert ".env" in (ROOT / ".gitignore").read_text().split()
