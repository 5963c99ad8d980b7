"""What an eye meets on a page in Chromium: contrast (G9), the size of text and the focus at each stop (G8)."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPTS = Path(__file__).parent / "data"
# WCAG 2.2: 1.4.3 for text, 1.4.11 for shapes and the borders of inputs. Pixels: UX goal G8.
TEXT, LARGE_TEXT, SHAPE, SMALLEST = 4.5, 3, 3, 11

# Faults of what is in sight: [what, of which element, how much]. A shape of a class `grid` or `ground` tells nothing.
FAINT = (SCRIPTS / "faint.js").read_text()

# Of the element with the focus: [which, no focus in sight, covered, before the one before it]; nothing
# of the next part of a date, null at the end, where Tab begins anew.
AT_A_STOP = (SCRIPTS / "stop.js").read_text()


def faint(page: Page) -> list[list[Any]]:
    """What is too faint or too small to read, with every fold of the page open: `[kind, element, ratio or pixels]`."""
    found: list[list[Any]] = page.evaluate(FAINT, [TEXT, LARGE_TEXT, SHAPE, SMALLEST])
    return found


def stops(page: Page, most: int = 400) -> tuple[int, list[list[Any]]]:
    """Press Tab through the whole page. Returns how many stops it has, and those with a fault."""
    page.evaluate("() => { window.stopped = null; document.activeElement.blur(); scrollTo(0, 0); }")
    wrong: list[list[Any]] = []
    for count in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(AT_A_STOP)
        if stop is None:
            page.evaluate("document.activeElement.blur()")
            return count, wrong
        if any(stop[1:]):
            wrong.append(stop)
    raise AssertionError(f"more than {most} stops: {stop}")
