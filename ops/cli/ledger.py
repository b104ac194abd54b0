"""`switchboard ledger`: the proof that nothing was lost."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import RenderableType

from ops import channels
from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines, table
from ops.ledger import Account, take

app = typer.Typer()

MISSING_SHOWN = 50


@app.command()
def ledger(context: typer.Context, as_json: AsJson = False) -> None:
    """Accepted = routed + duplicate + suppressed + dead-lettered + in flight, by channel.

    Exit status 1, with the missing records, when it does not add up.
    """
    accounts = [account for account in take(reach(session(context)), channels.names()) if account.accepted]
    if as_json:
        lines(accounts)
    else:
        STDOUT.print(rendered(accounts))
        for account in accounts:
            for missing in account.missing[:MISSING_SHOWN]:
                STDOUT.print(f"[bold red]missing[/] {missing}")
            if len(account.missing) > MISSING_SHOWN:
                STDOUT.print(f"… and {len(account.missing) - MISSING_SHOWN} more: --json names them all")
    if not all(account.adds_up for account in accounts):
        raise typer.Exit(1)


def rendered(accounts: Sequence[Account]) -> RenderableType:
    """The ledger as a table, with the reasons under it."""
    columns = [
        "channel",
        "accepted#",
        "routed#",
        "duplicate#",
        "suppressed#",
        "dead-lettered#",
        "in flight#",
        "adds up",
    ]
    rows = [
        (a.channel, a.accepted, a.routed, a.duplicate, a.suppressed, a.dead_lettered, a.in_flight,
         "yes" if a.adds_up else f"NO: {len(a.missing)} missing")
        for a in accounts
    ]  # fmt: skip
    return table("Ledger, of all that the topics hold", columns, rows, empty="nothing has been accepted yet")
