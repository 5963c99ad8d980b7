"""People come in by links: each works once, for a while, and is kept by nobody (decision 12)."""

import datetime as dt
import re
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from priorauth.models import AuditEvent, Invitation, Membership, Organization, User
from priorauth.roles import Role
from priorauth.services import invitations
from priorauth.services.errors import NotPermitted
from tests.admin_helpers import signed_in
from tests.cases import NOW, office, person, plan
from tests.together import at_once

pytestmark = pytest.mark.django_db

LIST, INVITE = "/admin/priorauth/invitation/", "/admin/priorauth/invitation/add/"
LINK = re.compile(r"/invitation/[\w-]{43}/")
EMAIL, WORDS = "olga@harbor.example", "seven synthetic herons"
TYPED = {"first_name": "Olga", "last_name": "Brandt", "password1": WORDS, "password2": WORDS}


def invite(role=Role.OFFICE_ADMIN, organization=None, at=None) -> str:
    """The path of a new link."""
    by = person(Role.ADMINISTRATOR)
    _, token = invitations.invite(EMAIL, organization or office(), role, by=by, at=at or timezone.now())
    return f"/invitation/{token}/"


def password_link(user, at=None) -> str:
    _, token = invitations.password_link(user, by=person(Role.ADMINISTRATOR), at=at or timezone.now())
    return f"/invitation/{token}/"


def opened(link) -> Client:
    client = Client()
    assert client.get(link)["Location"] == "/invitation/"
    return client


def last_event() -> tuple:
    event = AuditEvent.objects.order_by("-id")[0]
    return event.actor_id, event.action


# The administrator


def test_an_administrator_invites_and_sees_the_link_once():
    actor, client = signed_in(Role.ADMINISTRATOR)
    data = {"email": EMAIL.title(), "organization": office().pk, "role": "office_admin"}
    shown = client.post(INVITE, data).content.decode()
    link = LINK.search(shown)[0]
    assert f"http://testserver{link}" in shown
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.created_by_id) == (EMAIL, "office_admin", actor.user_id)
    assert invitation.expires_at - invitation.created_at == dt.timedelta(hours=72)
    assert last_event() == (actor.user_id, "invitation_make")
    token = link.split("/")[2]
    kept = str(Invitation.objects.values()) + str(AuditEvent.objects.values())
    for path in (LIST, f"{LIST}{invitation.pk}/change/"):
        kept += client.get(path).content.decode()
    assert token not in kept
    assert EMAIL in kept


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"email": ""}, "Enter the work e-mail address, like name@example.org."),
        ({"email": "olga"}, "Enter the work e-mail address, like name@example.org."),
        ({"email": "o" * 250 + "@a.example"}, "Enter the work e-mail address, like name@example.org."),
        ({"organization": ""}, "Choose the organization."),
        ({"organization": "999999"}, "Choose the organization."),
        ({"role": ""}, "Choose the role."),
        ({"role": "system"}, "Choose the role."),
        ({"role": "nurse"}, "This role does not belong to a provider office."),
    ],
)
def test_an_invitation_that_cannot_be_is_told_what_would_be_right(changes, message):
    _, client = signed_in(Role.ADMINISTRATOR)
    data = {"email": EMAIL, "organization": office().pk, "role": "clerk", **changes}
    assert message in client.post(INVITE, data).content.decode()
    assert not Invitation.objects.exists()


def test_who_is_registered_or_invited_already_is_not_invited_again():
    user = User.objects.get(pk=person(Role.CLERK).user_id)
    _, client = signed_in(Role.ADMINISTRATOR)
    data = {"organization": office().pk, "role": "clerk"}
    assert "registered already" in client.post(INVITE, {**data, "email": user.email.upper()}).content.decode()
    assert LINK.search(client.post(INVITE, {**data, "email": EMAIL}).content.decode())
    assert "A link for this address is open." in client.post(INVITE, {**data, "email": EMAIL}).content.decode()
    assert Invitation.objects.count() == 1


def test_after_a_link_ran_out_its_person_can_be_invited_again(clock):
    old = invite()
    clock.forward(hours=72)
    new = invite()
    assert Client().get(old).status_code == 404
    opened(new)


def test_a_link_is_made_anew_and_taken_back_from_the_list_of_open_ones():
    old = invite()
    actor, client = signed_in(Role.ADMINISTRATOR)
    path = f"{LIST}{Invitation.objects.get().pk}/change/"
    assert EMAIL in client.get(LIST).content.decode()
    new = LINK.search(client.post(path, {"renew": "1"}).content.decode())[0]
    assert Client().get(old).status_code == 404
    half_open = opened(new)
    assert client.get(path).status_code == 302
    second = Invitation.objects.get(revoked_at=None)
    answer = client.post(f"{LIST}{second.pk}/change/", {"revoke": "1"}, follow=True)
    assert "works no longer" in answer.content.decode()
    assert EMAIL not in client.get(LIST).content.decode()
    assert half_open.post("/invitation/", TYPED).status_code == 404
    assert not User.objects.filter(email=EMAIL).exists()
    actions = AuditEvent.objects.filter(actor_id=actor.user_id).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["invitation_revoke", "invitation_make", "invitation_revoke"]


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.ADMINISTRATOR, Role.SYSTEM)])
def test_nobody_but_an_administrator_invites_or_makes_a_link(role):
    elsewhere = office("Bay Pain Clinic")
    invitation = Invitation.objects.create(
        email=EMAIL, organization=elsewhere, role="clerk", digest="x", created_at=NOW, expires_at=NOW
    )
    actor, client = signed_in(role)
    user = reverse("admin:priorauth_user_link", args=[person(Role.CLERK).user_id])
    for path in (LIST, INVITE, f"{LIST}{invitation.pk}/change/", user):
        assert client.post(path, {"renew": "1"}).status_code == 403
    for act in (
        lambda: invitations.invite("a@b.example", elsewhere, Role.CLERK, by=actor, at=NOW),
        lambda: invitations.revoke(invitation, by=actor, at=NOW),
        lambda: invitations.renew(invitation, by=actor, at=NOW),
        lambda: invitations.password_link(User.objects.first(), by=actor, at=NOW),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert Invitation.objects.count() == 1


# The person


def test_an_invited_person_makes_an_account_and_signs_in():
    client = opened(invite())
    page = client.get("/invitation/").content.decode()
    for words in ("Harbor Spine Office", "Office administrator", EMAIL):
        assert words in page
    answer = client.post("/invitation/", TYPED, follow=True)
    assert answer.redirect_chain == [("/sign-in/", 302)]
    assert "Your account is ready." in answer.content.decode()
    user = User.objects.get(email=EMAIL)
    assert (user.get_full_name(), user.membership.role) == ("Olga Brandt", "office_admin")
    assert user.membership.organization == office()
    assert last_event() == (user.pk, "invitation_accept")
    assert client.post("/sign-in/", {"username": EMAIL, "password": WORDS}, follow=True).redirect_chain[-1][0] == (
        "/requests/"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"first_name": ""}, "Enter your first name."),
        ({"last_name": "\u200b"}, "Enter your last name."),
        ({"last_name": "\u202etdnarB"}, "This name has a character that cannot be seen."),
        (
            {"password1": "olga@harbor.example", "password2": "olga@harbor.example"},
            "close to your name or e-mail address",
        ),
        ({"password2": "something else"}, "The two passwords differ."),
    ],
)
def test_what_is_wrong_is_told_and_the_link_stays_good(changes, message):
    client = opened(invite())
    assert message in client.post("/invitation/", {**TYPED, **changes}).content.decode()
    assert client.post("/invitation/", TYPED).status_code == 302


def test_a_person_who_forgot_the_password_chooses_a_new_one_and_every_session_ends():
    user = User.objects.get(pk=person(Role.NURSE).user_id)
    elsewhere = Client()
    elsewhere.force_login(user)
    actor, client = signed_in(Role.ADMINISTRATOR)
    shown = client.post(reverse("admin:priorauth_user_link", args=[user.pk])).content.decode()
    assert last_event() == (actor.user_id, "password_link_make")
    person_ = opened(LINK.search(shown)[0])
    assert person_.post("/invitation/", {"password1": WORDS, "password2": WORDS}).status_code == 302
    assert last_event() == (user.pk, "password_reset")
    assert authenticate(username=user.email, password=WORDS) == user
    assert elsewhere.get("/admin/").status_code == 302


def test_no_link_is_made_for_a_person_who_could_not_sign_in():
    users = [User.objects.get(pk=person(Role.NURSE).user_id) for _ in range(2)]
    User.objects.filter(pk=users[0].pk).update(is_active=False)
    Membership.objects.filter(user=users[1]).delete()
    _, client = signed_in(Role.ADMINISTRATOR)
    for user in users:
        answer = client.post(reverse("admin:priorauth_user_link", args=[user.pk]), follow=True)
        assert "Only an active person who belongs to an organization can sign in" in answer.content.decode()
    assert not Invitation.objects.exists()


# A link that cannot be used


def used(clock):
    link = invite()
    opened(link).post("/invitation/", TYPED)
    return link


def ran_out(clock):
    link = invite()
    clock.forward(hours=72)
    return link


def revoked(clock):
    link = invite()
    invitations.revoke(Invitation.objects.get(), by=person(Role.ADMINISTRATOR), at=clock())
    return link


def registered_meanwhile(clock):
    link = invite()
    User.objects.create_user(EMAIL)
    return link


def password_ran_out(clock):
    link = password_link(User.objects.get(pk=person(Role.NURSE).user_id))
    clock.forward(hours=24)
    return link


def password_superseded(clock):
    user = User.objects.get(pk=person(Role.NURSE).user_id)
    link = password_link(user)
    password_link(user)
    return link


def password_of_the_deactivated(clock):
    user = User.objects.get(pk=person(Role.NURSE).user_id)
    link = password_link(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    return link


def password_of_one_without_a_place(clock):
    user = User.objects.get(pk=person(Role.NURSE).user_id)
    link = password_link(user)
    Membership.objects.filter(user=user).delete()
    return link


DEAD = (
    used,
    ran_out,
    revoked,
    registered_meanwhile,
    password_ran_out,
    password_superseded,
    password_of_the_deactivated,
    password_of_one_without_a_place,
)


@pytest.mark.parametrize("dead", DEAD)
def test_a_dead_link_answers_like_one_that_never_was(dead, clock):
    never = Client().get(f"/invitation/{'a' * 43}/")
    answer = Client().get(dead(clock))
    assert (answer.status_code, answer.content) == (never.status_code, never.content)
    assert never.status_code == 404
    assert Client().get("/invitation/").content == never.content


def test_a_link_works_until_the_last_second(clock):
    link = invite()
    clock.forward(hours=72, seconds=-1)
    client = opened(link)
    clock.forward(seconds=1)
    assert client.post("/invitation/", TYPED).status_code == 404
    assert not User.objects.filter(email=EMAIL).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_link_at_the_same_moment_one_gets_in():
    link = invite()
    people, answers = {"Olga": opened(link), "Mallory": opened(link)}, []

    def use(name):
        answers.append(people[name].post("/invitation/", {**TYPED, "first_name": name}).status_code)

    at_once(use, list(people))
    assert sorted(answers) == [302, 404]
    assert User.objects.filter(email=EMAIL).count() == 1


def test_an_account_that_cannot_be_audited_is_not_made(monkeypatch):
    client = opened(invite())
    client.raise_request_exception = False

    def broken(**_):
        raise RuntimeError

    monkeypatch.setattr("priorauth.audit.record", broken)
    assert client.post("/invitation/", TYPED).status_code == 500
    assert not User.objects.filter(email=EMAIL).exists()
    assert Invitation.objects.get().accepted_at is None


# Where a token must not get


def test_no_page_has_a_token_in_its_address_and_none_is_passed_on():
    link = invite()
    client = Client()
    answer = client.get(link)
    assert (answer.status_code, answer["Location"], answer.content) == (302, "/invitation/", b"")
    token = link.split("/")[2]
    assert token not in client.get("/invitation/").content.decode()
    assert token not in str(client.session.items())


def test_following_a_link_does_not_use_it_up():
    link = invite()
    for _ in range(3):
        Client().get(link)
        Client().head(link)
    assert opened(link).post("/invitation/", TYPED).status_code == 302


# The command line


def printed(*arguments) -> str:
    out = StringIO()
    call_command("invite", *arguments, stdout=out)
    return out.getvalue()


def test_the_first_administrator_comes_in_by_a_link_that_a_command_prints():
    text = printed("--role", "administrator", "first@plan.example", "--address", "https://portal.example/")
    assert f"https://portal.example{LINK.search(text)[0]}" in text
    client = opened(LINK.search(text)[0])
    assert client.post("/invitation/", TYPED).status_code == 302
    user = User.objects.get(email="first@plan.example")
    assert (user.membership.role, user.membership.organization.kind) == ("administrator", "plan")
    assert client.post("/sign-in/", {"username": user.email, "password": WORDS}, follow=True).status_code == 200


def test_the_command_gives_a_registered_person_a_link_for_a_new_password():
    user = User.objects.get(pk=person(Role.ADMINISTRATOR).user_id)
    text = printed(user.email)
    assert "chooses a new password" in text
    opened(LINK.search(text)[0]).post("/invitation/", {"password1": WORDS, "password2": WORDS})
    assert authenticate(username=user.email, password=WORDS) == user
    assert Organization.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "must be an e-mail address"),
        (["--role", "clerk", EMAIL], "Name the provider office"),
        (["--role", "clerk", "--organization", "Nowhere", EMAIL], "no organization named 'Nowhere'"),
        (["--role", "clerk", "--organization", "Example Plan", EMAIL], "does not belong to a plan"),
    ],
)
def test_the_command_says_what_it_needs(arguments, message):
    plan()
    with pytest.raises(CommandError, match=message):
        printed(*arguments)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("command", [["createsuperuser"], ["changepassword", "somebody@example.test"]])
def test_djangos_own_ways_to_make_accounts_and_passwords_are_closed(command):
    with pytest.raises(CommandError, match="Make a link: manage"):
        call_command(*command)
