"""Score JSON Lines as they come: in order, with a bound on every line and on what waits, in one process or several."""

import codecs
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO, Final

from pydantic_core import to_json

from policies.jsonl import result_of
from policies.workers import in_turn

Result = tuple[bytes, bool]

LONGEST: Final = 1 << 20  # bytes of a line; a request that names every level is far below a tenth of it
_BATCH_LINES: Final = 64
_TOO_LONG: Final = to_json(
    {"case_id": None, "error": {"path": "", "message": "must be one request of at most 1 MiB on one line"}}
)


def results(stream: BinaryIO, policy_id: str, jobs: int) -> Iterator[Result]:
    """The result of every line that is not blank, in order, and whether it is an assessment.

    With several jobs the lines are read in batches, a few ahead of the results. Raises `workers.WorkerDiedError` where
    a worker process dies.
    """
    lines = lines_of(stream)
    if jobs == 1:
        return (_result(line, policy_id) for line in lines)
    return in_turn(_batches(lines), partial(_score, policy_id), jobs)


def lines_of(stream: BinaryIO) -> Iterator[bytes | None]:
    """Every line that is not blank; None in the place of one that is too long, which is never held in memory.

    A byte order mark before the first is passed over: some editors put it there.
    """
    mark = codecs.BOM_UTF8
    while line := stream.readline(LONGEST + 1):
        line, mark = line.removeprefix(mark), b""
        if len(line) > LONGEST and not line.endswith(b"\n"):
            while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
            yield None
        elif line.strip():
            yield line


def _result(line: bytes | None, policy_id: str) -> Result:
    return (_TOO_LONG, False) if line is None else result_of(line, policy_id)


def _batches(lines: Iterable[bytes | None]) -> Iterator[list[bytes | None]]:
    batch: list[bytes | None] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line or b"")
        if len(batch) == _BATCH_LINES or size > LONGEST:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _score(policy_id: str, batch: list[bytes | None]) -> list[Result]:
    return [_result(line, policy_id) for line in batch]
