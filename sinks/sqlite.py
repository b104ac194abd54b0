"""The ticket store in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec

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
    rows.CUSTOMER(connection, dict.fromkeys(map(rows.customer, tickets)))
    rows.CONTACT(connection, map(rows.contact, tickets))
    rows.CONVERSATION(connection, dict.fromkeys(map(rows.conversation, tickets)))
    rows.TICKET(connection, map(rows.ticket_row, tickets))
    rows.REVISION(connection, map(rows.revision, batch))
    rows.DECISION(connection, (row for event in batch for row in rows.decisions(event)))
    told = [(event, event.message) for event in batch if event.message is not None]
    fresh = _say(connection, told)
    rows.ATTACHMENT(connection, (row for _, message in fresh for row in rows.attachments(message)))
    rows.WORDS(connection, (rows.words(number, message) for number, message in fresh))
    withdraw(connection, [message for _, message in told])


def _say(connection: sqlite3.Connection, told: Sequence[tuple[Routed, Message]]) -> list[tuple[int, Message]]:
    """The messages that were not there yet, with their numbers, which count on; the others may belong to another ticket now."""
    (last,) = connection.execute(rows.LAST).fetchone()
    rows.MESSAGE(connection, (rows.message_row(event, message) for event, message in told))
    numbers = msgspec.json.decode(connection.execute(rows.NEW, (last,)).fetchone()[0])
    fresh = []
    for event, message in told:
        if number := numbers.pop(message.id, None):
            fresh.append((number, message))
        else:
            ticket = event.ticket
            place = (ticket.id, ticket.revision, rows.moment(ticket.updated_at))
            connection.execute(rows.MOVE, (*place, message.id, place[2], place[0], place[1]))
    return fresh


def _refusal(event: Routed, error: Exception) -> Rejected:
    return Rejected(
        "not-storable",
        f"revision {event.ticket.revision} of ticket {event.ticket.id} cannot be stored in SQLite ({error}): "
        "correct what made it, then redrive it",
    )
