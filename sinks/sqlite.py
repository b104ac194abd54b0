"""The ticket store in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from normalizer.errors import Misconfigured, Rejected
from normalizer.events import Message, Routed
from sinks import _rows as rows
from sinks._base import Sink
from sinks._sqlite import named, open_writer, transaction
from sinks._withdrawn import withdraw

# What one item can be wrong about: lone surrogates, numbers over 64 bits, text over SQLite's 1 GB, broken relations.
_ITEM_ERRORS = (UnicodeEncodeError, OverflowError, sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError)


class Sqlite(Sink):
    """Keeps customers, conversations, tickets, messages and decisions in the file at `path`.

    Delivery: at least once, once in effect. `write` returns after one synced transaction (WAL, synchronous FULL),
    so a power cut after it loses nothing. `busy_timeout` is how long, in seconds, it waits for another process.
    The file must be on a local disk: the write-ahead log does not work over a network.
    """

    name: ClassVar[str] = "sqlite"

    def __init__(self, path: Path | str, *, busy_timeout: float = 5.0) -> None:
        self.path = Path(path)
        self._busy_timeout = busy_timeout
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, make it when there is none, and update its schema. Opening twice is harmless."""
        if self._connection is None:
            self._connection = open_writer(self.path, self._busy_timeout)

    def write(self, batch: Sequence[Routed]) -> Mapping[int, Rejected]:
        """Apply a batch in one transaction; when one item cannot be stored, the others are stored one by one."""
        if self._connection is None:
            raise Misconfigured(f"the ticket store {self.path} is not open: call open() before write()")
        with named(self.path):
            try:
                with transaction(self._connection):
                    _apply(self._connection, batch)
            except _ITEM_ERRORS:
                return self._write_singly(self._connection, batch)
        return {}

    def _write_singly(self, connection: sqlite3.Connection, batch: Sequence[Routed]) -> Mapping[int, Rejected]:
        refused: dict[int, Rejected] = {}
        with transaction(connection):
            for index, event in enumerate(batch):
                connection.execute("SAVEPOINT item")
                try:
                    _apply(connection, [event])
                except _ITEM_ERRORS as error:
                    connection.execute("ROLLBACK TO item")
                    refused[index] = _refusal(event, error)
                connection.execute("RELEASE item")
        return refused

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _apply(connection: sqlite3.Connection, batch: Sequence[Routed]) -> None:
    """Everything a batch says, parents before children."""
    tickets = [event.ticket for event in batch]
    connection.executemany(rows.CUSTOMER, dict.fromkeys(map(rows.customer, tickets)))
    connection.executemany(rows.CONTACT, map(rows.contact, tickets))
    connection.executemany(rows.CONVERSATION, dict.fromkeys(map(rows.conversation, tickets)))
    connection.executemany(rows.TICKET, map(rows.ticket_row, tickets))
    connection.executemany(rows.REVISION, map(rows.revision, batch))
    connection.executemany(rows.DECISION, (row for event in batch for row in rows.decisions(event)))
    told = [(event, event.message) for event in batch if event.message is not None]
    new = [(number, message) for event, message in told if (number := _insert(connection, event, message))]
    connection.executemany(rows.ATTACHMENT, (row for _, message in new for row in rows.attachments(message)))
    connection.executemany(rows.WORDS, (rows.words(number, message) for number, message in new))
    withdraw(connection, [message for _, message in told])


def _insert(connection: sqlite3.Connection, event: Routed, message: Message) -> int | None:
    """The number of a message that was not there yet; None for one that was."""
    inserted = connection.execute(rows.MESSAGE, rows.message_row(event, message))
    if inserted.rowcount:
        return inserted.lastrowid
    place = (event.ticket.id, event.ticket.revision, rows.moment(event.ticket.updated_at))
    connection.execute(rows.MOVE, (*place, message.id, place[2], place[0], place[1]))
    return None


def _refusal(event: Routed, error: Exception) -> Rejected:
    return Rejected(
        "not-storable",
        f"revision {event.ticket.revision} of ticket {event.ticket.id} cannot be stored in SQLite ({error}): "
        "correct what made it, then redrive it",
    )
