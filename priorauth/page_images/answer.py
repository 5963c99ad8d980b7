"""What the drawing program answers, read as strictly as anything that comes from outside: it read somebody's file."""

import json
from dataclasses import dataclass
from typing import NamedTuple

MOST_BYTES = 2_000_000  # of an answer: an image, its head, and a text of 20,000 characters twice as JSON
MOST_PAGES = 100_000
MOST_PIXELS = 3_100_000
LONGEST_TEXT = 20_000
MOST_WORDS = 6_000
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}

BROKEN = "This page could not be drawn. Download the file."
LOCKED = "This file is locked with a password, so no page of it can be shown. Ask the office for one without."
BUSY = "Other pages are being drawn just now. Load this page again in a few seconds."


class NotDrawn(Exception):
    """There is no image of this page; `str(problem)` says so to a person, and what to do."""


class Busy(NotDrawn):
    """Not now: as many pages as may be are being drawn."""


class Word(NamedTuple):
    """A word of a page and where it stands on the image, in pixels of its size."""

    text: str
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Page:
    """One page as it is shown: the image, its text (the file's own words, unsafe to trust as markup), and how many
    pages its file has. `words` are those of the text with their places on an image of `size` (width, height); `whole`:
    they are all of the page's."""

    pages: int
    content_type: str
    image: bytes
    size: tuple[int, int]
    text: str
    words: tuple[Word, ...]
    whole: bool


@dataclass(frozen=True)
class NoSuchPage:
    """The file has only so many pages."""

    pages: int

    @property
    def says(self) -> str:
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
        case {"pages": int(pages), "type": str(kind), "size": [int(width), int(height)], **rest} if (
            _sound(pages, kind, image) and min(width, height) > 0 and width * height <= MOST_PIXELS
        ):
            return Page(pages, kind, image, (width, height), *_text(rest, width, height))
        case {"pages": int(pages)} if len(head) == 1 and 0 < pages <= MOST_PAGES:
            return NoSuchPage(pages)
    raise NotDrawn(BROKEN)


def _sound(pages: int, kind: str, image: bytes) -> bool:
    return 0 < pages <= MOST_PAGES and kind in MAGIC and image.startswith(MAGIC[kind])


def _text(said: dict[str, object], width: int, height: int) -> tuple[str, tuple[Word, ...], bool]:
    """The text, the words, and whether they are all. Raises NotDrawn."""
    match said:
        case {"text": str(text), "words": list(rows), "whole": bool(whole), **more} if not more:
            if len(text) <= LONGEST_TEXT and _printable(text) and len(rows) <= MOST_WORDS:
                words = tuple(_word(row, width, height) for row in rows)
                if sum(len(word.text) for word in words) <= LONGEST_TEXT:
                    return text, words, whole
    raise NotDrawn(BROKEN)


def _word(row: object, width: int, height: int) -> Word:
    match row:
        case [str(text), int(left), int(top), int(right), int(bottom)] if _printable(text):
            if 0 <= left < right <= width and 0 <= top < bottom <= height:
                return Word(text, left, top, right, bottom)
    raise NotDrawn(BROKEN)


def _printable(text: str) -> bool:
    """Whether a page and a database take it: neither zeros nor halves of characters."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)
