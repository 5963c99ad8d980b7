"""python manage.py check_policies [FOLDER] [--schema]: check every policy edition and its cases. Needs no database.

Names each edition with the digest of its file; or every fault with its file, line and key, and exits with status 1.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies import checking, registry, schema


class Command(BaseCommand):
    help = "Checks every policy edition and its cases; names each edition with its digest, or what does not hold."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=registry.LIBRARY, help="a folder of policies")
        parser.add_argument("--schema", action="store_true", help="print the JSON Schema of an edition, for editors")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        if options["schema"]:
            self.stdout.write(schema.text(), ending="")
            return
        found = list(checking.faults(folder))
        if found:
            raise CommandError("\n".join(found))
        for policy, those in registry.load(folder).items():
            for edition in those:
                self.stdout.write(f"{policy} {edition.edition} in force from {edition.effective} {edition.sha256}")
