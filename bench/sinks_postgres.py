"""The PostgreSQL sink, and PostgreSQL itself with the same multi-row statements and parameters, made beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from psycopg import Connection

from bench.stopwatch import Run, Stopwatch
from normalizer.events import Routed
from sinks._pgstatements import apply
from sinks._postgres import Where, connect, open_writer
from sinks.postgres import Postgres

SINK, BARE = "PostgreSQL sink", "PostgreSQL itself, given the same rows"
TABLES = ("tickets", "messages", "revisions", "decisions", "attachments")

Said = tuple[Any, ...]
"""The arguments of one call of `execute`."""


class _Listening:
    """A connection that remembers what it was told to execute."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self.said: list[Said] = []

    def execute(self, *arguments: Any) -> Any:
        self.said.append(arguments)
        return self._connection.execute(*arguments)


def with_sink(url: str, batches: Sequence[Sequence[Routed]]) -> Run:
    """Through the sink."""
    sink = Postgres(url)
    sink.open()
    return _measured(SINK, batches, [partial(sink.write, batch) for batch in batches], sink.close)


def bare(url: str, scratch: str, batches: Sequence[Sequence[Routed]]) -> Run:
    """The statements that the sink sends, recorded on the database `scratch`, sent again to that at `url`."""
    recorded = _recorded(scratch, batches)
    connection = _open(url, batches)

    def send(said: Sequence[Said]) -> None:
        with connection.transaction():
            for arguments in said:
                found = connection.execute(*arguments)
                if found.description:
                    found.fetchall()

    return _measured(BARE, batches, [partial(send, said) for said in recorded], connection.close)


def _measured(what: str, batches: Sequence[Sequence[Routed]], work: Sequence[Any], close: Any) -> Run:
    watch = Stopwatch(what, sum(map(len, batches)))
    watch.begin()
    for step in work:
        step()
    run = watch.stop()
    close()
    return run


def _recorded(url: str, batches: Sequence[Sequence[Routed]]) -> list[list[Said]]:
    connection = _open(url, batches)
    found = []
    for batch in batches:
        listening = _Listening(connection)
        with connection.transaction():
            apply(cast("Connection[Any]", listening), batch, _as_it_is)
        found.append(listening.said)
    connection.close()
    return found


def _open(url: str, batches: Sequence[Sequence[Routed]]) -> Connection[Any]:
    """A connection as the sink has it, to a schema with the months that these events need."""
    where = Where(url)
    open_writer(where)
    connection = connect(where)
    for batch in batches:
        for event in batch:
            if event.message is not None:
                connection.execute("SELECT make_month(%s)", (event.message.received_at,))
                break
    return connection


def _as_it_is(row: Any) -> Any:
    return row


def counts(url: str) -> list[int]:
    """How many rows each table has."""
    connection = connect(Where(url))
    found = [connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES]  # noqa: S608 - ours
    connection.close()
    return [each[0] for each in found if each]
