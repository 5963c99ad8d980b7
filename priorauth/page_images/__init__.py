"""Pages of report files as images, drawn by a program of its own with hard limits (decision 31).

Whether a file may be opened at all is the matter of `downloads`, for a page as for the file.
"""

from priorauth import downloads
from priorauth.models import Attachment
from priorauth.page_images import program, store
from priorauth.page_images.answer import Busy, NoSuchPage, NotDrawn, Page, read
from priorauth.page_images.store import forget, root

__all__ = ["Busy", "NoSuchPage", "NotDrawn", "Page", "forget", "page", "root"]

UNDRAWABLE = b"{}\n"  # kept in place of an answer: a file that ends the program is not tried at each look


def page(attachment: Attachment, number: int) -> Page | NoSuchPage:
    """One page, from 1. Raises NotDrawn (Busy, where another try will do), downloads.Withheld, and Http404 where the
    bytes are gone. The first time takes as long as drawing does; later ones read a file."""
    downloads.permit(attachment)
    if kept := store.get(attachment.pk, number):
        return read(kept)
    with downloads.stored(attachment) as file, program.turn(store.root()):
        if kept := store.get(attachment.pk, number):
            return read(kept)
        try:
            answer = program.draw(file, attachment.content_type, number)
        except program.Undrawable:
            answer = UNDRAWABLE
    return _kept(attachment, number, answer)


def _kept(attachment: Attachment, number: int, answer: bytes) -> Page | NoSuchPage:
    """The answer as it is read, and kept if it will be the same at the next look. That there is no such page is not:
    there is no end of those."""
    try:
        found = read(answer)
    except NotDrawn:
        store.keep(attachment.pk, number, answer)
        raise
    if isinstance(found, Page):
        store.keep(attachment.pk, number, answer)
    return found
