"""`make run`'s program, started as a terminal starts it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
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
