"""Files on the disk that belong to no row: a process that was killed between writing and committing left them."""

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from priorauth import page_images
from priorauth.models import Attachment

AGE = dt.timedelta(days=1)  # long after any request that may still write the row has ended


def clear(now: dt.datetime) -> int:
    """Remove them. Returns how many there were."""
    found = [*_without_row(now), *_old(Path(settings.ARRIVING_ROOT), now)]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _without_row(now: dt.datetime) -> Iterator[Path]:
    """Stored files, and the drawn pages of files: named by the key of their row, which a page's number follows."""
    folders = Path(settings.MEDIA_ROOT, "attachments"), page_images.root()
    stored = [path for folder in folders for path in _old(folder, now)]
    rows = Attachment.objects.unscoped("the sweep asks which of all files have a row")
    known = {key.hex for key in rows.values_list("pk", flat=True).iterator()}
    for path in stored:
        name, _, _ = path.name.partition("-")
        if name not in known and _is_ours(name):
            yield path


def _old(folder: Path, now: dt.datetime) -> Iterator[Path]:
    newest = (now - AGE).timestamp()
    return (path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime < newest)


def _is_ours(name: str) -> bool:
    try:
        return uuid.UUID(name).hex == name
    except ValueError:
        return False
