"""A clamd that speaks the real protocol on a real socket: it finds EICAR, and can be told to misbehave."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class FakeClamd:
    """`mode` may change at any time: "" works, or hang, garbage, cut, refuse, drip, or a number of bytes as its limit.

    `heard` holds what it was sent; `release` ends every hang.
    """

    def __init__(self) -> None:
        self.mode: str | int = ""
        self.heard: list[bytes] = []
        self.arrived, self.release = threading.Event(), threading.Event()

    def answer(self, connection: "Connection") -> None:
        self.arrived.set()
        if self.mode == "hang":
            self.release.wait(30)
        elif self.mode == "drip":
            while not self.release.wait(0.05):
                connection.wfile.write(b".")
        elif self.mode == "garbage":
            connection.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 400)
        elif self.mode != "cut":
            self._scan(connection)

    def _scan(self, connection: "Connection") -> None:
        assert connection.rfile.read(10) == b"zINSTREAM\0"
        data = b""
        while length := struct.unpack(">I", connection.rfile.read(4))[0]:
            data += connection.rfile.read(length)
            if isinstance(self.mode, int) and len(data) > self.mode:
                connection.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.heard.append(data)
        found = b"Win.Test.EICAR_HDB-1 FOUND" if EICAR in data else b"OK"
        connection.wfile.write(b"stream: " + found + b"\0")


class Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionError):  # the portal has given up
            self.server.fake.answer(self)


@contextmanager
def serving(fake: FakeClamd, socket: Path | None = None) -> Iterator[str]:
    """Serve `fake` on a free port of 127.0.0.1, or on a Unix socket. Gives the SCANNER_URL."""
    kind = socketserver.ThreadingUnixStreamServer if socket else socketserver.ThreadingTCPServer
    kind.daemon_threads = True
    with kind(str(socket) if socket else ("127.0.0.1", 0), Connection) as server:
        server.fake = fake
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"clamd://{socket}" if socket else f"clamd://127.0.0.1:{server.server_address[1]}"
        finally:
            fake.release.set()
            server.shutdown()
            thread.join(10)
