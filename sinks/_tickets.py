"""The reading side of the ticket store: what the command line and the console show. Cannot write, knows no Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from normalizer.errors import Misconfigured, Rejected
from normalizer.events import Attachment, Contact, Decision, Message, Priority, Status, Ticket
from sinks._reader import SCHEMES, Reader
from sinks._readsqlite import SqliteReader
from sinks._shown import History as History
from sinks._shown import Hit as Hit
from sinks._shown import Revision as Revision
from sinks._shown import Stored as Stored
from sinks._words import around

MAX_ROWS = 1_000

_TICKET = """t.id, t.revision, t.conversation_id, t.customer_id, t.scheme, t.address, t.name, t.channel, t.account,
  t.subject, t.status, t.priority, t.queue, t.opened_at, t.updated_at, t.messages, t.follows,
  t.merged_into, t.related_to"""
# A ticket and all that went into it, by whatever way: UNION takes each once, so a circle ends.
_FAMILY = """WITH RECURSIVE family (id) AS (SELECT id FROM tickets WHERE id = :id UNION
  SELECT t.id FROM family JOIN tickets t ON t.merged_into = family.id AND t.merged_into <> '')"""
_decoder = msgspec.json.Decoder(Message)
_related = msgspec.json.Decoder(tuple[str, ...])
_COUNTED = {
    "customers": "customers",
    "conversations": "conversations",
    "tickets": "tickets",
    "messages": "message_rows",
    "attachments": "attachment_rows",
}
"""What is counted, and in which table: a view would look up the other half of each row."""


def reader(where: Path | str) -> Reader:
    """A reader of the store at `where`: a PostgreSQL URL, or the path of an SQLite file."""
    if isinstance(where, str) and where.startswith(SCHEMES):
        from sinks._readpostgres import PostgresReader  # whose driver takes a tenth of a second to load

        return PostgresReader(where)
    return SqliteReader(Path(where))


class Tickets:
    """The tickets in the store at `where`, a PostgreSQL URL or the path of an SQLite file; a context manager.

    Raises `Misconfigured` when there is no store or one of another version, and `Retriable` while it is locked or away.
    """

    def __init__(self, where: Path | str) -> None:
        self._reader = reader(where)

    def __enter__(self) -> Tickets:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store. Closing twice is harmless."""
        self._reader.close()

    def list_tickets(
        self,
        *,
        status: Status | None = None,
        queue: str | None = None,
        priority: Priority | None = None,
        channel: str | None = None,
        limit: int = 50,
    ) -> Sequence[Ticket]:
        """The tickets that fit, the last updated first; at most `limit`, and never more than 1,000.

        Tickets that were merged into others are listed only with ``status="merged"``.
        """
        found = self._rows(
            f"""SELECT {_TICKET} FROM tickets t
              WHERE (status = :status OR CAST(:status AS TEXT) IS NULL AND status <> 'merged')
              AND (CAST(:queue AS TEXT) IS NULL OR queue = :queue)
              AND (CAST(:priority AS TEXT) IS NULL OR priority = :priority)
              AND (CAST(:channel AS TEXT) IS NULL OR channel = :channel)
              ORDER BY updated_at DESC, id LIMIT :limit""",  # noqa: S608 - the columns are ours
            status=status,
            queue=queue,
            priority=priority,
            channel=channel,
            limit=min(limit, MAX_ROWS),
        )
        return [_ticket(row) for row in found]

    def openings(self, tickets: Sequence[Ticket]) -> dict[str, str]:
        """The first words said in each ticket that has no subject, by its id: chats and calls have none."""
        nameless = [ticket.id for ticket in tickets if not ticket.subject]
        found = self._rows(
            f"""SELECT ticket_id, substr(coalesce(nullif(visible_text, ''), text), 1, 80) FROM messages
              WHERE ticket_id {self._reader.among} AND suppressed = '' ORDER BY said_at DESC, id DESC""",  # noqa: S608 - ours
            list=self._reader.listed(nameless),
        )
        return {ticket_id: " ".join(words.split()) for ticket_id, words in found}

    def ticket(self, prefix: str) -> History:
        """The ticket whose id starts with `prefix`. Raises `Rejected` when there is none, or more than one."""
        with self._reader.snapshot():
            ticket = self._named(prefix)
            return History(ticket, self._survivor(ticket).id, self._messages(ticket.id), self._revisions(ticket.id))

    def _named(self, prefix: str) -> Ticket:
        found = self._rows(
            f"SELECT {_TICKET} FROM tickets t WHERE id >= :start AND id < :end ORDER BY id LIMIT 2",  # noqa: S608 - ours
            start=prefix.strip().lower(),
            end=prefix.strip().lower() + "~",
        )
        if not found:
            raise Rejected(
                "no-such-ticket", f"no ticket has an id that starts with {prefix!r}: list them to see the ids"
            )
        if len(found) > 1:
            raise Rejected(
                "ambiguous-ticket", f"more than one ticket has an id that starts with {prefix!r}: give more of the id"
            )
        return _ticket(found[0])

    def files(self) -> set[str]:
        """The SHA-256 of every attachment that a message has. Raises `Misconfigured` for a store without a ticket.

        An empty store is a new or a wrong one far more often than one whose tickets are all forgotten.
        """
        if self._rows("SELECT count(*) FROM tickets") == [(0,)]:
            raise Misconfigured("the ticket store has no ticket: is it the right one? Nothing is deleted on its word")
        return {row[0] for row in self._rows("SELECT DISTINCT sha256 FROM attachment_rows")}

    def search(self, query: str, *, limit: int = 20) -> Sequence[Hit]:
        """The messages that hold all words of `query` (each may be the start of a word), the best match first.

        Case and accents do not matter. Nothing in `query` is syntax; without a word in it nothing is found.
        """
        found = self._reader.search(query, f"m.id, m.text, {_TICKET}", min(limit, MAX_ROWS))
        return [Hit(self._survivor(_ticket(row[2:])), row[0], around(row[1], query)) for row in found]

    def counts(self) -> dict[str, Any]:
        """How much there is: rows of each table, and tickets by status, priority, queue and channel."""
        found: dict[str, Any] = {
            what: self._rows(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 - ours
            for what, table in _COUNTED.items()
        }
        found["suppressed"] = dict(
            self._rows("SELECT suppressed, count(*) FROM message_rows WHERE suppressed <> '' GROUP BY 1 ORDER BY 1")
        )
        for column in ("status", "priority", "queue", "channel"):
            found[f"by_{column}"] = dict(
                self._rows(f"SELECT {column}, count(*) FROM tickets GROUP BY 1 ORDER BY 1")  # noqa: S608 - ours
            )
        return found

    def export(self) -> Iterator[bytes]:
        """The whole store as JSON lines, the same bytes for the same events in whatever order they came."""
        with self._reader.snapshot():
            for table, (columns, order) in _EXPORTED.items():
                names = columns.split()
                for row in self._reader.every(f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}"):  # noqa: S608 - ours
                    yield msgspec.json.encode({"table": table, **dict(zip(names, row, strict=True))}) + b"\n"

    def _survivor(self, ticket: Ticket) -> Ticket:
        """The ticket at the end of the merges, as far as it has arrived."""
        passed = {ticket.id}
        while ticket.merged_into and ticket.merged_into not in passed:
            passed.add(ticket.merged_into)
            found = self._rows(f"SELECT {_TICKET} FROM tickets t WHERE id = :id", id=ticket.merged_into)  # noqa: S608 - ours
            if not found:
                break
            ticket = _ticket(found[0])
        return ticket

    def _messages(self, ticket_id: str) -> tuple[Stored, ...]:
        found = self._rows(
            f"""{_FAMILY} SELECT id, ticket_id, revision, suppressed, subject, text, visible_text, html, details
              FROM messages WHERE ticket_id IN (SELECT id FROM family) ORDER BY said_at, id""",  # noqa: S608 - ours
            id=ticket_id,
        )
        made = {routed_with: self._decisions(routed_with) for routed_with in {row[1] for row in found}}
        return tuple(
            Stored(
                msgspec.structs.replace(
                    _decoder.decode(details),
                    subject=subject,
                    text=text,
                    visible_text=visible,
                    html=html,
                    attachments=self._attachments(message_id),
                ),
                routed_with,
                revision,
                suppressed,
                made[routed_with].get(revision, ()),
            )
            for message_id, routed_with, revision, suppressed, subject, text, visible, html, details in found
        )

    def _attachments(self, message_id: str) -> tuple[Attachment, ...]:
        found = self._rows(
            """SELECT sha256, size, name, content_type, content_id, inline FROM attachments
              WHERE message_id = :id ORDER BY position""",
            id=message_id,
        )
        return tuple(
            Attachment(sha256=sha, size=size, name=name, content_type=kind, content_id=cid, inline=bool(inline))
            for sha, size, name, kind, cid, inline in found
        )

    def _revisions(self, ticket_id: str) -> tuple[Revision, ...]:
        made = self._decisions(ticket_id)
        found = self._rows(
            """SELECT revision, message_id, status, priority, queue, at FROM revisions
              WHERE ticket_id = :id ORDER BY revision""",
            id=ticket_id,
        )
        return tuple(
            Revision(number, message_id, status, priority, queue, datetime.fromisoformat(at), made.get(number, ()))
            for number, message_id, status, priority, queue, at in found
        )

    def _decisions(self, ticket_id: str) -> dict[int, tuple[Decision, ...]]:
        found = self._rows(
            """SELECT revision, what, rule, result, because FROM decisions
              WHERE ticket_id = :id ORDER BY revision, position""",
            id=ticket_id,
        )
        made: dict[int, tuple[Decision, ...]] = {}
        for revision, *cells in found:
            made[revision] = (*made.get(revision, ()), Decision(*cells))
        return made

    def _rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._reader.rows(statement, values)


_EXPORTED = {
    "customers": ("id since", "id"),
    "contacts": ("customer_id scheme address name named_at", "scheme, address, customer_id"),
    "conversations": ("id customer_id channel account opened_at", "id"),
    "tickets": (
        """id revision conversation_id customer_id scheme address name channel account subject status priority queue
        opened_at updated_at messages follows merged_into related_to""",
        "id",
    ),
    "messages": (
        """id ticket_id revision routed_at kind said_at received_at sender subject text visible_text html suppressed
        details about""",
        "id",
    ),
    "attachments": ("message_id position sha256 size name content_type content_id inline", "message_id, position"),
    "revisions": ("ticket_id revision message_id status priority queue at", "ticket_id, revision"),
    "decisions": ("ticket_id revision position what rule result because", "ticket_id, revision, position"),
    "withdrawn": ("message_id", "message_id"),
}
"""The columns of each table, without the numbers that say in which order messages came, and their order."""


def _ticket(row: Sequence[Any]) -> Ticket:
    number, revision, conversation, customer, scheme, address, name, channel, account, *rest = row
    subject, status, priority, queue, opened_at, updated_at, messages, follows, merged_into, related_to = rest
    return Ticket(
        id=number,
        revision=revision,
        conversation_id=conversation,
        customer_id=customer,
        customer=Contact(scheme, address, name),
        channel=channel,
        account=account,
        subject=subject,
        status=status,
        priority=priority,
        queue=queue,
        opened_at=datetime.fromisoformat(opened_at),
        updated_at=datetime.fromisoformat(updated_at),
        messages=messages,
        follows=follows,
        merged_into=merged_into,
        related_to=_related.decode(related_to),
    )
