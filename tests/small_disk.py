"""python -m tests.small_disk FOLDER gunicorn ...: run a web process to which FOLDER is a disk of 8 MiB.

A file system of its own in a mount namespace of its own: nothing else on the machine sees it, and it ends with the
process. Without root a user namespace makes room for it; where a machine forbids even that, the process may write no
file beyond 8 MiB, which the portal is told by the same kind of error.
"""

import os
import resource
import subprocess
import sys

MIB = 1024 * 1024
MOUNT = 'mkdir -p "$0" && mount -t tmpfs -o size=8m tmpfs "$0"'
NAMESPACES = (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"])


def main() -> None:
    folder, *module = sys.argv[1:]
    program = [sys.executable, "-m", *module]
    for namespace in NAMESPACES:
        if subprocess.run([*namespace, "sh", "-c", MOUNT, folder], capture_output=True, check=False).returncode == 0:
            os.execvp(namespace[0], [*namespace, "sh", "-c", MOUNT + ' && exec "$@"', folder, *program])
    resource.setrlimit(resource.RLIMIT_FSIZE, (8 * MIB, 8 * MIB))
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
