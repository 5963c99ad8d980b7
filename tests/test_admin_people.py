"""Administrators keep organizations, people, memberships and licences; nobody else sees them."""

import contextlib

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from priorauth.models import AuditEvent, Credential, Membership, Organization, User
from priorauth.roles import Role
from priorauth.services import people
from priorauth.services.errors import NotPermitted
from tests.admin_helpers import signed_in
from tests.cases import case_in_review, office, person, plan
from tests.forms_in_pages import form_to

pytestmark = pytest.mark.django_db

MODELS = ("organization", "user", "membership", "credential")


def page(model: str, what: str, *args: int) -> str:
    return reverse(f"admin:priorauth_{model}_{what}", args=args)


def events(actor) -> list[tuple[str, dict, list]]:
    rows = AuditEvent.objects.filter(actor_id=actor.user_id).order_by("id")
    return list(rows.values_list("action", "entities", "fields"))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN, Role.LEAD, Role.AUDITOR])
def test_only_administrators_see_people(role, model):
    user = User.objects.get(pk=person(Role.PHYSICIAN).user_id)
    row = {"organization": plan(), "user": user, "membership": user.membership, "credential": user.credential}[model]
    _, client = signed_in(role)
    for path in (page(model, "changelist"), page(model, "add"), page(model, "change", row.pk)):
        assert client.get(path).status_code == 403
        assert client.post(path, {}).status_code == 403
    for path in (page("user", "link", user.pk), page("invitation", "changelist"), page("invitation", "add")):
        assert client.get(path).status_code == 403
        assert client.post(path, {}).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_administrators_list_add_and_change_but_never_delete(model):
    user = User.objects.get(pk=person(Role.PHYSICIAN).user_id)
    row = {"organization": plan(), "user": user, "membership": user.membership, "credential": user.credential}[model]
    _, client = signed_in(Role.ADMINISTRATOR)
    for path in (page(model, "changelist"), page(model, "add"), page(model, "change", row.pk)):
        new_person = path == page("user", "add")
        assert client.get(path).status_code == (403 if new_person else 200)  # people come in by invitation
    assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_each_change_is_an_event_in_the_portals_trail_and_not_in_djangos():
    user = User.objects.create_user("rita@example.test")
    actor, client = signed_in(Role.ADMINISTRATOR)
    client.post(page("membership", "add"), {"user": user.pk, "organization": plan().pk, "role": "nurse"})
    person = {"email": user.email, "first_name": "Rita", "last_name": "", "is_active": "on"}
    client.post(page("user", "change", user.pk), person)
    assert Membership.objects.get(user=user).role == Role.NURSE
    assert User.objects.get(pk=user.pk).first_name == "Rita"
    assert events(actor) == [
        ("people_add", {"membership": user.membership.pk}, ["organization", "role", "user"]),
        ("people_change", {"user": user.pk}, ["first_name"]),
    ]
    assert not LogEntry.objects.exists()


def test_a_role_belongs_to_its_kind_of_organization():
    user = User.objects.create_user("new@example.test")
    _, client = signed_in(Role.ADMINISTRATOR)
    wrong = ((office(), "nurse", "provider office"), (plan(), "clerk", "plan"))
    for organization, role, kind in wrong:
        data = {"user": user.pk, "organization": organization.pk, "role": role}
        response = client.post(page("membership", "add"), data)
        assert f"This role does not belong to a {kind}." in response.content.decode()
    assert not Membership.objects.filter(user=user).exists()


def test_an_organization_with_people_keeps_its_kind():
    clerk = person(Role.CLERK)
    _, client = signed_in(Role.ADMINISTRATOR)
    path = page("organization", "change", clerk.organization_id)
    response = client.post(path, {"kind": "plan", "name": clerk.organization_name, "npi": "1234567893"})
    assert "Make another organization." in response.content.decode()
    assert Organization.objects.get(pk=clerk.organization_id).kind == "office"


def test_an_npi_must_pass_its_check_digit():
    _, client = signed_in(Role.ADMINISTRATOR)
    data = {"kind": "office", "name": "Bay Office"}
    for npi, message in (("1234567890", "check digit"), ("12", "exactly 10 digits"), ("", "Enter the NPI")):
        response = client.post(page("organization", "add"), {**data, "npi": npi})
        assert message in response.content.decode()
    assert client.post(page("organization", "add"), {**data, "npi": "1234567893"}).status_code == 302
    assert Organization.objects.get(name="Bay Office").npi == "1234567893"


def test_a_licence_is_kept_with_its_state_in_two_letters():
    user = User.objects.get(pk=person(Role.PHYSICIAN, licensed=False).user_id)
    actor, client = signed_in(Role.ADMINISTRATOR)
    data = {
        "user": user.pk,
        "licence_number": "MA000001",
        "state": "Massachusetts"[:2] + "1",
        "specialty": "Radiology",
        "npi": "1003000126",
        "expires_on": "2030-12-31",
    }
    assert client.post(page("credential", "add"), data).status_code == 200
    assert client.post(page("credential", "add"), {**data, "state": "m1"}).status_code == 200
    assert client.post(page("credential", "add"), {**data, "state": "ma"}).status_code == 302
    assert Credential.objects.get(user=user).state == "MA"
    assert [action for action, *_ in events(actor)] == ["people_add"]


def test_no_page_shows_anything_of_a_password():
    user = User.objects.get(pk=person(Role.NURSE).user_id)
    user.set_password("the-password-before-this")
    user.save()
    _, client = signed_in(Role.ADMINISTRATOR)
    shown = client.get(page("user", "change", user.pk)).content.decode()
    for secret in ("pbkdf2", user.password, user.password[-20:], user.password.split("$")[2]):
        assert secret not in shown


def test_an_administrator_can_neither_deactivate_nor_demote_themself():
    actor, client = signed_in(Role.ADMINISTRATOR)
    user = User.objects.get(pk=actor.user_id)
    inactive = client.post(page("user", "change", user.pk), {"email": user.email})
    demoted = client.post(
        page("membership", "change", user.membership.pk), {"organization": plan().pk, "role": "auditor"}
    )
    for answer in (inactive, demoted):
        assert answer.status_code == 200
        assert "another administrator can do that" in answer.content.decode()
    user.refresh_from_db()
    assert user.is_active
    assert Membership.objects.get(user=user).role == Role.ADMINISTRATOR
    assert events(actor) == []


def test_of_two_administrators_who_demote_each_other_one_stays():
    """The second acts with the form that was opened before the first one's change."""
    first, second = person(Role.ADMINISTRATOR), person(Role.ADMINISTRATOR)
    for by, other in ((first, second), (second, first)):
        membership = Membership.objects.get(user=other.user_id)
        membership.role = Role.AUDITOR
        with contextlib.suppress(NotPermitted):
            people.keep(membership, by=by, at=timezone.now(), change={"role": "auditor"})
    assert Membership.objects.get(role=Role.ADMINISTRATOR).user_id == first.user_id


def test_a_change_that_cannot_be_audited_is_not_made(monkeypatch):
    organization = office("Harbor Spine Office")
    _, client = signed_in(Role.ADMINISTRATOR)
    client.raise_request_exception = False

    def broken(**_):
        raise RuntimeError

    monkeypatch.setattr("priorauth.audit.record", broken)
    data = {"kind": "office", "name": "Another Name", "npi": "1234567893"}
    assert client.post(page("organization", "change", organization.pk), data).status_code == 500
    organization.refresh_from_db()
    assert organization.name == "Harbor Spine Office"


@pytest.mark.parametrize("names", [("A" * 150, "B" * 150), ("", "")])
def test_a_person_with_a_very_long_name_or_none_can_work_and_stands_in_the_trail(names):
    actor, client = signed_in(Role.NURSE)
    user = User.objects.get(pk=actor.user_id)
    user.first_name, user.last_name = names
    user.save()
    case = case_in_review(person(Role.CLERK))
    assert client.get(reverse("admin:priorauth_case_change", args=[case.pk])).status_code == 200
    assert AuditEvent.objects.get(actor_id=user.pk).actor_name == str(user)[:160] != ""


def test_a_page_that_was_open_while_somebody_else_changed_the_row_saves_nothing():
    """Else the box that was ticked when the page was opened brings back who was deactivated meanwhile."""
    physician = person(Role.PHYSICIAN)
    user = User.objects.get(pk=physician.user_id)
    rows = {
        "user": (user, {"is_active": False}),
        "membership": (user.membership, {"role": "auditor"}),
        "credential": (user.credential, {"expires_on": "2026-01-31"}),
        "organization": (plan(), {"name": "Another Plan"}),
    }
    _, client = signed_in(Role.ADMINISTRATOR)
    for model, (row, meanwhile) in rows.items():
        path = page(model, "change", row.pk)
        opened = form_to(client.get(path), path).fields
        type(row).objects.filter(pk=row.pk).update(**meanwhile)
        answer = client.post(path, opened)
        assert (answer.status_code, "Somebody else changed this" in answer.content.decode()) == (200, True), model
        stands = {name: str(getattr(type(row).objects.get(pk=row.pk), name)) for name in meanwhile}
        assert stands == {name: str(value) for name, value in meanwhile.items()}, model
        assert client.post(path, form_to(client.get(path), path).fields).status_code == 302, model


def test_saving_a_person_takes_back_no_password_that_they_chose_at_that_moment():
    administrator, user = person(Role.ADMINISTRATOR), User.objects.get(pk=person(Role.NURSE).user_id)
    loaded = User.objects.get(pk=user.pk)
    user.set_password("seven synthetic herons")
    user.save()
    loaded.last_name = "Okafor"
    people.keep(loaded, by=administrator, at=timezone.now(), change={"last_name": "Okafor"})
    kept = User.objects.get(pk=user.pk)
    assert (kept.last_name, kept.password) == ("Okafor", user.password)


def test_no_address_of_a_list_asks_the_table_of_people_letter_by_letter():
    _, client = signed_in(Role.ADMINISTRATOR)
    hash_of_a_password = ("user__password__startswith", "password__startswith", "user__membership__user__password")
    for model in MODELS:
        for lookup in (*hash_of_a_password, "email__regex", "membership__role", "session_generation"):
            assert client.get(page(model, "changelist"), {lookup: "("}).status_code == 400, (model, lookup)
