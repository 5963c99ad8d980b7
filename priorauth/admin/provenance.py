"""Where a fact of a revision comes from: what its badge says, and which page it cites.

Computed: worked out by the portal. Attested: typed by the office. Document: the office names the file or the record in
which it is written. Member record: the plan's member file says the same. A reviewer's judgment has its
badge beside the mark.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from priorauth import typed
from priorauth.admin import citations
from priorauth.models import Attachment, Revision
from priorauth.pictures.course import NO_RECORD

BADGES = {
    "computed": "Computed",
    "attested": "Attested",
    "document": "Document",
    "member": "Member record",
}


class Origin(NamedTuple):
    """`kind` is a key of BADGES; "" where nothing was recorded. `where` is the record in the office's words."""

    kind: str
    where: str = ""
    file: Attachment | None = None
    page: int | None = None

    @property
    def opens(self) -> int:
        """The page to show: the first where the office named none."""
        return self.page or 1

    @property
    def word(self) -> str:
        return BADGES.get(self.kind, "")


class Cited(NamedTuple):
    """Sentences that come from one place."""

    origin: Origin
    sentences: list[str]

    @property
    def words(self) -> str:
        return "; ".join(self.sentences)


NOT_RECORDED, COMPUTED, ATTESTED = Origin(""), Origin("computed"), Origin("attested")


class Origins:
    """The origins of one revision's facts. `files` are the case's files by their key; `member_product` is the plan of
    the member file, where it has the member."""

    def __init__(self, revision: Revision, files: Mapping[str, Attachment], member_product: str = "") -> None:
        self._facts, self._details = revision.facts, revision.details
        self._dated = typed.of_treatments(revision)
        self._files = files
        self._member_product = member_product

    def of(self, path: str) -> Origin:
        """The origin of the fact at a path of facts v1 (`levels.L1.exam`); "" is what the portal worked out."""
        if not path or path in ("patient.age", "request_date"):
            return COMPUTED
        value = self._at(path)
        if value is None:
            return NOT_RECORDED
        if path == "product" and value == self._member_product:
            return Origin("member")
        if ".imaging." in path:
            return self._of_study(value)
        where = str((self._details.get("sources") or {}).get(path) or "").strip()
        if not where or NO_RECORD.match(where):
            return ATTESTED
        return Origin("document", where, *citations.place(where, self._files.values()))

    def cited(self, sentences: Iterable[str], paths: Iterable[str]) -> list[Cited]:
        """Sentences with the path of the fact that each repeats, those of one origin that follow each other joined."""
        pairs = [
            (self.of(path), typed.with_dates(words, path, self._dated))
            for words, path in zip(sentences, paths, strict=True)
        ]
        grouped = groupby(pairs, key=lambda pair: pair[0])
        return [Cited(origin, [words for _, words in group]) for origin, group in grouped]

    def _at(self, path: str) -> Any:
        value: Any = self._facts
        for step in path.split("."):
            if value is None:
                return None
            value = value[int(step)] if isinstance(value, list) else value.get(step)
        return value

    def _of_study(self, entry: Mapping[str, Any]) -> Origin:
        for study in self._details.get("studies") or ():
            same = (study.get("modality"), study.get("date")) == (entry["modality"], entry.get("date"))
            if same and (file := self._files.get(study.get("file") or "")):
                where = study.get("page") or ""
                return Origin("document", where, file, citations.page_of_study(where))
        return ATTESTED
