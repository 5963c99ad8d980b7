"""A TCP proxy that can be told to fail: the server behind it is then down, hangs, or loses its connections."""

import asyncio
import threading
from contextlib import contextmanager, suppress
from enum import Enum


class Mode(Enum):
    PASS = "passes bytes both ways"
    DOWN = "refuses and cuts connections"
    HANG = "accepts connections, and lets nothing through on any"


class FaultProxy:
    """Listens on a free port of 127.0.0.1 and forwards to `target` there; `target` and `mode` may change any time."""

    def __init__(self, target: int = 0) -> None:
        self.target = target
        self.mode = Mode.PASS
        self.accepted = 0
        self._live: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def set(self, mode: Mode) -> None:
        """Change the mode. Connections that stand are cut, as when a server goes away; those to HANG stay and hang."""
        self.mode = mode
        if mode is not Mode.HANG:
            self.cut()

    def cut(self) -> None:
        """Cut the connections that stand, wherever they are in their talk; new ones go on in the same mode."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (self._cut(), done.set()))
        assert done.wait(10)

    def _cut(self) -> None:
        for writer in self._live:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._live.add(writer)
        self._tasks.add(asyncio.current_task())
        try:
            if self.mode is Mode.DOWN:
                writer.transport.abort()
            elif self.mode is Mode.HANG:
                await reader.read()
            else:
                await self._forward(reader, writer)
        except ConnectionError:  # nobody listens behind
            writer.transport.abort()
        finally:
            self._live.discard(writer)
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        self._live.add(back)
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._live.discard(back)
            back.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                while self.mode is Mode.HANG:
                    await asyncio.sleep(0.05)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._done.wait()
        server.close()
        self._cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextmanager
    def running(self):
        ready = threading.Event()
        thread = threading.Thread(target=asyncio.run, args=(self._serve(ready),), daemon=True)
        thread.start()
        assert ready.wait(10)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._done.set)
            thread.join(10)
