"""What the database itself refuses of a decision, its lines, an escalation and a reopening."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from priorauth.models import Decision, DecisionLine, Escalation, Reopening
from tests.rail_cases import WHY, decided

pytestmark = pytest.mark.django_db
NO_DAYS = {"valid_from": None, "valid_to": None}


@pytest.mark.parametrize(
    ("model", "changes", "constraint"),
    [
        (DecisionLine, {"outcome": "approved", **NO_DAYS}, "an_approved_line_says_when"),
        (DecisionLine, {"valid_to": dt.date(2026, 11, 1)}, "an_approved_line_says_when"),
        (DecisionLine, {"outcome": "not_approved"}, "an_approved_line_says_when"),
        (DecisionLine, {"units": 0}, "units_are_counted"),
        (DecisionLine, {"levels_not_approved": "L2, L1"}, "no_level_is_both_approved_and_not"),
        (DecisionLine, {"levels": "", "levels_not_approved": "L2"}, "a_line_without_some_levels_has_others"),
        (DecisionLine, {"outcome": "closed", "levels_not_approved": "L2", **NO_DAYS}, "a_line_without_some_levels"),
        (Decision, {"against_computed": True}, "override_needs_a_physician_and_a_reason"),
        (Decision, {"authorization_number": ""}, "approval_has_a_number"),
        (Decision, {"outcome": "not_approved", "decided_role": "physician"}, "denial_needs_a_physician_and_reasons"),
        (Escalation, {"recommendation": "deny"}, "escalation_recommends"),
        (Reopening, {"reopened_role": "nurse"}, "a_lead_reopens_with_a_reason"),
        (Reopening, {"reason": "short"}, "a_lead_reopens_with_a_reason"),
        (Reopening, {"round": 1}, "a_lead_reopens_with_a_reason"),
    ],
)
def test_the_database_refuses_it_too(model, changes, constraint):
    decision = decided().decisions.get()
    who, now = decision.decided_by_id, timezone.now()
    rows = {
        Decision: lambda: changed(decision, round=9),
        DecisionLine: lambda: changed(decision.lines.get(), number=9),
        Escalation: lambda: Escalation(case=decision.case, question="?", escalated_by_id=who, escalated_at=now),
        Reopening: lambda: Reopening(
            case=decision.case, round=2, reason=WHY, reopened_by_id=who, reopened_role="lead", reopened_at=now
        ),
    }
    row = changed(rows[model](), **changes)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row.save(force_insert=True)


def changed(row, **columns):
    row.pk = None
    for name, value in columns.items():
        setattr(row, name, value)
    return row
