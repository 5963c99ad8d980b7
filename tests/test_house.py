"""The house keeps its order: imports run one way, every migration is present, every way in is guarded."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from priorauth.tenancy import TenantManager, TenantModel, UnscopedAccess
from tests.browser.screenshots import SHOTS

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("policies", "priorauth", "portal")
BELOW = {"policies": set(), "priorauth": {"policies"}, "portal": {"policies", "priorauth"}}
PURE = {"apps.py", "checks.py"}
CLOCK = re.compile(r"\.(now|utcnow|today)\(|\b(localdate|localtime)\(\)|\bauto_now|\btime\.time\(")


def imports(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room):
    wrong = {
        str(path.relative_to(ROOT)): upward
        for path in sources(room)
        if (upward := imports(path) & (set(ROOMS) - BELOW[room] - {room}))
    }
    assert sources(room)
    assert wrong == {}


def test_the_policies_know_neither_django_nor_the_clock_nor_the_network():
    forbidden = {"django", "time", "socket", "urllib", "http", "requests", "random", "celery"}
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in sources("policies")
        if path.name not in PURE and "management" not in path.parts and (found := imports(path) & forbidden)
    }
    assert wrong == {}


# Where time comes in: pages of the admin, commands, and the task that wakes a worker.
TELLS_TIME = {"admin", "management", "tasks.py"}


def test_time_is_an_argument():
    """Neither the policies nor a service, a model or a read looks at the clock."""
    clocks = [
        str(path.relative_to(ROOT))
        for room in ("policies", "priorauth")
        for path in sources(room)
        if not TELLS_TIME & set(path.parts) and CLOCK.search(path.read_text())
    ]
    assert clocks == []
    assert CLOCK.search((ROOT / "priorauth" / "tasks.py").read_text())


def test_every_migration_is_present(db):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_tenant_model_refuses_a_query_that_names_nobody(db):
    models = [model for model in apps.get_models() if issubclass(model, TenantModel)]
    assert len(models) >= 11
    for model in models:
        assert isinstance(model._default_manager, TenantManager)
        with pytest.raises(UnscopedAccess):
            model.objects.all()
        with pytest.raises(UnscopedAccess):
            model.objects.filter(pk=1)


WRITES = {"save", "update", "delete", "bulk_create", "bulk_update", "create", "get_or_create", "update_or_create"}
# The trail and the job table are written beside the services; the demo makes people before anybody can act.
WRITERS = {"priorauth/audit/writer.py", "priorauth/audit/checkpoints.py", "priorauth/jobs.py", "portal/demo.py"}
NO_ROWS = {"drafts.save", "image.save", "inner.update", "outer.update"}


def writes(path: Path) -> list[str]:
    """The calls in a file that write rows, without those that only sound like it: a service, a picture, a hash."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = [(call.func.attr, ast.unparse(call.func)) for call in calls if isinstance(call.func, ast.Attribute)]
    return [name for last, name in named if (last in WRITES or name == "prepared.insert") and name not in NO_ROWS]


def test_only_services_write_rows():
    """No view, form, selector or admin module writes: it calls a service."""
    found = {
        name: written
        for room in ("priorauth", "portal")
        for path in sources(room)
        if not {"services", "migrations", "models", "embedded"} & set(path.parts)
        and (name := str(path.relative_to(ROOT))) not in WRITERS
        and (written := writes(path))
    }
    assert found == {}


def test_the_repository_names_no_secret_and_no_password():
    text = "".join(path.read_text() for room in ROOMS for path in sources(room))
    assert "BEGIN PRIVATE KEY" not in text
    assert 'password="' not in text


def test_the_readme_shows_every_picture_that_is_drawn_and_none_that_is_not_there():
    shown = set(re.findall(r"\(docs/pictures/([a-z/-]+)\.png\)", (ROOT / "README.md").read_text()))
    assert {name for name in shown if not (ROOT / "docs" / "pictures" / f"{name}.png").is_file()} == set()
    assert {f"{folder}{name}" for name in SHOTS for folder in ("", "narrow/")} - shown == set()
