"""Asks a clamd whether a file holds a virus, by its INSTREAM command (clamd(8), COMMANDS).

SCANNER_URL names it: `clamd://host:3310`, or `clamd:///run/clamav/clamd.ctl` for a socket on this machine. Without it
nothing is scanned. One deadline stands over the whole conversation: a scanner that hangs costs PATIENCE, no more.
"""

import re
import socket
import time
from typing import BinaryIO
from urllib.parse import urlsplit

PATIENCE = 30.0  # seconds for one file, from the first byte to the verdict
PORT = 3310
PIECE = 1 << 16
LONGEST_REPLY = 4096
VERDICT = re.compile(rb"stream: (?:OK|(?P<virus>.+) FOUND)")
NOT_IN_A_NAME = re.compile(r"[^\w.:()/-]", re.ASCII)

SILENT = "The scanner gave no answer in time"
AWAY = "The scanner cannot be reached"
STRANGE = "The scanner's answer is none of clamd's"
TOO_LARGE = "The scanner takes no file of this size: raise its StreamMaxLength to 30M or more"


class ScanFailed(Exception):
    """There is no verdict on this file; `str(failure)` says why, and holds nothing of the file."""


class Unavailable(ScanFailed):
    """Nor would there be one on any other file."""


def url_fault(url: str) -> str:
    """What is wrong with a SCANNER_URL; "" where nothing is."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme == "clamd" and bool(parts.hostname) != bool(parts.path.strip("/")) and parts.port != 0
    except ValueError:
        sound = False
    return "" if sound else "SCANNER_URL must be clamd://host:3310 or clamd:///path/of/its/socket."


def virus_in(file: BinaryIO, url: str, patience: float = PATIENCE) -> str:
    """The name of the virus that the scanner finds in a file, or "" for none. Raises ScanFailed."""
    talk = _Talk(url, time.monotonic() + patience)
    try:
        reply = talk.about(file)
    except TimeoutError as error:
        raise Unavailable(SILENT) from error
    except OSError as error:
        raise Unavailable(AWAY) from error
    if found := VERDICT.fullmatch(reply):
        virus = found["virus"] or b""
        return NOT_IN_A_NAME.sub("", virus.decode("ascii", "ignore"))[:60] or "unnamed" if virus else ""
    if b"size limit exceeded" in reply:
        raise ScanFailed(TOO_LARGE)
    raise Unavailable(STRANGE)


class _Talk:
    """One conversation, every step of which ends at the deadline."""

    def __init__(self, url: str, deadline: float) -> None:
        self.parts, self.deadline = urlsplit(url), deadline

    def about(self, file: BinaryIO) -> bytes:
        with self._connected() as link:
            try:
                self._send(link, b"zINSTREAM\0")
                while piece := file.read(PIECE):
                    self._send(link, len(piece).to_bytes(4, "big") + piece)
                self._send(link, bytes(4))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has heard enough; its answer says why
            return self._reply(link)

    def _connected(self) -> socket.socket:
        if host := self.parts.hostname:
            return socket.create_connection((host, self.parts.port or PORT), timeout=self._left())
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(self._left())
        try:
            link.connect(self.parts.path)
        except OSError:
            link.close()
            raise
        return link

    def _send(self, link: socket.socket, data: bytes) -> None:
        link.settimeout(self._left())
        link.sendall(data)

    def _reply(self, link: socket.socket) -> bytes:
        reply = b""
        while b"\0" not in reply and len(reply) < LONGEST_REPLY:
            link.settimeout(self._left())
            piece = link.recv(LONGEST_REPLY)
            if not piece:
                break
            reply += piece
        return reply.partition(b"\0")[0].strip()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
