"""What a report file is: PDF, PNG or JPEG, by its name, by the type its sender declares, and by its bytes.

The walk reads lengths and sizes; it never decodes a picture, opens an archive or runs anything. It keeps away what is
broken, huge or two things at once; that nothing runs is the work of `downloads`, which trusts no file.
"""

import re
from collections.abc import Callable
from typing import BinaryIO

MAX_PIXELS = 50_000_000
MAX_CHUNKS = 65_536
MAX_PICTURES = 8
ZIP_TAIL = 65_557  # an archive's last record, with the longest comment that it can have
PDF_TAIL = 1024
PIECE = 1 << 16
ENCRYPTED = b"/Encrypt"

NOT_ONE_OF_THREE = (
    "The file must be a PDF, JPG or PNG, with a name that ends so. If it looks like one, open it and save it anew."
)
DISAGREES = (
    "The file must be a PDF, JPG or PNG, and its sender calls it something else. Open it, save it anew, and add that."
)
CUT_SHORT = "The file is damaged or was cut short. Open it, save it anew as PDF, JPG or PNG, and add that."
TWO_IN_ONE = "The file holds something else beside the {}. Open it, save or print it anew, and add that."
HUGE = "The picture must have 50 million pixels or fewer and at least one. Scan it at 300 dots per inch."

Walk = Callable[[BinaryIO, int], None]


class FileProblem(ValueError):
    """Why a file is not accepted; `str(problem)` says what would be right."""


def kind_of(file: BinaryIO, size: int, name: str, declared: str) -> str:
    """The content type of a file of `size` bytes. Raises FileProblem.

    `declared` is the type that came with it. One that says nothing (application/octet-stream) is passed over, one
    that names something else is refused.
    """
    for content_type, (suffixes, magic, agrees, walk) in KINDS.items():
        if not name.lower().endswith(suffixes):
            continue
        file.seek(0)
        if file.read(len(magic)) != magic:
            break
        if not SAYS_NOTHING.fullmatch(declared.lower()) and not agrees.fullmatch(declared.lower()):
            raise FileProblem(DISAGREES)
        walk(file, size)
        if _ends_as_archive(file, size):
            raise FileProblem(TWO_IN_ONE.format(suffixes[0][1:].upper()))
        return content_type
    raise FileProblem(NOT_ONE_OF_THREE)


def _pdf(file: BinaryIO, size: int) -> None:
    """The end mark stands in the last KiB, apart from blanks and zeros that some programs fill up with."""
    file.seek(max(0, size - PIECE))
    tail = file.read(PIECE).rstrip(b"\x00\t\n\f\r \x1a")
    if b"%%EOF" not in tail[-PDF_TAIL:]:
        raise FileProblem(CUT_SHORT)


def is_locked(file: BinaryIO, size: int) -> bool:
    """Whether a PDF says at its beginning or end that it is encrypted. One without a password to open it says so too,
    so this is a reason to ask and none to refuse."""
    file.seek(0)
    start = file.read(PIECE)
    file.seek(max(0, size - PIECE))
    return ENCRYPTED in start or ENCRYPTED in file.read(PIECE)


def _png(file: BinaryIO, size: int) -> None:
    """Chunk by chunk (PNG, ISO/IEC 15948, section 5.3): IHDR first, IEND last and at the very end."""
    at = 8
    for number in range(MAX_CHUNKS):
        file.seek(at)
        head = file.read(24)
        length, name = int.from_bytes(head[:4]), head[4:8]
        at += 12 + length
        if at > size or (number == 0) != (name == b"IHDR"):
            break
        if number == 0:
            _bounded(int.from_bytes(head[8:12]), int.from_bytes(head[12:16]))
        if name == b"IEND":
            if at != size:
                raise FileProblem(TWO_IN_ONE.format("PNG"))
            return
    raise FileProblem(CUT_SHORT)


def _jpeg(file: BinaryIO, size: int) -> None:
    """Segment by segment (ITU T.81, annex B) to the end mark. Behind it may stand further JPEGs, which telephones put
    there (CIPA DC-007), and blanks."""
    at = 0
    for _ in range(MAX_PICTURES):
        at = _jpeg_end(file, at, size)
        file.seek(at)
        if file.read(3) != b"\xff\xd8\xff":
            break
    file.seek(at)
    if any(piece.strip(b"\x00\xff \r\n") for piece in iter(lambda: file.read(PIECE), b"")):
        raise FileProblem(TWO_IN_ONE.format("JPG"))


def _jpeg_end(file: BinaryIO, start: int, size: int) -> int:
    """Where the picture that begins at `start` ends. Its size must be in sight before its pixels."""
    at, sized = start + 2, False
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        head = file.read(9)
        if len(head) < 2 or head[0] != 0xFF:
            break
        marker = head[1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker == 0xD9 and sized:
            return at + 2
        else:
            length = int.from_bytes(head[2:4])
            if length < 2 or at + 2 + length > size:
                break
            if marker in FRAMES:
                _bounded(int.from_bytes(head[7:9]), int.from_bytes(head[5:7]))
                sized = True
            at += 2 + length
            if marker == 0xDA:
                at = _after_pixels(file, at)
    raise FileProblem(CUT_SHORT)


FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def _after_pixels(file: BinaryIO, at: int) -> int:
    """Where the next marker stands that is neither a stuffed byte nor a restart. At most the end of the file."""
    file.seek(at)
    last = b""
    while piece := file.read(PIECE):
        if found := MARKER.search(last + piece):
            return at - len(last) + found.start()
        at += len(piece)
        last = piece[-1:]
    return at


def _bounded(width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PIXELS:
        raise FileProblem(HUGE)


def _ends_as_archive(file: BinaryIO, size: int) -> bool:
    """Whether the file can also be opened as a ZIP archive: those are read from their end."""
    file.seek(max(0, size - ZIP_TAIL))
    return b"PK\x05\x06" in file.read(ZIP_TAIL)


SAYS_NOTHING = re.compile(r"|(application|binary)/(octet-stream|x-download|download|force-download|unknown)")
KINDS: dict[str, tuple[tuple[str, ...], bytes, re.Pattern[str], Walk]] = {
    "application/pdf": ((".pdf",), b"%PDF-", re.compile(r"(application|text)/(x-|vnd\.)?(pdf|acrobat)"), _pdf),
    "image/png": ((".png",), b"\x89PNG\r\n\x1a\n", re.compile(r"image/(x-|vnd\.mozilla\.)?a?png"), _png),
    "image/jpeg": ((".jpg", ".jpeg"), b"\xff\xd8\xff", re.compile(r"image/(x-|p)?(jpe?g|jfif)"), _jpeg),
}
