"""A line to a server that is long, narrow, or cut: a TCP proxy in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CHUNK = 4096
_CHUNKS = 16  # on their way in each direction, as much as a line may hold


class Line:
    """A line that can be changed while it is used.

    Parameters
    ----------
    port : int
        Of the server.

    Attributes
    ----------
    port : int
        Its own.
    delay : float
        Seconds that it takes, each way.
    rate : float
        Bytes a second towards the page, of all connections together; 0 for any number.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self.delay = 0.0
        self.rate = 0.0
        self._to = port
        self._is_cut = False
        self._free_at = 0.0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()

    def cut(self) -> None:
        """End all connections, and let none through until `mend`."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._end_all)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def _end_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, page: asyncio.StreamReader, to_page: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        if self._is_cut:
            to_page.transport.abort()
            return
        with contextlib.suppress(OSError, asyncio.CancelledError):
            server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
            self._open |= {to_page, to_server}
            try:
                await asyncio.gather(
                    self._carry(page, to_server, narrow=False),
                    self._carry(server, to_page, narrow=True),
                )
            finally:
                for writer in (to_page, to_server):
                    writer.transport.abort()
                    self._open.discard(writer)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, narrow: bool
    ) -> None:
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS)

        async def read() -> None:
            while data := await reader.read(_CHUNK):
                await chunks.put((self._loop.time() + self.delay, data))
            raise ConnectionError("closed")

        async def write() -> None:
            while True:
                due, data = await chunks.get()
                if narrow and self.rate:
                    due = max(due, self._free_at)
                    self._free_at = max(due, self._loop.time()) + len(data) / self.rate
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                writer.write(data)
                await writer.drain()

        await asyncio.gather(read(), write())

    def _run(self, ready: threading.Event) -> None:
        async def serve() -> None:
            listening = await asyncio.start_server(self._connected, "127.0.0.1", 0)
            self.port = listening.sockets[0].getsockname()[1]
            ready.set()
            await listening.serve_forever()

        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(serve())

    def _stop(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """Lay a line to a server on this machine."""
    line, ready = Line(port), threading.Event()
    thread = threading.Thread(target=line._run, args=(ready,), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield line
    line._loop.call_soon_threadsafe(line._stop)
    thread.join(10)
    line._loop.close()
