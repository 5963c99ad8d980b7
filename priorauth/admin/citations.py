"""Which file and page a fact is said to be written on, from the details of a revision (DESIGN.md 3.1)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from policies.vocabulary import words
from priorauth.admin import facts
from priorauth.models import Attachment, Revision
from priorauth.sources import cited, page_of_study


class Citation(NamedTuple):
    """One fact's place: what it is, where in the office's words, and the file and page that these name; None where they
    name none of the files that were sent."""

    what: str
    where: str
    file: Attachment | None
    page: int | None
    paths: tuple[str, ...] = ()  # of the facts, in facts v1

    @property
    def opens(self) -> int:
        """The page to show for it: the first where the office named none."""
        return self.page or 1

    def at(self, file: Attachment, number: int) -> bool:
        """Whether it may be written on this page: where the office named none, that is each page of its file."""
        return self.file == file and self.page in (None, number)


def of_revision(revision: Revision, files: Iterable[Attachment]) -> list[Citation]:
    """Every place that the office gave, studies first."""
    files = list(files)
    return [*_studies(revision, files), *_written(revision, files)]


def _studies(revision: Revision, files: list[Attachment]) -> Iterator[Citation]:
    by_key = {str(file.pk): file for file in files}
    for study in revision.details.get("studies") or []:
        file = by_key.get(study.get("file") or "")
        if file:
            where = study.get("page") or ""
            what = f"{facts.word(study['modality'])}, {facts.day(study.get('date'))}"
            yield Citation(what, where, file, page_of_study(where), tuple(_entries(revision.facts, study)))


def _entries(document: Mapping[str, Any], study: Mapping[str, Any]) -> Iterator[str]:
    """The paths of what a study found, at each level."""
    for level, known in document["levels"].items():
        for number, entry in enumerate((known or {}).get("imaging") or ()):
            if (entry["modality"], entry.get("date")) == (study["modality"], study.get("date")):
                yield f"levels.{level}.imaging.{number}"


def _written(revision: Revision, files: list[Attachment]) -> Iterator[Citation]:
    """Onsets, then treatments in their order: a stored document does not keep the order of its keys."""
    sources = revision.details.get("sources") or {}
    for path in sorted(sources, key=lambda path: (not path.startswith("levels"), len(path), path)):
        where = sources[path]
        file, page = cited(where, files)
        kind, name, *_ = [*path.split("."), ""]
        if kind == "levels":
            yield Citation(f"{name}: pain started", where, file, page, (path,))
        else:
            yield Citation(_treatment(revision.facts, name), where, file, page, (path,))


def _treatment(document: Mapping[str, Any], number: str) -> str:
    listed = document.get("treatments") or []
    if not (number.isdecimal() and int(number) < len(listed)):
        return "Treatment"
    return f"Treatment {int(number) + 1}: {words(listed[int(number)]['modality'])}"
