"""`manage.py demo`: load the synthetic demo into an empty database and print its random passwords, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from portal import demo
from priorauth.models import User
from priorauth.roles import Role


class Command(BaseCommand):
    help = "Load the synthetic demo where nobody is registered yet. Everything in it is invented."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-passwords", action="store_true", help="give the demo's people new passwords and print them"
        )

    def handle(self, **options: Any) -> None:
        if not User.objects.exists():
            self._show(demo.load(timezone.now()))
        elif options["new_passwords"]:
            self._show(demo.renew_passwords())
        else:
            self.stdout.write("Data from an earlier start are kept.")

    def _show(self, people: list[tuple[User, Role, str]]) -> None:
        self.stdout.write("Synthetic demo: sign in as one of these. The passwords are shown this once.\n")
        for user, role, password in people:
            self.stdout.write(f"  {role.label:<20} {user.email:<30} {password}")
