"""python manage.py replay [--edition FILE] [--set SWITCH=VALUE]... [--since DATE] [--jobs N]: what would change.

Scores the latest revision of every request that was sent again, under another edition file or another reading of it,
and prints each request that changed with the criterion that changed it, then how many went from which determination
to which. Without FILE the newest installed edition is read. The run is stored, for the page Replays; no case is
written.
"""

import datetime as dt
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies.edition import Edition
from policies.replay import UNREADABLE
from policies.strict_yaml import YamlError
from policies.workers import WorkerDiedError
from priorauth.models import Replay
from priorauth.services import replay

TOLD_EVERY = 1_000  # requests
LONGEST_NAME = 20  # characters of an edition's name, as the tables keep it
NOT_SCORED = "not_scored"


class Command(BaseCommand):
    help = "Scores stored requests again under another edition or reading, and prints what would change."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--edition", type=Path, metavar="FILE", help="an edition; default: the newest installed")
        parser.add_argument(
            "--set", dest="switches", action="append", default=[], metavar="SWITCH=VALUE", help="may be repeated"
        )
        parser.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="requests received on that day or later")
        parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that score (default: 1)")

    def handle(
        self,
        *args: Any,
        edition: Path | None,
        switches: list[str],
        since: dt.date | None,
        jobs: int,
        **options: Any,
    ) -> None:
        if jobs < 1:
            raise CommandError("--jobs must be 1 or more.")
        tried = _read(_edition(edition), switches)
        try:
            found = replay.run(tried, at=timezone.now(), since=since, jobs=jobs, tell=self._progress)
        except WorkerDiedError:
            raise CommandError("A worker process died, so nothing was stored: run it again.", returncode=2) from None
        self._head(found)
        self._changed(found)
        self._unreadable(found)
        self._matrix(found)

    def _progress(self, done: int) -> None:
        if not done % TOLD_EVERY:
            self.stderr.write(f"{done:,} requests scored again")

    def _head(self, found: Replay) -> None:
        readings = ", ".join(f"{name}={value}" for name, value in found.switches.items()) or "its default readings"
        since = f" received on {found.since} or later" if found.since else ""
        self.stdout.write(f"Replay {found.pk}: edition {found.edition} of {found.policy}, {readings}")
        self.stdout.write(f"Edition file SHA-256 {found.edition_sha256}")
        self.stdout.write(f"The latest revision of each of {found.requests:,} requests{since}, no case written")
        if found.differences:
            self.stdout.write("\nWhat differs from the newest installed edition:")
        for one in found.differences:
            self.stdout.write(f"  {one['part']}: {one['subject']}: {one['before'] or '-'} -> {one['after'] or '-'}")

    def _changed(self, found: Replay) -> None:
        self.stdout.write(f"\nChanged requests: {found.changed:,}")
        rows = found.cases.filter(changed=True).order_by("pk")
        for reference, old, new, lines in rows.values_list("case__reference", "old", "new", "lines").iterator():
            self.stdout.write(f"{reference}: {old} -> {new}" if old != new else f"{reference}: {old} as before")
            for line in lines:
                why = "; ".join(map(_why, line["why"]))
                self.stdout.write(f"  line {line['line']} {line['code']}: {line['old']} -> {line['new']} ({why})")

    def _unreadable(self, found: Replay) -> None:
        rows = found.cases.filter(new=UNREADABLE).order_by("pk").values_list("case__reference", "fault")
        for number, (reference, fault) in enumerate(rows.iterator()):
            if not number:
                self.stdout.write("\nCould not be read:")
            self.stdout.write(f"{reference}: {fault}")

    def _matrix(self, found: Replay) -> None:
        self.stdout.write("\nStored (down) and replayed (across), in requests:")
        columns = sorted({new for row in found.matrix.values() for new in row})
        table = [["", *columns]]
        for old, row in found.matrix.items():
            table.append([old or NOT_SCORED, *(f"{row.get(new, 0):,}" for new in columns)])
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for first, *cells in table:
            numbers = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
            self.stdout.write("  ".join([first.ljust(widths[0]), *numbers]).rstrip())


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is not a calendar day such as 2026-08-31") from None


def _edition(path: Path | None) -> Edition:
    """The edition of a file, or the newest installed one. Raises CommandError."""
    newest = replay.installed()[-1]
    if path is None:
        return newest
    try:
        edition = Edition.load(path)
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"Cannot read {path}: it is not text in UTF-8.") from None
    except YamlError as error:
        raise CommandError(str(error)) from None
    if edition.policy != newest.policy:
        raise CommandError(
            f"{path} is an edition of policy {edition.policy}; the stored requests were scored under {newest.policy}."
        )
    if len(edition.edition) > LONGEST_NAME:
        raise CommandError(f"{path}: the name of an edition has at most {LONGEST_NAME} characters.")
    return edition


def _read(edition: Edition, switches: list[str]) -> Edition:
    """The edition under the readings that are asked for. Raises CommandError, which names the known ones."""
    chosen: dict[str, str] = {}
    for text in switches:
        name, equals, value = text.partition("=")
        values = edition.document.values_of(name)
        if not equals:
            raise CommandError(f"--set {text} must be SWITCH=VALUE, as in --set modalities=two.")
        if name in chosen:
            raise CommandError(f"--set names {name} twice.")
        if not values:
            raise CommandError(f"There is no switch {name}. Known: {', '.join(edition.document.switches)}.")
        if value not in values:
            raise CommandError(f"{name} has no value {value or 'without a name'}. Known: {', '.join(values)}.")
        chosen[name] = value
    return edition.with_switches(**chosen)


def _why(change: dict[str, str]) -> str:
    """`L1, pathway A, conservative_6_weeks: met -> not_met`."""
    place = ", ".join(filter(None, [change["level"], change["pathway"] and f"pathway {change['pathway']}"]))
    named = f"{place}, {change['criterion']}" if place else change["criterion"]
    if change["before"] == change["after"]:
        return f"{named}: {change['before']}, counts otherwise"
    return f"{named}: {change['before']} -> {change['after']}"
