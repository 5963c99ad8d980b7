"""Where a fact of a revision comes from: what its badge says, and which page it cites.

Computed: worked out by the portal. Attested: typed by the office, which may say where it is written. Document: it
names a file of the case (priorauth/sources.py). Member record: the plan's member file says the same. Seen: a reviewer
read all of it in the record. A reviewer's judgment has its badge beside the mark.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple
from urllib.parse import urlencode

from policies.places import Place
from priorauth import fact_words, sources, typed
from priorauth.models import Attachment, Reading, Revision
from priorauth.models.reading import latest
from priorauth.pictures.course import STAY
from priorauth.services.read import of_the_record, readable

Found = Reading.Found

BADGES = {
    "computed": "Computed",
    "attested": "Attested",
    "document": "Document",
    "member": "Member record",
    "seen": "Seen by",
}


class Origin(NamedTuple):
    """`kind` is a key of BADGES; "" where nothing was recorded. `where` is the record in the office's words, `by` who
    saw it there, `notes` what was read otherwise or not found."""

    kind: str
    where: str = ""
    file: Attachment | None = None
    page: int | None = None
    by: str = ""
    notes: tuple[str, ...] = ()

    @property
    def opens(self) -> int:
        """The page to show: the first where the office named none."""
        return self.page or 1

    @property
    def word(self) -> str:
        return f"{BADGES.get(self.kind, '')} {self.by}".strip()


class Cited(NamedTuple):
    """Sentences that come from one place, and the paths of the facts that they repeat."""

    origin: Origin
    sentences: list[str]
    paths: tuple[str, ...] = ()

    @property
    def reading(self) -> str:
        """`reading_of` the facts that a record can be read for; "" where there are none."""
        paths = [path for path in self.paths if path and of_the_record(path)]
        return reading_of(paths, self.origin.file, self.origin.opens) if paths else ""

    @property
    def words(self) -> str:
        return "; ".join(self.sentences)


NOT_RECORDED, COMPUTED, ATTESTED = Origin(""), Origin("computed"), Origin("attested")


def _is_above(path: str, paths: Iterable[str]) -> bool:
    """Whether one of the paths leads to a value of the fact at `path`."""
    return any(one.startswith(f"{path}.") for one in paths)


def reading_of(paths: Iterable[str], file: Attachment | None, page: int) -> str:
    """The query under which the page to say what the record holds asks for these facts, with where to read them."""
    where = [("file", str(file.pk)), ("page", str(page))] if file else []
    return urlencode([*(("path", path) for path in dict.fromkeys(paths)), *where])


class Origins:
    """The origins of one revision's facts. `files` are the case's files by their key; `member_product` is the plan of
    the member file, where it has the member; `readings` are those of the revision, `since` when this round began."""

    def __init__(
        self,
        revision: Revision,
        files: Mapping[str, Attachment],
        member_product: str = "",
        readings: Iterable[Reading] = (),
        since: dt.datetime | None = None,
    ) -> None:
        self._since = since
        self._facts, self._details = revision.facts, revision.details
        self._written, self._files = sources.written(revision), files
        self._member_product = member_product
        self._readings = latest(readings)
        counted = {path for path, one in self._readings.items() if one.found == Found.COUNTS}
        dated = typed.of_treatments(revision)
        self._dated = {path: words for path, words in dated.items() if not _is_above(path, counted)}
        self._values: dict[str, list[Place]] = {}  # those at or below each path
        for place in readable(revision).values() if self._readings else ():
            steps = place.path.split(".")
            for count in range(1, len(steps) + 1):
                self._values.setdefault(".".join(steps[:count]), []).append(place)

    def of(self, path: str) -> Origin:
        """The origin of the fact at a path of facts v1 (`levels.L1.exam`); "" is what the portal worked out."""
        if not path or path in ("patient.age", "request_date"):
            return COMPUTED
        sent, since = self._as_sent(path), self._since
        read = {place: self._readings.get(place.path) for place in self._values.get(path, ())}
        if not any(read.values()):
            return sent
        notes = tuple(read_words(place, one, since) for place, one in read.items() if one and one.found != Found.SAME)
        given = [one for place, one in read.items() if place.value is not None or one]
        if not all(one and one.found in (Found.SAME, Found.COUNTS) for one in given):
            return sent._replace(notes=notes)
        where = next((one for one in given if one.file), None)
        by = " and ".join(dict.fromkeys(reader(one, since) for one in given))
        seen = Origin("seen", sent.where, sent.file, sent.page, by, notes)
        return seen._replace(where="", file=where.file, page=where.page) if where else seen

    def _as_sent(self, path: str) -> Origin:
        value = self._at(path)
        if value is None:
            return NOT_RECORDED
        if path == "product" and value == self._member_product:
            return Origin("member")
        if ".imaging." in path:
            return self._of_study(value)
        where = self._written.get(path, "")
        file, page = sources.cited(where, self._files.values())
        return Origin("document" if file else "attested", where, file, page)

    @property
    def of_records(self) -> frozenset[str]:
        """The paths of the stay and the treatments that a file of the case holds, or in which a reviewer read them."""
        treatments = (f"treatments.{number}" for number, _ in enumerate(self._facts.get("treatments") or ()))
        paths = (STAY, *treatments)
        return frozenset(path for path in paths if self.of(path).kind in ("document", "seen"))

    def otherwise(self) -> list[str]:
        """What was read otherwise, or not found, in words."""
        known = {place.path: place for places in self._values.values() for place in places}
        others = {path: one for path, one in self._readings.items() if one.found != Found.SAME}
        return [read_words(known[path], one, self._since) for path, one in others.items()]

    @property
    def former(self) -> int:
        """How many values were read before this round began."""
        return sum(self._since is not None and one.read_at < self._since for one in self._readings.values())

    def cited(self, sentences: Iterable[str], paths: Iterable[str]) -> list[Cited]:
        """Sentences with the path of the fact that each repeats, those of one origin that follow each other joined."""
        return together(
            (self.of(path), typed.with_dates(words, path, self._dated), path)
            for words, path in zip(sentences, paths, strict=True)
        )

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
                return Origin("document", where, file, sources.page_of_study(where))
        return ATTESTED


def together(said: Iterable[tuple[Origin, str, str]]) -> list[Cited]:
    """Sentences, each with its origin and its path, those of one origin that follow each other joined."""
    found = []
    for origin, group in groupby(said, key=lambda one: one[0]):
        _, sentences, paths = zip(*group, strict=True)
        found.append(Cited(origin, list(sentences), paths))
    return found


def reader(one: Reading, since: dt.datetime | None = None) -> str:
    """Who read it, and whether that was before `since`, when the round of the case began."""
    return f"{one.read_by} in a former round" if since and one.read_at < since else str(one.read_by)


def read_words(place: Place, one: Reading, since: dt.datetime | None = None) -> str:
    """What was read otherwise, or not found, in words; `since` as in `reader`."""
    name, who = fact_words.named(place.path), reader(one, since)
    if one.found == Found.NOT_THERE:
        return f"{name}: {who} did not find it there."
    sent, read = fact_words.said(place, place.value), fact_words.said(place, one.value)
    counts = "the one read counts" if one.found == Found.COUNTS else "the one sent counts"
    return f"{name}: sent {sent}, read by {who}: {read}; {counts}: “{one.reason}”"
