"""Whether the trail still holds what the checkpoints saw, and whether their file is whole."""

from collections.abc import Iterator

from priorauth.audit import checkpoints
from priorauth.audit.chain import GENESIS
from priorauth.audit.checkpoints import Event, Line
from priorauth.audit.keys import KeyRing, key_ring, unknown
from priorauth.audit.verify import CHECKPOINTS, Fault
from priorauth.models import AuditEvent, Checkpoint

RETIRED = "was signed with a retired key after a newer one"


class Anchors:
    """One reading of the file, as long as it was when this was made, so that a line written meanwhile is left out.

    After `faults` was read to its end: `count` lines, `torn` ones, and `newer` events that no line covers yet.
    """

    def __init__(self) -> None:
        self.count = self.torn = self.newer = 0
        self._ring: KeyRing = key_ring()
        self._told: set[str] = set()
        file = checkpoints.path()
        self._end = file.stat().st_size if file.exists() else 0

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the file, and the first thing wrong in each stream that it covers."""
        known = checkpoints.newest()
        last: Line = {"number": 0, "upto": 0, "hash": GENESIS, "key_id": list(self._ring)[-1]}
        noted = ""
        for raw in self._lines():
            line = checkpoints.parsed(raw)
            if line is None:
                self.torn += 1  # the next line follows the one before it, or is named
                continue
            self.count += 1
            yield from self._checked(line, last)
            last = line
            if known and line["number"] == known.number:
                noted = line["hash"]
        if known and noted != known.hash:
            yield _not_the_noted(known, last, noted)
        if last["number"] > (known.number if known else 0) + 1:
            what = f"is unknown to the database, which was set back to number {known.number if known else 0}"
            yield Fault(CHECKPOINTS, last["number"], what)
        yield from self._after(last)

    def _lines(self) -> Iterator[bytes]:
        if self._end:
            with checkpoints.path().open("rb") as file:
                while (left := self._end - file.tell()) > 0:
                    yield file.readline(left)

    def _checked(self, line: Line, last: Line) -> Iterator[Fault]:
        number = line["number"]
        if line["key_id"] not in self._ring:
            yield Fault(CHECKPOINTS, number, unknown(line["key_id"]))
        elif not checkpoints.rightly_signed(line, self._ring):
            yield Fault(CHECKPOINTS, number, "was changed after it was written")
        elif (number, line["after"], line["previous"]) != (last["number"] + 1, last["upto"], last["hash"]):
            yield Fault(CHECKPOINTS, number, f"does not follow number {last['number']}, which stands before it")
            yield from self._covered(line, last)
        elif self._age(line) > self._age(last):
            yield Fault(CHECKPOINTS, number, RETIRED)
        else:
            yield from self._covered(line, last)

    def _age(self, signed: Line) -> int:
        """How old the key of a line is; a key that nobody knows counts as the oldest."""
        return self._ring.age(signed["key_id"]) if signed["key_id"] in self._ring else len(self._ring)

    def _covered(self, line: Line, last: Line) -> Iterator[Fault]:
        """Compare the events of one line with what it says of them."""
        saw = f"checkpoint {line['number']} of {line['at']}"
        heads, missing, count = line["heads"], dict(line["heads"]), 0
        for event in map(Event._make, checkpoints.events_between(line["after"], line["upto"]).iterator()):
            count += 1
            head = heads.get(event.stream)
            if event.key_id in self._ring and self._ring.age(event.key_id) > self._age(last):
                yield from self._once(event.stream, event.sequence, RETIRED)
            elif head is None or event.sequence > head[0]:
                yield from self._once(event.stream, event.sequence, f"was not there when {saw} was written")
            elif event.sequence == head[0]:
                del missing[event.stream]
                if event.hash != head[1]:
                    yield from self._once(event.stream, event.sequence, f"is not the one that {saw} saw")
        for stream, head in missing.items():
            yield from self._once(stream, head[0], f"is missing, though {saw} saw it")
        if count != line["events"] and not self._told:
            what = f"covers {line['events']} events, of which the database has {count}"
            yield Fault(CHECKPOINTS, line["number"], what)

    def _after(self, last: Line) -> Iterator[Fault]:
        """The events that no line covers: they are counted, and none may have a key that was retired before."""
        newer = AuditEvent.objects.filter(id__gt=last["upto"])
        self.newer = newer.count()
        retired = [name for name in self._ring if self._ring.age(name) > self._age(last)]
        for stream, sequence in newer.filter(key_id__in=retired).order_by("id").values_list("stream", "sequence"):
            yield from self._once(stream, sequence, RETIRED)

    def _once(self, stream: str, sequence: int, what: str) -> Iterator[Fault]:
        if stream not in self._told:
            self._told.add(stream)
            yield Fault(stream, sequence, what)


def _not_the_noted(known: Checkpoint, last: Line, noted: str) -> Fault:
    if noted:
        return Fault(CHECKPOINTS, known.number, "is another one in the file than in the database")
    return Fault(CHECKPOINTS, known.number, f"is missing from the file, which ends with number {last['number']}")
