"""What a screen reader says of a page's frame: its landmarks and headings (G22), kept in tests/data/outlines/.

A changed page is a changed outline. Read the difference that the test shows; if it is meant, write the file anew:

    RENEW_OUTLINES=1 .venv/bin/python -m pytest tests/test_office_accessibility.py -k office_page
"""

import difflib
import os
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "data" / "outlines"
FRAME = re.compile(
    r"( *)- '?((?:banner|navigation|main|complementary|contentinfo|region|search|form|heading)\b[^:]*(?::.*)?)"
)
REFERENCE = re.compile(r"PA(-\w{4}){3}")
MONTH = re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* (?=#)")


def outline(snapshot: str) -> str:
    """The landmarks and headings of an aria snapshot, one a line, indented; numbers, days and references left out."""
    lines, open_ones = [], []
    for line in snapshot.splitlines():
        if not (found := FRAME.match(line)):
            continue
        depth = len(found[1])
        while open_ones and open_ones[-1] >= depth:
            open_ones.pop()
        lines.append("  " * len(open_ones) + found[2].rstrip(":'"))
        open_ones.append(depth)
    levels = re.sub(r"\[level=(\d)\]", lambda found: f"h{'i' * int(found[1])}", "\n".join(lines))
    plain = re.sub(r"\d+", "#", REFERENCE.sub("REFERENCE", levels))
    plain = re.sub(r"\bh(i+)$", lambda found: f"h{len(found[1])}", plain, flags=re.MULTILINE)
    return MONTH.sub("MONTH ", plain)


def changed(name: str, pages: list[tuple[str, str]]) -> str:
    """The difference between the outlines of `pages` (address, outline) and the kept ones; empty if there is none.

    With RENEW_OUTLINES=1 they are written instead.
    """
    path = FOLDER / f"{name}.txt"
    parts = [f"== {re.sub('[0-9]+', '#', REFERENCE.sub('REFERENCE', address))}\n{shown}\n" for address, shown in pages]
    now = "\n".join(parts)
    if os.environ.get("RENEW_OUTLINES") == "1":
        path.write_text(now)
    return "".join(difflib.unified_diff(path.read_text().splitlines(True), now.splitlines(True), "kept", "now"))
