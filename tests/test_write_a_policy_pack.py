"""docs/write-a-policy-pack.md from top to bottom: its files are written, its commands run, its output compared."""

import io
import re
from pathlib import Path

from django.core.management import CommandError, call_command

from policies.criteria import MEASURES, general

PAGE = Path(__file__).parents[1] / "docs" / "write-a-policy-pack.md"
BLOCK = re.compile(r"^```(yaml|console) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_of_the_page_does_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    assert sum(kind == "console" for kind, *_ in blocks) >= 7
    for kind, head, body in blocks:
        if kind == "yaml":
            write(*head.split(), body=body)
        else:
            command, _, expected = body.partition("\n")
            assert said(command) == expected.rstrip("\n"), command


def write(name, how="", *, body):
    """Write a file; with `append` add to it, with `replace` put the lines after the first in the first's place."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if how == "append":
        body = path.read_text("utf-8") + body
    if how == "replace":
        old, _, new = body.partition("\n")
        text = path.read_text("utf-8")
        assert text.count(old) == 1, old
        body = text.replace(old, new.rstrip("\n"))
    path.write_text(body, "utf-8")


def said(command):
    """What a command prints, a digest cut short as the page does."""
    prompt, program, name, *arguments = command.removeprefix("$ ").split()
    assert (prompt, program) == ("python", "manage.py")
    out = io.StringIO()
    try:
        call_command(name, *arguments, stdout=out)
    except CommandError as error:
        return f"CommandError: {error}"
    return re.sub(r"[0-9a-f]{64}", "…", out.getvalue()).rstrip("\n")


def test_every_measure_of_any_policy_is_in_the_table():
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    ours = {name for name, measure in MEASURES.items() if measure.build.__module__ == general.__name__}
    assert rows == ours
