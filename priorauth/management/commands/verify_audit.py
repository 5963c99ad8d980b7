"""`manage.py verify_audit`: recompute every hash chain and name the first broken event of each."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from priorauth import audit, guards


class Command(BaseCommand):
    help = "Check the audit trail. Exit status 1, and the first broken event of each chain, if anything is wrong."

    def handle(self, **_: Any) -> None:
        events = faults = 0
        for _stream, fault, count in audit.verify_all():
            events += count
            if fault:
                faults += 1
                self.stderr.write(str(fault))
        for guard in guards.missing():
            faults += 1
            self.stderr.write(f"the guard {guard} is off")
        if faults:
            raise CommandError(f"{faults} fault(s) among {events:,} events")
        self.stdout.write(f"{events:,} events, unbroken")
