"""Report files as pages are drawn from them: sound ones, and such as would cost the machine. All synthetic."""

import io
import struct
import zlib
from functools import cache

import pypdfium2
import typst
from PIL import Image

from tests.hostile_files import chunk

COLOURS = {1: (200, 40, 40), 2: (40, 40, 200)}
PAGES = """
#set page(width: 300pt, height: 400pt, margin: 20pt)
= ALPHA
#rect(width: 100%, height: 60%, fill: rgb(200, 40, 40))
#pagebreak()
= BRAVO edema of L1
#rect(width: 100%, height: 60%, fill: rgb(40, 40, 200))
"""
WORDS = "#set page(width: 300pt, height: 400pt)\nEdema of L1"
DENSE = '#set page(paper: "us-letter", margin: 2cm)\n#set text(size: 10pt)\n#lorem(600)'


@cache
def two_pages() -> bytes:
    """A PDF of two pages: ALPHA on red, BRAVO on blue."""
    return typst.compile(PAGES.encode())


@cache
def dense_page() -> bytes:
    """A letter page full of small print, as heavy as text becomes."""
    return typst.compile(DENSE.encode())


def one_page(box: str = "0 0 612 792", content: bytes = b"", more: bytes = b"", resources: str = "") -> bytes:
    """A PDF of one page, written by hand. `content` and `more` are whole objects, number 4 and from 5."""
    return (
        b"%PDF-1.7\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n"
        + b"2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj\n"
        + f"3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R ".encode()
        + f"/Resources <<{resources}>>>> endobj\n".encode()
        + (content or stream(4, b""))
        + more
        + b"trailer <</Root 1 0 R>>\n%%EOF\n"
    )


def stream(number: int, data: bytes, more: str = "") -> bytes:
    return f"{number} 0 obj <<{more} /Length {len(data)}>> stream\n".encode() + data + b"\nendstream endobj\n"


def unpacks_to(piece: bytes, times: int) -> bytes:
    """A zlib stream (RFC 1950) of many times the same piece, made without having them all. Its sum is that of zeros."""
    packer = zlib.compressobj(9)
    once = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    total = len(piece) * times % 65521 << 16 | 1
    return once + again * (times - 1) + b"\x03\x00" + total.to_bytes(4, "big")


def locked() -> bytes:
    """A PDF that wants a password (ISO 32000-1, 7.6.3): no password fits these digests."""
    digest = "ab" * 32
    lock = f"<</Filter /Standard /V 1 /R 2 /O <{digest}> /U <{digest}> /P -4>>"
    whole = one_page()
    return whole.replace(
        b"trailer <</Root 1 0 R>>", f"trailer <</Root 1 0 R /Encrypt {lock} /ID [<00> <00>]>>".encode()
    )


def png(width: int, height: int, rows: int, bytes_of_pixel: int = 1) -> bytes:
    """A PNG that says how many rows of zeros it has, and has so many: gray, or RGBA of 16 bits."""
    depth, colour = (8, 0) if bytes_of_pixel == 1 else (16, 6)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = unpacks_to(bytes(1 + width * bytes_of_pixel), rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def picture(kind: str = "JPEG", size: tuple[int, int] = (1600, 2200), **options: object) -> bytes:
    """A scan: noise, which no format makes small."""
    file = io.BytesIO()
    Image.effect_noise(size, 40).save(file, format=kind, **options)
    return file.getvalue()


def endless() -> bytes:
    """Twelve forms, each drawn twelve times by the one before: nine million million rectangles."""
    forms = [
        stream(
            5 + level,
            f"/X{level + 1} Do ".encode() * 12 if level < 11 else b"0 0 600 700 re f",
            "/Type /XObject /Subtype /Form /BBox [0 0 600 700] "
            f"/Resources <</XObject <</X{level + 1} {6 + level} 0 R>>>>",
        )
        for level in range(12)
    ]
    return one_page(content=stream(4, b"/X0 Do"), more=b"".join(forms), resources="/XObject <</X0 5 0 R>>")


def bombs() -> dict[str, tuple[str, bytes]]:
    """What is small on the disk and large when it is drawn, by name, with its type."""
    lines = unpacks_to(b"0 0 m 9 9 l S\n" * 75_000, times=2000)
    pdfs = {
        "a page a thousand million points wide": one_page("0 0 1000000000 1000000000"),
        "a page of no size": one_page("0 0 0 0"),
        "a page one point wide and a million high": one_page("0 0 1 1000000"),
        "a page of 2 GiB of lines": one_page(content=stream(4, lines, "/Filter /FlateDecode")),
    }
    pictures = {
        "a PNG of 400 MB": png(7000, 7000, rows=7000, bytes_of_pixel=8),
        "a PNG of 50,000 lines": png(1000, 50_000, rows=50_000),
        "a PNG that says it has a thousand million pixels": png(40_000, 25_000, rows=10),
    }
    return {name: ("application/pdf", content) for name, content in pdfs.items()} | {
        name: ("image/png", content) for name, content in pictures.items()
    }


@cache
def typed(source: str) -> bytes:
    """The PDF of a text in the language of typst."""
    return typst.compile(source.encode())


def together(*files: bytes, turned: int = 0) -> bytes:
    """One PDF of the pages of several."""
    whole = pypdfium2.PdfDocument.new()
    for content in files:
        whole.import_pages(pypdfium2.PdfDocument(content))
    if turned:
        for page in whole:
            page.set_rotation(turned)
    file = io.BytesIO()
    whole.save(file)
    return file.getvalue()


BLANK = one_page()


@cache
def blank_third() -> bytes:
    """Four pages, the third of them blank."""
    return together(two_pages(), BLANK, typed(WORDS))
