"""`switchboard blobs`: attachments and whole bodies."""

from __future__ import annotations

import typer

from connectors._sweep import Swept
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines
from ops.forgetting import sweep_blobs

app = typer.Typer(help="The blob store.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """With one command alone, typer would leave out its name."""


@app.command("sweep")
def sweep_(context: typer.Context, as_json: AsJson = False) -> None:
    """Delete the files that no topic can refer to any more and no ticket does: run it after `tickets purge`.

    What other destinations (webhooks, archives) refer to is not asked: copy what they need.
    """
    swept = sweep_blobs(session(context).config)
    if as_json:
        lines([swept])
    else:
        STDOUT.print(swept_line(swept), highlight=False)


def swept_line(swept: Swept) -> str:
    """What was deleted, for people."""
    return f"deleted: {swept.blobs} blobs of {swept.bytes} bytes; {swept.left} are left"
