"""Make the backup of an earlier release with its demo in it, from which migrations must lead forward.

    .venv/bin/python -m tests.make_release fb12326 tests/data/releases/0.1.0.tar

The release's own code makes its tables and its demo, in a worktree of its own; deploy/backup of today takes it. The
trail's key is the one below, which is no secret. Made once per release, and then left alone.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from portal.embedded import postgres, temporary_services

ROOT = Path(__file__).resolve().parent.parent
TRAIL_KEY = "the-audit-key-of-the-releases-that-the-tests-keep"


def make(release: str, target: Path) -> None:
    """Write the backup of `release` (anything that names a commit) to `target`."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made, temporary_services() as servers:
        tree, data = Path(made, "tree"), Path(made, "data")
        data.mkdir()
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, release], cwd=ROOT, check=True)
        try:
            own = {"DATABASE_URL": servers.database, "REDIS_URL": servers.redis, "DATA_DIR": str(data), "HTTPS": "0"}
            keys = {"SECRET_KEY": "of this demo only", "AUDIT_KEY": TRAIL_KEY}
            env = {"PATH": os.environ["PATH"], **own, **keys}
            for command in ("migrate", "demo"):
                subprocess.run([sys.executable, "manage.py", command], cwd=tree, env=env, check=True)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)
        with target.open("wb") as file:
            env = postgresql(servers.database) | {"DATA_DIR": str(data)}
            subprocess.run([ROOT / "deploy" / "backup"], env=env, stdout=file, check=True)


def postgresql(url: str) -> dict[str, str]:
    """The variables of PostgreSQL's own programs for an address, and where they are."""
    parts = urlsplit(url)
    return {
        "PATH": f"{postgres._programs()}:{os.environ['PATH']}",
        "PGHOST": str(parts.hostname),
        "PGPORT": str(parts.port),
        "PGUSER": str(parts.username),
        "PGPASSWORD": str(parts.password),
        "PGDATABASE": parts.path.removeprefix("/"),
    }


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))
