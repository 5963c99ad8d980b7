"""Which user a server runs as. PostgreSQL refuses root, and no server of ours needs it."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NOBODY_ID = 65534  # the user and group "nobody" of Debian and most others; needs no entry in /etc/passwd
ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """`user`: the user and group to change to, None to stay; `prefix`: a command that does it instead."""

    user: int | None = None
    prefix: tuple[str, ...] = ()

    def run(self, command: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end with `given` as its input. Raises OSError when it cannot be started."""
        return subprocess.run(  # noqa: S603  the wheels' programs and two of coreutils
            [*self.prefix, *command],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=ENV,
            umask=0o077,
            start_new_session=True,
            **({} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}),
        )

    def can_pass(self, folder: Path) -> bool:
        """Tell whether this account exists here and may walk through `folder`."""
        return self._succeeds("test", "-x", str(folder))

    def can_run(self, program: Path) -> bool:
        """Tell whether this account can start `program`."""
        return self._succeeds(str(program), "--version")

    def complaint(self, program: Path) -> str:
        """Say in a few words why `program` does not start."""
        try:
            lines = self.run([str(program), "--version"]).stderr.strip().splitlines()
        except OSError as error:
            return error.strerror or str(error)
        return lines[-1] if lines else "no reason given"

    def adopt(self, folder: Path) -> None:
        """Give `folder` and all in it to this account, where it belongs to another one."""
        owner = os.geteuid() if self.user is None else self.user
        if folder.stat().st_uid == owner:
            return
        for parent, _, files in os.walk(folder, topdown=False):
            for path in (*(os.path.join(parent, file) for file in files), parent):  # noqa: PTH118
                os.chown(path, owner, owner, follow_symlinks=False)

    def write(self, path: Path, text: str) -> None:
        """Write a file (mode 600) that this account owns."""
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        if self.user is not None:
            os.chown(path, self.user, self.user)

    def _succeeds(self, *command: str) -> bool:
        try:
            return self.run(command).returncode == 0
        except OSError:
            return False


OWN = Account()
NOBODY = Account(user=NOBODY_ID)
# Root under another name: the process loses root's powers and keeps root's files, which matters where
# the folder or one above it is closed to everybody else.
MAPPED = Account(prefix=("unshare", "--user", f"--map-user={NOBODY_ID}", f"--map-group={NOBODY_ID}", "--"))


def candidates() -> tuple[Account, ...]:
    """Return the accounts to try for a server, the best first."""
    return (NOBODY, MAPPED) if os.geteuid() == 0 else (OWN,)
