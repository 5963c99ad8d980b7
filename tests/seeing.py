"""What an eye meets on a page in Chromium: contrast (G9), the size of text and the focus at each stop (G8)."""

import re
from pathlib import Path
from typing import Any

import yaml
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

SCRIPTS = Path(__file__).parent / "data"
# WCAG 2.2: 1.4.3 for text, 1.4.11 for shapes and the borders of inputs. Pixels: UX goal G8.
TEXT, LARGE_TEXT, SHAPE, SMALLEST = 4.5, 3, 3, 11

# Faults of what is in sight: [what, of which element, how much]. A shape of a class `grid` or `ground` tells nothing.
FAINT = (SCRIPTS / "faint.js").read_text()

# Of the element with the focus after each Tab, in order: [which, no focus in sight, covered, before the one before it];
# nothing of the next part of a date, null at the end, where Tab begins anew. The page notes it as the key comes up: to
# ask it of each stop costs as much again as the key.
AT_EACH_STOP = (SCRIPTS / "stop.js").read_text()
OF_EACH_KIND = (SCRIPTS / "kinds.js").read_text()  # `faint` asks every text
# By rule of axe: the places of which it cannot say whether they are right, and why they are. A person looked at each.
UNDECIDED = yaml.safe_load((SCRIPTS / "axe_undecided.yaml").read_text())
AT_ONCE = 6  # keys; those beyond the last stop are pressed for nothing


def faint(page: Page) -> list[list[Any]]:
    """What is too faint or too small to read, with every fold of the page open: `[kind, element, ratio or pixels]`."""
    found: list[list[Any]] = page.evaluate(FAINT, [TEXT, LARGE_TEXT, SHAPE, SMALLEST])
    return found


def axe(page: Page, options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """What axe finds wrong with the page as it stands, and what it could not tell and nobody has reviewed (G7).

    A document gets axe once, however often it is looked at.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    page.evaluate(OF_EACH_KIND)
    run = "options => axe.run(options).then(found => [found.violations, found.incomplete])"
    asked = {"resultTypes": ["violations", "incomplete"], **(options or {})}
    wrong, undecided = page.evaluate(run, asked)
    return [*wrong, *filter(None, map(_not_reviewed, undecided))]


def _not_reviewed(rule: dict[str, Any]) -> dict[str, Any] | None:
    """A rule that axe could not decide, at the places that nobody has reviewed; None where there are none."""
    reviewed = [re.compile(one["where"]) for one in UNDECIDED.get(rule["id"], ())]
    told = [" ".join([node["html"], *(one["message"] for one in node["any"])]) for node in rule["nodes"]]
    left = [words for words in told if not any(where.search(words) for where in reviewed)]
    return {**rule, "id": f"{rule['id']}, undecided: {left[0]}"} if left else None


def stops(page: Page, most: int = 400) -> tuple[int, list[list[Any]]]:
    """Press Tab through the whole page. Returns how many stops it has, and those with a fault."""
    page.evaluate(AT_EACH_STOP)
    seen: list[list[Any] | None] = []
    while None not in seen and len(seen) < most:
        for _ in range(AT_ONCE):
            page.keyboard.press("Tab")
        new = page.evaluate("() => window.stops.splice(0)")
        assert len(new) == AT_ONCE, f"{AT_ONCE} times Tab, noted {len(new)} times after {len(seen)}"
        seen += new
    page.evaluate("document.activeElement.blur()")
    assert None in seen, f"more than {most} stops: {seen[-1]}"
    found = [stop for stop in seen[: seen.index(None)] if stop is not None]
    return len(found), [stop for stop in found if any(stop[1:])]
