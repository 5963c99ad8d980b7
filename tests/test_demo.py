"""The synthetic demo: every stage of a request, made through the services, with passwords nobody else has."""

import re
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from portal import demo
from priorauth import audit
from priorauth.models import Case, ClockChange, Membership, OfficeClinician, OfficeFacility, PlanMember, Replay, User
from priorauth.roles import Role
from priorauth.services import claim

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return dict(re.findall(r"(\S+@\S+) +(\S+)$", out.getvalue(), re.MULTILINE)), out.getvalue()


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """The demo, once for the whole module; taken back afterwards with the transaction that it stands in."""
    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            yield run()
        finally:
            transaction.set_rollback(True)
            atomic.__exit__(None, None, None)


def test_two_offices_people_and_one_person_of_each_role_get_a_password_that_works(loaded):
    passwords, _ = loaded
    roles = sorted(Membership.objects.values_list("role", flat=True))
    plan = [Role.NURSE, Role.PHYSICIAN, Role.LEAD, Role.PAYER, Role.AUDITOR, Role.ADMINISTRATOR]
    assert roles == sorted([Role.CLERK, Role.CLERK, Role.OFFICE_ADMIN, *plan])
    assert len(set(passwords.values())) == 9
    for email, password in passwords.items():
        assert len(password) >= 12
        assert authenticate(username=email, password=password).email == email


def test_requests_stand_at_every_stage_and_the_trail_is_whole(loaded):
    cases = Case.objects.unscoped("the test looks at the whole demo")
    assert set(cases.values_list("status", flat=True)) == {
        "draft",
        "in_review",
        "information_needed",
        "with_physician",
        "approved",
        "not_approved",
        "closed",
    }
    assert set(cases.values_list("urgency", flat=True)) == {"standard", "expedited"}
    assert {row.kind for row in ClockChange.objects.unscoped("the test looks at the whole demo")} == {"extended"}
    held = cases.get(claimed_until__gt=timezone.now() + claim.CLAIM)
    assert held.claimed_by.email == "nurse@plan.example"
    assert cases.get(round=2).status == "in_review"
    assert Replay.objects.get().requests == cases.filter(received_at__isnull=False).count()
    assert [fault for _, fault, _ in audit.verify_all() if fault] == []


def test_the_member_file_is_whole_and_an_office_keeps_its_lists(loaded):
    assert PlanMember.objects.count() == len(demo.MEMBERS.read_text().splitlines()) - 1
    for kind in (OfficeClinician, OfficeFacility):
        assert kind.objects.unscoped("the test looks at the whole demo").count() == 2


def test_a_second_load_keeps_everything_and_prints_no_password(loaded):
    before = User.objects.count()
    passwords, text = run()
    assert passwords == {}
    assert "kept" in text
    assert User.objects.count() == before


def test_lost_passwords_can_be_replaced(loaded):
    old, _ = loaded
    new, _ = run("--new-passwords")
    assert new.keys() == old.keys()
    assert authenticate(username="nurse@plan.example", password=old["nurse@plan.example"]) is None
    assert authenticate(username="nurse@plan.example", password=new["nurse@plan.example"])
