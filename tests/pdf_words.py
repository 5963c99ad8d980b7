"""The text of a PDF as a reader program would extract it: enough of the format for what typst writes."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)
_SHOWN = re.compile(
    rb"/ActualText<[^>]*>|/(\w+) [\d.]+ Tf|<([0-9A-Fa-f]*)>|\(((?:\\.|[^\\)])*)\)|(ET|Td|Tm)\b", re.DOTALL
)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def words(pdf: bytes) -> str:
    """All text of all pages, blanks and line ends as single blanks."""
    return " ".join(pages(pdf))


def pages(pdf: bytes) -> list[str]:
    """The text of each page."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    text = []
    for page in objects.values():
        if b"/Type/Page/" in page:
            named = re.findall(rb"/(f\d+) (\d+) 0 R", _next(objects, page, b"Resources"))
            fonts = {name.decode(): _characters(objects, int(number)) for name, number in named}
            text.append(_shown(_data(_next(objects, page, b"Contents")), fonts))
    return [" ".join(one.replace("\u200b", "").split()) for one in text]


def _next(objects: dict[int, bytes], body: bytes, key: bytes) -> bytes:
    """The object that an entry refers to."""
    return objects[int(re.search(rb"/%s (\d+) 0 R" % key, body)[1])]


def _data(body: bytes) -> bytes:
    data = _STREAM.search(body)[1]
    return zlib.decompress(data) if b"/FlateDecode" in body else data


def _characters(objects: dict[int, bytes], font: int) -> dict[str, str]:
    """Glyph (as four hexadecimal digits) -> its text."""
    pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", _data(_next(objects, objects[font], b"ToUnicode")))
    return {glyph.decode(): bytes.fromhex(text.decode()).decode("utf-16-be") for glyph, text in pairs}


def _shown(content: bytes, fonts: dict[str, dict[str, str]]) -> str:
    text, font = "", {}
    for name, hexadecimal, literal, moved in _SHOWN.findall(content):
        if name:
            font = fonts[name.decode()]
        elif moved:
            text += " "
        elif hexadecimal or literal:
            glyphs = hexadecimal.decode().upper() or _unescaped(literal).hex().upper()
            text += "".join(font.get(glyphs[at : at + 4], "") for at in range(0, len(glyphs), 4))
    return text


def _unescaped(literal: bytes) -> bytes:
    def plain(escape: re.Match) -> bytes:
        value = escape[1]
        return bytes([int(value, 8)]) if value.isdigit() else _ESCAPES.get(value, value)

    return re.sub(rb"\\(\d{1,3}|.)", plain, literal, flags=re.DOTALL)
