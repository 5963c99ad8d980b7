"""The one rule for where the office says a fact is written: a document is only a file of the case that its words name.

“By phone”, “the chart” and “not in a record” name none: what they say is attested, and drawn as reported only.
"""

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final

from priorauth.downloads import withheld
from priorauth.models import Attachment, Revision

PAGE: Final = re.compile(r"\bp(?:ages?|gs?|p)?\.? ?(?P<number>[1-9]\d{0,3})\b", re.IGNORECASE)
BARE: Final = re.compile(r"\s*(?P<number>[1-9]\d{0,3})\b")
NO_RECORD: Final = re.compile(r"\s*(not?|none|n/a)\b", re.IGNORECASE)
SHORTEST_NAME: Final = 3


def written(revision: Revision) -> dict[str, str]:
    """The path of each fact of a treatment or an onset -> where it is written, in the office's words; without those
    that say that there is no record."""
    said = {path: str(where or "").strip() for path, where in (revision.details.get("sources") or {}).items()}
    return {path: where for path, where in said.items() if where and not NO_RECORD.match(where)}


def in_files(revision: Revision, files: Iterable[Attachment]) -> frozenset[str]:
    """The paths of the facts that are said to be written in one of these files."""
    files = list(files)
    return frozenset(path for path, where in written(revision).items() if cited(where, files)[0])


def cited(where: str, files: Iterable[Attachment]) -> tuple[Attachment | None, int | None]:
    """The file and the page that the office's words name; None for what they do not."""
    file = _named(where, files)
    return file, _number(PAGE.search(where)) if file else None


def reports(revision: Revision, files: Iterable[Attachment]) -> dict[str, tuple[Attachment, int]]:
    """The file and the page that show each level: the report of the newest study with a finding there, of the files
    that may be had."""
    by_key = {str(file.pk): file for file in files if not withheld(file)}
    studies = [study for study in revision.details.get("studies") or [] if study.get("file") in by_key]
    return {
        level: (by_key[study["file"]], page_of_study(study.get("page") or "") or 1)
        for study in sorted(studies, key=lambda study: study.get("date") or "")
        for level, found in (study.get("findings") or {}).items()
        if found
    }


def page_of_study(where: str) -> int | None:
    """The page of its report, as the office typed it beside the file."""
    return _number(PAGE.search(where) or BARE.match(where))


def _named(where: str, files: Iterable[Attachment]) -> Attachment | None:
    """The file whose name, without its ending, stands in the text; of several the longest name."""
    text = where.casefold()
    found = [file for file in files if len(_stem(file)) >= SHORTEST_NAME and _stem(file) in text]
    return max(found, key=lambda file: len(_stem(file)), default=None)


def _stem(file: Attachment) -> str:
    return PurePath(file.name).stem.casefold()


def _number(found: re.Match[str] | None) -> int | None:
    return int(found["number"]) if found else None
