"""TCP links that stand between processes and their servers, and can be cut, delayed or stopped: a small toxiproxy.

All run in one event loop in a thread of their own. A link's port is known before its target is, so that a broker can
advertise it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")
_CHUNK = 64 * 1024


class Link:
    """Forwards its `port` to `target`. Use its methods from any thread but the loop's."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self.target = 0
        self.port = 0
        self.delay = 0.0
        self.refuses = False
        self._pairs: set[asyncio.StreamWriter] = set()
        self.cuts = 0

    def cut(self) -> None:
        """Close every connection now; new ones work."""
        self._links.call(self._cut())

    async def _cut(self) -> None:
        self.cuts += len(self._pairs) // 2
        for writer in tuple(self._pairs):
            writer.transport.abort()

    async def listen(self) -> asyncio.Server:
        """Begin."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.refuses:
                raise ConnectionRefusedError
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._pairs |= both
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._pairs -= both
            for each in both:
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


class Links:
    """The loop that they run in; a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> Links:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def link(self, target: int = 0) -> Link:
        """A new link."""
        made = Link(self)
        made.target = target
        self._servers.append(self.call(made.listen()))
        return made

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
