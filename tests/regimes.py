"""The portal's own file of regimes, and copies of it with changes, as a plan would keep them."""

from itertools import count
from pathlib import Path

from priorauth.regimes import library
from priorauth.regimes.library import Library

OURS = Path(library.__file__).with_name("regimes.yaml")
_numbers = count(1)


def ours() -> Library:
    return library.load(OURS)


def copy(folder: Path, *changes: tuple[str, str]) -> Path:
    """A copy of our file in which each `before` is replaced, once, by `after`; a new file each time."""
    text = OURS.read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    target = folder / f"regimes{next(_numbers)}.yaml"
    target.write_text(text)
    return target


def changed(folder: Path, *changes: tuple[str, str]) -> Library:
    return library.load(copy(folder, *changes))


# PPO under the rule that stops the clock, and Indemnity under the one of self-funded plans: a word moved each.
MOVED = (
    ("[hmo, pos, ppo, indemnity, other]", "[hmo, pos, other]"),
    ("label: MassHealth\n    products: []", "label: MassHealth\n    products: [ppo]"),
    ("label: Self-funded employer plan (ERISA)\n    products: []",
     "label: Self-funded employer plan (ERISA)\n    products: [indemnity]"),
)  # fmt: skip
