"""`make run`'s program, started as a terminal starts it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from portal.embedded.files import free_port
from tests.waiting import until

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"The portal answers at (http://127\.0\.0\.1:\d+/)")
# What the suite's own servers and keys are called; `make run` must make its own.
SUITES_OWN = (
    *("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "AUDIT_KEY", "HTTPS", "DEVELOPMENT"),
    "DJANGO_SETTINGS_MODULE",
)


class Run:
    """One `python -m portal` in a process group of its own, as a terminal starts it."""

    _numbers: Iterator[int] = count(1)

    def __init__(self, folder: Path, **env: str) -> None:
        self.output = folder.with_name(f"{folder.name}-{next(self._numbers)}.out")
        inherited = {name: value for name, value in os.environ.items() if name not in SUITES_OWN}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal"],
                cwd=ROOT,
                env={**inherited, "DATA_DIR": str(folder), "PORT": str(free_port()), **env},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text()

    def wait_until_up(self) -> str:
        """Return the address that the run printed."""
        assert until(lambda: ADDRESS.search(self.text()) or self.process.poll() is not None, 240), self.text()
        found = ADDRESS.search(self.text())
        assert found, self.text()
        return found[1]

    def ctrl_c(self) -> int:
        """Send what a terminal sends, to every process of the group; return the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


@dataclass(frozen=True)
class Portal:
    """The demo as it runs; `passwords` by e-mail address."""

    url: str
    passwords: dict[str, str]
    folder: Path

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command beside the running portal, as its owner would."""
        env = {name: value for name, value in os.environ.items() if name not in SUITES_OWN}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=env | {"DATA_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def a_demo(name: str) -> Iterator[Portal]:
    """The demo as `make run` starts it, in a folder of its own."""
    base = Path(tempfile.mkdtemp(prefix=f"portal-{name}-", dir="/tmp"))
    base.chmod(0o711)
    run = Run(base / "var")
    try:
        url = run.wait_until_up()
        yield Portal(url, dict(re.findall(r"(\S+@\S+) +(\S+)$", run.text(), re.MULTILINE)), base / "var")
    finally:
        if run.process.poll() is None:
            run.ctrl_c()
        shutil.rmtree(base, ignore_errors=True)
