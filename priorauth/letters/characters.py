"""The characters that a letter may hold: those that its printed form has glyphs for, in regular and in bold.

The fonts are the ones inside the typst wheel, so that a letter printed again anywhere is the same, byte by byte.
"""

import re
import unicodedata
from bisect import bisect_right
from typing import Final

# Latin with its accents, Greek, Cyrillic, Hebrew, punctuation, superscripts, currency, fractions, arrows, comparisons.
RANGES: Final = (
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x24F), (0x300, 0x304), (0x306, 0x30C), (0x323, 0x328),
    (0x384, 0x38A), (0x38C, 0x38C), (0x38E, 0x3A1), (0x3A3, 0x3CE), (0x400, 0x45F), (0x490, 0x4C4),
    (0x5D0, 0x5EA), (0x1E00, 0x1E99), (0x1EA0, 0x1EF9), (0x2010, 0x2015), (0x2018, 0x201E), (0x2020, 0x2022),
    (0x2026, 0x2026), (0x2030, 0x2030), (0x2032, 0x2033), (0x2039, 0x203A), (0x2070, 0x2070), (0x2074, 0x2079),
    (0x2080, 0x2089), (0x20AC, 0x20AC), (0x2116, 0x2116), (0x2122, 0x2122), (0x2153, 0x215E), (0x2190, 0x2193),
    (0x2212, 0x2212), (0x2248, 0x2248), (0x2260, 0x2260), (0x2264, 0x2265),
)  # fmt: skip
_STARTS: Final = [first for first, _ in RANGES]
_BLANKS: Final = re.compile(r"[^\S\n]+")


def printable(text: str) -> str:
    """The text as a letter can show it: composed, lines kept, blanks single, nothing that cannot be seen.

    A character without a glyph is written as its usual form (a ligature as its letters) or else as its name in
    brackets. Control, formatting and unassigned characters fall away, so nothing turns the direction of what follows.
    """
    composed = unicodedata.normalize("NFC", re.sub(r"\r\n?|[\v\f\x85\u2028\u2029]", "\n", text))
    shown = "".join(_shown(character) for character in composed)
    lines = (_BLANKS.sub(" ", line).strip() for line in shown.split("\n"))
    return "\n".join(lines).strip()


def has_glyph(character: str) -> bool:
    code = ord(character)
    place = bisect_right(_STARTS, code) - 1
    return place >= 0 and code <= RANGES[place][1]


def _shown(character: str) -> str:
    if character == "\n" or has_glyph(character):
        return character
    kind = unicodedata.category(character)
    if kind == "Zs" or character == "\t":
        return " "
    if kind[0] == "C":
        return ""
    usual = unicodedata.normalize("NFKC", character)
    if all(map(has_glyph, usual)):
        return usual
    return f"[{unicodedata.name(character, f'character {ord(character):X}').lower()}]"
