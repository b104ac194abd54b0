"""`switchboard purge`: what is older than the configuration keeps, forgotten once or all the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ops.cli._duration import duration
from ops.cli._serve import rounds
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines
from ops.cli.blobs import swept_line
from ops.cli.customers import Owner, gone_line
from ops.forgetting import Forgotten, forget

app = typer.Typer()


@app.command("purge")
def command(
    context: typer.Context,
    every: Annotated[
        timedelta | None, typer.Option(parser=duration, metavar="DURATION", help="Go on, once in this time: 1d.")
    ] = None,
    url: Owner = "",
    as_json: AsJson = False,
) -> None:
    """Forget the tickets and the blobs that are older than `retention` of the configuration keeps them.

    With --every until it is asked to stop. A store that does not answer ends it with status 75: start it again.
    """
    found = session(context)
    for _ in rounds(every):
        _show(forget(found.config, url, datetime.now(UTC)), as_json)


def _show(forgotten: Forgotten, as_json: bool) -> None:
    if as_json:
        lines([forgotten])
        return
    if forgotten.store is not None:
        STDOUT.print(gone_line(forgotten.store), highlight=False, soft_wrap=True)
    if forgotten.blobs is not None:
        STDOUT.print(swept_line(forgotten.blobs), highlight=False, soft_wrap=True)
