"""`manage.py invite --role administrator EMAIL`: print, once, the link with which a person comes in.

The way in for the first administrator of an installation, and for one who forgot the password.
"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.urls import reverse
from django.utils import timezone

from priorauth.models import Organization, User
from priorauth.roles import OFFICE_ROLES, SYSTEM, Role
from priorauth.services import invitations, people
from priorauth.services.base import moment
from priorauth.services.errors import Refused


class Command(BaseCommand):
    help = "Print a link that works once: for a new person to make an account, for a registered one to set a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the work e-mail address of the person")
        roles = [role.value for role in Role if role is not Role.SYSTEM]
        parser.add_argument("--role", choices=roles, default=Role.ADMINISTRATOR.value, help="of a new person")
        parser.add_argument("--organization", help="its name; without it the plan, which is made where there is none")
        parser.add_argument("--address", default=own_address(), help="where the portal answers (%(default)s)")

    def handle(self, *, email: str, role: str, organization: str | None, address: str, **_: Any) -> None:
        try:
            validate_email(email)
            invitation, token = self._make(email.lower(), Role(role), organization)
        except ValidationError as error:
            raise CommandError("EMAIL must be an e-mail address, like name@example.org.") from error
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        path = reverse("invitation-link", args=[token])
        does = "chooses a new password" if invitation.user else f"makes an account as {Role(role).label.lower()}"
        self.stdout.write(f"With this link {invitation.email} {does}, once, until {moment(invitation.expires_at)}.")
        self.stdout.write("It is shown only now: pass it on in a way that you trust.\n")
        self.stdout.write(f"  {address.rstrip('/')}{path}")

    def _make(self, email: str, role: Role, organization: str | None) -> tuple[Any, str]:
        at = timezone.now()
        if user := User.objects.filter(email=email).first():
            return invitations.password_link(user, by=SYSTEM, at=at)
        return invitations.invite(email, self._place(role, organization), role, by=SYSTEM, at=at)

    def _place(self, role: Role, name: str | None) -> Organization:
        if name:
            found = Organization.objects.filter(name=name).first()
        elif role in OFFICE_ROLES:
            raise CommandError("Name the provider office with --organization.")
        else:
            found = Organization.objects.filter(kind=Organization.Kind.PLAN).first() or people.first_plan(
                timezone.now()
            )
        if found is None:
            raise CommandError(f"There is no organization named {name!r}. An administrator adds it in the admin.")
        return found


def own_address() -> str:
    """Where this portal probably answers."""
    host = next((host for host in settings.ALLOWED_HOSTS if not host.startswith(("*", "."))), "localhost")
    return f"https://{host}" if settings.HTTPS else f"http://{host}:8000"
