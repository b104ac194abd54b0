"""What `up` and `run connector` share: the doors on their port, and when to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator

from connectors._bearer import Bearer
from connectors._edge import Edge
from connectors._http import HttpServer
from connectors._tls import Certificate
from ops.config import Http


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
