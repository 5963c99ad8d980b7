"""How hard a text reads: the Flesch-Kincaid grade, from words, sentences and syllables. For English."""

import re
from typing import Final

from policies.codes import LEVELS

HARDEST_GRADE: Final = 8.0

_SENTENCE: Final = re.compile(r"(?<![ap]\.m)[.!?](?=\s|$)|\n")
_WORD: Final = re.compile(r"[A-Za-z](?:[A-Za-z'\u2019.-]*[A-Za-z])?|\d+(?:[.,:]\d+)*")
_VOWELS: Final = re.compile(r"[aeiouy]+")
_SILENT: Final = re.compile(r"(?:[^laeiouy]|[aeiouy]l|ll)es?$|[^tdaeiouy]ed$")


def grade(text: str) -> float:
    """The school grade that a text asks for: 0.39 words a sentence + 11.8 syllables a word - 15.59 (Kincaid 1975).

    A line is a sentence of its own, a number one word of one syllable. A text without words has grade 0.
    """
    sentences = [words for part in _SENTENCE.split(text) if (words := _WORD.findall(part))]
    count = sum(map(len, sentences))
    if not count:
        return 0.0
    sounds = sum(syllables(word) for words in sentences for word in words)
    return 0.39 * count / len(sentences) + 11.8 * sounds / count - 15.59


def syllables(word: str) -> int:
    """How many syllables a word has, by its groups of vowels; a silent e at the end is none."""
    found = 0
    for part in re.split(r"[^a-z]+", word.lower()):
        sounded = len(_VOWELS.findall(part))
        found += max(sounded - bool(sounded > 1 and _SILENT.search(part)), 1) if part else 0
    return max(found, 1)


# Two capitals or more, or a code, without words in brackets behind it.
_HARD: Final = re.compile(r"\b(?:[A-Z]{2,}[A-Za-z]*|\d[0-9A-Z]{3}[0-9A-Z]+|[A-Z]\d\d+)\b(?!\s*\([^()]*[a-z]{3})")
_IN_BRACKETS: Final = re.compile(r"\([A-Z]{2,}s?\)")


def unexplained(text: str) -> list[str]:
    """The abbreviations and codes that no words explain, each once: `MRI`, `22511`. Names of bones are none.

    Words in brackets behind them do (`MRI (a scan)`), and so do the words before an abbreviation that stands in
    brackets itself (`a scan (MRI)`).
    """
    found = dict.fromkeys(_HARD.findall(_IN_BRACKETS.sub("()", text)))
    return [word for word in found if word not in LEVELS]
