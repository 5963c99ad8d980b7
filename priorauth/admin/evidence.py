"""The evidence beside the criteria: the files that were sent, what they are cited for, and one page as an image with
the words of the facts that cite it marked."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.http import Http404
from django.urls import reverse

from priorauth import downloads, page_images, typed
from priorauth.admin import citations
from priorauth.admin.citations import Citation
from priorauth.admin.criteria_table import Row
from priorauth.admin.provenance import reading_of
from priorauth.models import Attachment, Case, Revision
from priorauth.passages import Passages, find
from priorauth.phrases import Phrase, phrases
from priorauth.services.read import of_the_record

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
    """The page that is open. `problem` says why there is no image; addresses are "" where there is nothing to go to.
    `found` are the words of its facts on it; None where no fact cites it."""

    file: Attachment
    number: int
    pages: int | None
    page: page_images.Page | None
    found: Passages | None
    image: str
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


class Choice(NamedTuple):
    """The criterion that was chosen: how many files it cites of how many, and the address that shows all again."""

    row: Row
    cited: int
    sent: int
    all: str


class Evidence(NamedTuple):
    sent: list[Sent]
    elsewhere: list[Citation]  # said to be written where no file that was sent is named
    shown: Shown | None
    choice: Choice | None


class Addresses:
    """The addresses of one case's pages: on its own page, or in the viewer. `row` is the criterion that was chosen."""

    def __init__(self, case: Case, *, viewer: bool = False, row: int = 0) -> None:
        self.case, self.viewer = case, viewer
        self._row = f"&row={row}" if row else ""

    def page(self, file: Attachment, number: int = 1) -> str:
        return self.alone(file, number) if self.viewer else self.beside(file, number)

    def beside(self, file: Attachment, number: int) -> str:
        """From the case page: what is open on it."""
        return f"?file={file.pk}&page={number}{self._row}#evidence"

    def back(self, file: Attachment, number: int) -> str:
        """From the viewer to the same page beside the criteria."""
        return reverse("admin:priorauth_case_change", args=[self.case.pk]) + self.beside(file, number)

    def alone(self, file: Attachment, number: int) -> str:
        return f"{reverse('admin:priorauth_case_view', args=[self.case.pk, file.pk])}?page={number}{self._row}"

    def image(self, file: Attachment, number: int) -> str:
        return reverse("admin:priorauth_case_page", args=[self.case.pk, file.pk, number])

    def original(self, file: Attachment) -> str:
        """Of the download; "" where nobody may have it."""
        return "" if _withheld(file) else reverse("admin:priorauth_case_file", args=[self.case.pk, file.pk])


class Known:
    """What the files are looked through for: the places that the office named, and the facts that count. `row` is the
    criterion that was chosen, `places` are those that it cites, or all of them."""

    def __init__(
        self, revision: Revision, files: Sequence[Attachment], facts: Mapping[str, Any], row: Row | None = None
    ) -> None:
        self.files, self.row = files, row
        self.cited = citations.of_revision(revision, files)
        self.places = [one for one in (_of_row(row, self.cited) if row else self.cited) if one.file]
        self._facts, self._days = facts, typed.days(revision, facts)

    @property
    def chosen_files(self) -> list[Attachment]:
        """Those that the chosen criterion cites, in the order of the files; all where it cites none."""
        cited = {one.file for one in self.places}
        return [file for file in self.files if not self.row or file in cited] or list(self.files)

    def phrases(self, file: Attachment, number: int) -> list[Phrase]:
        """What to look for on a page: the facts that cite it, or its file without a page; of the chosen criterion alone
        where it has any."""
        here = [one for one in self.places if one.at(file, number)] or [
            one for one in self.cited if one.at(file, number)
        ]
        return phrases(self._facts, [path for one in here for path in one.paths], self._days)


def _of_row(row: Row, cited: list[Citation]) -> list[Citation]:
    """The places that a criterion cites; whether examination and imaging agree is judged from the studies too."""
    own = [
        Citation(
            row.told["label"],
            one.origin.where,
            one.origin.file,
            one.origin.page,
            tuple(filter(of_the_record, one.paths)),
        )
        for one in row.cited
    ]
    studies = f"levels.{row.level}.imaging."
    return own + [one for one in cited if row.is_certainty and any(path.startswith(studies) for path in one.paths)]


def evidence(case: Case, known: Known, *, chosen: Mapping[str, str] | None = None) -> Evidence:
    """What the case page shows beside the criteria. `chosen` is the query of its address: `file` and `page`. Without
    one, or with one that names no file of the case, it is the first page that the chosen criterion cites, or any."""
    file, number = _chosen(known, chosen or {})
    to = Addresses(case, row=known.row.number if known.row else 0)
    return Evidence(
        sent=[_sent(one, known.cited, to, file, number) for one in known.chosen_files],
        elsewhere=[one for one in known.cited if one.file is None],
        shown=shown(to, known, file, number) if file else None,
        choice=_choice(case, known, file, number),
    )


def row_in(text: str, rows: Sequence[Row]) -> Row | None:
    """The criterion that an address names by its number in the table."""
    return next((row for row in rows if str(row.number) == text), None)


def number_in(text: str) -> int:
    """The page that an address names; the first for anything else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1
    return number if 1 <= number <= LAST_PAGE else 1


def _chosen(known: Known, chosen: Mapping[str, str]) -> tuple[Attachment | None, int]:
    named = next((file for file in known.files if str(file.pk) == chosen.get("file")), None)
    if named:
        return named, number_in(chosen.get("page", ""))
    first = next((one for one in [*known.places, *known.cited] if one.file and not _withheld(one.file)), None)
    if first:
        return first.file, first.opens
    return next((file for file in known.files if not _withheld(file)), None), 1


def _choice(case: Case, known: Known, file: Attachment | None, number: int) -> Choice | None:
    if not known.row:
        return None
    cited = len({one.file for one in known.places})
    return Choice(known.row, cited, len(known.files), Addresses(case).beside(file, number) if file else "?")


def _sent(file: Attachment, cited: list[Citation], to: Addresses, chosen: Attachment | None, number: int) -> Sent:
    is_open = file == chosen
    places = [
        Place(one, to.page(file, one.opens), is_open and one.opens == number) for one in cited if one.file == file
    ]
    first = min((one.citation.opens for one in places), default=1)
    return Sent(file, "" if _withheld(file) else to.page(file, first), to.original(file), places, is_open)


def shown(to: Addresses, known: Known, file: Attachment, number: int) -> Shown:
    """One page of one of the files, drawn if it was not yet."""
    pages, page, problem, busy = _look(file, number)
    files = known.chosen_files if file in known.chosen_files else known.files
    openable = [one for one in files if not _withheld(one) or one == file]
    place = openable.index(file)
    before, after = openable[:place], openable[place + 1 :]
    sought = known.phrases(file, number)
    return Shown(
        file=file,
        number=number,
        pages=pages,
        page=page,
        found=find(page.words, page.size, sought) if page and sought else None,
        image="" if problem else to.image(file, number),
        problem=problem,
        busy=busy,
        alone=to.alone(file, number),
        original=to.original(file),
        previous=to.page(file, min(number - 1, pages or number)) if number > 1 else "",
        next=to.page(file, number + 1) if pages and number < pages else "",
        previous_file=to.page(before[-1]) if before else "",
        next_file=to.page(after[0]) if after else "",
        cited_for=[one for one in known.cited if one.file == file and one.opens == number],
    )


def _look(file: Attachment, number: int) -> tuple[int | None, page_images.Page | None, str, bool]:
    """How many pages, this one, why it cannot be shown, and whether it can be in a moment."""
    try:
        page = page_images.page(file, number)
    except (page_images.NotDrawn, downloads.Withheld) as told:
        return None, None, str(told), isinstance(told, page_images.Busy)
    except Http404:
        return None, None, GONE, False
    if isinstance(page, page_images.NoSuchPage):
        return page.pages, None, page.says, False
    return page.pages, page, "", False


def _withheld(file: Attachment) -> bool:
    return bool(downloads.withheld(file))
