"""python manage.py assess [--policy bcbsma-484] [FILE]: score facts documents, JSON Lines in, JSON Lines out.

Streams: one result per line, in order; blank lines are skipped. A line that is not a valid document gives an error in
its place, the rest go on, and the exit status is 1 at the end. Needs no database.
"""

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.jsonl import result_of
from policies.registry import DEFAULT_POLICY, editions


class Command(BaseCommand):
    help = "Scores facts documents (JSON Lines from FILE or standard input), one result per line."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--policy", default=DEFAULT_POLICY, help=f"policy id (default: {DEFAULT_POLICY})")
        parser.add_argument("file", nargs="?", metavar="FILE", help="JSON Lines; without it, standard input")

    def handle(self, *args: Any, policy: str, file: str | None, **options: Any) -> None:
        if policy not in editions():
            raise CommandError(f"There is no policy {policy}. Known: {', '.join(editions())}.")
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # JSON is, whatever the locale
        try:
            with _lines(file) as lines:
                all_valid = self._score(lines, policy)
        except BrokenPipeError:
            # The reader has left. Python would complain once more when it flushes standard output at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        if not all_valid:
            sys.exit(1)

    def _score(self, lines: BinaryIO, policy: str) -> bool:
        all_valid = True
        for number, line in enumerate(lines):
            if number == 0:
                line = line.removeprefix(codecs.BOM_UTF8)  # some editors put it there
            if not line.strip():
                continue
            text, valid = result_of(line, policy)
            all_valid = all_valid and valid
            self.stdout.write(text.decode())
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
