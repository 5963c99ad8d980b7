"""An edition that decided is never edited (invariant 8): its digest is stored at first use, a changed file refused."""

import importlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from unittest import mock

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import IntegrityError, OperationalError, ProgrammingError, connection, transaction

from policies import registry
from policies.edition import Edition
from policies.strict_yaml import YamlError
from priorauth import editions
from priorauth.models import Assessment, EditionUse, Job
from priorauth.roles import Role
from priorauth.services import first_use
from tests.cases import NOW, case_in_review, person, score_all, sent_case
from tests.processes import environment
from tests.running import ROOT
from tests.tampering import force
from tests.waiting import until, waiting_for_a_lock

pytestmark = pytest.mark.django_db

EDITION = registry.edition("bcbsma-484", "2022-06")
CHANGED = Edition(EDITION.document, EDITION.file, "f" * 64, EDITION.switches)
WHY = "the test looks"


@pytest.fixture(autouse=True)
def _a_new_process(monkeypatch) -> None:
    """It knows of no edition yet."""
    monkeypatch.setattr(first_use, "_held", set())


def stored() -> list[tuple[str, str, str]]:
    return list(EditionUse.objects.values_list("policy", "edition", "sha256"))


OURS = ("bcbsma-484", "2022-06", EDITION.sha256)


def test_the_first_scoring_stores_the_digest_and_the_next_ones_do_not_ask(
    django_assert_num_queries, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        case_in_review(person(Role.CLERK))
    [use] = EditionUse.objects.all()
    assert (use.policy, use.edition, use.sha256, use.first_used_at) == (*OURS, NOW)
    with django_assert_num_queries(0):
        first_use.hold(EDITION, NOW)
    assert stored() == [OURS]


def test_a_first_use_that_is_undone_is_none():
    with transaction.atomic():
        first_use.hold(EDITION, NOW)
        transaction.set_rollback(True)
    assert stored() == []
    assert first_use._held == set()
    first_use.hold(EDITION, NOW)
    assert stored() == [OURS]


def test_a_changed_file_scores_nothing():
    first_use.hold(EDITION, NOW)
    case = sent_case(person(Role.CLERK))
    with mock.patch.object(registry, "editions", return_value={"bcbsma-484": (CHANGED,)}):
        score_all()
    case.refresh_from_db()
    assert case.status == "received"
    assert not Assessment.objects.unscoped(WHY).exists()
    assert Job.objects.get().last_error.startswith("EditionChanged")
    with pytest.raises(editions.EditionChanged, match="was changed after requests were scored under it"):
        first_use.hold(CHANGED, NOW)


@pytest.mark.django_db(transaction=True)
def test_two_scorers_at_once_store_one_digest_and_a_changed_file_loses():
    """The second waits until the first commits, or takes the place of one that is undone."""

    def hold(edition: Edition, said: list[str]) -> None:
        try:
            with transaction.atomic():
                first_use.hold(edition, NOW)
            said.append("held")
        except editions.EditionChanged:
            said.append("refused")
        finally:
            connection.close()

    for undo, edition, ending in ((False, EDITION, "held"), (False, CHANGED, "refused"), (True, CHANGED, "held")):
        force("DELETE FROM priorauth_editionuse")
        first_use._held.clear()
        said: list[str] = []
        with transaction.atomic():
            first_use.hold(EDITION, NOW)
            other = threading.Thread(target=hold, args=(edition, said))
            other.start()
            assert until(waiting_for_a_lock)
            assert said == []
            transaction.set_rollback(undo)
        other.join(10)
        assert said == [ending]
        assert [row[2] for row in stored()] == [edition.sha256 if undo else EDITION.sha256]


def test_the_row_is_never_changed():
    first_use.hold(EDITION, NOW)
    for change in ("UPDATE priorauth_editionuse SET sha256 = ''", "DELETE FROM priorauth_editionuse"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


# The start


@pytest.mark.parametrize("sha256", [EDITION.sha256, "0" * 64], ids=["as it was", "changed"])
def test_the_check_names_the_changed_file_and_what_to_do(sha256):
    EditionUse(policy="bcbsma-484", edition="2022-06", sha256=sha256, first_used_at=NOW).save()
    told = [error.msg for error in run_checks(tags=["priorauth"]) if error.id == "priorauth.E003"]
    if sha256 == EDITION.sha256:
        assert told == []
    else:
        assert told == [
            "policies/library/bcbsma_484/2022-06.yaml was changed after requests were scored under it: edition 2022-06"
            " of policy bcbsma-484 was first used on Nov 20, 2026 (UTC) with a file of SHA-256 000000000000..., and"
            f" this one has {EDITION.sha256[:12]}... Restore the file, or publish the change as a new edition beside"
            " it, with its own name and effective date."
        ]


def test_an_edition_whose_file_is_gone_is_named():
    EditionUse(policy="bcbsma-484", edition="2021-01", sha256="0" * 64, first_used_at=NOW).save()
    [told] = editions.faults()
    assert "Edition 2021-01 of policy bcbsma-484 scored requests from Nov 20, 2026 (UTC) on" in told
    assert "gone from policies/library" in told


@pytest.mark.parametrize("trouble", [OperationalError, ProgrammingError])
def test_a_database_that_is_down_or_empty_refuses_nobody(trouble):
    with mock.patch.object(EditionUse.objects, "order_by", side_effect=trouble):
        assert editions.faults() == []


def test_a_library_that_does_not_load_is_told_by_its_own_check():
    with mock.patch.object(registry, "editions", side_effect=YamlError("x.yaml", 1, (), "is empty")):
        assert editions.faults() == []


@pytest.fixture(scope="module")
def changed_copy(tmp_path_factory) -> Path:
    """The project with a line of the edition's file changed."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("policies", "priorauth", "portal", "manage.py", "templates", "static"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    file = folder / "policies" / "library" / "bcbsma_484" / "2022-06.yaml"
    file.write_text(file.read_text() + "# a remark\n")
    return folder


@pytest.mark.django_db(transaction=True)
def test_neither_a_command_nor_the_web_starts_on_a_changed_file(changed_copy):
    """Under DEVELOPMENT=1 too, as `make run` has it."""
    with transaction.atomic():
        first_use.hold(EDITION, NOW)
    env = {**environment(os.environ["REDIS_URL"]), "PYTHONPATH": str(changed_copy)}
    for command in (["manage.py", "check"], ["-c", "from portal import wsgi"]):
        ended = subprocess.run(
            [sys.executable, *command], cwd=changed_copy, env=env, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode != 0
        assert "bcbsma_484/2022-06.yaml was changed after requests were scored under it" in ended.stderr


# Installations from before there was a digest


def fill() -> None:
    force("DELETE FROM priorauth_editionuse")
    importlib.import_module("priorauth.migrations.0003_editions").fill(apps, None)


def test_the_migration_takes_first_uses_from_the_stored_assessments():
    """The installed file's digest is held where it scored; of an edition without a file the newest."""
    for _ in range(3):
        case_in_review(person(Role.CLERK))
    newest, middle, oldest = Assessment.objects.unscoped(WHY).order_by("-pk")
    fill()
    assert list(EditionUse.objects.values_list("sha256", "first_used_at")) == [(EDITION.sha256, NOW)]
    set_digest = "UPDATE priorauth_assessment SET edition_sha256 = %s, edition = %s WHERE id = %s"
    force(set_digest, "1" * 64, "2022-06", oldest.pk)
    fill()
    assert stored() == [OURS]
    for row in (middle, newest):
        force(set_digest, "1" * 64, "2022-06", row.pk)
    fill()
    assert stored() == []
    force(set_digest, "2" * 64, "2019-01", middle.pk)
    fill()
    assert stored() == [("bcbsma-484", "2019-01", "2" * 64)]
