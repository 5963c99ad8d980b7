"""Draws one page of a report file: a program of its own, which `program` starts. It knows nothing of the portal.

    draw.py TYPE PAGE <FILE >ANSWER

The answer is one line of JSON, {"pages", "type", "size", "text", "words", "whole"}, and behind it the image; {"pages"}
alone where there is no such page; {"problem": "locked"} for a file that wants a password. A file that cannot be drawn
ends the program. `words` are [word, left, top, right, bottom] in the order of the text, in pixels of an image of that
`size`; `whole` says whether they are all of the page's.

What is in the file is somebody else's, and the libraries that read it are large: before the first byte is read the
program takes from itself what it does not need. Whoever takes it over finds no other file, no network, no child.
"""

import codecs
import ctypes
import io
import json
import math
import resource
import sys
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops, ImageOps, JpegImagePlugin, PngImagePlugin
from PIL import TiffImagePlugin as _  # noqa: F401 - Pillow would import it for the EXIF of a photograph, too late

MEMORY = 640 << 20  # bytes of address space: a picture of 50 million pixels, decoded and once copied
SECONDS = 5  # of the processor
OPEN_FILES = 3  # input, answer and errors are open: no further file or connection can be
LIMITS = {"AS": MEMORY, "CPU": SECONDS, "NOFILE": OPEN_FILES, "FSIZE": 0, "NPROC": 0, "CORE": 0}
DIE_WITH_PARENT, NO_NEW_PRIVILEGES = (1, 9), (38, 1)  # prctl(2)
OWN_NETWORK = 0x10000000 | 0x40000000  # unshare(2): a user namespace, and in it a network without a way out

WIDTH = 1240  # pixels: twice the 620 that a page has on the screen
MOST_PIXELS = 3_000_000
SCAN_WIDTH = 1000
ENOUGH = 150_000  # bytes of a drawn page; what is larger is a photograph or a scan, and becomes a JPEG
TONES, COLOURS = 8, 64
GRAY_UP_TO = 24  # of 255, how far two channels of a gray page lie apart at most
LONGEST_TEXT = 20_000
MOST_WORDS = 6_000
BROKEN_AT_LINE_END = "\x02"  # pdfium's sign for the hyphen of a word that goes on in the next line
LOCKED = "Incorrect password"

Box = tuple[int, int, int, int]  # left, top, right, bottom
Word = tuple[str, int, int, int, int]
Drawn = tuple[int, Image.Image | None, str, list[Word], bool]


def confine() -> None:
    """Give up, for good, what drawing does not need. Some systems allow no network of one's own: the rest holds."""
    Image.preinit()
    codecs.lookup("utf-16-le")  # of a PDF's text; nothing can be imported afterwards
    libc = ctypes.CDLL(None)
    for option, value in (DIE_WITH_PARENT, NO_NEW_PRIVILEGES):
        libc.prctl(option, value, 0, 0, 0)
    libc.unshare(OWN_NETWORK)
    for name, most in LIMITS.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def of_pdf(content: bytes, number: int) -> Drawn:
    """How many pages the PDF has, the one of that number from 1, its text, its words, and whether these are all."""
    pdf = pypdfium2.PdfDocument(content)
    pdf.init_forms()  # what was typed into a form is part of its page
    if not 1 <= number <= len(pdf):
        return len(pdf), None, "", [], True
    page = pdf[number - 1]
    width, height = page.get_size()
    scale = min(WIDTH / width, math.sqrt(MOST_PIXELS / (width * height)))
    image = page.render(scale=scale, rev_byteorder=True).to_pil()
    textpage = page.get_textpage()
    words = list(islice(words_of(textpage, image.size), MOST_WORDS))
    whole = textpage.count_chars() <= LONGEST_TEXT and len(words) < MOST_WORDS
    return len(pdf), image, textpage.get_text_bounded()[:LONGEST_TEXT], words, whole


def words_of(textpage: pypdfium2.PdfTextPage, size: tuple[int, int]) -> Iterator[Word]:
    """The words of the page where they stand on its image, turned and cropped as it is. What lies outside is left out;
    a word that goes on in the next line is two, the first with a hyphen."""
    text, boxes = "", list[Box]()
    for place in range(min(textpage.count_chars(), LONGEST_TEXT)):
        character = chr(pdfium.FPDFText_GetUnicode(textpage, place))
        ends = character == BROKEN_AT_LINE_END
        if not character.isspace() and (box := _box(textpage, place, size)):
            text += "-" if ends else character
            boxes.append(box)
        if ends or character.isspace():
            yield from _word(text, boxes)
            text, boxes = "", []
    yield from _word(text, boxes)


def _word(text: str, boxes: list[Box]) -> Iterator[Word]:
    if boxes and (plain := readable(text)):
        left, top, right, bottom = zip(*boxes, strict=True)
        yield plain, min(left), min(top), max(right), max(bottom)


def _box(textpage: pypdfium2.PdfTextPage, place: int, size: tuple[int, int]) -> Box | None:
    """Where a character stands on an image of this size; None where that is outside or has no extent."""
    left, bottom, right, top = textpage.get_charbox(place)
    across, down = zip(
        *(_on_image(textpage.page, size, *corner) for corner in ((left, top), (right, bottom))), strict=True
    )
    found = max(0, min(across)), max(0, min(down)), min(size[0], max(across)), min(size[1], max(down))
    return found if found[0] < found[2] and found[1] < found[3] else None


def _on_image(page: pypdfium2.PdfPage, size: tuple[int, int], across: float, up: float) -> tuple[int, int]:
    x, y = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, across, up, x, y)
    return x.value, y.value


def of_picture(content: bytes, number: int) -> Drawn:
    """A PNG or JPEG is a file of one page without a text."""
    if number != 1:
        return 1, None, "", [], True
    plugin = PngImagePlugin.PngImageFile if content.startswith(b"\x89PNG") else JpegImagePlugin.JpegImageFile
    image: Image.Image = plugin(io.BytesIO(content))
    image.draft("RGB", (WIDTH, WIDTH))
    if image.mode == "P":
        image = image.convert("RGBA")
    scale = min(1, WIDTH / image.width, math.sqrt(MOST_PIXELS / (image.width * image.height)))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return 1, _on_white(ImageOps.exif_transpose(image.resize(size, reducing_gap=2.0))), "", [], True


def _on_white(image: Image.Image) -> Image.Image:
    """As a page shows it: what is transparent is paper, and 16 bits of gray are 8."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("RGB")
    if "A" not in image.getbands():
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper.convert("RGB")


def encoded(image: Image.Image) -> tuple[str, bytes]:
    """The smaller of a PNG with few tones and, where that is heavy, a JPEG. Nothing of the file's own data is in it."""
    image.info = {}
    red, green, blue = image.split()
    apart = (ImageChops.difference(one, other).getextrema()[1] for one, other in ((red, green), (green, blue)))
    gray = max(apart) <= GRAY_UP_TO
    shown = image.convert("L") if gray else image
    drawn = "image/png", _saved(shown.quantize(TONES if gray else COLOURS, dither=Image.Dither.NONE), format="PNG")
    if len(drawn[1]) <= ENOUGH:
        return drawn
    shown.thumbnail((SCAN_WIDTH, image.height))
    scan = "image/jpeg", _saved(shown, format="JPEG", quality=55, optimize=True)
    return min(drawn, scan, key=lambda one: len(one[1]))


def _saved(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def readable(text: str) -> str:
    """The text without control and direction characters and halves of characters."""
    return "".join(c for c in text.replace("\r\n", "\n") if c == "\n" or unicodedata.category(c)[0] != "C")


def main(kind: str, number: int) -> None:
    confine()
    content = sys.stdin.buffer.read()
    try:
        pages, image, text, words, whole = (of_pdf if kind == "application/pdf" else of_picture)(content, number)
    except pypdfium2.PdfiumError as error:
        if LOCKED not in str(error):
            raise
        sys.stdout.write('{"problem": "locked"}\n')
        return
    head, body = {"pages": pages}, b""
    if image:
        size = image.size
        content_type, body = encoded(image)
        head |= {"type": content_type, "size": size, "text": readable(text), "words": words, "whole": whole}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + body)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
