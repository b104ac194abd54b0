"""`switchboard reconcile`: what the sources have had, against what was accepted of them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from connectors._publisher import Publisher
from connectors._recount import Recounted
from connectors._status import health_records
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from ops import wiring
from ops.cli._duration import duration
from ops.cli._reach import reach
from ops.cli._serve import rounds
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines, table
from ops.reconcile import Count, reconcile, report
from ops.view import View

app = typer.Typer()

NAMES_SHOWN = 50
COLUMNS = ["channel", "account", "source", "listed#", "recent#", "gaps#", "repaired#", "problem"]
DAY = timedelta(days=1)


@app.command("reconcile")
def command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="CHANNEL, CHANNEL:ACCOUNT, or `all`.")] = "all",
    since: Annotated[
        timedelta, typer.Option(parser=duration, metavar="DURATION", help="How far to look back: 6h, 2d.")
    ] = "1d",  # type: ignore[assignment]  # typer hands it to the parser
    repair: Annotated[bool, typer.Option("--repair", help="Publish what is missing.")] = False,
    every: Annotated[
        timedelta | None, typer.Option(parser=duration, metavar="DURATION", help="Go on, once in this time: 1h.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the sources for all that they have had, and find what never arrived: mail, SMS, WhatsApp by Twilio, phone, Slack, X.

    Exit status 1, with their names, when there are gaps that were not repaired. With --every until it is asked to stop.
    """
    found = session(context)
    chosen = [
        each for each in wiring.connectors(found.config, "" if name == "all" else name) if isinstance(each, Recounted)
    ]
    if not chosen:
        raise Misconfigured(f"no account of {name!r} has a source that can be counted again: doors and files have none")
    cluster = reach(found)
    counts: list[Count] = []
    for stop in rounds(every):
        counts = _look(cluster, chosen, since, repair, stop)
        _show(counts, as_json)
    if not all(count.well for count in counts):
        raise typer.Exit(1)


def _look(
    cluster: Cluster, chosen: list[Recounted[Any]], since: timedelta, repair: bool, stop: threading.Event
) -> list[Count]:
    publisher = Publisher(cluster)
    try:
        with View(cluster) as view:
            start = datetime.now(UTC) - since
            publish = publisher.publish if repair else None
            counts = [count for each in chosen for count in reconcile(view, each, start, publish, stop)]
        publisher.write(health_records(report(counts, datetime.now(UTC))))
        return counts
    finally:
        publisher.close()


def _show(counts: list[Count], as_json: bool) -> None:
    if as_json:
        lines(counts)
        return
    rows = [
        (c.channel, c.account, c.source, c.listed, c.recent, len(c.gaps), c.repaired, c.problem) for c in counts
    ]  # fmt: skip
    STDOUT.print(table("Sources against what was accepted", COLUMNS, rows))
    for count in counts:
        word = "repaired" if count.repaired == len(count.gaps) else "missing"
        for gap in count.gaps[:NAMES_SHOWN]:
            STDOUT.print(f"{word} {count.channel}/{count.account} {gap}", markup=False, highlight=False)
        if len(count.gaps) > NAMES_SHOWN:
            STDOUT.print(f"… and {len(count.gaps) - NAMES_SHOWN} more: --json names them all")
