"""`switchboard backfill`: what an account received before it was connected, or while nobody listened."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from ops import wiring
from ops.backfill import Progress
from ops.backfill import backfill as fill
from ops.cli._progress import counting
from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDERR, STDOUT, AsJson, lines, table
from ops.cli._when import Until, utc, when

app = typer.Typer()


@app.command()
def backfill(
    context: typer.Context,
    which: Annotated[str, typer.Argument(help="CHANNEL:ACCOUNT, or CHANNEL for all of its accounts.")],
    since: Annotated[
        datetime, typer.Option(parser=when, metavar="WHEN", help="The moment from which to read (UTC), or 7d ago.")
    ],
    until: Until = None,
    rate: Annotated[float, typer.Option(min=0, help="At most so many a second; 0: as live traffic allows.")] = 0.0,
    again: Annotated[bool, typer.Option("--again", help="From the beginning, though it was done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read an account again from a day on. Stop it whenever you like: started again with the same days, it goes on.

    Live traffic goes first, and its places are not touched. What was accepted before ends as a duplicate.
    """
    found = session(context)
    cluster = reach(found)
    done: list[Progress] = []
    start = since.replace(tzinfo=(utc(since) or since).tzinfo)
    for connector in wiring.connectors(found.config, which):
        name = f"{connector.channel}/{connector.account}"
        with counting(name) as bar:
            said = ""

            def told(progress: Progress) -> None:
                nonlocal said
                if progress.waiting and progress.waiting != said:
                    STDERR.print(progress.waiting, style="dim", highlight=False, soft_wrap=True)
                said = progress.waiting
                if progress.source:
                    read = progress.published + progress.left_out
                    bar(read, read + (progress.behind or 0))

            for progress in fill(connector, cluster, start, utc(until), rate, told, again=again):
                progress.source = f"{name}/{progress.source}"
                done.append(progress)
    if as_json:
        lines({"source": each.source, "published": each.published, "left_out": each.left_out} for each in done)
        return
    rows = [(each.source, each.published, each.left_out) for each in done]
    STDOUT.print(table("Read again", ["source", "published#", "not before --until#"], rows))
    STDERR.print("what was known already ends as a duplicate: see `switchboard ledger`", style="dim", highlight=False)
