"""What the tests of the reviewers' admin share: people with browsers, and cases of this minute. All synthetic."""

import datetime as dt
import re
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from priorauth.admin.line_parts import parts_of
from priorauth.models import Case
from priorauth.roles import Actor, Role
from priorauth.services import claim, escalate
from tests import cases
from tests.cases import CLEAN, REASONS, certain, not_met, person
from tests.factories import browser

REASON = "The records tie the pain to this level after all."

CLOCK_REASON = "A newer scan is on its way to us."


def case_page(case: Case) -> str:
    return reverse("admin:priorauth_case_change", args=[case.pk])


def act(case: Case, slug: str) -> str:
    return reverse(f"admin:priorauth_case_{slug}", args=[case.pk])


def in_review(name: str = CLEAN, clerk: Actor | None = None) -> Case:
    """A scored case that was received a moment ago."""
    return cases.case_in_review(clerk or person(Role.CLERK), name, timezone.now())


def held_by(actor: Actor, case: Case) -> Case:
    return claim.claim(case, by=actor, at=timezone.now())


def ready(actor: Actor, case: Case) -> Case:
    """Held by `actor`, who has marked the certainty."""
    return certain(held_by(actor, case), actor, timezone.now())


def ready_to_refuse(actor: Actor, case: Case) -> Case:
    """Held by `actor`, who has marked a criterion of each level not met."""
    not_met(ready(actor, case), actor, timezone.now())
    return case


def with_physician(case: Case) -> Case:
    nurse = person(Role.NURSE)
    escalate.escalate(
        held_by(nurse, case), by=nurse, at=timezone.now(), question="Is the fracture new?", recommendation="approve"
    )
    return case


def signed_in(role: Role) -> tuple[Actor, Client]:
    actor = person(role)
    return actor, browser(actor)


def typed(slug: str, case: Case, **changes: Any) -> dict[str, Any]:
    """What a person posts on the page of an act."""
    forms = {
        "approve": {"valid_from": "11/30/2026", "valid_to": "2/28/2027", "reason": REASON, "confirmed": "1"},
        "ask": {
            "question": "Please send the MRI report of L1.",
            "answer_by": f"{timezone.localtime() + dt.timedelta(hours=2):%m/%d/%Y %H:%M}",
            "confirmed": "1",
        },
        "take-over": {"reason": "The nurse was called away for the day."},
        "extend": {"count": "5", "ground": "evidence", "reason": CLOCK_REASON, "confirmed": "1"},
        "stop-clock": {"ground": "documents", "reason": CLOCK_REASON, "confirmed": "1"},
        "resume-clock": {"reason": CLOCK_REASON},
        "downgrade": {"reason": CLOCK_REASON, "confirmed": "1"},
        "message": {"text": "Which clinic took the MRI?"},
        "escalate": {"question": "Is the fracture new?", "recommendation": "approve"},
        "not-approve": {
            "lines": [
                key for line in case.revisions.order_by("-number")[0].facts["lines"] for key, _ in parts_of(line)
            ],
            **REASONS,
            "reason_codes": ["N05"],
            "relied_on": [f"{one.level}.{one.criterion}" for one in case.judgements.filter(verdict="not_met")],
            "confirmed": "1",
        },
        "judge": {"L1.osteoporotic": "met"},
        "read": {"paths": "levels.L1.onset", "same.levels.L1.onset": "on"},
        "reopen": {"reason": "The office sent a newer report by post."},
        "close": {"reason": "No authorization is needed for this plan.", "confirmed": "1"},
    }
    if slug == "hand-over":
        forms[slug] = {"to": person(Role.NURSE).user_id, "line": "The report of L1 came this morning."}
    return {"version": case.version, **forms.get(slug, {}), **changes}


def text_of(response: Any) -> str:
    """The words of a page, without tags and line breaks."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def snapshot(case: Case) -> dict[str, Any]:
    """Every column of the case as it stands, and how many rows hang on it."""
    row = Case.objects.unscoped("a test compares").values().get(pk=case.pk)
    return {**row, "decisions": case.decisions.count(), "questions": case.information_requests.count()}


def lacking(client: Client, case: Case, slug: str) -> list[str]:
    """What the page of an act says of a post in which nothing was chosen or written: each message stands in the
    summary, with a link to its field, and beside the field; it says what would be right."""
    nothing = {"question": "", "answer_by": "", "then": "approve", "confirmed": "1"}
    response = client.post(act(case, slug), {"version": case.version, **nothing})
    page = response.content.decode()
    assert response.status_code == 400
    summary, rest = page[page.index('class="errors"') :].split("</ul>", 1)
    links = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a></li>', summary)
    assert (len(links), "".join(re.findall(r'<li>(?!<a href="#)', summary))) == (summary.count("<li>"), "")
    for target, words in links:
        assert (f'id="{target}"' in rest, words in rest) == (True, True), words
        assert re.match(r"(Choose|Enter|Write|Say|Name|Mark)\b.{12,}\.$", words), words
    return [words for _, words in links]
