"""`switchboard replay`: history through the code and the configuration at hand, and how it differs from what is live."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from normalizer.errors import Misconfigured
from ops.cli._progress import counting
from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDERR, STDOUT, AsJson, lines, table
from ops.cli._when import Since, Until, utc, when
from ops.replay.replaying import Period, Report
from ops.replay.replaying import replay as run
from ops.replay.shadow import Shadow, drop, shadow_of
from ops.replay.sides import Difference
from streams._batch import StageFailed

app = typer.Typer()

SHOWN = 50
Moment = typer.Option(
    parser=when, metavar="WHEN", help="Where reading begins (UTC), or 7d ago; at first all that the topics still hold."
)


@app.command()
def replay(
    context: typer.Context,
    topics: Annotated[list[str] | None, typer.Argument(help="Raw topics: raw.mail …")] = None,
    since: Since = None,
    until: Until = None,
    begin: Annotated[datetime | None, Moment] = None,
    into: Annotated[str, typer.Option(help="Write what comes out to the topics replay.NAME.*, for a look.")] = "",
    dropping: Annotated[
        bool, typer.Option("--drop", help="Take the topics of --into away, and do nothing else.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run history through this code and this configuration, and report every message that comes out differently.

    What is before --since runs too, so that conversations are known, and is not reported. The live pipeline is not touched.
    Exit status 1 when there are differences, or when a stage fails.
    """
    found = session(context)
    cluster = reach(found)
    if dropping:
        gone = drop(shadow_of(cluster, into))
        STDOUT.print(f"{len(gone)} topics are gone", highlight=False)
        return
    if not topics:
        raise Misconfigured("name the raw topics to replay: `switchboard replay raw.mail --since 2026-11-01`")
    period = Period(topics=tuple(topics), begin=utc(begin), since=utc(since), until=utc(until))
    shadow = Shadow(shadow_of(cluster, into), into) if into else None
    differences: list[Difference] = []
    try:
        with counting("records") as told:
            report = run(found.config, cluster, period, shadow, _taker(differences, as_json=as_json), told)
    except StageFailed as failed:
        STDERR.print(f"[bold red]switchboard:[/] {failed}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    finally:
        if shadow:
            shadow.close()
    _show(report, differences, as_json=as_json)
    if into:
        hint = f"the shadow is in replay.{into}.*; `switchboard replay --into {into} --drop` takes it away"
        STDERR.print(hint, style="dim", highlight=False, soft_wrap=True)
    if report.counts:
        raise typer.Exit(1)


def _taker(kept: list[Difference], *, as_json: bool) -> Callable[[Difference], None]:
    """What is done with a difference: written at once for a program; for people the first are kept."""

    def take(difference: Difference) -> None:
        if as_json:
            lines([{"difference": difference}])
        elif len(kept) < SHOWN:
            kept.append(difference)

    return take


def _show(report: Report, differences: list[Difference], *, as_json: bool) -> None:
    if as_json:
        lines([{"report": report}])
        return
    rows = [(d.field, d.origin, d.live, d.shadow, d.message_id) for d in differences]
    columns = ["field", "record", "live", "shadow", "message"]
    STDOUT.print(table("Differences", columns, rows, empty="no difference"))
    if (every := sum(report.counts.values())) > len(differences):
        STDOUT.print(f"… and {every - len(differences)} more: --json names them all")
    counted = ", ".join(f"{field} {count}" for field, count in sorted(report.counts.items())) or "none"
    since = f", since {report.reported_since:%Y-%m-%d %H:%M:%S} UTC" if report.reported_since else ""
    STDOUT.print(
        f"\n{report.replayed} records replayed, {report.compared} messages compared{since}; differences: {counted}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if report.renamed:
        STDOUT.print(
            f"{report.renamed} messages are in conversations that began before this history: compared by what is "
            "together, not by their ids", highlight=False, soft_wrap=True,
        )  # fmt: skip
