"""How much of a long figure a run does, and what each did: a tenth by default, all of it with SOAK=1 (`make soak`)."""

import os

SOAK = os.environ.get("SOAK") == "1"

reached: list[tuple[str, str, str]] = []


def figure(full: int) -> int:
    """The full figure under `make soak`, a tenth of it (at least 1) otherwise."""
    return full if SOAK else max(1, full // 10)


def report(row: str, did: str, found: str) -> None:
    """Note for the table at the end of the run: the row of the reliability plan, what was done, what came of it."""
    reached.append((row, did, found))


def table() -> list[str]:
    """The lines of the table, in the order of the rows; none where nothing was noted."""
    if not reached:
        return []
    rows = [("row", "done", "found"), *sorted(reached, key=lambda line: _natural(line[0]))]
    first, second = (max(len(line[column]) for line in rows) for column in (0, 1))
    return [f"{row:{first}}  {did:{second}}  {found}" for row, did, found in rows]


def _natural(row: str) -> tuple[str, int]:
    """F2 before F11."""
    digits = "".join(filter(str.isdigit, row))
    return row.rstrip("0123456789"), int(digits or 0)
