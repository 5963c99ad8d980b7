"""Many writers at once, on one case and on many: no chain breaks, and cases do not wait for each other (C9)."""

from itertools import count

import pytest
from django.db import transaction

from priorauth import audit
from priorauth.models import AuditEvent, Case
from priorauth.roles import Role
from priorauth.services.base import acting
from priorauth.services.errors import Conflict
from priorauth.statuses import Act
from tests.cases import NOW, case_in_review, person
from tests.soak import SOAK, figure, report
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8


def renew(case, nurse):
    """One act; whoever is slower reads the case again and tries again."""
    for _ in count():
        try:
            with acting(case, Act.CLAIM, by=nurse, at=NOW, claimed_by_id=nurse.user_id, claimed_until=NOW):
                return
        except Conflict:
            case.refresh_from_db()


def own(case):
    return Case.objects.unscoped("each writer has the case as it read it").get(pk=case.pk)


def test_eight_writers_on_one_case_break_no_chain():
    case, nurses, acts = case_in_review(person(Role.CLERK)), [person(Role.NURSE) for _ in range(WRITERS)], figure(50)

    def work(nurse):
        mine = own(case)
        for _ in range(acts):
            renew(mine, nurse)

    at_once(work, nurses)
    case.refresh_from_db()
    assert case.version == 3 + WRITERS * acts
    assert audit.verify_case(case) == (None, case.version)
    report("C9", f"{WRITERS} writers on one case, {acts} acts each", "0 breaks")


def test_eight_writers_on_eight_cases_break_no_chain():
    clerk, nurse, acts = person(Role.CLERK), person(Role.NURSE), figure(50)
    cases = [case_in_review(clerk) for _ in range(WRITERS)]
    at_once(lambda case: [renew(case, nurse) for _ in range(acts)], cases)
    assert {case.version for case in cases} == {3 + acts}
    assert [fault for _, fault, _ in audit.verify_all() if fault] == []
    report("C9", f"{WRITERS} writers on {WRITERS} cases, {acts} acts each", "0 breaks")


@pytest.mark.skipif(not SOAK, reason="a rate, for make soak")
def test_the_chain_costs_at_most_half_of_the_rate_without_one():
    """Medians of five rounds, each with and without the chain, on other cases."""
    clerk, nurse, acts = person(Role.CLERK), person(Role.NURSE), 40
    cases = [case_in_review(clerk) for _ in range(WRITERS)]
    template = AuditEvent.objects.order_by("id").last()

    def unchained(case):
        for _ in range(acts):
            with transaction.atomic():
                rows = Case.objects.unscoped("the same update").filter(pk=case.pk, version=case.version)
                rows.update(version=case.version + 1, claimed_by_id=nurse.user_id, claimed_until=NOW, updated_at=NOW)
                case.version += 1
                template_of(template, case).save(force_insert=True)

    rates = {"chained": [], "unchained": []}
    for _ in range(5):
        chained = at_once(lambda case: [renew(case, nurse) for _ in range(acts)], cases)
        rates["chained"].append(WRITERS * acts / chained)
        rates["unchained"].append(WRITERS * acts / at_once(unchained, cases))
    chained, unchained = (sorted(rates[kind])[2] for kind in ("chained", "unchained"))
    report("C9", f"{chained:.0f} acts/s on {WRITERS} cases", f"{chained / unchained:.2f} of the rate without a chain")
    assert chained >= 0.5 * unchained


def template_of(event, case):
    """The same row, with its place taken from the version instead of from the event before."""
    columns = {field.attname: getattr(event, field.attname) for field in AuditEvent._meta.concrete_fields}
    place = {"stream": audit.case_stream(case), "sequence": case.version, "case_version": case.version}
    return AuditEvent(**columns | place | {"id": None})
