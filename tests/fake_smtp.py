"""A mail server that speaks SMTP on a real socket, and can be told to misbehave."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class FakeSmtp:
    """`mode` may change at any time: "" works, or hang, unknown (each address is refused for good), busy.

    `heard` holds (recipient, text of the mail); `release` ends every hang.
    """

    def __init__(self) -> None:
        self.mode = ""
        self.heard: list[tuple[str, str]] = []
        self.arrived, self.release = threading.Event(), threading.Event()

    def answer(self, connection: "Connection") -> None:
        self.arrived.set()
        if self.mode == "hang":
            self.release.wait(30)
            return
        connection.say("220 ready")
        to = ""
        while line := connection.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "RCPT":
                to = line.partition("<")[2].rstrip(">")
                connection.say({"unknown": "550 no such person", "busy": "450 later"}.get(self.mode, "250 ok"))
            elif verb == "DATA":
                connection.say("354 go on")
                lines = iter(lambda: connection.rfile.readline().decode(), ".\r\n")
                self.heard.append((to, "".join(lines)))
                connection.say("250 taken")
            elif verb == "QUIT":
                connection.say("221 bye")
                return
            else:
                connection.say("250 ok")


class Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionError):  # the portal has given up
            self.server.fake.answer(self)

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


@contextmanager
def serving(fake: FakeSmtp) -> Iterator[str]:
    """Serve `fake` on a free port of 127.0.0.1. Gives the MAIL_URL."""
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection) as server:
        server.fake = fake
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"smtp://127.0.0.1:{server.server_address[1]}"
        finally:
            fake.release.set()
            server.shutdown()
            thread.join(10)
