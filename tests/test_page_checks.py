"""Blank and unreadable pages of a stored file are noticed and told where it stands; they stop nothing (decision 45)."""

import io
import json
import random
import tempfile
from html import unescape

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw

from portal.web import doubts
from portal.web.intake import form_of
from priorauth import jobs, page_words, tasks
from priorauth.models import Attachment, AuditEvent, Job, PageCheck
from priorauth.page_images import seen
from priorauth.page_images.seen import NotSeen, Seen
from priorauth.roles import Role
from priorauth.services import attach, look
from tests import reports
from tests.admin_helpers import case_page
from tests.cases import NOW, draft_case, person, score_all
from tests.factories import browser, clerk, draft_of, post_edit, report, saved_draft
from tests.reports import BLANK, WORDS, blank_third, together, typed
from tests.tampering import force

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
A4 = (1650, 2200)


def sheet(paper: int = 248, noise: int = 12, draw=None) -> Image.Image:
    """A sheet as a flatbed scans it at 200 dots an inch: paper that is never quite white, and what is drawn on it."""
    image = Image.effect_noise(A4, noise).point(lambda value: max(0, min(255, value - 128 + paper)))
    if draw:
        draw(ImageDraw.Draw(image))
    return image


def dust(on: ImageDraw.ImageDraw) -> None:
    places = random.Random(484)
    for _ in range(60):
        x, y = places.randrange(A4[0]), places.randrange(A4[1])
        on.ellipse((x, y, x + 3, y + 3), fill=40)


def edges(on: ImageDraw.ImageDraw) -> None:
    """Two holes, the shadow of the lid, and the line that a fax adds to each page."""
    for y in (500, 1650):
        on.ellipse((50, y, 110, y + 60), fill=20)
    on.rectangle((0, 0, 40, A4[1]), fill=30)
    on.text((300, 40), "FROM HARBOR 617-555-0100 P. 3/7", fill=20, font_size=28)


SHEETS = {
    "noise of a scan": ("b", sheet()),
    "gray recycled paper": ("b", sheet(paper=200, noise=20)),
    "one faint stain": ("b", sheet(draw=lambda on: on.ellipse((700, 900, 1000, 1150), fill=232))),
    "dust": ("b", sheet(draw=dust)),
    "what scanner and fax add at the edges": ("b", sheet(draw=edges)),
    "all black": ("b", Image.new("L", A4, 0)),
    "one word": (".", sheet(draw=lambda on: on.text((800, 1000), "None", fill=60, font_size=30))),
    "a line of a pencil": (".", sheet(draw=lambda on: on.line((500, 900, 700, 860, 900, 940), fill=140, width=4))),
    "a dark stain": (".", sheet(draw=lambda on: on.ellipse((700, 900, 780, 980), fill=90))),
}
WHITE = "#set text(fill: white)\n" + WORDS


def scanned(*sheets: Image.Image) -> bytes:
    file = io.BytesIO()
    first, *others = (one.copy() for one in sheets)
    first.save(file, "PDF", resolution=200, save_all=True, append_images=others, quality=60)
    return file.getvalue()


def picture(colour: object, size: tuple[int, int] = (800, 600), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def looked(content: bytes, kind: str = PDF) -> Seen:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return seen.look(file, kind)


# The program


def test_paper_is_told_from_what_is_written_on_it():
    found = looked(scanned(*(image for _, image in SHEETS.values())))
    assert dict(zip(SHEETS, found.signs, strict=True)) == {name: sign for name, (sign, _) in SHEETS.items()}
    assert looked(together(scanned(SHEETS["dust"][1], SHEETS["one word"][1]), turned=90)).signs == "b."


def test_words_are_words_though_nobody_sees_them_and_a_page_that_ends_the_program_is_one_page():
    found = looked(together(typed(WHITE), BLANK, reports.endless(), BLANK, typed(WORDS)))
    assert found == Seen(5, ".bub.")
    assert (found.numbers("b"), found.numbers("u")) == ([2, 4], [3])


@pytest.mark.parametrize(
    ("kind", "content", "found"),
    [
        (PDF, reports.bombs()["a page of no size"][1], Seen(1, "b")),
        (PDF, reports.locked(), Seen(locked=True)),
        (PDF, reports.two_pages()[:3000] + b"\n%%EOF", Seen()),
        (PNG, picture("#c01020"), Seen(1, "b")),
        (PNG, picture("white", (1, 1)), Seen(1, "b")),
        (PNG, reports.png(40_000, 25_000, rows=10), Seen(1, "u")),
        (JPEG, reports.picture(size=(800, 600)), Seen(1, ".")),
        (JPEG, picture("black", kind="JPEG")[:400], Seen(1, "u")),
    ],
    ids=["no size", "locked", "cut short", "one colour", "one pixel", "a bomb", "a film", "half a picture"],
)
def test_what_cannot_be_opened_is_not_called_blank(kind, content, found):
    assert looked(content, kind) == found


def test_of_a_long_file_the_first_pages_are_looked_at_and_no_more_is_said():
    found = looked(typed("#for i in range(400) [ #if calc.even(i) [page] #pagebreak(weak: false) ]"))
    assert (found.pages, len(found.signs), set(found.signs[1::2])) == (401, 100, {"b"})


def stand_in(tmp_path, monkeypatch, body: str) -> None:
    """Another program in place of the one that looks."""
    path = tmp_path / "stand_in.py"
    path.write_text(f"import os, resource, sys\nsys.path.insert(0, {str(seen.PROGRAM.parent)!r})\nimport look\n{body}")
    monkeypatch.setattr(seen, "PROGRAM", path)


LEFT = """
def told(content, first):
    for name in look.draw.LIMITS:
        yield f"{name} {resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[1]} "
look.pages_of_pdf = told
look.main("application/pdf", 1)
"""


def test_the_program_gives_up_what_the_drawing_one_does_before_it_reads(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, LEFT)
    with tempfile.TemporaryFile() as file:
        _, said = seen.program.run(seen.PROGRAM, file, (PDF, "1"), 10)
    assert said.decode().split() == f"AS {640 << 20} CPU 12 NOFILE 3 FSIZE 0 NPROC 0 CORE 0".split()


@pytest.mark.parametrize(
    ("says", "found"),
    [
        ("print('9\\n' + '.' * 101, end='')", Seen()),
        ("print('2\\n..<b>', end='')", Seen()),
        ("print('x' * 2_000_000)", Seen()),
        ("print('2\\n.....', end='')", Seen(2, "..")),
        ("os.kill(os.getpid(), 9)", NotSeen),
        ("print('3\\n.', end='', flush=True); os.kill(os.getpid(), 9)", NotSeen),
        ("import nothing_of_that_name", NotSeen),
        ("import time; time.sleep(9)", NotSeen),
    ],
)
def test_what_the_program_may_not_say_is_no_verdict_and_what_ended_it_from_outside_is_none_either(
    says, found, tmp_path, monkeypatch
):
    stand_in(tmp_path, monkeypatch, says)
    monkeypatch.setattr(seen, "SECONDS", 0.8 if "sleep" in says else 10)
    if found is NotSeen:
        with pytest.raises(NotSeen):
            looked(b"")
    else:
        assert looked(b"") == found


# The words


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ({"pages": 4, "seen": 4}, "Ready, 4 pages"),
        ({"pages": 1, "seen": 1}, "Ready, 1 page"),
        ({"pages": 400, "seen": 100}, "Ready, 400 pages (only the first 100 pages were looked at)"),
        ({"pages": 4, "seen": 4, "blank": [3]}, "Could not be read: page 3 is blank"),
        ({"pages": 9, "seen": 9, "blank": [1, 2, 3, 7], "unreadable": [5]}, None),
        ({"pages": 9, "seen": 9, "blank": [2, 7]}, "Could not be read: pages 2 and 7 are blank"),
        ({"pages": 3, "seen": 3, "unreadable": [1, 2, 3]}, "Could not be read: pages 1 to 3 cannot be shown"),
        ({"pages": 2, "seen": 2, "blank": [1, 2]}, "Could not be read: every page is blank"),
        ({"pages": 1, "seen": 1, "blank": [1]}, "Could not be read: its only page is blank"),
        ({"pages": None}, "Could not be read: it cannot be opened"),
        ({"pages": None, "locked": True}, "Is password protected"),
        (None, "Checking"),
    ],
)
@pytest.mark.django_db
def test_the_state_of_a_file_is_said_in_words(check, words):
    file = Attachment(name="mri.pdf", page_check=PageCheck(**check)) if check else Attachment(name="mri.pdf")
    whole = "Could not be read: pages 1 to 3 and 7 are blank; page 5 cannot be shown"
    assert page_words.state(file) == (words or whole)
    file.scan = Attachment.Scan.INFECTED
    assert page_words.state(file) == ""


# The job


def attached(content: bytes) -> Attachment:
    who = person(Role.CLERK)
    return attach.attach(draft_case(who), report("mri.pdf", content), by=who, at=NOW)


def look_all(at=NOW) -> int:
    return sum(iter(lambda: look.run(lambda: at), 0))


def check_of(attachment: Attachment) -> PageCheck | None:
    return PageCheck.objects.unscoped("the test looks").filter(attachment=attachment).first()


def job_of(attachment: Attachment) -> Job:
    return Job.objects.get(dedupe_key=f"look:{attachment.pk}")


@pytest.mark.django_db
def test_a_worker_looks_at_each_new_file_once_and_the_trail_says_what_it_saw():
    file = attached(blank_third())
    assert check_of(file) is None
    assert tasks.kick("look") == 1
    check = check_of(file)
    assert (check.pages, check.seen, check.blank, check.unreadable, check.locked) == (4, 4, [3], [], False)
    event = AuditEvent.objects.get(action=look.LOOKED)
    assert event.entities == {
        "case": file.case.reference,
        "attachment": str(file.pk),
        "sha256": file.sha256,
        "pages": "4",
        "blank": "1",
        "unreadable": "0",
    }
    assert event.stream != f"case:{file.case.reference}"
    assert (job_of(file).state, look_all(), look.enqueue_missed(NOW)) == ("done", 0, 0)
    call_command("verify_audit")


@pytest.mark.django_db
def test_a_look_that_fails_is_tried_again_and_then_seen_by_a_person_and_the_file_goes_on_being_checked(
    tmp_path, monkeypatch
):
    file = attached(blank_third())
    with monkeypatch.context() as killed:
        stand_in(tmp_path, killed, "os.kill(os.getpid(), 9)")
        at = NOW
        for tries in range(1, jobs.MAX_ATTEMPTS + 1):
            assert (look.run(lambda at=at: at), job_of(file).attempts) == (1, tries)
            at += timezone.timedelta(minutes=10)
    job = job_of(file)
    assert (job.state, job.last_error) == ("failed", seen.KILLED)
    assert (check_of(file), page_words.state(file)) == (None, "Checking")
    assert (look.enqueue_missed(at), look.enqueue_missed(at), look_all(at)) == (1, 0, 1)
    assert check_of(file).blank == [3]


@pytest.mark.django_db
def test_a_worker_that_dies_at_its_work_loses_a_try_and_another_takes_the_file_over():
    file = attached(blank_third())
    lost = jobs.take(Job.Kind.LOOK, NOW)  # and then nothing: it is gone
    assert look_all() == 0
    assert look_all(NOW + timezone.timedelta(seconds=3)) == 1
    assert (check_of(file).pages, job_of(file).attempts) == (4, 2)
    look._finish(lost, file, Seen(9, "." * 9), NOW)  # it was only slow
    assert check_of(file).pages == 4


@pytest.mark.django_db
def test_a_file_taken_out_while_it_is_looked_at_leaves_nothing(monkeypatch):
    who = person(Role.CLERK)
    case = draft_case(who)
    first, second = (attach.attach(case, report("mri.pdf", BLANK), by=who, at=NOW) for _ in range(2))

    def taken_out(*_):
        attach.detach(case, first, by=who, at=NOW)
        return Seen(1, "b")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(seen, "look", taken_out)
        assert look.run(lambda: NOW) == 1
    assert look_all() == 1
    attach.detach(case, second, by=who, at=NOW)
    assert not PageCheck.objects.unscoped("the test looks").exists()
    assert not Job.objects.exclude(state="done").exists()


@pytest.mark.django_db
def test_with_a_scanner_only_a_file_that_it_found_clean_is_looked_at(settings):
    settings.SCANNER_URL = "clamd://127.0.0.1:1"
    file, sick = attached(BLANK), attached(BLANK)
    assert (look_all(), look.enqueue_missed(NOW)) == (0, 0)
    Attachment.objects.unscoped("as the scanner").filter(pk=file.pk).update(scan="clean", scanned_at=NOW)
    look.enqueue(file, NOW)
    look.enqueue(file, NOW)
    look.enqueue(sick, NOW)  # of which the verdict came meanwhile
    Attachment.objects.unscoped("as the scanner").filter(pk=sick.pk).update(scan="infected", scanned_at=NOW)
    assert look_all() == 2
    assert (check_of(file).blank, check_of(sick)) == ([1], None)


@pytest.mark.django_db
def test_files_of_requests_that_are_decided_are_left_alone():
    file, ended = attached(BLANK), attached(BLANK)
    Job.objects.all().delete()
    force("UPDATE priorauth_case SET status = 'withdrawn' WHERE id = %s", ended.case_id)
    assert (look.enqueue_missed(NOW), look_all()) == (1, 1)
    assert (json.loads(json.dumps(check_of(file).blank)), check_of(ended)) == ([1], None)


# The pages


def uploaded(client, case, content: bytes, **changes) -> str:
    """Save the form with a report in the place of the one before; the page after it."""
    payload = draft_of(case).fields | changes | {"imaging-0-file": report("mri.pdf", content)}
    return unescape(post_edit(client, case, payload, follow=True).content.decode())


@pytest.mark.django_db
def test_the_office_reads_the_state_beside_the_file_and_is_asked_once_before_sending():
    client = browser(clerk())
    case = saved_draft(client)
    edit = f"/requests/{case.reference}/edit/"
    changes = {"imaging-0-page": "9", "levels-0-onset_source": "mri, page 3", "treatments-0-source": "mri page 1"}
    assert ">Checking</span>" in uploaded(client, case, blank_third(), **changes)
    fields = draft_of(case).fields
    checked = post_edit(client, case, fields | {"action": "check"})
    assert checked["Location"] == f"{edit}check/", "nobody waits for it"
    assert "The pages of mri.pdf are still being checked." in client.get(checked["Location"]).content.decode()

    assert look_all(timezone.now()) == 1
    live = client.post(f"{edit}missing/", fields | {"version": draft_of(case).version}).content.decode()
    file = case.attachments.get()
    told = f'id="pages-{file.pk}" data-live><strong>Could not be read: page 3 is blank</strong></span>'
    assert told in live
    assert told in client.get(edit).content.decode()

    mistakes = post_edit(client, case, draft_of(case).fields | {"action": "check"})["Location"]
    page = unescape(client.get(mistakes).content.decode())
    asked = [
        "mri.pdf could not be read: page 3 is blank. Is it the right file, and whole?",
        "The report of study 1 is said to be on page 9 of mri.pdf, but there is no page 9: the file has 4 pages. Which"
        " page is right?",
        "The start of the pain at L1 is said to be on page 3 of mri.pdf, but page 3 is blank. Which page is right?",
    ]
    assert [doubt.words for doubt in doubts.find(form_of(draft_of(case).fields, case, timezone.localdate()))] == asked
    for words in asked:
        assert words in page
    check = client.post(mistakes, {"version": draft_of(case).version})["Location"]
    page = client.get(check).content.decode()
    assert "may be a mistake" not in page
    assert "still being checked" not in page
    client.post(check, {"version": draft_of(case).version, "statement": "yes"})
    assert set(case.revisions.get().details["confirmed"]) == set(asked)
    assert told in client.get(f"/requests/{case.reference}/").content.decode()
    assert told in client.get(f"/requests/{case.reference}/amend/").content.decode()

    score_all(timezone.now())
    nurse = browser(person(Role.NURSE))
    page = unescape(nurse.get(case_page(case)).content.decode())
    assert "<strong>Could not be read: page 3 is blank</strong>" in page
    assert ", <strong>there is no page 9: the file has 4 pages</strong>" in page
    assert "pain started</a>, <strong>page 3 is blank</strong>" in page
    for number, blank in ((3, 1), (4, 0)):
        viewed = nurse.get(reverse("admin:priorauth_case_view", args=[case.pk, file.pk]), {"page": number})
        assert viewed.status_code == 200
        assert viewed.content.decode().count('<p class="note wait">Page 3 is blank.</p>') == blank


@pytest.mark.django_db
def test_a_file_that_opens_without_a_password_is_not_asked_about_and_one_that_does_not_is():
    client = browser(clerk())
    case = saved_draft(client)
    for content, words in (
        (reports.locked(), "mri.pdf is password protected, and a reviewer has no password. Is there one without?"),
        (BLANK, "mri.pdf could not be read: its only page is blank. Is it the right file, and whole?"),
        (
            blank_third()[:4000] + b"\n%%EOF",
            "mri.pdf could not be read: it cannot be opened. Is it the right",
        ),
        (typed(WORDS), ""),
    ):
        uploaded(client, case, content)
        look_all(timezone.now())
        found = [doubt.words for doubt in doubts.find(form_of(draft_of(case).fields, case, timezone.localdate()))]
        assert " ".join(found).startswith(words), found
        assert bool(found) == bool(words)
