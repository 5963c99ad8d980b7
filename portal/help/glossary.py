"""The words that pages and letters use, as glossary.yaml has them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.utils.text import slugify

from policies import strict_yaml
from priorauth.statuses import Status


@dataclass(frozen=True)
class Entry:
    """One term and what it means here; `anchor` is its place on the page, `/glossary/#in-review`."""

    term: str
    meaning: str

    @property
    def anchor(self) -> str:
        return slugify(self.term)


FILE: Final = strict_yaml.load(Path(__file__).with_name("glossary.yaml")).data
STATUSES: Final = tuple((status, Entry(status.label, FILE["statuses"][status.value])) for status in Status)
WORDS: Final = tuple(Entry(*one) for one in sorted(FILE["words"].items(), key=lambda one: one[0].casefold()))
