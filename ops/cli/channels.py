"""`switchboard channels`: every configured account, how fresh it is, what waits, and who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import typer

from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines, table
from ops.sources import Source, look

app = typer.Typer()


@app.command()
def channels(context: typer.Context, as_json: AsJson = False) -> None:
    """Every configured account and its sources, from any machine that reaches Kafka."""
    found = session(context)
    sources = look(reach(found), found.config.channels, datetime.now(UTC))
    if as_json:
        lines(sources)
        return
    STDOUT.print(table("Channels", COLUMNS, rows(sources), empty="no account is configured"))


COLUMNS = [
    "source", "state", "last received", "looked", "behind#", "waiting#", "a minute#", "errors#", "cursor", "edge", "note",
]  # fmt: skip


def rows(sources: Sequence[Source]) -> list[tuple[object, ...]]:
    """The cells of a table with `COLUMNS`; what a source warns of stands before what it does now."""
    return [
        (
            each.name,
            each.state,
            each.last_received_at,
            each.looked_at,
            each.behind,
            each.waiting,
            f"{each.rate:.1f}",
            each.errors,
            each.cursor,
            each.edge,
            " · ".join(filter(None, (each.warning, each.detail))),
        )
        for each in sources
    ]
