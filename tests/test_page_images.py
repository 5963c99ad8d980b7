"""Pages are drawn by a program of their own: the right page, within limits, once; whatever is in the file (B3, B4)."""

import concurrent.futures
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from PIL import Image, ImageDraw, ImageOps

from priorauth import page_images
from priorauth.models import Attachment
from priorauth.page_images import answer, program, store
from priorauth.roles import Role
from priorauth.services import attach
from tests import reports
from tests.cases import NOW, draft_case, person
from tests.factories import report
from tests.hostile_files import hostile, sound

PDF = "application/pdf"
PROGRAM = program.PROGRAM


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.PAGE_IMAGES_ROOT = tmp_path / "pages"


def drawn(content: bytes, content_type: str = PDF, number: int = 1) -> answer.Page | answer.NoSuchPage:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return answer.read(program.draw(file, content_type, number))


def tried(sent: tuple[str, bytes]) -> tuple[answer.Page | answer.NotDrawn, float]:
    """What becomes of the first page of a file, and after how many seconds."""
    content_type, content = sent
    start = time.monotonic()
    try:
        found = drawn(content, content_type)
    except answer.NotDrawn as told:
        found = told
    return found, time.monotonic() - start


def opened(page: answer.Page) -> Image.Image:
    return Image.open(io.BytesIO(page.image)).convert("RGB")


def attached(content: bytes, name: str = "report.pdf") -> Attachment:
    clerk = person(Role.CLERK)
    return attach.attach(draft_case(clerk), report(name, content), by=clerk, at=NOW)


@pytest.mark.parametrize(("number", "word"), [(1, "ALPHA"), (2, "BRAVO edema of L1")])
def test_the_page_that_is_asked_for_is_drawn_with_its_text(number, word):
    page = drawn(reports.two_pages(), number=number)
    assert [one.text for one in page.words] == word.split()
    assert (page.pages, page.content_type, page.text) == (2, "image/png", word)
    image = opened(page)
    assert abs(image.width - 1240) <= 1
    middle = image.getpixel((620, 600))
    assert max(abs(one - other) for one, other in zip(middle, reports.COLOURS[number], strict=True)) < 8
    assert drawn(reports.two_pages(), number=3) == answer.NoSuchPage(2)


def test_images_are_light_and_as_large_as_they_are_shown():
    dense = drawn(reports.dense_page())
    assert abs(opened(dense).width - 1240) <= 1
    assert len(dense.image) < 150_000
    assert "Lorem ipsum dolor" in dense.text
    scan = drawn(reports.picture(), "image/jpeg")
    assert (scan.pages, scan.content_type, scan.text) == (1, "image/jpeg", "")
    assert opened(scan).width == 1000
    assert len(scan.image) < 250_000


def test_a_photograph_is_turned_as_it_was_taken_and_tells_nothing_of_its_place():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif[0x010E] = "GPSLatitude 42.36 N"
    page = drawn(reports.picture(size=(400, 300), exif=exif), "image/jpeg")
    assert opened(page).size == (300, 400)
    assert b"GPSLatitude" not in page.image
    assert not Image.open(io.BytesIO(page.image)).getexif()


def test_what_was_typed_into_a_form_is_on_its_page():
    field = "5 0 obj <</Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (x) /Rect [50 50 550 700] "
    field += "/AP <</N 6 0 R>> /P 3 0 R>> endobj\n"
    drawing = reports.stream(6, b"1 0 0 rg 0 0 500 650 re f", "/Type /XObject /Subtype /Form /BBox [0 0 500 650]")
    content = reports.one_page(more=field.encode() + drawing)
    content = content.replace(b"/MediaBox", b"/Annots [5 0 R] /MediaBox")
    content = content.replace(b"/Pages 2 0 R>>", b"/Pages 2 0 R /AcroForm <</Fields [5 0 R]>>>>", 1)
    assert opened(drawn(content)).getpixel((620, 800))[0] > 200 > opened(drawn(content)).getpixel((620, 800))[1]


def test_no_bomb_costs_more_than_its_limits_and_the_web_process_stays_as_it_is():
    bombs = reports.bombs() | {
        "locked": (PDF, reports.locked()),
        "cut short": (PDF, reports.two_pages()[:3000] + b"\n%%EOF"),
    }
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = dict(zip(bombs, pool.map(tried, bombs.values()), strict=True))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024
    assert max(seconds for _, seconds in found.values()) < program.SECONDS
    for name in ("a page of 2 GiB of lines", "a PNG that says it has a thousand million pixels", "cut short"):
        assert str(found[name][0]) == answer.BROKEN, name
    assert str(found["locked"][0]) == answer.LOCKED
    for name in ("a page a thousand million points wide", "a PNG of 400 MB", "a PNG of 50,000 lines"):
        image = opened(found[name][0])
        assert image.width * image.height <= 3_010_000, name


FONT = "/Font <</F1 <</Type /Font /Subtype /Type1 /BaseFont /Helvetica {}>>>>"
EDEMA = b"BT /F1 24 Tf 100 700 Td (Edema of L1) Tj 0 -150 Td (T12 healed) Tj ET"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", ["Edema", "of", "L1", "T12", "healed"]),
        ("/Rotate 90", ["Edema", "of", "L1", "T12", "healed"]),
        ("/Rotate 180", ["Edema", "of", "L1", "T12", "healed"]),
        ("/Rotate 270 /CropBox [20 500 400 780]", ["Edema", "of", "L1", "T12", "healed"]),
        ("/CropBox [20 650 150 750]", ["Edem"]),
        ("/CropBox [105 650 600 750]", ["Edema", "of", "L1"]),
        ("/CropBox [300 650 600 750]", []),
    ],
)
def test_words_stand_where_their_ink_is_however_the_page_is_turned_and_cut(more, words):
    content = reports.one_page(content=reports.stream(4, EDEMA), resources=FONT.format(""))
    page = drawn(content.replace(b"/MediaBox", more.encode() + b" /MediaBox"))
    assert ({one.text for one in page.words}, page.size) == (set(words), opened(page).size)
    ink = ImageOps.invert(opened(page).convert("L")).point(lambda value: 255 * (value > 40))
    for word in page.words:
        box = ink.crop(word[1:]).getbbox()
        spare = box[0], box[1], word.right - word.left - box[2], word.bottom - word.top - box[3]
        assert max(spare) <= 4, f"{word} holds its ink, and not more"
        ImageDraw.Draw(ink).rectangle((word.left - 2, word.top - 2, word.right + 2, word.bottom + 2), fill=0)
    assert ink.getbbox() is None, "no ink is outside of the words"


@pytest.mark.parametrize(
    ("show", "font", "said"),
    [
        (b"(" + b"Edema " * 20_000 + b") Tj", "", ["Edema"] * 6 + ["E"]),
        (b"(<script>alert\\(1\\)</script>) Tj", "", ["<script>alert(1)</script>"]),
        (b"(Edema L1) Tj", "/FirstChar 32 /LastChar 126 /Widths [" + "1000000 " * 95 + "]", ["Ed"]),
        (b"(Edema L1) Tj", "/FirstChar 32 /LastChar 126 /Widths [" + "-9000 " * 95 + "]", ["E"]),
        (b"1e30 0 0 1e30 0 0 Tm (Edema L1) Tj", "", []),
        (b"(\\000\\001\\177 \\033[31m) Tj", "", ["[31m"]),
    ],
)
def test_a_text_that_lies_stays_bounded_and_inside_of_its_page(show, font, said):
    """Its characters are text: neither markup nor control. Its widths put nothing outside of the image."""
    content = b"BT /F1 24 Tf 100 700 Td " + show + b" ET"
    page = drawn(reports.one_page(content=reports.stream(4, content), resources=FONT.format(font)))
    width, height = page.size
    assert all(0 <= one.left < one.right <= width and 0 <= one.top < one.bottom <= height for one in page.words)
    assert sum(len(one.text) for one in page.words) <= 20_000
    assert not any(unicodedata.category(c)[0] == "C" for one in page.words for c in one.text)
    assert [one.text for one in page.words] == said
    assert page.whole == (len(content) < 20_000)


MANY = f"""
import os, sys
sys.path.insert(0, {str(PROGRAM.parent)!r})
import draw
for path in sys.argv[1:]:
    out, into = os.pipe()
    if not (child := os.fork()):
        os.dup2(os.open(path, os.O_RDONLY), 0)
        os.dup2(into, 1)
        draw.main(path.rpartition(".")[2].replace("_", "/"), 1)
        sys.stdout.flush()
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as said, open(path + ".answer", "wb") as file:
        answer = said.read()
        file.write(b"" if os.waitpid(child, 0)[1] else answer)
"""


def test_every_hostile_file_goes_through_and_nothing_else_happens(tmp_path):
    """By the same program, started once and forked for each file: starting it takes longer than most of them."""
    kinds = {"image/png": "image_png", "image/jpeg": "image_jpeg"}
    files = {(kinds.get(file.declared, "application_pdf"), file.content) for file in [*hostile(), *sound()]}
    paths = [tmp_path / f"{number}.{kind}" for number, (kind, _) in enumerate(files)]
    for path, (_, content) in zip(paths, files, strict=True):
        path.write_bytes(content)
    subprocess.run([sys.executable, "-I", "-c", MANY, *map(str, paths)], stderr=subprocess.DEVNULL, check=True)
    found = []
    for path in paths:
        try:
            found.append(answer.read(path.with_name(f"{path.name}.answer").read_bytes()))
        except answer.NotDrawn as told:
            found.append(str(told))
    assert len(found) > 50
    pages = [one for one in found if isinstance(one, answer.Page)]
    assert len(pages) >= 5
    assert {one for one in found if one not in pages} <= {answer.BROKEN, answer.LOCKED}


def stand_in(tmp_path: Path, monkeypatch, body: str) -> None:
    """Another program in place of the one that draws."""
    path = tmp_path / "stand_in.py"
    path.write_text(f"import os, sys, time\nsys.path.insert(0, {str(PROGRAM.parent)!r})\nimport draw\n{body}")
    monkeypatch.setattr(program, "PROGRAM", path)


ALL_THAT_IS_LEFT = """
import json, resource, socket
draw.confine()
told = {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in draw.LIMITS}
acts = dict(file=lambda: open("/etc/hostname"), network=socket.socket, room=lambda: bytes(1 << 30))
for name, act in acts.items():
    try:
        act()
    except (OSError, MemoryError) as error:
        told[name] = type(error).__name__
print(json.dumps({**told, "environment": dict(os.environ), "folder": os.getcwd(), "arguments": sys.argv[1:]}))
"""


def test_the_program_has_neither_files_nor_network_nor_the_portals_secrets(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, ALL_THAT_IS_LEFT)
    with (tmp_path / "Alma Synthetic.pdf").open("w+b") as file:
        told = json.loads(program.draw(file, PDF, 7))
    acts = {"file": "OSError", "network": "OSError", "room": "MemoryError"}
    assert {name: told[name] for name in acts} == acts
    assert {told[name][1] for name in ("NOFILE", "FSIZE", "NPROC", "CORE")} == {3, 0}
    assert told["CPU"] == [5, 5]
    assert told["environment"].keys() <= {"LC_CTYPE"}
    assert (told["folder"], told["arguments"]) == ("/", [PDF, "7"])


def test_a_page_that_never_ends_is_ended_by_the_processor_time_it_has(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, "draw.LIMITS['CPU'] = 1\ndraw.main(sys.argv[1], int(sys.argv[2]))")
    with pytest.raises(program.Undrawable):
        drawn(reports.endless())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("time.sleep(60)", answer.NotDrawn),
        ("os.close(1); time.sleep(60)", answer.NotDrawn),
        ("while True: sys.stdout.buffer.write(bytes(1 << 16))", program.Undrawable),
        ("sys.stdout.write('{}'); sys.stdout.flush(); os.abort()", program.Undrawable),
    ],
)
def test_a_program_that_was_taken_over_is_stopped(tmp_path, monkeypatch, body, kind):
    stand_in(tmp_path, monkeypatch, f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n{body}")
    monkeypatch.setattr(program, "SECONDS", 0.7)
    with pytest.raises(answer.NotDrawn) as told:
        drawn(b"%PDF-")
    assert (type(told.value), str(told.value)) == (kind, answer.BROKEN)
    if (pid := tmp_path / "pid").exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


PNG = answer.MAGIC["image/png"]


def head(**said: object) -> bytes:
    """The head of a sound answer, changed."""
    words = [["Edema", 0, 0, 9, 9]]
    sound = {"pages": 1, "type": "image/png", "size": [9, 9], "text": "Edema", "words": words, "whole": True}
    return json.dumps(sound | said).encode() + b"\n"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{}\n",
        b"[]\n",
        b"[" * 100_000,
        b'{"pages": 0}\n',
        b'{"pages": "2"}\n',
        b'{"pages": 2, "more": 1}\n',
        head(type="text/html") + PNG,
        head() + b"<script>",
        head(more=1) + PNG,
        *(head(text=text) + PNG for text in ("\ud800", "\0", "x" * 20_001, None)),
        *(head(size=size) + PNG for size in ([0, 9], [9], [9, 10**9], [-9, -9], ["9", 9], [9.5, 9])),
        *(
            head(words=words) + PNG
            for words in (
                {},
                ["Edema"],
                [["Edema", 0, 0, 9]],
                [["Edema", 0, 0, 9, 10]],
                [["Edema", -1, 0, 9, 9]],
                [["Edema", 5, 0, 5, 9]],
                [["Edema", 0, 0, 9, 1e400]],
                [["\ud800", 0, 0, 9, 9]],
                [[["Edema"], 0, 0, 9, 9]],
                [["x" * 20_001, 0, 0, 9, 9]],
                [["x", 0, 0, 9, 9]] * 6001,
            )
        ),
        b'{"pages": ' + b"9" * 10_000 + b"}\n",
    ],
)
def test_an_answer_that_the_program_would_not_give_is_no_page(said):
    with pytest.raises(answer.NotDrawn):
        answer.read(said)
    assert answer.read(head() + PNG).image == PNG


@pytest.mark.django_db
def test_a_page_is_drawn_once_kept_private_and_goes_with_its_file(monkeypatch, settings):
    file = attached(reports.two_pages())
    first = page_images.page(file, 2)
    (kept,) = Path(settings.PAGE_IMAGES_ROOT).glob("??/*")
    assert kept.name == f"{file.pk.hex}-2-{store.RECIPE}"
    assert {path.stat().st_mode & 0o077 for path in (kept, kept.parent)} == {0}
    assert page_images.page(file, 9) == answer.NoSuchPage(2)
    monkeypatch.setattr(program, "draw", None)
    assert page_images.page(file, 2) == first
    assert list(Path(settings.PAGE_IMAGES_ROOT).glob("??/*")) == [kept], "there is no end of pages that do not exist"
    page_images.forget(file.pk)
    assert not kept.exists()


@pytest.mark.django_db
def test_what_ends_the_program_is_not_tried_at_each_look_but_what_was_only_slow_is(monkeypatch):
    broken, slow = attached(b"%PDF-1.7\n%%EOF\n"), attached(reports.two_pages())
    for _ in range(2):
        with pytest.raises(answer.NotDrawn, match=r"^This page could not be drawn\. Download the file\.$"):
            page_images.page(broken, 1)
        monkeypatch.setattr(program, "SECONDS", 0.0)
        with pytest.raises(answer.NotDrawn):
            page_images.page(slow, 1)
    monkeypatch.setattr(program, "SECONDS", 12.0)
    assert page_images.page(slow, 1).text == "ALPHA"
    monkeypatch.setattr(program, "draw", None)
    with pytest.raises(answer.NotDrawn):
        page_images.page(broken, 1)


@pytest.mark.django_db
def test_so_many_pages_are_drawn_at_once_and_no_more(monkeypatch):
    file = attached(reports.two_pages())
    monkeypatch.setattr(program, "PATIENCE", 0.1)
    with ExitStack() as stack:
        for _ in range(program.AT_ONCE):
            stack.enter_context(program.turn(store.root()))
        with pytest.raises(answer.Busy, match="Load this page again"):
            page_images.page(file, 1)
    assert page_images.page(file, 1).text == "ALPHA"


@pytest.mark.django_db
def test_the_store_makes_room_and_a_full_disk_costs_another_drawing_only(monkeypatch):
    key = uuid.uuid4()
    monkeypatch.setattr(store, "MOST_OF_A_FOLDER", 2500)
    for page in (1, 2):
        store.keep(key, page, bytes(1000))
    os.utime(store._path(key, 1), (1, 1))
    assert store.get(key, 1), "and it was looked at just now"
    os.utime(store._path(key, 2), (2, 2))
    store.keep(key, 3, bytes(1000))
    assert [page for page in (1, 2, 3) if store.get(key, page)] == [1, 3]
    file = attached(reports.two_pages())
    store._folder(file.pk).write_text("a file where a folder would be")
    monkeypatch.setattr(store, "get", lambda *_: None)
    assert page_images.page(file, 1).text == "ALPHA"


@pytest.mark.django_db
def test_pages_of_a_file_that_is_no_more_are_swept(capsys):
    file = attached(reports.two_pages())
    page_images.page(file, 1)
    gone = store.root() / "07" / f"{'07' * 16}-1-{store.RECIPE}"
    gone.parent.mkdir()
    gone.write_bytes(b"{}\n")
    day_before = timezone.now().timestamp() - 90_000
    for path in store.root().glob("??/*"):
        os.utime(path, (day_before, day_before))
    call_command("clear_orphans")
    assert capsys.readouterr().out == "1 file removed.\n"
    assert (gone.exists(), store.get(file.pk, 1) is None) == (False, False)
