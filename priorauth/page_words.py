"""What was seen of a file's pages, in words: beside the file, and as a question before a request is sent."""

from collections.abc import Iterable, Iterator

from django.utils.text import capfirst

from priorauth.models import Attachment, PageCheck

CHECKING = "Checking"
LOCKED = "is password protected"


def check_of(attachment: Attachment) -> PageCheck | None:
    """What was seen of the file's pages; None as long as nobody looked."""
    return getattr(attachment, "page_check", None)


def state(attachment: Attachment) -> str:
    """`Checking`, `Ready, 4 pages`, `Could not be read: page 3 is blank`; nothing for a file that nobody may open."""
    if attachment.scan == Attachment.Scan.INFECTED:
        return ""
    check = check_of(attachment)
    if check is None:
        return CHECKING
    if told := trouble(check):
        return capfirst(told)
    return f"Ready, {_pages(check.pages)}{_part(check)}"


def trouble(check: PageCheck) -> str:
    """What is wrong with a file's pages, as what the file's name begins; "" where nothing is."""
    if check.locked:
        return LOCKED
    found = list(_found(check))
    return f"could not be read: {'; '.join(found)}{_part(check)}" if found else ""


def of_page(check: PageCheck | None, number: int) -> str:
    """What is wrong with one page that somebody names: `page 3 is blank`; "" where nothing is known to be."""
    if check is None or check.pages is None:
        return ""
    if number > check.pages:
        return f"there is no page {number}: the file has {_pages(check.pages)}"
    if number in check.blank:
        return f"page {number} is blank"
    return f"page {number} cannot be shown" if number in check.unreadable else ""


def _found(check: PageCheck) -> Iterator[str]:
    if check.pages is None:
        yield "it cannot be opened"
    elif len(check.blank) == check.pages:
        yield "every page is blank" if check.pages > 1 else "its only page is blank"
    else:
        if check.blank:
            yield _named(check.blank, "is blank", "are blank")
        if check.unreadable:
            yield _named(check.unreadable, "cannot be shown", "cannot be shown")


def _named(numbers: list[int], of_one: str, of_many: str) -> str:
    if len(numbers) == 1:
        return f"page {numbers[0]} {of_one}"
    *others, last = _runs(numbers)
    return f"pages {', '.join(others)}{' and ' if others else ''}{last} {of_many}"


def _runs(numbers: Iterable[int]) -> list[str]:
    """`3`, `5 to 9`: each run of neighbours once."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]


def _pages(number: int | None) -> str:
    return "1 page" if number == 1 else f"{number:,} pages"


def _part(check: PageCheck) -> str:
    """How much of a long file was looked at."""
    if check.pages is None or check.seen >= check.pages:
        return ""
    return f" (only the first {_pages(check.seen)} {'was' if check.seen == 1 else 'were'} looked at)"
