"""Where the phrases of a fact stand on a page. Pure; the page's words are somebody else's, and there may be many."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from priorauth.page_images.answer import Word
from priorauth.phrases import Phrase, Way, tokens

PLACES: Final = 5  # that are marked of one phrase
STARTS: Final = 50  # of a word, from which the longest run of what was typed is looked for
RUN: Final = 3  # words of a run that say something
SHORT, NAME = 5, 4  # of so few words, a run of one will do that has so many letters
NEGATIONS: Final = frozenset({"no", "not", "without"})
LONGEST_QUOTE: Final = 120
NEAR: Final = 40  # words before and behind, that a number should not cover
AROUND, LABEL = 4, 34  # pixels of the image: the paper within an outline, the side of a number's box
SIGNS: Final = " .,;:!?()[]{}<>\"'\u2018\u2019\u201c\u201d"


class Outline(NamedTuple):
    """A box around words of one line, in pixels of the image; `label` is where its number stands, None for all lines
    but the first of a place."""

    x: int
    y: int
    width: int
    height: int
    label: tuple[int, int] | None


class Mark(NamedTuple):
    """What stands on the page, in the page's own words, and for what of the request it was looked for; `more` places
    have no outline."""

    number: int
    quotes: list[str]
    what: str
    outlines: list[Outline]
    more: int


class Passages(NamedTuple):
    """`missing` was looked for and not found: what, and how the portal writes it."""

    marks: list[Mark]
    missing: list[Phrase]


class _Token(NamedTuple):
    """`first` and `last` are the places of its words: one that is broken at the end of a line is two."""

    text: str
    first: int
    last: int


Span = tuple[int, int]  # of tokens or words, the end not in it
Point = tuple[int, int]


def find(words: Sequence[Word], size: tuple[int, int], sought: Iterable[Phrase]) -> Passages:
    """Where each phrase stands among the words of a page whose image has this size."""
    page, marks, missing, labels = _Page(words), list[Mark](), list[Phrase](), _Labels(size)
    for phrase in sought:
        found = [page.words_of(span) for span in page.spans(phrase)]
        marked = [(words[first:last], words[max(0, first - NEAR) : last + NEAR]) for first, last in found[:PLACES]]
        outlines = [one for here, near in marked for one in _outlines(here, size, near, labels)]
        quotes = list({quote.casefold(): quote for quote in (_quote(here) for here, _ in marked)}.values())
        if found:
            marks.append(Mark(len(marks) + 1, quotes, phrase.what, outlines, max(0, len(found) - PLACES)))
        else:
            missing.append(phrase)
    return Passages(marks, missing)


class _Page:
    def __init__(self, words: Sequence[Word]) -> None:
        self.tokens = list(_tokens(words))
        self.starts: dict[str, list[int]] = {}
        for place, token in enumerate(self.tokens):
            self.starts.setdefault(token.text, []).append(place)

    def words_of(self, span: Span) -> Span:
        """The words of a span of tokens, as the places of the first and of the one behind the last."""
        return self.tokens[span[0]].first, self.tokens[span[1] - 1].last + 1

    def spans(self, phrase: Phrase) -> list[Span]:
        """Where any of its ways stands, none within another, in the order of the page."""
        ways = filter(None, [self._run(phrase.ways[0])]) if phrase.typed else phrase.ways
        found: list[Span] = []
        taken = set[int]()
        for way in sorted(ways, key=len, reverse=True):
            for start, end in self._standing(way):
                if taken.isdisjoint(range(start, end)):
                    taken |= set(range(start, end))
                    found.append((start, end))
        return sorted(map(self._with_no, found))

    def _standing(self, way: Way) -> Iterator[Span]:
        together = all(token[0].isdigit() for token in way)  # 10/3/2026 is one word; 10, 3 and 2026 in a table are not
        for start in self.starts.get(way[0], ()):
            span = start, start + len(way)
            here = self.tokens[start : span[1]]
            if tuple(token.text for token in here) == way and (not together or here[0].first == here[-1].last):
                yield span

    def _run(self, way: Way) -> Way:
        """The longest run of a typed text that stands on the page; () where there is none that says anything."""
        best: Way = ()
        for begin in range(len(way)):
            for start in self.starts.get(way[begin], ())[:STARTS]:
                length = 0
                for asked, token in zip(way[begin:], self.tokens[start : start + len(way)], strict=False):
                    if asked != token.text:
                        break
                    length += 1
                best = max(best, way[begin : begin + length], key=len)
        says = len(best) >= RUN or best == way
        named = len(way) <= SHORT and any(len(token) >= NAME and token.isalpha() for token in best)
        return best if says or named else ()

    def _with_no(self, span: Span) -> Span:
        """With the word before it that turns it round: "edema" is marked as "no edema"."""
        start, end = span
        return (start - 1, end) if start and self.tokens[start - 1].text in NEGATIONS else span


def _tokens(words: Sequence[Word]) -> Iterator[_Token]:
    before: _Token | None = None
    for place, word in enumerate(words):
        for text in tokens(word.text):
            if before and before.last < place and before.text[-1].isalpha() and _broken(words[place - 1], word):
                before = _Token(before.text + text, before.first, place)
                continue
            if before:
                yield before
            before = _Token(text, place, place)
    if before:
        yield before


def _quote(words: Sequence[Word]) -> str:
    text = words[0].text
    for before, word in pairwise(words):
        text = text[:-1] + word.text if _broken(before, word) else f"{text} {word.text}"
    return text.strip(SIGNS)[:LONGEST_QUOTE]


def _broken(before: Word, word: Word) -> bool:
    """Whether a word goes on in the next line."""
    return before.text.endswith("-") and word.left < before.right


class _Labels:
    """The numbers on a page, each a square that covers neither words nor another where there is room."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size, self._taken = size, list[Point]()

    def at(self, left: int, top: int, right: int, bottom: int, near: Sequence[Word]) -> Point:
        """A place beside an outline: above, before, below or behind it; else above it, over other words."""
        above = left, max(0, top - LABEL)
        places = ((left, top - LABEL), (left - LABEL, top), (left, bottom), (right, top))
        free = (place for place in places if self._is_inside(*place) and not self._covers(place, near))
        found = next(free, above)
        while found in self._taken:
            found = found[0] + LABEL, found[1]
        self._taken.append(found)
        return found

    def _is_inside(self, x: int, y: int) -> bool:
        return 0 <= x <= self._size[0] - LABEL and 0 <= y <= self._size[1] - LABEL

    def _covers(self, place: Point, near: Sequence[Word]) -> bool:
        x, y = place
        return any(abs(x - left) < LABEL and abs(y - top) < LABEL for left, top in self._taken) or any(
            word.left < x + LABEL and x < word.right and word.top < y + LABEL and y < word.bottom for word in near
        )


def _outlines(words: Sequence[Word], size: tuple[int, int], near: Sequence[Word], labels: _Labels) -> Iterator[Outline]:
    for number, line in enumerate(_lines(words)):
        left, top = (max(0, min(ends) - AROUND) for ends in ([one.left for one in line], [one.top for one in line]))
        right = min(size[0], max(word.right for word in line) + AROUND)
        bottom = min(size[1], max(word.bottom for word in line) + AROUND)
        label = labels.at(left, top, right, bottom, near) if number == 0 else None
        yield Outline(left, top, right - left, bottom - top, label)


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """The words of each line by themselves."""
    lines: list[list[Word]] = []
    for word in words:
        before = lines[-1][-1] if lines else None
        if before and before.left <= word.left and before.top < word.bottom and word.top < before.bottom:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines
