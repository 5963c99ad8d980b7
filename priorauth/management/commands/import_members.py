"""`manage.py import_members FILE`: the plan's member file, CSV, from a file or standard input."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from priorauth.roles import SYSTEM
from priorauth.services import member_file

COLUMNS = """Columns, named in the first line, in any order:
  member_id     6 to 20 letters and digits; blanks and dashes are left out
  birth_date    YYYY-MM-DD
  first_name    1 to 60 characters
  last_name     1 to 60 characters
  product       hmo, pos, ppo, indemnity, medicare_hmo_blue, medicare_ppo_blue or other
  covered_from  YYYY-MM-DD
  covered_to    YYYY-MM-DD, the last covered day; blank while the coverage is open
"""


class Command(BaseCommand):
    help = (
        "Read the plan's member file in (CSV, UTF-8). Good lines are kept; each wrong one is told by line and column,"
        " and the exit status is 1. The same file twice changes nothing. " + " ".join(COLUMNS.split())
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="- reads standard input")
        parser.add_argument("--dry-run", action="store_true", help="report what the file would do, and keep nothing")

    def handle(self, *, file: Path, dry_run: bool, **_: Any) -> None:
        try:
            if str(file) == "-":
                report = member_file.read_in(sys.stdin.buffer, by=SYSTEM, at=timezone.now(), dry_run=dry_run)
            else:
                with file.open("rb") as stream:
                    report = member_file.read_in(stream, by=SYSTEM, at=timezone.now(), dry_run=dry_run)
        except OSError as error:
            raise CommandError(f"Cannot read {file}: {error.strerror}.") from error
        except member_file.Unreadable as refusal:
            raise CommandError(str(refusal)) from refusal
        self._tell(report, "would be " if dry_run else "")

    def _tell(self, report: member_file.Report, would: str) -> None:
        for sentence in report.errors:
            self.stderr.write(sentence)
        if report.wrong > len(report.errors):
            self.stderr.write(f"and {report.wrong - len(report.errors):,} more wrong lines")
        self.stdout.write(
            f"{report.lines:,} lines: {report.added:,} {would}added, {report.changed:,} {would}changed,"
            f" {report.same:,} as before, {report.wrong:,} left out."
        )
        if report.wrong:
            sys.exit(1)
