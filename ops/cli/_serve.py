"""What `up` and `run connector` share: the doors on their port, and when to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Sequence

from starlette.routing import BaseRoute

from connectors._http import HttpServer
from ops.config import Http


@contextlib.asynccontextmanager
async def serving(routes: Sequence[BaseRoute], http: Http, problems: Callable[[], Sequence[str]]) -> AsyncIterator[str]:
    """Serve the doors, when there are any, for as long as the context lasts; gives their address."""
    if not routes:
        yield ""
        return
    server = HttpServer(routes, http.host, http.port, problems=problems)
    task = asyncio.create_task(server.run())
    try:
        yield f"http://{server.host}:{server.port}"
    finally:
        server.stop()
        await task


async def stop_asked() -> None:
    """Return when this process is asked to stop (SIGTERM, or Ctrl-C)."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
