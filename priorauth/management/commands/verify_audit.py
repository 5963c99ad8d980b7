"""`manage.py verify_audit`: recompute the trail, compare it with the rows and the checkpoints, name each fault."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from priorauth import audit
from priorauth.audit import receipts


class Command(BaseCommand):
    help = "Check the audit trail. Exit status 1, and the first broken event of each stream, if anything is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--files", action="store_true", help="read the stored report files too")
        parser.add_argument(
            "--receipt",
            metavar="REFERENCE:NUMBER:HASH",
            help="check nothing but whether the trail still holds this event, as an office's receipt names it",
        )

    def handle(self, *, files: bool, receipt: str | None, **_: Any) -> None:
        if receipt:
            self._check(receipt)
            return
        try:
            found = audit.report(files=files, tell=self.stderr.write)
        except OSError as error:
            raise CommandError(f"The file of checkpoints cannot be read: {error.strerror}.") from error
        if found.torn:
            self.stderr.write(f"{found.torn} line(s) of the checkpoints are torn: their writer was stopped. No harm.")
        if found.fault_count:
            raise CommandError(f"{found.fault_count} fault(s) among {found.events:,} events")
        covered = f"{found.checkpoints:,} checkpoints, {found.newer:,} events newer than the last"
        self.stdout.write(f"{covered}\n{found.events:,} events, unbroken")

    def _check(self, text: str) -> None:
        try:
            receipt = receipts.parse(text)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if fault := receipts.fault(receipt):
            raise CommandError(str(fault))
        self.stdout.write(f"Event {receipt.sequence} of {receipt.reference} stands, and all before it.")
