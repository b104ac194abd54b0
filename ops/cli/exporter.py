"""`switchboard exporter`: how the whole installation is doing, for Prometheus."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer

from connectors._bearer import Bearer
from connectors._http import HttpServer
from connectors._metrics import metrics_route
from normalizer.errors import Misconfigured
from ops import wiring
from ops.cli._duration import duration
from ops.cli._reach import reach
from ops.cli._serve import stop_asked
from ops.cli._session import session
from ops.cli._show import STDERR
from ops.exporter import Installation, seen

app = typer.Typer()

PORT = 9480
LATE = timedelta(minutes=5)


@app.command()
def exporter(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = PORT,
    late: Annotated[
        timedelta | None,
        typer.Option(
            parser=duration, metavar="DURATION", help="A record without a fate is late after this.  [default: 5m]"
        ),
    ] = None,
) -> None:
    """Serve /metrics of every source, every stage and the ledger, whatever process they run in, until SIGTERM.

    For whoever sends http.monitor_token of the configuration as a bearer token.
    """
    found = session(context)
    if not found.config.http.monitor_token:
        raise Misconfigured("nobody could see the metrics: set http.monitor_token to 16 random bytes or more")
    looking = partial(seen, reach(found), found.config.channels, wiring.stages(found.config), late or LATE)
    bearer = Bearer(found.config.http.monitor_token)
    server = HttpServer([metrics_route(Installation(looking), bearer)], host, port, bearer=bearer)
    STDERR.print(f"running: {server.url}/metrics", highlight=False)
    asyncio.run(_serve(server))


async def _serve(server: HttpServer) -> None:
    serving = asyncio.create_task(server.run())
    await stop_asked()
    server.stop()
    await serving
