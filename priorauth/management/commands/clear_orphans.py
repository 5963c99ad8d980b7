"""python manage.py clear_orphans: remove files that belong to no request and are older than a day."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from priorauth import orphans


class Command(BaseCommand):
    help = "Removes files that belong to no request: what processes that were killed left behind a day ago or earlier."

    def handle(self, *args: Any, **options: Any) -> None:
        count = orphans.clear(timezone.now())
        self.stdout.write(f"{count} file{'' if count == 1 else 's'} removed.")
