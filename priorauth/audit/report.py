"""One check of everything: streams, rows, checkpoints and guards, at one instant."""

from collections.abc import Callable
from dataclasses import dataclass, field

from priorauth import guards
from priorauth.audit.anchors import Anchors
from priorauth.audit.verify import one_instant, verify_all

MOST_FAULTS = 50  # that a report keeps in words


@dataclass
class Report:
    """How much was read, and what was wrong. `newer` events lie in no checkpoint yet."""

    streams: int = 0
    events: int = 0
    checkpoints: int = 0
    torn: int = 0
    newer: int = 0
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, fault: object) -> None:
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(str(fault))


def report(*, files: bool = False, tell: Callable[[str], object] = lambda _: None) -> Report:
    """Check the whole trail, telling of each fault as it is found. Raises OSError for an unreadable checkpoint file."""
    found, anchors = Report(), Anchors()

    def add(fault: object) -> None:
        found.add(fault)
        tell(str(fault))

    with one_instant():
        for _, fault, count in verify_all(files=files):
            found.streams, found.events = found.streams + 1, found.events + count
            if fault:
                add(fault)
        for fault in anchors.faults():
            add(fault)
        for guard in guards.missing():
            add(f"the guard {guard} is off")
    found.checkpoints, found.torn, found.newer = anchors.count, anchors.torn, anchors.newer
    return found
