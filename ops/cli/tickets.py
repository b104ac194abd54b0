"""`switchboard tickets`: what came out at the other end."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import typer
from rich.console import RenderableType

from connectors._publisher import Publisher, Record
from normalizer.errors import Misconfigured, Rejected
from normalizer.events import Priority, Status, StatusChange, Ticket
from normalizer.wire import encode, headers
from ops.cli._reach import reach
from ops.cli._session import Session, session
from ops.cli._show import STDOUT, AsJson, clean, lines, quoted, table
from ops.cli._when import told
from ops.cli.customers import Owner, tell
from sinks._forget import purge
from sinks._tickets import History, Tickets

app = typer.Typer(help="The tickets in the store.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="ID", help="A ticket's id, or as much of it as tells it apart.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")]
SHORT = 8


@app.command("list")
def list_(
    context: typer.Context,
    status: Annotated[Status | None, typer.Option(help="Only tickets of this status.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only tickets of this queue.")] = None,
    priority: Annotated[Priority | None, typer.Option(help="Only tickets of this priority.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only tickets that began on this channel.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """The tickets, the last updated first."""
    with _store(session(context)) as store:
        found = store.list_tickets(status=status, queue=queue, priority=priority, channel=channel, limit=limit)
        openings = store.openings(found)
    if as_json:
        lines(found)
    else:
        STDOUT.print(listing(found, openings))


def listing(found: Sequence[Ticket], openings: Mapping[str, str]) -> RenderableType:
    """Tickets as a table. One without a subject is known by its opening words."""
    rows = [
        (t.id[:SHORT], t.status, t.priority, t.queue, t.channel, t.customer.name or t.customer.address,
         t.subject or openings.get(t.id, ""), t.messages, t.updated_at)
        for t in found
    ]  # fmt: skip
    columns = ["id", "status", "priority", "queue", "channel", "customer", "subject", "messages#", "updated"]
    return table("Tickets", columns, rows, empty="no ticket matches")


@app.command("show")
def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """One ticket: its messages, and why everything about it was decided as it was."""
    found = _history(session(context), name)
    if as_json:
        lines([found])
        return
    ticket = found.ticket
    STDOUT.print(f"[bold]{quoted(ticket.subject) or '(no subject)'}[/]  {ticket.id}")
    STDOUT.print(
        f"{ticket.status}, {ticket.priority}, queue {quoted(ticket.queue)}, {ticket.channel}:{quoted(ticket.account)}, "
        f"revision {ticket.revision}, customer {quoted(ticket.customer.name or ticket.customer.address)}"
    )
    if found.survivor != ticket.id:
        STDOUT.print(f"[yellow]it is part of ticket {found.survivor} now[/]")
    for stored in found.messages:
        message = stored.message
        note = f" [dim](suppressed: {quoted(stored.suppressed)})[/]" if stored.suppressed else ""
        STDOUT.print(
            f"\n[bold]{quoted(message.sender.name or message.sender.address)}[/] {told(message.received_at)}{note}"
        )
        STDOUT.print(clean(message.visible_text or message.text, lines=True), markup=False, highlight=False)
        for attachment in message.attachments:
            STDOUT.print(f"  [dim]{quoted(attachment.name or attachment.content_type)}, {attachment.size} bytes[/]")
        rows = [(d.what, d.rule, d.result, d.because) for d in stored.decisions]
        STDOUT.print(table("", ["decided", "by", "result", "because"], rows, empty=""))


@app.command("search")
def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help="Words, or their beginnings.")],
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Messages that hold all the words, the best match first."""
    with _store(session(context)) as store:
        found = store.search(" ".join(words), limit=limit)
    if as_json:
        lines(found)
    else:
        rows = [(hit.ticket.id[:SHORT], hit.ticket.status, hit.ticket.subject, hit.excerpt) for hit in found]
        STDOUT.print(
            table("Found", ["ticket", "status", "subject", "text"], rows, empty="nothing holds all these words")
        )


@app.command("export")
def export(context: typer.Context) -> None:
    """The whole store as JSON lines: the same bytes for the same tickets, in SQLite and in PostgreSQL."""
    with _store(session(context)) as store:
        for each in store.export():
            sys.stdout.buffer.write(each)


@app.command("close")
def close(context: typer.Context, name: Name) -> None:
    """Close a ticket. An answer to it reopens it, or opens a follow-up: see `tickets` in the configuration."""
    _change(session(context), name, "closed")


@app.command("reopen")
def reopen(context: typer.Context, name: Name) -> None:
    """Open a closed ticket again."""
    _change(session(context), name, "open")


@app.command("purge")
def purge_(
    context: typer.Context,
    older_than: Annotated[int, typer.Option(min=1, metavar="DAYS", help="Days since the last update.")],
    url: Owner = "",
    as_json: AsJson = False,
) -> None:
    """Forget every ticket that was last updated so long ago, whatever its status, for good."""
    before = datetime.now(UTC) - timedelta(days=older_than)
    tell(purge(url or session(context).config.store.where, before), as_json)


def _change(found: Session, name: str, status: Literal["open", "closed"]) -> None:
    history = _history(found, name)
    ticket = history.ticket
    if history.survivor != ticket.id:
        raise Misconfigured(f"ticket {ticket.id} was merged: name the one that it is part of, {history.survivor}")
    now = datetime.now(UTC)
    change = StatusChange(
        ticket_id=ticket.id,
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id,
        status=status,
        at=now,
        by=getpass.getuser(),
    )
    head = headers(change, ce_id=f"{ticket.id}@{now.isoformat()}", source="/switchboard/tickets", time=now)
    publisher = Publisher(reach(found))
    try:
        publisher.write([Record(change.topic, change.customer_id.encode(), encode(change), head)])
    finally:
        publisher.close()
    STDOUT.print(f"asked for {ticket.id[:SHORT]} to be {status}")


def _store(found: Session) -> Tickets:
    return Tickets(found.config.store.where)


def _history(found: Session, name: str) -> History:
    with _store(found) as store:
        try:
            return store.ticket(name)
        except Rejected as error:
            raise Misconfigured(str(error)) from error
