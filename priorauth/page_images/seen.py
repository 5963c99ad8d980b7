"""Which pages of a file show nothing: what the looking program says, read as strictly as the drawing one's answer."""

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from priorauth.page_images import program
from priorauth.page_images.answer import NotDrawn

PROGRAM: Final = Path(__file__).with_name("look.py")
SECONDS = 40.0  # of the clock for one run; the program has 12 of the processor
RUNS = 3  # a page that ends the program cannot be shown, and the next run begins behind it
ANSWER: Final = re.compile(rb"([1-9][0-9]{0,4})\n([.bu]{0,100})")

KILLED = "The program that looks at pages was ended from outside, or did not begin"
LATE = "The program that looks at pages was not ready in time"


class NotSeen(Exception):
    """This time nothing is known of the pages; `str(told)` says why, and holds nothing of the file."""


@dataclass(frozen=True)
class Seen:
    """How many pages a file has; None where it cannot be opened, `locked` where that is for want of a password. `signs`
    has one sign for each page that was looked at, from the first: "." something, "b" blank, "u" cannot be shown."""

    pages: int | None = None
    signs: str = ""
    locked: bool = False

    def numbers(self, sign: str) -> list[int]:
        """The pages, from 1, that got this sign."""
        return [number for number, one in enumerate(self.signs, start=1) if one == sign]


def look(file: BinaryIO, content_type: str) -> Seen:
    """What the pages of an open file show. Raises NotSeen where another try may tell."""
    seen = Seen()
    for _ in range(RUNS):
        code, said = _run(file, content_type, len(seen.signs) + 1)
        found = ANSWER.fullmatch(said)
        if not found:
            return Seen(locked=said == b"locked") if seen.pages is None else seen
        pages, signs = int(found[1]), seen.signs + found[2].decode()
        seen = Seen(pages, (signs + "u" if code else signs)[:pages])
        if not code:
            break
    return seen


def _run(file: BinaryIO, content_type: str, first: int) -> tuple[int, bytes]:
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # where the run before stopped reading
    try:
        code, said = program.run(PROGRAM, file, (content_type, str(first)), SECONDS)
    except program.Undrawable:
        return 1, b""
    except NotDrawn as late:
        raise NotSeen(LATE) from late
    if code == -signal.SIGKILL or (code > 0 and not said):
        raise NotSeen(KILLED)
    return code, said
