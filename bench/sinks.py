"""How fast routed events go into the ticket store, against the database itself with the same rows made beforehand.

    python -m bench.sinks

The yardstick runs the sink's own statements, many rows in each, in the same transactions
on the same schema with the same pragmas; no events are looked at and no errors named. So what is between the two is
what the sink itself costs. Events are mail of about 600 characters; every tenth ticket is merged into another.
Figures per CPU-second need no quiet machine; those per second do.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench import sinks_postgres
from bench.part import Wanted, elsewhere, main, say
from bench.report import Goal, Report, rates, share, this_machine
from bench.stopwatch import Run, Stopwatch
from normalizer.events import Routed
from sinks import _rows as rows
from sinks._inserts import Insert
from sinks._sqlite import open_writer, transaction
from sinks.sqlite import Sqlite
from tests.conformance.sink import merged, routed
from tests.servers.postgres import PostgresServer

BATCH = 500
TICKETS = 1_000
SINK, BARE = "SQLite sink", "SQLite itself, given the same rows"
DATABASES = {"SQLite": (SINK, BARE), "PostgreSQL": (sinks_postgres.SINK, sinks_postgres.BARE)}
SHARE_ASKED = 0.6
_TEXT = "my order has not arrived and the invoice names another street than the one that I gave you in March "
TEXTS = [(_TEXT[shift:] + _TEXT * 6)[:600] for shift in range(len(_TEXT))]

Step = tuple[Insert, list[Any]]


def events(tickets: int = TICKETS) -> list[Routed]:
    """Four messages for each ticket, the tickets interleaved as mail comes in, then the merges."""
    said = [
        routed(ticket, revision, text=TEXTS[(ticket + revision) % len(TEXTS)])
        for revision in range(1, 5)
        for ticket in range(tickets)
    ]
    return said + [merged(ticket, 5, ticket + 1) for ticket in range(0, tickets, 10)]


def batches(history: Sequence[Routed]) -> list[Sequence[Routed]]:
    """The events as `deliver` hands them over."""
    return [history[start : start + BATCH] for start in range(0, len(history), BATCH)]


def prepared(history: Sequence[Routed]) -> list[list[Step]]:
    """All rows of all batches, by table. Messages are new, so their numbers count from 1."""
    number = 0
    made: list[list[Step]] = []
    for batch in batches(history):
        tickets = [event.ticket for event in batch]
        told = [(event, event.message) for event in batch if event.message is not None]
        words = [rows.words(number + place, message) for place, (_, message) in enumerate(told, 1)]
        number += len(told)
        made.append(
            [
                (rows.CUSTOMER, [rows.customer(ticket) for ticket in tickets]),
                (rows.CONTACT, [rows.contact(ticket) for ticket in tickets]),
                (rows.CONVERSATION, [rows.conversation(ticket) for ticket in tickets]),
                (rows.TICKET, [rows.ticket_row(ticket) for ticket in tickets]),
                (rows.REVISION, [rows.revision(event) for event in batch]),
                (rows.DECISION, [row for event in batch for row in rows.decisions(event)]),
                (rows.MESSAGE, [rows.message_row(event, message) for event, message in told]),
                (rows.ATTACHMENT, [row for _, message in told for row in rows.attachments(message)]),
                (rows.WORDS, words),
            ]
        )
    return made


def measured(what: str, count: int, work: Iterable[Callable[[], object]]) -> Run:
    """Do all the work and count the events."""
    watch = Stopwatch(what, count)
    watch.begin()
    for step in work:
        step()
    return watch.stop()


def with_sink(tickets: int, path: Path) -> Run:
    """Through the sink."""
    history = events(tickets)
    sink = Sqlite(path)
    sink.open()
    run = measured(SINK, len(history), [partial(sink.write, batch) for batch in batches(history)])
    sink.close()
    return run


def bare(tickets: int, path: Path) -> Run:
    """Straight into SQLite."""
    history = events(tickets)
    connection = open_writer(path, 5.0)
    run = measured(BARE, len(history), [partial(_execute, connection, batch) for batch in prepared(history)])
    connection.close()
    return run


def _execute(connection: sqlite3.Connection, steps: list[Step]) -> None:
    with transaction(connection):
        for insert, values in steps:
            insert(connection, values)


def _counts(path: Path) -> list[int]:
    with sqlite3.connect(path) as connection:
        tables = ("tickets", "messages", "revisions", "decisions", "attachments")
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]  # noqa: S608 - ours


def measure(wanted: Wanted) -> Report:
    """Each sink and its database in turns; both must leave the same rows."""
    machine, tickets = this_machine(), wanted.items(TICKETS, 10)
    found: dict[str, list[Run]] = {what: [] for pair in DATABASES.values() for what in pair}
    with tempfile.TemporaryDirectory() as home, PostgresServer(Path(home), durable=True) as server:
        for turn in range(wanted.runs):
            with tempfile.TemporaryDirectory() as folder:
                runs = _sqlite(tickets, Path(folder)) | _postgres(tickets, server)
            for what, run in runs.items():
                found[what].append(run)
                say(f"run {turn + 1} of {wanted.runs}, {what}: {run.per_cpu_second:,.0f} per CPU-second")
    how = f"{found[SINK][0].items:,} routed events in batches of {BATCH}, each batch a transaction that is on disk."
    goals = tuple(
        Goal(
            f"{sink}, events per second against bare upserts",
            share(_rates(found[sink]), _rates(found[own])),
            SHARE_ASKED,
            "%",
        )
        for sink, own in DATABASES.values()
    )
    return Report(machine, "Ticket store", wanted.runs, (rates(how, "events", found),), goals)


def _rates(runs: Sequence[Run]) -> list[float]:
    return [run.per_second for run in runs]


def _sqlite(tickets: int, folder: Path) -> dict[str, Run]:
    one, other = folder / "sink.db", folder / "bare.db"
    runs = {SINK: elsewhere(partial(with_sink, tickets, one)), BARE: elsewhere(partial(bare, tickets, other))}
    _demand_same(_counts(one), _counts(other))
    return runs


def _postgres(tickets: int, server: PostgresServer) -> dict[str, Run]:
    one, other, scratch = (server.url(server.database()) for _ in range(3))
    history = batches(events(tickets))
    runs = {
        sinks_postgres.SINK: elsewhere(partial(sinks_postgres.with_sink, one, history)),
        sinks_postgres.BARE: elsewhere(partial(sinks_postgres.bare, other, scratch, history)),
    }
    _demand_same(sinks_postgres.counts(one), sinks_postgres.counts(other))
    return runs


def _demand_same(one: list[int], other: list[int]) -> None:
    if one != other:
        raise RuntimeError(f"the sink left {one} rows and the bare statements {other}: they do not do the same work")


if __name__ == "__main__":
    main("sinks", measure, runs=5)
