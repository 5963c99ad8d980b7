"""`manage.py export_decisions`: the payer's decision export, CSV or JSON Lines, on standard output or into a file."""

import datetime as dt
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from policies.vocabulary import PRODUCTS
from priorauth import exports
from priorauth.roles import SYSTEM


class Command(BaseCommand):
    help = "Write decided requests, one row per line of a request, without patient identifiers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", required=True)
        parser.add_argument("--to", dest="last", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", required=True)
        outcomes = [value for value, _ in exports.OUTCOMES]
        parser.add_argument("--status", action="append", default=[], choices=outcomes, help="may be repeated")
        parser.add_argument("--product", action="append", default=[], choices=PRODUCTS, help="may be repeated")
        parser.add_argument("--format", choices=exports.STREAMS, default="csv", help="csv (default) or jsonl")
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")

    def handle(self, **options: Any) -> None:
        if options["last"] < options["first"]:
            raise CommandError("--to must be on or after --from")
        selection = exports.Selection(
            options["first"], options["last"], tuple(options["status"]), tuple(options["product"])
        )
        blocks = exports.STREAMS[options["format"]](selection, by=SYSTEM, at=timezone.now())
        try:
            if options["output"]:
                self._to_file(blocks, options["output"])
            else:
                for block in blocks:
                    sys.stdout.buffer.write(block)
                sys.stdout.buffer.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _to_file(self, blocks: Any, target: Path) -> None:
        """Write beside the target, then rename: a file of that name is always a whole export."""
        partial = target.with_name(target.name + ".partial")
        try:
            with partial.open("wb") as file:
                file.writelines(blocks)
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise CommandError(f"Cannot write {target}: {error.strerror}.") from error
