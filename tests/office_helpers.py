"""What the tests of an office's pages share: requests after they were sent, and what their pages show and take."""

from django.utils import timezone

from priorauth.services import escalate, information
from priorauth.services.scored import latest_assessment
from tests import cases
from tests.factories import sent_through_the_page

TWO_MISSING = {"imaging-0-findings-0": [], "response": "not_recorded"}


def page_of(case, tail=""):
    return f"/requests/{case.reference}/{tail}"


def scored(case):
    cases.score_all(timezone.now())
    case.refresh_from_db()
    return case


def in_review(client, **changes):
    return scored(sent_through_the_page(client, **changes))


def asked(client, nurse, **changes):
    case = in_review(client, **(changes or TWO_MISSING))
    now = timezone.now()
    cases.claimed(case, nurse, now)
    missing = latest_assessment(case).result["missing"]
    information.ask(case, by=nurse, at=now, question="Please complete this.", items=missing)
    return case


def shown(client, case, tail="answer/1/"):
    """What the page would post as it stands, with its versions."""
    context = client.get(page_of(case, tail)).context
    raw = context["form"].raw
    return {
        **raw,
        "version": context["case"].version,
        "answer.kept": context["kept"],
        "base.revision": context.get("base", 0),
        "answer.question": getattr(context.get("question"), "number", []),
        "files.shown": [file.pk for file in context["form"].held],
    }


def posted(client, case, payload, action, tail="answer/1/"):
    response = client.post(page_of(case, tail), payload | {"action": action})
    case.refresh_from_db()
    return response


def text(response):
    return response.content.decode()


def claimed_by(case, nurse):
    cases.claimed(case, nurse, timezone.now())


def ask_about(case, nurse):
    claimed_by(case, nurse)
    information.ask(case, by=nurse, at=timezone.now(), question="Which level?", items=[])


def hand_on(case, nurse):
    claimed_by(case, nurse)
    escalate.escalate(case, by=nurse, at=timezone.now(), question="Is it new?", recommendation="approve")


OPEN_STATES = {"in_review": claimed_by, "information_needed": ask_about, "with_physician": hand_on}
