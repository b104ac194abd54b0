"""How fast routed events go into the SQLite store, against SQLite itself with the same rows made beforehand.

The yardstick runs the sink's own statements with one `executemany` for each table and batch, in the same transactions
on the same schema with the same pragmas; no events are looked at and no errors named. So what is between the two is
what the sink itself costs. Events are mail of about 600 characters; every tenth ticket is merged into another.
Figures per CPU-second need no quiet machine; those per second do.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from normalizer.events import Routed
from sinks import _rows as rows
from sinks._sqlite import open_writer, transaction
from sinks.sqlite import Sqlite
from tests.conformance.sink import merged, routed

RUNS = 5
BATCH = 500
TICKETS = 1_000
RESULT = Path(__file__).parent / "results" / "sink_sqlite.json"
TEXT = "my order has not arrived and the invoice names another street than the one that I gave you in March "

Step = tuple[str, list[Any]]


class Run(NamedTuple):
    """One way through all events."""

    per_second: float
    per_cpu_second: float


def events() -> list[Routed]:
    """Four messages for each ticket, the tickets interleaved as mail comes in, then the merges."""
    text = [(TEXT[shift:] + TEXT * 6)[:600] for shift in range(len(TEXT))]
    said = [
        routed(ticket, revision, text=text[(ticket + revision) % len(text)])
        for revision in range(1, 5)
        for ticket in range(TICKETS)
    ]
    return said + [merged(ticket, 5, ticket + 1) for ticket in range(0, TICKETS, 10)]


def batches(history: Sequence[Routed]) -> list[Sequence[Routed]]:
    """The events as `deliver` hands them over."""
    return [history[start : start + BATCH] for start in range(0, len(history), BATCH)]


def prepared(history: Sequence[Routed]) -> list[list[Step]]:
    """All rows of all batches, by statement. Messages are new, so their numbers count from 1."""
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


def measured(count: int, work: Iterable[Callable[[], object]]) -> Run:
    """Do all the work and count the events."""
    wall, cpu = time.perf_counter(), time.process_time()
    for step in work:
        step()
    return Run(count / (time.perf_counter() - wall), count / (time.process_time() - cpu))


def with_sink(path: Path, history: Sequence[Routed]) -> Run:
    """Through the sink."""
    sink = Sqlite(path)
    sink.open()
    run = measured(len(history), ((lambda batch=batch: sink.write(batch)) for batch in batches(history)))  # type: ignore[misc]  # bound at once
    sink.close()
    return run


def bare(path: Path, history: Sequence[Routed], steps: list[list[Step]]) -> Run:
    """Straight into SQLite."""
    connection = open_writer(path, 5.0)
    run = measured(len(history), ((lambda batch=batch: _execute(connection, batch)) for batch in steps))  # type: ignore[misc]  # bound at once
    connection.close()
    return run


def _execute(connection: sqlite3.Connection, steps: list[Step]) -> None:
    with transaction(connection):
        for statement, values in steps:
            connection.executemany(statement, values)


def _summary(runs: Sequence[Run]) -> dict[str, Any]:
    """Median and the whole spread."""
    return {
        name: {
            "median": round(statistics.median(getattr(run, name) for run in runs)),
            "lowest": round(min(getattr(run, name) for run in runs)),
            "highest": round(max(getattr(run, name) for run in runs)),
        }
        for name in Run._fields
    }


def _counts(path: Path) -> list[int]:
    with sqlite3.connect(path) as connection:
        tables = ("tickets", "messages", "revisions", "decisions", "attachments")
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]  # noqa: S608 - ours


def main() -> None:
    """Measure both in turns, print the figures and keep them."""
    history = events()
    steps = prepared(history)
    found: dict[str, list[Run]] = {"sink": [], "yardstick": []}
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            one, other = Path(folder) / "sink.db", Path(folder) / "bare.db"
            found["sink"].append(with_sink(one, history))
            found["yardstick"].append(bare(other, history, steps))
            assert _counts(one) == _counts(other)
    result: dict[str, Any] = {name: _summary(runs) for name, runs in found.items()}
    result["share_of_yardstick_per_cpu_second"] = round(
        result["sink"]["per_cpu_second"]["median"] / result["yardstick"]["per_cpu_second"]["median"], 2
    )
    result["events"], result["batch"], result["runs"] = len(history), BATCH, RUNS
    result["versions"] = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(RESULT.read_text())


if __name__ == "__main__":
    main()
