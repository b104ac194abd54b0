"""`switchboard channels`: every configured account, how fresh it is, what waits, and who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import typer

from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, clean, lines, table
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
    for note in notes(sources):
        STDOUT.print(note, markup=False, highlight=False, soft_wrap=True)


COLUMNS = [
    "source", "state", "last received", "looked", "behind#", "waiting#", "a minute#", "errors#", "cursor", "edge",
]  # fmt: skip


def rows(sources: Sequence[Source]) -> list[tuple[object, ...]]:
    """The cells of a table with `COLUMNS`."""
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
        )
        for each in sources
    ]


def notes(sources: Sequence[Source]) -> list[str]:
    """What sources warn of and what troubles them, a line each: sentences would not fit the table."""
    found = [(each.name, note) for each in sources for note in (each.warning, each.detail) if note]
    return [f"{name}: {clean(note)}" for name, note in found]
