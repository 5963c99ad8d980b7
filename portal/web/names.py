"""Names as people look for them: with or without its accents a letter is the same one."""

import re
import unicodedata
from collections import defaultdict
from functools import cache

# Letters that Unicode does not take apart into a plain one and a mark.
WITHOUT_A_MARK = str.maketrans("øłđħŧ", "oldht")
LATIN = (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))


def pattern(word: str) -> str:
    """A regular expression, as PostgreSQL reads it, for a word however its accents and its apostrophe are written."""
    return "".join(map(_letter, _plain(word.replace("\u2019", "'"))))


def _letter(letter: str) -> str:
    if letter == "'":
        return "['\u2019]"
    alike = _alike().get(letter)
    return f"[{letter}{alike}][\u0300-\u036f]*" if alike else re.escape(letter)


@cache
def _alike() -> dict[str, str]:
    """The accented letters of Latin alphabets, small and capital, by their plain one."""
    found: defaultdict[str, str] = defaultdict(str)
    for letter in map(chr, LATIN):
        found[_plain(letter)] += letter
    return {plain: letters for plain, letters in found.items() if re.fullmatch("[a-z]", plain)}


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.lower())
    return "".join(one for one in apart if not unicodedata.combining(one)).translate(WITHOUT_A_MARK)
