"""python manage.py scan_files: have a worker scan every file that has no verdict yet."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from priorauth.services import scan


class Command(BaseCommand):
    help = "Has a worker scan every file without a verdict: after a scanner was added, or was out of order."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = scan.enqueue_missed(timezone.now())
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} file{'' if count == 1 else 's'} will be scanned.")
