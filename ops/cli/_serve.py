"""What commands that go on share: the doors on their port, the next round, and when to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

from connectors._bearer import Bearer
from connectors._edge import Edge
from connectors._http import HttpServer, bind
from connectors._tls import Certificate
from ops.config import Http


def demand_port(http: Http) -> None:
    """Raises `Misconfigured` when the doors could not have their port: before anything else is started for them."""
    bind(http.host, http.port).close()


@contextlib.asynccontextmanager
async def serving(edge: Edge, http: Http) -> AsyncIterator[str]:
    """Serve the doors of an edge, when it has any, for as long as the context lasts; gives their address."""
    bearer = Bearer(http.monitor_token)
    routes = edge.routes(bearer)
    if not routes:
        yield ""
        return
    certificate = Certificate(http.certificate, http.key) if http.certificate or http.key else None
    server = HttpServer(routes, http.host, http.port, problems=edge.problems, bearer=bearer, certificate=certificate)
    task = asyncio.create_task(server.run())
    try:
        yield server.url
    finally:
        server.stop()
        await task


async def stop_asked() -> None:
    """Return when this process is asked to stop (SIGTERM, or Ctrl-C)."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


@contextlib.contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends what is started within the context as Ctrl-C does: in order, though nothing waits for it yet."""

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def asked_to_stop() -> Iterator[threading.Event]:
    """An event that is set by SIGTERM and Ctrl-C."""
    stop = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def rounds(every: timedelta | None) -> Iterator[threading.Event]:
    """One round, or with `every` one in this time until SIGTERM or Ctrl-C, which also set what is given."""
    with asked_to_stop() as stop:
        yield stop
        while every is not None and not stop.wait(every.total_seconds()):
            yield stop
