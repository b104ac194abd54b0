"""The reading side of the ticket store: what the command line and the console show. Cannot write, knows no Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from normalizer.errors import Rejected
from normalizer.events import Attachment, Contact, Decision, Message, Priority, Status, Ticket
from sinks._shown import History as History
from sinks._shown import Hit as Hit
from sinks._shown import Revision as Revision
from sinks._shown import Stored as Stored
from sinks._sqlite import named, open_reader, snapshot
from sinks._words import around, matching

MAX_ROWS = 1_000

_TICKET = """t.id, t.revision, t.conversation_id, t.customer_id, t.scheme, t.address, t.name, t.channel, t.account,
  t.subject, t.status, t.priority, t.queue, t.opened_at, t.updated_at, t.messages, t.follows,
  t.merged_into, t.related_to"""
# A ticket and all that went into it, by whatever way: UNION takes each once, so a circle ends.
_FAMILY = """WITH RECURSIVE family (id) AS (VALUES (?) UNION
  SELECT t.id FROM family JOIN tickets t ON t.merged_into = family.id AND t.merged_into <> '')"""
_decoder = msgspec.json.Decoder(Message)
_related = msgspec.json.Decoder(tuple[str, ...])


class Tickets:
    """The tickets in the store at `path`; a context manager.

    Raises `Misconfigured` when there is no store or one of another version, and `Retriable` while it is locked.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connection = open_reader(self.path)

    def __enter__(self) -> Tickets:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        self._connection.close()

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
              WHERE (status = ?1 OR ?1 IS NULL AND status <> 'merged') AND (?2 IS NULL OR queue = ?2)
              AND (?3 IS NULL OR priority = ?3) AND (?4 IS NULL OR channel = ?4)
              ORDER BY updated_at DESC, id LIMIT ?5""",  # noqa: S608 - the columns are ours
            (status, queue, priority, channel, min(limit, MAX_ROWS)),
        )
        return [_ticket(row) for row in found]

    def openings(self, tickets: Sequence[Ticket]) -> dict[str, str]:
        """The first words said in each ticket that has no subject, by its id: chats and calls have none."""
        nameless = msgspec.json.encode([ticket.id for ticket in tickets if not ticket.subject]).decode()
        found = self._rows(
            """SELECT ticket_id, substr(coalesce(nullif(visible_text, ''), text), 1, 80), min(said_at) FROM messages
              WHERE ticket_id IN (SELECT value FROM json_each(?)) AND suppressed = '' GROUP BY ticket_id""",
            (nameless,),
        )
        return {ticket_id: " ".join(words.split()) for ticket_id, words, _ in found}

    def ticket(self, prefix: str) -> History:
        """The ticket whose id starts with `prefix`. Raises `Rejected` when there is none, or more than one."""
        with named(self.path), snapshot(self._connection):
            ticket = self._named(prefix)
            return History(ticket, self._survivor(ticket).id, self._messages(ticket.id), self._revisions(ticket.id))

    def _named(self, prefix: str) -> Ticket:
        found = self._rows(
            f"SELECT {_TICKET} FROM tickets t WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT 2",  # noqa: S608 - ours
            (prefix.strip().lower(),),
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

    def search(self, query: str, *, limit: int = 20) -> Sequence[Hit]:
        """The messages that hold all words of `query` (each may be the start of a word), the best match first.

        Case and accents do not matter. Nothing in `query` is syntax; without a word in it nothing is found.
        """
        if not (expression := matching(query)):
            return []
        found = self._rows(
            f"""SELECT m.id, m.text, {_TICKET}
              FROM words JOIN messages m ON m.number = words.rowid JOIN tickets t ON t.id = m.ticket_id
              WHERE words MATCH ? ORDER BY bm25(words, 4.0, 1.0, 2.0), m.id LIMIT ?""",  # noqa: S608 - ours
            (expression, min(limit, MAX_ROWS)),
        )
        return [Hit(self._survivor(_ticket(row[2:])), row[0], around(row[1], query)) for row in found]

    def counts(self) -> dict[str, Any]:
        """How much there is: rows of each table, and tickets by status, priority, queue and channel."""
        tables = ("customers", "conversations", "tickets", "messages", "attachments")
        found: dict[str, Any] = {
            table: self._rows(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 - ours
            for table in tables
        }
        found["suppressed"] = dict(
            self._rows("SELECT suppressed, count(*) FROM messages WHERE suppressed <> '' GROUP BY 1 ORDER BY 1")
        )
        for column in ("status", "priority", "queue", "channel"):
            found[f"by_{column}"] = dict(
                self._rows(f"SELECT {column}, count(*) FROM tickets GROUP BY 1 ORDER BY 1")  # noqa: S608 - ours
            )
        return found

    def export(self) -> Iterator[bytes]:
        """The whole store as JSON lines, the same bytes for the same events in whatever order they came."""
        with named(self.path), snapshot(self._connection):
            for table, order in _EXPORTED.items():
                cursor = self._connection.execute(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608 - ours
                columns = [column for column, *_ in cursor.description]
                for row in cursor:
                    cells = dict(zip(columns, row, strict=True))
                    cells.pop("number", None)  # says in which order messages came
                    yield msgspec.json.encode({"table": table, **cells}) + b"\n"

    def _survivor(self, ticket: Ticket) -> Ticket:
        """The ticket at the end of the merges, as far as it has arrived."""
        passed = {ticket.id}
        while ticket.merged_into and ticket.merged_into not in passed:
            passed.add(ticket.merged_into)
            found = self._rows(f"SELECT {_TICKET} FROM tickets t WHERE id = ?", (ticket.merged_into,))  # noqa: S608 - ours
            if not found:
                break
            ticket = _ticket(found[0])
        return ticket

    def _messages(self, ticket_id: str) -> tuple[Stored, ...]:
        found = self._rows(
            f"""{_FAMILY} SELECT id, ticket_id, revision, suppressed, subject, text, visible_text, html, details
              FROM messages WHERE ticket_id IN family ORDER BY said_at, id""",  # noqa: S608 - ours
            (ticket_id,),
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
              WHERE message_id = ? ORDER BY position""",
            (message_id,),
        )
        return tuple(
            Attachment(sha256=sha, size=size, name=name, content_type=kind, content_id=cid, inline=bool(inline))
            for sha, size, name, kind, cid, inline in found
        )

    def _revisions(self, ticket_id: str) -> tuple[Revision, ...]:
        made = self._decisions(ticket_id)
        found = self._rows(
            """SELECT revision, message_id, status, priority, queue, at FROM revisions
              WHERE ticket_id = ? ORDER BY revision""",
            (ticket_id,),
        )
        return tuple(
            Revision(number, message_id, status, priority, queue, datetime.fromisoformat(at), made.get(number, ()))
            for number, message_id, status, priority, queue, at in found
        )

    def _decisions(self, ticket_id: str) -> dict[int, tuple[Decision, ...]]:
        found = self._rows(
            """SELECT revision, what, rule, result, because FROM decisions
              WHERE ticket_id = ? ORDER BY revision, position""",
            (ticket_id,),
        )
        made: dict[int, tuple[Decision, ...]] = {}
        for revision, *cells in found:
            made[revision] = (*made.get(revision, ()), Decision(*cells))
        return made

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with named(self.path):
            return self._connection.execute(statement, values).fetchall()


_EXPORTED = {
    "customers": "id",
    "contacts": "scheme, address, customer_id",
    "conversations": "id",
    "tickets": "id",
    "messages": "id",
    "attachments": "message_id, position",
    "revisions": "ticket_id, revision",
    "decisions": "ticket_id, revision, position",
    "withdrawn": "message_id",
}


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
