"""The evidence beside the criteria: the files that were sent, what they are cited for, and one page as an image."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.http import Http404
from django.urls import reverse

from priorauth import downloads, page_images
from priorauth.admin import citations
from priorauth.admin.citations import Citation
from priorauth.admin.provenance import reading_of
from priorauth.models import Attachment, Case, Revision

GONE = "The bytes of this file are gone."
LAST_PAGE = 9999  # that an address can name


class Place(NamedTuple):
    """A link to the page that a fact cites; no address where no file that was sent is named."""

    citation: Citation
    url: str
    open: bool  # whether it is the page that is shown


class Sent(NamedTuple):
    """One file: the address that shows it, the one that hands it out ("" where nobody may have it), its citations."""

    file: Attachment
    url: str
    original: str
    places: list[Place]
    open: bool


class Shown(NamedTuple):
    """The page that is open. `problem` says why there is no image; addresses are "" where there is nothing to go to."""

    file: Attachment
    number: int
    pages: int | None
    image: str
    text: str
    problem: str
    busy: bool
    alone: str
    original: str
    previous: str
    next: str
    previous_file: str
    next_file: str
    cited_for: list[Citation]

    @property
    def reading(self) -> str:
        """`reading_of` the facts that cite this page."""
        return reading_of([path for one in self.cited_for for path in one.paths], self.file, self.number)


class Evidence(NamedTuple):
    sent: list[Sent]
    elsewhere: list[Citation]  # said to be written where no file that was sent is named
    shown: Shown | None


class Addresses:
    """The addresses of one case's pages: on its own page, or in the viewer."""

    def __init__(self, case: Case, *, viewer: bool = False) -> None:
        self.case, self.viewer = case, viewer

    def page(self, file: Attachment, number: int = 1) -> str:
        return self.alone(file, number) if self.viewer else self.beside(file, number)

    def beside(self, file: Attachment, number: int) -> str:
        """On the case page, which says with it what is open."""
        case = reverse("admin:priorauth_case_change", args=[self.case.pk])
        return f"{case}?file={file.pk}&page={number}#evidence"

    def alone(self, file: Attachment, number: int) -> str:
        return f"{reverse('admin:priorauth_case_view', args=[self.case.pk, file.pk])}?page={number}"

    def image(self, file: Attachment, number: int) -> str:
        return reverse("admin:priorauth_case_page", args=[self.case.pk, file.pk, number])

    def original(self, file: Attachment) -> str:
        """Of the download; "" where nobody may have it."""
        return "" if _withheld(file) else reverse("admin:priorauth_case_file", args=[self.case.pk, file.pk])


def evidence(
    case: Case, revision: Revision, files: Sequence[Attachment], *, chosen: Mapping[str, str] | None = None
) -> Evidence:
    """What the case page shows beside the criteria of `revision`. `chosen` is the query of its address: `file` and
    `page`. Without one, or with one that names no file of the case, it is the first page that a fact cites."""
    cited = citations.of_revision(revision, files)
    file, number = _chosen(files, cited, chosen or {})
    to = Addresses(case)
    return Evidence(
        sent=[_sent(one, cited, to, file, number) for one in files],
        elsewhere=[one for one in cited if one.file is None],
        shown=shown(to, files, file, number, cited) if file else None,
    )


def number_in(text: str) -> int:
    """The page that an address names; the first for anything else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1
    return number if 1 <= number <= LAST_PAGE else 1


def _chosen(
    files: Sequence[Attachment], cited: list[Citation], chosen: Mapping[str, str]
) -> tuple[Attachment | None, int]:
    named = next((file for file in files if str(file.pk) == chosen.get("file")), None)
    if named:
        return named, number_in(chosen.get("page", ""))
    first = next((one for one in cited if one.file and not _withheld(one.file)), None)
    if first:
        return first.file, first.opens
    return next((file for file in files if not _withheld(file)), None), 1


def _sent(file: Attachment, cited: list[Citation], to: Addresses, chosen: Attachment | None, number: int) -> Sent:
    is_open = file == chosen
    places = [
        Place(one, to.page(file, one.opens), is_open and one.opens == number) for one in cited if one.file == file
    ]
    first = min((one.citation.opens for one in places), default=1)
    return Sent(file, "" if _withheld(file) else to.page(file, first), to.original(file), places, is_open)


def shown(to: Addresses, files: Sequence[Attachment], file: Attachment, number: int, cited: list[Citation]) -> Shown:
    """One page of one of the files, drawn if it was not yet."""
    pages, text, problem, busy = _look(file, number)
    openable = [one for one in files if not _withheld(one) or one == file]
    place = openable.index(file)
    before, after = openable[:place], openable[place + 1 :]
    return Shown(
        file=file,
        number=number,
        pages=pages,
        image="" if problem else to.image(file, number),
        text=text,
        problem=problem,
        busy=busy,
        alone=to.alone(file, number),
        original=to.original(file),
        previous=to.page(file, min(number - 1, pages or number)) if number > 1 else "",
        next=to.page(file, number + 1) if pages and number < pages else "",
        previous_file=to.page(before[-1]) if before else "",
        next_file=to.page(after[0]) if after else "",
        cited_for=[one for one in cited if one.file == file and one.opens == number],
    )


def _look(file: Attachment, number: int) -> tuple[int | None, str, str, bool]:
    """How many pages, the text of this one, why it cannot be shown, and whether it can be in a moment."""
    try:
        page = page_images.page(file, number)
    except (page_images.NotDrawn, downloads.Withheld) as told:
        return None, "", str(told), isinstance(told, page_images.Busy)
    except Http404:
        return None, "", GONE, False
    if isinstance(page, page_images.NoSuchPage):
        return page.pages, "", page.words, False
    return page.pages, page.text, "", False


def _withheld(file: Attachment) -> bool:
    return bool(downloads.withheld(file))
