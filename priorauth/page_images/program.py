"""Starts the programs that draw and look on one open file, bounded from outside too: in time, in what they may say, in
number."""

import fcntl
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from priorauth.page_images.answer import BROKEN, BUSY, MOST_BYTES, Busy, NotDrawn

PROGRAM: Final = Path(__file__).with_name("draw.py")
SECONDS = 12.0  # of the clock for one page; the program has 5 of the processor
AT_ONCE = 3  # programs, on this machine
PATIENCE = 3.0  # seconds that a request waits for its turn
LOOK_AGAIN = 0.05
PIECE = 1 << 16


class Undrawable(NotDrawn):
    """The program ended without an answer, or said what it may not: so it will do the next time."""


def draw(file: BinaryIO, content_type: str, number: int) -> bytes:
    """The program's answer for one page of an open file. Raises Undrawable where there is none, and NotDrawn where
    it did not come in time: another time the machine may have more.

    The file goes in as a descriptor; neither its name nor anything of the portal's environment goes with it.
    """
    code, answer = run(PROGRAM, file, (content_type, str(number)), SECONDS)
    if code:
        raise Undrawable(BROKEN)
    return answer


def run(program: Path, file: BinaryIO, arguments: Sequence[str], seconds: float) -> tuple[int, bytes]:
    """How a program ended (subprocess.Popen.returncode), and all that it said. Raises as `draw` does, for too much and
    for too late; `seconds` are of the clock."""
    command = [sys.executable, "-I", str(program), *arguments]
    process = subprocess.Popen(  # noqa: S603 - no shell, and no word of it comes from outside
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", start_new_session=True
    )
    try:
        answer = _heard(process.stdout, time.monotonic() + seconds)
        return process.wait(1), answer
    except subprocess.TimeoutExpired as error:
        raise NotDrawn(BROKEN) from error
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _heard(pipe: BinaryIO, deadline: float) -> bytes:
    """All that the program says until it ends. Raises Undrawable for too much of it, NotDrawn for too late."""
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(pipe.fileno(), PIECE)
            if not piece:
                return bytes(said)
            said += piece
            if len(said) > MOST_BYTES:
                raise Undrawable(BROKEN)
    raise NotDrawn(BROKEN)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """One of the AT_ONCE places of this machine, a locked file each: a process that dies gives its place back.

    Raises Busy where none is free in time.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + PATIENCE
    while True:
        for place in range(AT_ONCE):
            with (folder / f"turn-{place}").open("wb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
        if time.monotonic() > deadline:
            raise Busy(BUSY)
        time.sleep(LOOK_AGAIN)
