"""What the drawing program answers, read as strictly as anything that comes from outside: it read somebody's file."""

import json
from dataclasses import dataclass

MOST_BYTES = 1_500_000  # of an answer: an image, its head and a text of 20,000 characters as JSON
MOST_PAGES = 100_000
LONGEST_TEXT = 20_000
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

BROKEN = "This page could not be drawn. Download the file."
LOCKED = "This file is locked with a password, so no page of it can be shown. Ask the office for one without."
BUSY = "Other pages are being drawn just now. Load this page again in a few seconds."


class NotDrawn(Exception):
    """There is no image of this page; `str(problem)` says so to a person, and what to do."""


class Busy(NotDrawn):
    """Not now: as many pages as may be are being drawn."""


@dataclass(frozen=True)
class Page:
    """One page as it is shown: the image, its text (the file's own words, unsafe to trust as markup), and how many
    pages its file has."""

    pages: int
    content_type: str
    image: bytes
    text: str


@dataclass(frozen=True)
class NoSuchPage:
    """The file has only so many pages."""

    pages: int

    @property
    def words(self) -> str:
        return f"There is no such page: this file has {self.pages} page{'' if self.pages == 1 else 's'}."


def read(answer: bytes) -> Page | NoSuchPage:
    """The answer of the program. Raises NotDrawn for anything that it would not say."""
    line, _, image = answer.partition(b"\n")
    try:
        head = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NotDrawn(BROKEN) from error
    match head:
        case {"problem": "locked"}:
            raise NotDrawn(LOCKED)
        case {"pages": int(pages), "type": str(kind), "text": str(text)} if _sound(pages, kind, text, image):
            return Page(pages, kind, image, text)
        case {"pages": int(pages)} if len(head) == 1 and 0 < pages <= MOST_PAGES:
            return NoSuchPage(pages)
    raise NotDrawn(BROKEN)


def _sound(pages: int, kind: str, text: str, image: bytes) -> bool:
    if not (0 < pages <= MOST_PAGES and kind in MAGIC and image.startswith(MAGIC[kind])):
        return False
    return len(text) <= LONGEST_TEXT and _printable(text)


def _printable(text: str) -> bool:
    """Whether a page and a database take it: neither zeros nor halves of characters."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)
