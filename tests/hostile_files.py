"""Files that somebody might send, built here: sound ones as hospitals make them, and hostile ones.

`words` is what the person reads where the file is refused; "" where it is stored, and then must stay inert.
"""

import gzip
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache

NOT_ONE = "must be a PDF, JPG or PNG, with a name that ends so"
DISAGREES = "its sender calls it something else"
CUT = "was cut short"
TWO = "holds something else beside"
HUGE = "50 million pixels"
EMPTY = "The file is empty"

PDF_TYPE, PNG_TYPE, JPEG_TYPE = "application/pdf", "image/png", "image/jpeg"


@dataclass(frozen=True)
class Sent:
    """A file as it is sent: its bytes, its name, the type that the sender declares, and the words of its refusal."""

    id: str
    content: bytes
    name: str
    declared: str
    words: str = ""


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int = 1, height: int = 1, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\x00\x00"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + pixels + chunk(b"IEND", b"")


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(width: int = 16, height: int = 16, extra: bytes = b"", scans: int = 1) -> bytes:
    frame = segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56" * 9
    start = b"\xff\xd8" + segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
    return start + extra + frame + scan * scans + b"\xff\xd9"


def exif(text: bytes) -> bytes:
    return segment(0xE1, b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + text)


def pdf(body: bytes = b"", end: bytes = b"%%EOF\n") -> bytes:
    objects = b"1 0 obj\n<</Type /Catalog /Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type /Pages /Kids [] /Count 0>>\nendobj\n"
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + objects + body + b"trailer\n<</Root 1 0 R>>\nstartxref\n0\n" + end


def archive(name: str = "x.txt", content: bytes = b"x", comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, content)
        made.comment = comment
    return file.getvalue()


@cache
def bomb() -> bytes:
    """200 MiB of zeros in about 200 kB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made, made.open("zeros", "w") as zeros:
        for _ in range(200):
            zeros.write(bytes(1 << 20))
    return file.getvalue()


def sound() -> list[Sent]:
    """What offices really send. Each must be stored."""
    update = b"3 0 obj\n<</Type /Annot>>\nendobj\nxref\n0 0\ntrailer\n<</Root 1 0 R /Prev 9>>\nstartxref\n99\n%%EOF\r\n"
    linear = b"%PDF-1.4\n1 0 obj\n<</Linearized 1 /L 999>>\nendobj\nstartxref\n0\n%%EOF\n" + pdf()[9:]
    signed = b"3 0 obj\n<</Type /Sig /Contents <" + b"00" * 4000 + b">>>\nendobj\n"
    phone = jpeg(4032, 3024, exif(b"GPSLatitude 42.36 N, GPSLongitude 71.06 W"))
    rows = [
        ("plain", pdf(), PDF_TYPE, "pdf"),
        ("updated twice", pdf() + update + update, PDF_TYPE, "pdf"),
        ("linearised", linear, PDF_TYPE, "pdf"),
        ("signed", pdf(signed), PDF_TYPE, "pdf"),
        ("no newline at the end", pdf(end=b"%%EOF"), PDF_TYPE, "pdf"),
        ("filled up with zeros", pdf() + bytes(4096), PDF_TYPE, "pdf"),
        ("filled up with newlines", pdf() + b"\r\n" * 900, PDF_TYPE, "pdf"),
        ("a line of the scanner behind the end", pdf() + b"% made by a scanner\n", PDF_TYPE, "pdf"),
        ("its type not told", pdf(), "application/octet-stream", "pdf"),
        ("another name of its type", pdf(), "application/x-pdf", "pdf"),
        ("encrypted for its owner", pdf(b"3 0 obj\n<</Filter /Standard>>\nendobj\n"), PDF_TYPE, "PDF"),
        ("page", png(2480, 3508), PNG_TYPE, "png"),
        ("with text", png(extra=chunk(b"tEXt", b"Software\x00Scan")), PNG_TYPE, "png"),
        ("scan", jpeg(2480, 3508), JPEG_TYPE, "jpeg"),
        ("progressive", jpeg(scans=5), JPEG_TYPE, "jpg"),
        ("of a telephone, with its place", phone, JPEG_TYPE, "jpg"),
        ("of a telephone, with a second picture", phone + jpeg(), JPEG_TYPE, "JPG"),
        ("with padding", jpeg() + bytes(512), "image/jpg", "jpg"),
    ]
    return [Sent(f"{ending.upper()} {what}", content, f"report.{ending}", kind) for what, content, kind, ending in rows]


def hostile(canary: str = "http://127.0.0.1:9/") -> list[Sent]:
    """What nobody should send. `canary` is an address that a script in them calls, if one ever runs."""
    script = f'<script>document.title="owned";fetch("{canary}html")</script>'.encode()
    page = b"<!DOCTYPE html><html><body onload=\"document.title='owned'\">" + script + b"</body></html>"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'owned\'">' + script + b"</svg>"
    xml = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    action = b"3 0 obj\n<</S /JavaScript /JS (app.launchURL\\('" + canary.encode() + b"pdf'\\))>>\nendobj\n"
    launch = b"3 0 obj\n<</S /Launch /F (cmd.exe)>>\nendobj\n"
    carried = b"3 0 obj\n<</Type /EmbeddedFile>>\nstream\nMZ\x90\x00\nendstream\nendobj\n"
    dicom = page[:128].ljust(128) + b"DICM" + bytes(64)
    in_comment = png(extra=chunk(b"tEXt", b"Comment\x00" + page))
    in_exif = jpeg(extra=exif(page))
    long = "x" * 300
    zipped_tail = archive(comment=b"IEND" * 3)
    return [
        Sent("HTML as PDF", page, "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("HTML as PNG", page, "a.png", PNG_TYPE, NOT_ONE),
        Sent("HTML as HTML", page, "a.html", "text/html", NOT_ONE),
        Sent(
            "HTML in UTF-16 with its mark", b"\xff\xfe" + page.decode().encode("utf-16-le"), "a.jpg", JPEG_TYPE, NOT_ONE
        ),
        Sent("SVG as PNG", svg, "a.png", PNG_TYPE, NOT_ONE),
        Sent("SVG as SVG", svg, "a.svg", "image/svg+xml", NOT_ONE),
        Sent("XML as PDF", xml, "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("XML with a script as XML", xml, "a.xml", "text/xml", NOT_ONE),
        Sent("program as PDF", b"MZ\x90\x00" + bytes(200), "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("program as program", b"MZ\x90\x00" + bytes(200), "a.exe", "application/x-msdownload", NOT_ONE),
        Sent("ELF as JPG", b"\x7fELF" + bytes(200), "a.jpg", JPEG_TYPE, NOT_ONE),
        Sent("shell script as PDF", b"#!/bin/sh\necho %PDF-\n", "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("RTF as PDF", b"{\\rtf1\\ansi {\\object}}", "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("Word as PDF", archive("word/document.xml"), "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("Word as Word", archive("word/document.xml"), "a.docx", "application/msword", NOT_ONE),
        Sent("old Word as PDF", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200), "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("gzip as PDF", gzip.compress(pdf()), "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("ZIP bomb as PDF", bomb(), "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("ZIP bomb as ZIP", bomb(), "a.zip", "application/zip", NOT_ONE),
        Sent("TIFF as JPG", b"II*\x00" + bytes(200), "a.jpg", JPEG_TYPE, NOT_ONE),
        Sent("GIF with a script as GIF", b"GIF89a/*" + bytes(8) + b"*/=1;alert(1)", "a.gif", "image/gif", NOT_ONE),
        Sent("GIF with a script as PNG", b"GIF89a/*" + bytes(8) + b"*/=1;alert(1)", "a.png", PNG_TYPE, NOT_ONE),
        Sent("DICOM with a script in its preamble", dicom, "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("PDF not at the first byte", b"\n" + pdf(), "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("script around a PDF", b"/*" + pdf() + b"*/alert(1)", "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("PDF named as PNG", pdf(), "a.png", PNG_TYPE, NOT_ONE),
        Sent("PNG named as PDF", png(), "a.pdf", PDF_TYPE, NOT_ONE),
        Sent("PDF named as program", pdf(), "a.pdf.exe", PDF_TYPE, NOT_ONE),
        Sent("PDF named as page", pdf(), "a.pdf.html", PDF_TYPE, NOT_ONE),
        Sent("PDF with no ending", pdf(), "report", PDF_TYPE, NOT_ONE),
        Sent("PDF with a reversed ending", pdf(), "report\u202efdp.exe", PDF_TYPE, NOT_ONE),
        Sent("PDF declared as a page", pdf(), "a.pdf", "text/html", DISAGREES),
        Sent("PNG declared as SVG", png(), "a.png", "image/svg+xml", DISAGREES),
        Sent("PNG declared as PDF", png(), "a.png", PDF_TYPE, DISAGREES),
        Sent("JPG declared as a script", jpeg(), "a.jpg", "text/javascript", DISAGREES),
        Sent("empty", b"", "a.pdf", PDF_TYPE, EMPTY),
        Sent("only the first bytes of a PDF", b"%PDF-", "a.pdf", PDF_TYPE, CUT),
        Sent("PDF cut short", pdf(b"x" * 5000)[:3000], "a.pdf", PDF_TYPE, CUT),
        Sent("page behind the first line of a PDF", b"%PDF-1.4\n" + page, "a.pdf", PDF_TYPE, CUT),
        Sent("PDF with a page far behind its end", pdf() + page + b" " * 10 + b"x" * 1500, "a.pdf", PDF_TYPE, CUT),
        Sent("only the first bytes of a PNG", b"\x89PNG\r\n\x1a\n", "a.png", PNG_TYPE, CUT),
        Sent("PNG cut short", png()[:-20], "a.png", PNG_TYPE, CUT),
        Sent("PNG without pictures", b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "a.png", PNG_TYPE, CUT),
        Sent("PNG with an endless chunk", png()[:33] + b"\xff\xff\xff\xffIDAT", "a.png", PNG_TYPE, CUT),
        Sent("PNG with a page behind it", png() + page, "a.png", PNG_TYPE, TWO),
        Sent("PNG with a page in place of its chunks", b"\x89PNG\r\n\x1a\n" + page, "a.png", PNG_TYPE, CUT),
        Sent("PNG of a thousand million pixels a side", png(10**9, 10**9), "a.png", PNG_TYPE, HUGE),
        Sent("PNG one pixel high and a thousand million wide", png(10**9, 1), "a.png", PNG_TYPE, HUGE),
        Sent("PNG of no pixel", png(0, 5), "a.png", PNG_TYPE, HUGE),
        Sent("JPG of 65,535 pixels a side", jpeg(65535, 65535), "a.jpg", JPEG_TYPE, HUGE),
        Sent("JPG of no line", jpeg(16, 0), "a.jpg", JPEG_TYPE, HUGE),
        Sent("JPG cut short", jpeg()[:-2], "a.jpg", JPEG_TYPE, CUT),
        Sent("JPG without a picture", b"\xff\xd8\xff\xd9", "a.jpg", JPEG_TYPE, CUT),
        Sent("JPG with a page behind it", jpeg() + page, "a.jpg", JPEG_TYPE, TWO),
        Sent("JPG with an archive behind it", jpeg() + archive(), "a.jpg", JPEG_TYPE, TWO),
        Sent("JPG of fill bytes", b"\xff\xd8" + b"\xff" * 100_000, "a.jpg", JPEG_TYPE, CUT),
        Sent("PDF and ZIP in one", pdf() + archive(comment=b"%%EOF"), "a.pdf", PDF_TYPE, TWO),
        Sent("PNG and ZIP in one", png(extra=chunk(b"zzZz", zipped_tail)), "a.png", PNG_TYPE, TWO),
        Sent("JPG and ZIP in one", jpeg(extra=segment(0xEF, archive())), "a.jpg", JPEG_TYPE, TWO),
        # Sound by their bytes: stored, and inert.
        Sent("PDF with JavaScript", pdf(action), "a.pdf", PDF_TYPE),
        Sent("PDF that starts a program", pdf(launch), "a.pdf", PDF_TYPE),
        Sent("PDF that carries a program", pdf(carried), "a.pdf", PDF_TYPE),
        Sent("page between the ends of a PDF", b"%PDF-1.4\n" + page + b"\n%%EOF", "a.pdf", PDF_TYPE),
        Sent("PNG with a page in its text", in_comment, "a.png", PNG_TYPE),
        Sent("JPG with a page in its EXIF", in_exif, "a.jpg", JPEG_TYPE),
        Sent("name with markup", pdf(), "<img src=x onerror=alert(1)>.pdf", PDF_TYPE),
        Sent("name with quotes", pdf(), "a'b&quot;;x=<b>.pdf", PDF_TYPE),
        Sent("name of 300 characters", pdf(), f"{long}.pdf", PDF_TYPE),
        Sent("name with folders of Windows", pdf(), "..\\..\\Windows\\system.pdf", PDF_TYPE),
        Sent("name with folders", pdf(), "/etc/../../etc/passwd.pdf", PDF_TYPE),
        Sent("name that turns its direction", pdf(), "report\u202excod.pdf", PDF_TYPE),
        Sent("name with a null", pdf(), "a\x00.exe\x00.pdf", PDF_TYPE),
        Sent("name with line breaks, as browsers write them", pdf(), "a%0D%0ASet-Cookie: x=1.pdf", PDF_TYPE),
        Sent("name with terminal commands", pdf(), "\x1b[2Ja\x07\u2028b.pdf", PDF_TYPE),
        Sent("name of a device", pdf(), "CON.pdf", PDF_TYPE),
        Sent("name of another ending before", pdf(), "a.exe.pdf", PDF_TYPE),
        Sent("name of one dot", pdf(), ".pdf", PDF_TYPE),
        Sent("name under heaps of accents", pdf(), "Z" + "\u0336\u0338" * 60 + ".pdf", PDF_TYPE),
        Sent("name of a formula", pdf(), "=cmd|'!A1'.pdf", PDF_TYPE),
    ]
