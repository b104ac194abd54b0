"""What the next event costs the ticket store when it holds up to ten million messages already.

    python -m bench.stored                       # two hours and 30 GB of disk; it is no part of `make bench`
    python -m bench.stored --scale 0.01 --results FOLDER

One store of each kind grows through the sink itself, a million messages a day by their dates, four to a ticket; a customer writes
twice. At each length the next events are timed, each time from a checkpoint on, and what they write to the database's
log (the write-ahead log) is measured.
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, LiteralString, Protocol

import msgspec
import psutil
import psycopg

from bench.part import Wanted, elsewhere, main, say
from bench.report import KILO, MEGA, Column, Goal, Report, Row, Table, figure, growth, this_machine
from bench.sinks import BATCH, TEXTS
from bench.stopwatch import Run
from normalizer.events import Contact, Routed
from normalizer.ids import event_id
from sinks._base import Sink
from sinks.postgres import Postgres
from sinks.sqlite import Sqlite
from tests.conformance.sink import routed
from tests.servers.postgres import PostgresServer

LENGTHS = (10_000, 100_000, 1_000_000, 10_000_000)
TIMED_BATCHES = 20
FILLED = 5000
"""A batch of what is in the store before: larger ones are sooner done."""
OPEN = 2000
"""So many tickets are open at a time: the four messages of one come with those of the others in between."""
MESSAGES = 4
A_DAY, SAID = 1_000_000, 100_000
LIMIT_SECONDS = 7200.0
BUFFERS = "1GB"
"""Of PostgreSQL: what its documentation recommends is a quarter of the machine's memory, at least."""

_START = datetime(2026, 1, 5, tzinfo=UTC)


class Cost(msgspec.Struct, frozen=True):
    """What an event costs at one length: CPU of the sink and of its server, wall time, kilobytes of log; and the megabytes
    of memory and of disk that both have then."""

    micros: float
    per_second: float
    logged: float
    memory: float
    disk: float


class Store(Protocol):
    """A database, seen from outside."""

    def cpu_seconds(self) -> float:
        """What the sink and its server have used."""
        ...

    def checkpoint(self) -> None:
        """Write everything to its place, so that the log begins anew."""
        ...

    def logged(self) -> float:
        """How many bytes have been written to the log."""
        ...

    def memory(self) -> float:
        """Bytes that the sink and its server have; what the operating system keeps of their files is not theirs."""
        ...

    def size(self) -> float:
        """Bytes on disk."""
        ...


class File:
    """SQLite: its log grows by whole pages, each a change of one page in one transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def cpu_seconds(self) -> float:
        """Of this process: the database is in it."""
        return time.process_time()

    def checkpoint(self) -> None:
        """Empty the log."""
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def logged(self) -> float:
        """The log's size: it is not begun anew before it has the 8,000 pages of `wal_autocheckpoint`."""
        return self._path.with_name(f"{self._path.name}-wal").stat().st_size

    def memory(self) -> float:
        """Of this process."""
        return float(psutil.Process().memory_info().rss)

    def size(self) -> float:
        """Of the file."""
        return self._path.stat().st_size


class Server:
    """PostgreSQL: its log grows by what changed, and by a whole page for each that changes for the first time since a
    checkpoint. `data` is its folder."""

    def __init__(self, url: str, data: Path) -> None:
        self._url = url
        self._process = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))

    def cpu_seconds(self) -> float:
        """Of this process, of the server, of its children, and of those that it had."""
        server = sum(self._process.cpu_times()[:4])
        return time.process_time() + server + sum(sum(each.cpu_times()[:2]) for each in self._process.children())

    def checkpoint(self) -> None:
        """As it does by itself every five minutes."""
        self._ask("CHECKPOINT")

    def logged(self) -> float:
        """The place in the log."""
        return float(self._ask("SELECT pg_current_wal_lsn() - '0/0'"))

    def memory(self) -> float:
        """Of this process, and of the server's with what they share counted once."""
        server = [self._process, *self._process.children()]
        return float(psutil.Process().memory_info().rss + sum(each.memory_full_info().pss for each in server))

    def size(self) -> float:
        """Of the database."""
        return float(self._ask("SELECT pg_database_size(current_database())"))

    def _ask(self, statement: LiteralString) -> Any:
        with psycopg.connect(self._url, autocommit=True) as connection:
            found = connection.execute(statement)
            return (found.fetchone() or (0,))[0] if found.description else None


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


def grown(sink: Sink, lengths: Sequence[int], store: Store) -> dict[int, Cost]:
    """The cost at each length of one store that grows."""
    source, held, found = events(), 0, {}
    sink.open()
    for length in lengths:
        while held < length:
            held += len(batch := list(itertools.islice(source, min(FILLED, length - held))))
            sink.write(batch)
            if held % SAID < FILLED:
                say(f"{held:,} messages in the store")
        timed = [list(itertools.islice(source, BATCH)) for _ in range(TIMED_BATCHES)]
        store.checkpoint()
        logged = store.logged()
        sink.write(timed[0])  # what is measured of the log begins with a checkpoint, and may end before the next
        logged = store.logged() - logged
        wall, cpu = time.perf_counter(), store.cpu_seconds()
        for batch in timed[1:]:
            sink.write(batch)
        wall, cpu = time.perf_counter() - wall, store.cpu_seconds() - cpu
        run = Run(BATCH * (TIMED_BATCHES - 1), wall, cpu)
        held += BATCH * TIMED_BATCHES
        cost = Cost(run.cpu_micros, run.per_second, logged / BATCH / KILO, store.memory() / MEGA, store.size() / MEGA)
        found[length] = cost
        say(f"{length:,} messages: {cost}")
    sink.close()
    return found


def in_sqlite(lengths: Sequence[int]) -> dict[int, Cost]:
    """In a file of SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tickets.db"
        return grown(Sqlite(path), lengths, File(path))


def in_postgres(url: str, data: Path, lengths: Sequence[int]) -> dict[int, Cost]:
    """In PostgreSQL, whose folder is `data`."""
    return grown(Postgres(url), lengths, Server(url, data))


def measure(wanted: Wanted) -> Report:
    """SQLite, then PostgreSQL."""
    machine = this_machine()
    lengths = [wanted.items(each, BATCH) for each in LENGTHS]
    files = [elsewhere(partial(in_sqlite, lengths), LIMIT_SECONDS) for _ in range(wanted.runs)]
    servers = []
    for _ in range(wanted.runs):
        with (
            tempfile.TemporaryDirectory() as home,
            PostgresServer(Path(home), durable=True, shared_buffers=BUFFERS) as server,
        ):
            servers.append(
                elsewhere(partial(in_postgres, server.url(server.database()), server.data, lengths), LIMIT_SECONDS)
            )
    tables = (_table("SQLite", lengths, files), _table("PostgreSQL", lengths, servers))
    goals = (_goal("SQLite", lengths, files), _goal("PostgreSQL", lengths, servers))
    return Report(machine, "A large ticket store", wanted.runs, tables, goals)


COLUMNS = (
    Column("CPU for each event", "µs"),
    Column("events per second"),
    Column("written to the log for each event", "KB"),
    Column("memory", "MB"),
    Column("disk", "MB"),
)


def _table(what: str, lengths: Sequence[int], runs: Sequence[Mapping[int, Cost]]) -> Table:
    rows = []
    for length in lengths:
        costs = [run[length] for run in runs]
        cells = (
            figure([cost.micros for cost in costs], 1),
            figure([cost.per_second for cost in costs]),
            figure([cost.logged for cost in costs], 1),
            figure([cost.memory for cost in costs]),
            figure([cost.disk for cost in costs]),
        )
        rows.append(Row(f"{length:,} messages", cells))
    how = (
        f"{what}: the next {BATCH * (TIMED_BATCHES - 1):,} events, in batches of {BATCH}, each batch a transaction that is on "
        "disk. CPU and memory are those of the sink's process, and of the server where there is one. The log is that of a batch "
        "behind a checkpoint."
    )
    return Table(how, COLUMNS, tuple(rows))


def _goal(what: str, lengths: Sequence[int], runs: Sequence[Mapping[int, Cost]]) -> Goal:
    least, most = min(lengths), max(lengths)
    return growth(
        f"cost of storing an event in {what} at {most:,} messages against {least:,}",
        [run[most].micros for run in runs],
        [run[least].micros for run in runs],
        f"ids are hashes, so the rows of a batch lie apart: behind a checkpoint an event writes {runs[0][least].logged:.0f} KB of "
        f"pages to the log of a small store, and {runs[0][most].logged:.0f} KB to that of a large one",
    )


if __name__ == "__main__":
    main("stored", measure, runs=1)
