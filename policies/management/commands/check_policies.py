"""python manage.py check_policies: load every edition and name it with its digest. Needs no database."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from policies.registry import editions
from policies.strict_yaml import YamlError


class Command(BaseCommand):
    help = "Loads every policy edition; names each with the digest of its file, or the fault that stops it."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = editions()
        except YamlError as error:
            raise CommandError(str(error)) from None
        for policy, those in found.items():
            for edition in those:
                self.stdout.write(f"{policy} {edition.edition} in force from {edition.effective} {edition.sha256}")
