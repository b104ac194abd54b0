"""`switchboard ledger`: the proof that nothing was lost, once or all the time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from normalizer.errors import Retriable
from ops import channels
from ops.cli._duration import duration
from ops.cli._reach import reach
from ops.cli._serve import asked_to_stop
from ops.cli._session import session
from ops.cli._show import STDERR, STDOUT, AsJson, lines, table
from ops.ledger import Account, Ledger

app = typer.Typer()

NAMES_SHOWN = 50
LOOK_SECONDS = 2.0

Show = Callable[[Sequence[Account]], None]


@app.command()
def ledger(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, until a record is missing or late.")] = False,
    late: Annotated[
        timedelta | None,
        typer.Option(parser=duration, metavar="DURATION", help="A record without a fate is late after this: 90s, 5m."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Accepted = routed + duplicate + suppressed + dead-lettered + in flight, by channel.

    Exit status 1, with their names, when records are missing or late. With --watch until then: a table that is drawn
    anew, and where there is no terminal a line whenever something has changed.
    """
    found = Ledger(reach(session(context)), channels.names())
    try:
        if watch:
            with asked_to_stop() as stop, _screen(as_json) as show:
                accounts = _watched(found, late, stop, show)
        else:
            accounts = _accepted(found.take(late))
            if as_json:
                lines(accounts)
            else:
                STDOUT.print(rendered(accounts))
    finally:
        found.close()
    if not as_json:
        for note in _notes(accounts):
            STDOUT.print(note, highlight=False)
    if not all(map(_well, accounts)):
        raise typer.Exit(1)


def rendered(accounts: Sequence[Account]) -> RenderableType:
    """The ledger as a table."""
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
         "yes" if a.adds_up else f"NO: {a.missing_total} missing")
        for a in accounts
    ]  # fmt: skip
    return table("Ledger, of all that was ever accepted", columns, rows, empty="nothing has been accepted yet")


def line(accounts: Sequence[Account]) -> str:
    """The ledger in one line, for logs and pipes."""
    flying = sum(account.in_flight for account in accounts)
    said = f"accepted {sum(account.accepted for account in accounts)}, in flight {flying}"
    for word in ("missing", "late"):
        if count := sum(getattr(account, f"{word}_total") for account in accounts):
            said += f", {word} {count}"
    return said


def _accepted(accounts: Sequence[Account]) -> list[Account]:
    return [account for account in accounts if account.accepted]


def _well(account: Account) -> bool:
    return account.adds_up and not account.late_total


def _watched(found: Ledger, late: timedelta | None, stop: threading.Event, show: Show) -> list[Account]:
    """Look until something is not well, or until `stop`; gives the last look."""
    accounts: list[Account] = []
    while not stop.is_set():
        try:
            accounts = _accepted(found.take(late))
        except Retriable as error:  # a watch outlives a restart of what it watches
            STDERR.print(str(error), markup=False, highlight=False, soft_wrap=True)
        else:
            show(accounts)
            if not all(map(_well, accounts)):
                break
        stop.wait(LOOK_SECONDS)
    return accounts


def _notes(accounts: Sequence[Account]) -> Iterator[str]:
    """What does not fit the table: who is missing or late, and what stands beside the sum."""
    for account in accounts:
        for word, names, total in (
            ("missing", account.missing, account.missing_total),
            ("late", account.late, account.late_total),
        ):
            for name in names[:NAMES_SHOWN]:
                yield f"[bold red]{word}[/] {name}"
            if total > NAMES_SHOWN:
                yield f"… and {total - NAMES_SHOWN} more: --json names {len(names)}"
        if account.expired:
            yield f"{account.channel}: {account.expired} had no fate when the topic let go of them"
        for sink, count in account.refused.items():
            yield f"{account.channel}: {count} were routed and refused by {sink}: see the dead letters"


@contextlib.contextmanager
def _screen(as_json: bool) -> Iterator[Show]:
    if STDOUT.is_terminal and not as_json:
        with Live(console=STDOUT, auto_refresh=False) as live:
            yield lambda accounts: live.update(Group(rendered(accounts), Text("Ctrl-C ends it", "dim")), refresh=True)
        return
    said: Sequence[Account] | None = None

    def show(accounts: Sequence[Account]) -> None:
        nonlocal said
        if said != accounts:
            said = accounts
            if as_json:
                lines(accounts)
            else:
                STDOUT.print(line(accounts), highlight=False)

    yield show
