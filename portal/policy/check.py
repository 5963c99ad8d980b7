"""Is authorization needed? Answered from the edition by plan, place and code: nothing of a patient is asked."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from policies import registry
from policies.authorization import Answer, needed
from policies.edition import Edition
from policies.vocabulary import PRODUCTS
from portal.web import rows
from portal.web.fields import Choice, Date, Procedure
from portal.web.part import Part
from portal.web.parts import EXAMPLE_DAY
from portal.web.typed_form import Problem
from portal.web.words import Choices
from priorauth.models.case import CROCKFORD
from priorauth.services.score import POLICY

UNKNOWN_PLAN: Final = "unknown"
PLANS: Choices = [*PRODUCTS.items(), (UNKNOWN_PLAN, "I do not know")]
PLACES: Choices = [("outpatient", "Outpatient"), ("inpatient", "Inpatient")]
CODE: Final = "Enter a procedure code of 5 characters, like 22511"
INPATIENT_CODE: Final = f"{CODE}, or of 7 for an inpatient stay, like 0QU03JZ."
HEADINGS: Final = {
    "required": "Yes. An authorization is required.",
    "not_required": "No requirement is listed.",
    "incomplete": "One thing is needed for an answer.",
    "not_answered": "This policy does not answer it.",
}
DEPENDS: Final = "It depends on the plan."


class CheckedCode(Procedure):
    def read(self, text: str) -> str:
        try:
            return super().read(text)
        except ValueError:
            raise ValueError(INPATIENT_CODE) from None


class CheckForm(Part):
    """`whole`: something was asked, so what is missing is a problem."""

    product = Choice("Member's plan", PLANS, not_recorded=False)
    setting = Choice(
        "Setting",
        PLACES,
        not_recorded=False,
        hint="An observation stay, a surgery center and an office count as outpatient",
    )
    code = CheckedCode("Procedure code", hint="CPT or HCPCS, like 22511; for an inpatient stay also ICD-10-PCS")
    date = Date("Planned date (optional)", hint=f"{EXAMPLE_DAY}. Without it, today counts", past=False)

    def __init__(self, request: HttpRequest, today: dt.date) -> None:
        super().__init__(rows.from_post(request.GET), today=today)
        self.whole = any(name in request.GET for name in self.fields)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.whole:
            for name, message in (
                ("product", "Select the member's plan, or I do not know."),
                ("setting", "Select outpatient or inpatient."),
                ("code", f"{CODE}."),
            ):
                if name not in self.errors and not data.get(name):
                    self.add_error(name, message)
        code = data.get("code", "")
        if len(code) == 7 and data.get("setting") == "outpatient":
            self.add_error("code", f"{code} is a code for inpatient stays. Select Inpatient, or enter one like 22511.")
        return data

    @property
    def problem_list(self) -> list[Problem]:
        """In page order."""
        found = {bound.name: Problem(bound.auto_id, message) for bound, message in self.problems()}
        return [found[name] for name in self.fields if name in found]


@dataclass(frozen=True)
class PlanAnswer:
    """The same answer for some plans, with its heading."""

    plans: str
    heading: str
    answer: Answer


@dataclass(frozen=True)
class Result:
    """What was asked, and the answers: one, or where the plan is not known as many as the plans make."""

    edition: Edition
    plan: str
    place: str
    code: str
    day: dt.date
    planned: bool
    reference: str
    answers: tuple[PlanAnswer, ...]

    @property
    def heading(self) -> str:
        return self.answers[0].heading if len(self.answers) == 1 else DEPENDS


@login_required
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """The form, and under its address with answers in it the dated result."""
    today = timezone.localdate()
    form = CheckForm(request, today)
    problems = form.problem_list
    context = {
        "form": form,
        "problems": {"problems": problems},
        "result": result(form.answers, today) if form.whole and not problems else None,
        "today": today,
    }
    return render(request, "policy/check.html", context, status=400 if problems else 200)


def result(answers: dict[str, Any], today: dt.date) -> Result:
    """The result for the answers of a form without problems."""
    day = answers["date"].first if answers["date"] else today
    edition = registry.governing(POLICY, day)
    product, setting, code = answers["product"], answers["setting"], answers["code"]
    return Result(
        edition=edition,
        plan=dict(PLANS)[product],
        place=dict(PLACES)[setting],
        code=code,
        day=day,
        planned=bool(answers["date"]),
        reference=reference(edition, product, setting, code, day, today),
        answers=tuple(_by_plan(edition, product, setting, code, day)),
    )


def _by_plan(edition: Edition, product: str, setting: str, code: str, day: dt.date) -> Iterator[PlanAnswer]:
    """One answer for a known plan; else those of all plans, each once, with the plans that it holds for."""
    found: dict[Answer, list[str]] = {}
    for plan in PRODUCTS if product == UNKNOWN_PLAN else (product,):
        found.setdefault(needed(edition, plan, setting, code, day), []).append(PRODUCTS[plan])
    for answer, plans in found.items():
        yield PlanAnswer(", ".join(plans), HEADINGS[answer.need], answer)


def reference(edition: Edition, product: str, setting: str, code: str, day: dt.date, today: dt.date) -> str:
    """`CK-` and eight letters that follow from the edition, the question and the day: asked again, the same."""
    asked = [edition.policy, edition.edition, edition.sha256, product, setting, code, str(day), str(today)]
    number = int.from_bytes(hashlib.sha256(json.dumps(asked).encode()).digest()[:5])
    letters = "".join(CROCKFORD[number >> 5 * place & 31] for place in range(8))
    return "CK-" + "-".join(re.findall("....", letters))
