"""`switchboard blobs`: attachments and whole bodies."""

from __future__ import annotations

import typer

from connectors._sweep import sweep
from normalizer.cluster import Cluster
from ops import channels
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines
from ops.retention import whole_way_hours
from sinks._tickets import Tickets

app = typer.Typer(help="The blob store.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """With one command alone, typer would leave out its name."""


@app.command("sweep")
def sweep_(context: typer.Context, as_json: AsJson = False) -> None:
    """Delete the files that no topic can refer to any more and no ticket does: run it after `tickets purge`.

    What other destinations (webhooks, archives) refer to is not asked: copy what they need.
    """
    config = session(context).config
    cluster = config.kafka or Cluster()
    hours = whole_way_hours(cluster, channels.names())
    with Tickets(config.store.where) as store:
        used = store.files()
    swept = sweep(config.blobs.url, used, hours * 3600)
    if as_json:
        lines([swept])
    else:
        STDOUT.print(f"deleted: {swept.blobs} blobs of {swept.bytes} bytes; {swept.left} are left", highlight=False)
