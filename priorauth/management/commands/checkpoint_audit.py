"""`manage.py checkpoint_audit`: write a checkpoint now, and print the newest, to be kept on paper or mailed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from priorauth.audit import checkpoints


class Command(BaseCommand):
    help = "Write a checkpoint of the audit trail outside the database, and print the newest."

    def handle(self, **_: Any) -> None:
        try:
            checkpoints.take(timezone.now())
        except OSError as error:
            raise CommandError(f"No checkpoint: {checkpoints.path()} cannot be written ({error.strerror}).") from error
        except OperationalError as error:
            raise CommandError("No checkpoint: the database did not come to rest. Try again.") from error
        newest = checkpoints.newest()
        if newest is None:
            self.stdout.write("There is no event yet, so there is no checkpoint.")
            return
        self.stdout.write(f"checkpoint {newest.number} up to event id {newest.upto}: {newest.hash}")
