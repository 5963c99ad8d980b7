"""Looks at the pages of a report file for those that show nothing: a program of its own, which `program` starts.

    look.py TYPE FIRST <FILE >ANSWER

The answer is how many pages there are and a line break, then one sign for each page from FIRST on, as soon as it was
looked at: `.` has something on it, `b` is blank, `u` cannot be drawn. It ends before the last page where there are more
than MOST_PAGES, or when its time is over. "locked" is all of it for a file that wants a password, "broken" for one that
cannot be opened.

It gives up what it does not need, as `draw` does; besides, a page that takes longer than SECONDS_OF_A_PAGE ends it.
"""

import math
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pypdfium2

sys.path.append(str(Path(__file__).parent))  # this runs as a program apart, which has no package

import draw
from PIL import Image, ImageChops

MOST_PAGES = 100
SECONDS, SECONDS_OF_A_PAGE = 12, 3  # of the processor; opening the file has as long as a page
ENOUGH = 8.0  # seconds after which no further page is begun

WIDTH = 400  # pixels: a stroke of a pencil is about one wide, and the noise of a scan is averaged away
MOST_PIXELS = 1_000_000
MARGIN = 0.08  # of each side is not looked at: holes, the shadow of a lid, the line that a fax adds
OTHER = 24  # of 255: so far is a dot from the page's own colour that it counts as written
CELL, DOTS = 8, 6  # a cell of 8 times 8 pixels with 6 such dots is written; specks of dust are smaller, and apart
CELLS = 2  # so many written cells are a word


def is_blank(image: Image.Image) -> bool:
    """Whether nearly all of the page is of one colour: no place of it looks written."""
    wide, high = round(image.width * MARGIN), round(image.height * MARGIN)
    inner = image.convert("RGB").crop((wide, high, image.width - wide, image.height - high))
    written = Image.new("L", inner.size)
    for channel in inner.split():
        paper = _median(channel)
        dots = channel.point([255 if abs(value - paper) > OTHER else 0 for value in range(256)])
        written = ImageChops.lighter(written, dots)
    cells = written.reduce(CELL).histogram()
    return sum(cells[255 * DOTS // CELL**2 :]) < CELLS


def _median(channel: Image.Image) -> int:
    seen, half = 0, channel.width * channel.height / 2
    for value, pixels in enumerate(channel.histogram()):
        seen += pixels
        if seen >= half:
            return value
    return 255


def pages_of_pdf(content: bytes, first: int) -> Iterator[str]:
    """How many pages there are, then the sign of each from `first` on."""
    pdf = pypdfium2.PdfDocument(content)
    pdf.init_forms()
    yield f"{len(pdf)}\n"
    for number in range(first, min(len(pdf), MOST_PAGES) + 1):
        try:
            yield "b" if _shows_nothing(pdf[number - 1]) else "."
        except (pypdfium2.PdfiumError, ArithmeticError, MemoryError, ValueError):
            yield "u"


def _shows_nothing(page: pypdfium2.PdfPage) -> bool:
    """Whether the page looks blank and has no text either: white words, and words without their font, are words."""
    width, height = page.get_size()
    scale = min(WIDTH / width, math.sqrt(MOST_PIXELS / (width * height)))
    image = page.render(scale=scale, rev_byteorder=True).to_pil()
    return is_blank(image) and not page.get_textpage().get_text_bounded().strip()


def pages_of_picture(content: bytes, first: int) -> Iterator[str]:
    """The same for a PNG or JPEG, a file of one page."""
    yield "1\n"
    if first > 1:
        return
    try:
        image = draw.of_picture(content, 1)[1]
    except (OSError, SyntaxError, ValueError, MemoryError, Image.DecompressionBombError):
        yield "u"
    else:
        image.thumbnail((WIDTH, MOST_PIXELS // WIDTH))
        yield "b" if is_blank(image) else "."


def hurry(seconds: int) -> None:
    """End the program, by SIGXCPU, after so many more seconds of the processor."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (min(most, math.ceil(time.process_time()) + seconds), most))


def main(kind: str, first: int) -> None:
    draw.LIMITS["CPU"] = SECONDS
    draw.confine()
    hurry(SECONDS_OF_A_PAGE)
    content = sys.stdin.buffer.read()
    try:
        for told in (pages_of_pdf if kind == "application/pdf" else pages_of_picture)(content, first):
            print(told, end="", flush=True)
            if time.process_time() > ENOUGH:
                break
            hurry(SECONDS_OF_A_PAGE)
    except pypdfium2.PdfiumError as error:
        print("locked" if draw.LOCKED in str(error) else "broken", end="")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
