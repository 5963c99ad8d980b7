"""In place of Django's commands that make accounts or set passwords past invitations and the audit trail."""

from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError


class NoWayIn(BaseCommand):
    help = "Not used here: `manage.py invite` makes a link with which a person chooses a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ignored", nargs="*")

    def handle(self, *_: Any, **__: Any) -> NoReturn:
        raise CommandError("Nobody sets a password for somebody else. Make a link: manage.py invite EMAIL")
