"""Answers of the drawing program, kept on the disk: a page is drawn once. A copy that can be thrown away at any time.

A file is named by the attachment's uuid, the page and the RECIPE. Files lie in 256 folders by the first two digits of
the uuid, each of at most MOST_OF_A_FOLDER bytes: what was not looked at for longest makes room.
"""

import logging
import os
import tempfile
import uuid
from pathlib import Path

from django.conf import settings

log = logging.getLogger(__name__)

RECIPE = 2  # raise it where a page would be drawn, or told, otherwise than before
MOST_OF_A_FOLDER = 8 << 20  # bytes: 2 GiB of all


def root() -> Path:
    return Path(settings.PAGE_IMAGES_ROOT)


def get(key: uuid.UUID, page: int) -> bytes | None:
    """The answer that was kept; None where there is none."""
    path = _path(key, page)
    try:
        content = path.read_bytes()
        os.utime(path)
    except FileNotFoundError:
        return None
    return content


def keep(key: uuid.UUID, page: int, content: bytes) -> None:
    """Keep an answer, whole or not at all. A disk that does not take it costs another drawing, no more."""
    path = _path(key, page)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_room(path.parent, len(content))
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix="new-", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError as error:
        log.warning("a drawn page could not be kept: %s", error.strerror)


def forget(key: uuid.UUID) -> None:
    """Remove the pages of an attachment that is taken out."""
    for path in _folder(key).glob(f"{key.hex}-*"):
        path.unlink(missing_ok=True)


def _make_room(folder: Path, size: int) -> None:
    kept = [(path, path.stat()) for path in folder.iterdir()]
    total = size + sum(stat.st_size for _, stat in kept)
    for path, stat in sorted(kept, key=lambda one: one[1].st_mtime):
        if total <= MOST_OF_A_FOLDER:
            break
        path.unlink(missing_ok=True)
        total -= stat.st_size


def _folder(key: uuid.UUID) -> Path:
    return root() / key.hex[:2]


def _path(key: uuid.UUID, page: int) -> Path:
    return _folder(key) / f"{key.hex}-{page}-{RECIPE}"
