"""The bar of a case page: the acts that are open to a person now, and in words why the others are not."""

from typing import Any, NamedTuple

from django.urls import reverse

from priorauth.admin.act_page import Page
from priorauth.admin.acts import PAGES
from priorauth.admin.clock_acts import PAGES as CLOCK_PAGES
from priorauth.admin.obstacles import Obstacles
from priorauth.statuses import IN_REVIEW, Act, Status

# The keys of the acts, and for those that the form of marks may lead to, what its button says after “Save and”.
ACT_KEYS = {"approve": "a", "ask": "r", "escalate": "e", "not-approve": "d", "release": "u", "claim": "c"}
ORDER = ("approve", "ask", "escalate", "not-approve", "close", "release", "hand-over", "take-over", "claim")
# Messages and the clock have sections of their own, facts their badges, and what is in review is not opened again.
ELSEWHERE = {"message", "reopen", "read", *CLOCK_PAGES}
SAVES = {"approve": "approve", "ask": "ask", "escalate": "escalate", "not-approve": "not approve"}


class Button(NamedTuple):
    """One act that is open to the person now."""

    slug: str
    page: Page
    url: str

    @property
    def key(self) -> str:
        return ACT_KEYS.get(self.slug, "")

    @property
    def saves(self) -> str:
        return SAVES.get(self.slug, "")


def bar(obstacles: Obstacles, *, saves: bool) -> dict[str, Any]:
    """The acts that are open now, and for the others why not: each reason once, with the acts that it closes.

    `saves`: the page has the form of marks, so what an act still wants marked can be marked on the way to it.
    """
    case = obstacles.case
    if case.status not in IN_REVIEW:
        return _nothing_to_review(obstacles)
    buttons = []
    closed: dict[str, list[str]] = {}
    for slug, page in PAGES.items():
        if slug in ELSEWHERE:
            continue
        why_not = obstacles.forbidden(page.act) or obstacles.blocked(page.act)
        if not (why_not or saves):
            why_not = obstacles.lacking(page.act)
        if why_not and page.silent:
            continue
        if why_not:
            closed.setdefault(why_not, []).append(page.title)
        else:
            buttons.append(Button(slug, page, reverse(f"admin:priorauth_case_{slug}", args=[case.pk])))
    buttons.sort(key=lambda button: ORDER.index(button.slug) if button.slug in ORDER else len(ORDER))
    return {"buttons": buttons, "closed": [(", ".join(titles), why) for why, titles in closed.items()]}


def _nothing_to_review(obstacles: Obstacles) -> dict[str, Any]:
    """A lead can open a decided case again; nothing else is done where nothing is in review."""
    case = obstacles.case
    reopen = Button("reopen", PAGES["reopen"], reverse("admin:priorauth_case_reopen", args=[case.pk]))
    buttons = [] if obstacles.to(Act.REOPEN) else [reopen]
    why = f"the case is “{Status(case.status).label}”, so there is nothing to do here now."
    return {"buttons": buttons, "closed": [("Everything else" if buttons else "All acts", why)]}
