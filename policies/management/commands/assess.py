"""python manage.py assess [--policy bcbsma-484] [--jobs N] [FILE]: score facts documents, JSON Lines in and out.

Streams: one result per line, in order; blank lines are skipped. A line that is not a valid document gives an error in
its place, the rest go on, and the exit status is 1 at the end; it is 2 where a worker process died. Needs no database.
"""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.registry import DEFAULT_POLICY, editions
from policies.streaming import results
from policies.workers import WorkerDiedError


class Command(BaseCommand):
    help = "Scores facts documents (JSON Lines from FILE or standard input), one result per line."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--policy", default=DEFAULT_POLICY, help=f"policy id (default: {DEFAULT_POLICY})")
        parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that score (default: 1)")
        parser.add_argument("file", nargs="?", metavar="FILE", help="JSON Lines; without it, standard input")

    def handle(self, *args: Any, policy: str, jobs: int, file: str | None, **options: Any) -> None:
        if policy not in editions():
            raise CommandError(f"There is no policy {policy}. Known: {', '.join(editions())}.")
        if jobs < 1:
            raise CommandError("--jobs must be 1 or more.")
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # JSON is, whatever the locale
        try:
            with _lines(file) as lines:
                all_valid = self._score(lines, policy, jobs, at_once=file is None)
        except BrokenPipeError:
            # The reader has left. Python would complain once more when it flushes standard output at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        if not all_valid:
            sys.exit(1)

    def _score(self, lines: BinaryIO, policy: str, jobs: int, at_once: bool) -> bool:
        all_valid, written = True, 0
        try:
            for text, valid in results(lines, policy, jobs):
                all_valid = all_valid and valid
                self.stdout.write(text.decode())
                written += 1
                if at_once:
                    self.stdout.flush()
        except WorkerDiedError:
            message = f"A worker process died. The first {written} results are written, the rest are not: run it again."
            raise CommandError(message, returncode=2) from None
        finally:
            self.stdout.flush()
        return all_valid


@contextlib.contextmanager
def _lines(file: str | None) -> Iterator[BinaryIO]:
    if file is None:
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as stream:
            yield stream
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise CommandError(f"Cannot read {file}: {error.strerror}.") from None
