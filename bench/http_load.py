"""Load for an HTTP door: keep-alive connections that each send the next post when the last is answered.

Wall-clock figures need a quiet machine; answers per CPU-second of the server's process do not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import psutil
from msgspec import Struct


class Figures(Struct, frozen=True):
    """What one run gave. Latencies in milliseconds."""

    answers: int
    per_second: float
    per_cpu_second: float
    p50: float
    p99: float


class _Connection(asyncio.Protocol):
    def __init__(self, post: Callable[[], bytes], until: float, took: list[float]) -> None:
        self._post = post
        self._until = until
        self._took = took
        self._sent = 0.0
        self._answer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        assert self._answer.startswith(b"HTTP/1.1 2"), self._answer
        self._took.append((time.perf_counter() - self._sent) * 1000)
        self._answer = b""
        if time.perf_counter() < self._until:
            self._next()
        else:
            self._transport.close()
            self.done.set_result(None)

    def _next(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._post())


def _length(head: bytes) -> int:
    (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return int(length.partition(b":")[2])


def post(path: str, body: bytes, headers: Mapping[str, str] | None = None, kind: str = "application/json") -> bytes:
    """The bytes of a post."""
    marks = {"Host": "bench", "Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in marks.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def measure(server: int, port: int, make: Callable[[], bytes], *, connections: int, seconds: float) -> Figures:
    """Load the door of process `server` (a pid) on a loopback port, after half a second that does not count."""

    async def run(lasting: float) -> list[float]:
        took: list[float] = []
        until = time.perf_counter() + lasting
        loop = asyncio.get_running_loop()
        pairs = [
            await loop.create_connection(lambda: _Connection(make, until, took), "127.0.0.1", port)
            for _ in range(connections)
        ]
        await asyncio.gather(*(connection.done for _, connection in pairs))
        return took

    asyncio.run(run(0.5))
    process = psutil.Process(server)
    before, began = process.cpu_times(), time.perf_counter()
    took = sorted(asyncio.run(run(seconds)))
    wall, after = time.perf_counter() - began, process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return Figures(
        answers=len(took),
        per_second=round(len(took) / wall),
        per_cpu_second=round(len(took) / used),
        p50=round(took[len(took) // 2], 2),
        p99=round(took[int(len(took) * 0.99)], 2),
    )
