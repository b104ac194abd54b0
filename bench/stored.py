"""What the next event costs the ticket store when it holds up to a million messages already.

    python -m bench.stored                       # a quarter of an hour; it is no part of `make bench`
    python -m bench.stored --scale 0.01 --results FOLDER

One store grows through the sink itself, a million messages a day by their dates, four to a ticket; a customer writes
twice. At each length the next events are timed, and how many pages of the file a batch of them changes is counted.
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import psutil

from bench.part import Wanted, elsewhere, main, say
from bench.report import MEGA, Column, Goal, Report, Row, Table, figure, growth, this_machine
from bench.sinks import BATCH, TEXTS
from bench.stopwatch import Run
from normalizer.events import Contact, Routed
from normalizer.ids import event_id
from sinks._base import Sink
from sinks.postgres import Postgres
from sinks.sqlite import Sqlite
from tests.conformance.sink import routed
from tests.servers.postgres import PostgresServer

LENGTHS = (10_000, 100_000, 1_000_000)
TIMED_BATCHES = 20
FILLED = 5000
"""A batch of what is in the store before: larger ones are sooner done."""
OPEN = 2000
"""So many tickets are open at a time: the four messages of one come with those of the others in between."""
MESSAGES = 4
A_DAY, SAID = 1_000_000, 100_000
LIMIT_SECONDS = 3600.0
FRAME_HEAD, WAL_HEAD = 24, 32
"""Bytes before each page in SQLite's write-ahead log, and before the first: https://sqlite.org/fileformat2.html#walformat."""

_START = datetime(2026, 1, 5, tzinfo=UTC)


class Cost(msgspec.Struct, frozen=True):
    """What an event costs at one length: CPU of the sink and of its server, wall time; and the pages that each changes,
    if that is known."""

    micros: float
    per_second: float
    pages: float | None = None
    megabytes: float | None = None


def events() -> Iterator[Routed]:
    """Events without end, each a message of 600 characters for a ticket."""
    models = [routed(0, revision) for revision in range(MESSAGES + 1)]
    changed = msgspec.structs.replace
    for number in itertools.count():
        block, place = divmod(number, OPEN * MESSAGES)
        revision, place = divmod(place, OPEN)
        ticket, at = block * OPEN + place, _START + timedelta(days=number / A_DAY)
        model, opened = models[revision + 1], _START + timedelta(days=block * OPEN * MESSAGES / A_DAY)
        writer = Contact("email", f"customer{ticket // 2}@example.com", f"Customer {ticket // 2}")
        assert model.message is not None
        message = changed(
            model.message,
            id=event_id("m", str(number)),
            sender=writer,
            received_at=at,
            sent_at=at,
            text=TEXTS[number % len(TEXTS)],
        )
        known = changed(
            model.ticket,
            id=event_id("t", str(ticket)),
            conversation_id=event_id("c", str(ticket)),
            customer_id=event_id("customer", writer.address),
            customer=writer,
            opened_at=opened,
            updated_at=at,
        )
        yield changed(model, ticket=known, message=message)


def grown(sink: Sink, lengths: Sequence[int], path: Path | None, cpu_seconds: Callable[[], float]) -> dict[int, Cost]:
    """The cost at each length of one store that grows; `path` is its file, if it is one."""
    source, held, found = events(), 0, {}
    sink.open()
    for length in lengths:
        while held < length:
            held += len(batch := list(itertools.islice(source, min(FILLED, length - held))))
            sink.write(batch)
            if held % SAID < FILLED:
                say(f"{held:,} messages in the store")
        timed = [list(itertools.islice(source, BATCH)) for _ in range(TIMED_BATCHES)]
        wall, cpu = time.perf_counter(), cpu_seconds()
        for batch in timed:
            sink.write(batch)
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
        run = Run(BATCH * TIMED_BATCHES, wall, cpu)
        held += run.items
        cost = Cost(run.cpu_micros, run.per_second)
        if path is not None:
            pages = changed_pages(sink, path, list(itertools.islice(source, BATCH))) / BATCH
            held += BATCH
            cost = msgspec.structs.replace(cost, pages=pages, megabytes=path.stat().st_size / MEGA)
        found[length] = cost
        say(f"{length:,} messages: {cost.micros:.0f} µs, {cost.per_second:,.0f} a second, {cost.pages} pages each")
    sink.close()
    return found


def changed_pages(sink: Sink, path: Path, batch: Sequence[Routed]) -> float:
    """How many pages of the file a batch changes: those that it puts into an empty write-ahead log."""
    with closing(sqlite3.connect(path)) as connection:
        size: int = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sink.write(batch)
    return (path.with_name(f"{path.name}-wal").stat().st_size - WAL_HEAD) / (size + FRAME_HEAD)


def in_sqlite(lengths: Sequence[int]) -> dict[int, Cost]:
    """In a file of SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tickets.db"
        return grown(Sqlite(path), lengths, path, time.process_time)


def in_postgres(url: str, data: Path, lengths: Sequence[int]) -> dict[int, Cost]:
    """In PostgreSQL, whose folder is `data`."""
    server = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    return grown(Postgres(url), lengths, None, lambda: time.process_time() + _with_children(server))


def _with_children(process: psutil.Process) -> float:
    """CPU-seconds of a process, of its children, and of those that it had."""
    return float(sum(process.cpu_times()[:4])) + sum(sum(child.cpu_times()[:2]) for child in process.children())


def measure(wanted: Wanted) -> Report:
    """SQLite, then PostgreSQL."""
    machine = this_machine()
    lengths = [wanted.items(each, BATCH) for each in LENGTHS]
    files = [elsewhere(partial(in_sqlite, lengths), LIMIT_SECONDS) for _ in range(wanted.runs)]
    servers = []
    for _ in range(wanted.runs):
        with tempfile.TemporaryDirectory() as home, PostgresServer(Path(home), durable=True) as server:
            servers.append(
                elsewhere(partial(in_postgres, server.url(server.database()), server.data, lengths), LIMIT_SECONDS)
            )
    tables = (_table("SQLite", lengths, files), _table("PostgreSQL", lengths, servers))
    goals = (_goal("SQLite", lengths, files), _goal("PostgreSQL", lengths, servers))
    return Report(machine, "A large ticket store", wanted.runs, tables, goals)


COLUMNS = (
    Column("CPU for each event", "µs"),
    Column("events per second"),
    Column("pages that each event changes"),
    Column("the file", "MB"),
)


def _table(what: str, lengths: Sequence[int], runs: Sequence[Mapping[int, Cost]]) -> Table:
    rows = []
    for length in lengths:
        costs = [run[length] for run in runs]
        pages = [cost.pages for cost in costs if cost.pages is not None]
        sizes = [cost.megabytes for cost in costs if cost.megabytes is not None]
        cells = (
            figure([cost.micros for cost in costs], 1),
            figure([cost.per_second for cost in costs]),
            figure(pages, 1) if pages else None,
            figure(sizes) if sizes else None,
        )
        rows.append(Row(f"{length:,} messages", cells))
    how = f"{what}: the next {BATCH * TIMED_BATCHES:,} events, in batches of {BATCH}, each batch a transaction that is on disk; the CPU of the server counts."
    return Table(how, COLUMNS, tuple(rows))


def _goal(what: str, lengths: Sequence[int], runs: Sequence[Mapping[int, Cost]]) -> Goal:
    least, most = min(lengths), max(lengths)
    return growth(
        f"cost of storing an event in {what} at {most:,} messages against {least:,}",
        [run[most].micros for run in runs],
        [run[least].micros for run in runs],
        _why(runs[0][least], runs[0][most]),
    )


def _why(least: Cost, most: Cost) -> str:
    if least.pages is None or most.pages is None:
        return ""
    return (
        f"ids are hashes, so the rows of a batch lie apart: an event changes {least.pages:.1f} pages of a small store, "
        f"and {most.pages:.1f} of a large one"
    )


if __name__ == "__main__":
    main("stored", measure, runs=1)
