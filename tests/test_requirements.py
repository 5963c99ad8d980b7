"""What is installed is chosen, pinned and known by its digest; what is secret is not in the repository (D9, D10)."""

import re
import subprocess

import pytest

from tests.running import ROOT

WANTED = re.compile(r"(?P<name>[\w.-]+)(\[[\w,]+\])?~=\d+(\.\d+)+ +# (?P<why>\S.+)")
PINNED = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+)( ; .+)? \\\n((    --hash=sha256:[0-9a-f]{64}( \\)?\n)+)", re.MULTILINE
)
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{30,}"
    r"|(?i:(secret|audit)_key|password|token)[\"']?\s*[=:]\s*[\"'][\w+/-]{20,}[\"']"
)


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_bounded_and_says_why_it_is_there(file):
    lines = (ROOT / file).read_text().splitlines()
    chosen = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert len(chosen) > 10
    assert [line for line in chosen if not WANTED.fullmatch(line)] == []


@pytest.mark.parametrize("kind", ["requirements", "requirements-dev"])
def test_every_package_of_a_lock_is_pinned_with_digests(kind):
    lock = (ROOT / f"{kind}.lock").read_text()
    pinned = {match["name"].lower() for match in PINNED.finditer(lock)}
    entries = re.findall(r"^([\w.-]+)", lock, re.MULTILINE)
    assert [name for name in entries if name.lower() not in pinned] == []
    wanted = {match["name"].lower() for match in WANTED.finditer((ROOT / f"{kind}.txt").read_text())}
    assert wanted <= pinned, "make lock writes the locks anew"


def test_both_locks_agree_on_every_version():
    """So that what is tested is what production installs."""
    versions = [
        {match["name"]: match["version"] for match in PINNED.finditer((ROOT / f"{kind}.lock").read_text())}
        for kind in ("requirements", "requirements-dev")
    ]
    assert versions[0].items() <= versions[1].items()


def test_no_file_of_the_repository_holds_a_secret():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in filter(None, tracked.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png", ".pdf", ".tar", ".lock"):
            found += [f"{name}: {match[0]}" for match in SECRET.finditer(path.read_text(errors="replace"))]
    assert found == []
    for name, rest in (("SECRET_KEY", " = 'x7Gq0pLw2Zt9Vb4Nc8Ms1Rd'"), ("-----BEGIN", " PRIVATE KEY")):
        assert SECRET.search(name + rest)
