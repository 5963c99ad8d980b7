"""An edition ready to score: its document, the digest of its file, and its rules compiled under its switches."""

import hashlib
from pathlib import Path
from typing import Self

from policies import loader
from policies.document import EditionDocument
from policies.levels import LevelRules
from policies.lines import LineRules


class Edition:
    """An edition of a policy.

    `policy` and `edition` name it, `file` is where it stands, `sha256` the digest of its bytes, `changed` are the
    switches that do not stand at their default.
    """

    def __init__(self, document: EditionDocument, file: Path, sha256: str, switches: dict[str, str]) -> None:
        self.document = document
        self.policy = document.policy
        self.edition = document.edition
        self.effective = document.effective
        self.pathways = tuple(document.pathways)
        self.file = file
        self.sha256 = sha256
        self.switches = switches
        defaults = document.readings()
        self.changed = {name: value for name, value in switches.items() if value != defaults[name]}
        self.levels = LevelRules(document, switches)
        self.lines = LineRules(document, switches, self.levels)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The edition of a file, under its default switches; raises `strict_yaml.YamlError`."""
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return cls.of(loader.load(path), path, digest)

    @classmethod
    def of(cls, document: EditionDocument, file: Path = Path(), sha256: str = "") -> Self:
        """The edition of a document, under its default switches."""
        return cls(document, file, sha256, document.readings())

    def with_switches(self, **changes: str) -> Self:
        """The same edition read otherwise, for replay. Raises ValueError for a switch or value that is not known."""
        for name, value in changes.items():
            if value not in self.document.values_of(name):
                raise ValueError(f"there is no switch {name} with the value {value}")
        return type(self)(self.document, self.file, self.sha256, {**self.switches, **changes})
