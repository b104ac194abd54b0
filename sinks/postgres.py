"""The ticket store in PostgreSQL, 14 or newer: for many writers, many readers, and more than one disk holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import Routed
from sinks._arrays import without_nul
from sinks._base import Sink
from sinks._pgstatements import apply
from sinks._postgres import ITEM_ERRORS, Where, configure, connect, named, open_writer

_HOUR = 3600.0
_WAIT_SECONDS = 3.0


class Postgres(Sink):
    """Keeps customers, conversations, tickets, messages and decisions in the schema ``switchboard`` of the database at `url`.

    Delivery: at least once, once in effect. `write` returns after one committed transaction (synchronous_commit is on,
    whatever the server's default). Several processes may write at the same time. The connection is replaced when it
    breaks, and every hour, so that a name that points to another server is followed.
    """

    name: ClassVar[str] = "postgres"

    def __init__(self, url: str) -> None:
        self.where = Where(url)
        self._pool: ConnectionPool[Connection[Any]] | None = None
        self._months: set[tuple[int, int]] = set()

    def open(self) -> None:
        """Look at the schema, make or update it where we may, and connect. Opening twice is harmless."""
        if self._pool is not None:
            return
        open_writer(self.where)
        self._pool = ConnectionPool(
            kwargs=dict(self.where.options),
            configure=configure,
            check=ConnectionPool.check_connection,
            min_size=1,
            max_size=1,
            max_lifetime=_HOUR,
            reconnect_timeout=1.0,  # then `write` asks for a new one; the pool would wait longer and longer
            open=True,
            name=f"ticket store {self.where}",
        )

    def write(self, batch: Sequence[Routed]) -> Mapping[int, Rejected]:
        """Apply a batch in one transaction; when one item cannot be stored, the others are stored one by one."""
        if not batch:
            return {}
        with self._connection() as connection, named(self.where):
            self._make_months(connection, batch)
            try:
                with connection.transaction(), connection.pipeline():
                    apply(connection, batch, _as_it_is)
            except ITEM_ERRORS:
                with connection.transaction():
                    return _singly(connection, batch)
        return {}

    def close(self) -> None:
        """Let the connection go. Closing twice is harmless."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    @contextmanager
    def _connection(self) -> Iterator[Connection[Any]]:
        if self._pool is None:
            raise Misconfigured(f"the ticket store {self.where} is not open: call open() before write()")
        try:
            connection = self._pool.getconn(timeout=_WAIT_SECONDS)
        except PoolTimeout:
            connect(self.where).close()  # says why, when it cannot
            raise Retriable(f"the ticket store {self.where} was away: the batch is tried again") from None
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    def _make_months(self, connection: Connection[Any], batch: Sequence[Routed]) -> None:
        """The tables of the months in which the messages of a batch were received."""
        times = [event.message.received_at for event in batch if event.message is not None]
        for month, at in sorted({_month(at): at for at in times}.items()):
            if month not in self._months:
                connection.execute("SELECT make_month(%s)", (at,))
                self._months.add(month)


def _month(at: datetime) -> tuple[int, int]:
    utc = at.utctimetuple()
    return utc.tm_year, utc.tm_mon


def _as_it_is(row: Any) -> Any:
    return row


def _singly(connection: Connection[Any], batch: Sequence[Routed]) -> Mapping[int, Rejected]:
    refused: dict[int, Rejected] = {}
    for index, event in enumerate(batch):
        try:
            with connection.transaction():  # a savepoint
                apply(connection, [event], without_nul)
        except ITEM_ERRORS as error:
            refused[index] = _refusal(event, error)
    return refused


def _refusal(event: Routed, error: Exception) -> Rejected:
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return Rejected(
        "not-storable",
        f"revision {event.ticket.revision} of ticket {event.ticket.id} cannot be stored in PostgreSQL "
        f"({said or type(error).__name__}): correct what made it, then redrive it",
    )
