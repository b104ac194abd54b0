"""What a message costs when there is history in the thread stage's memory.

    python -m bench.threads                    # up to ten million messages: no part of `make bench`, which goes to one million
    python -m bench.threads --scale 0.01 --results FOLDER

History is written as the stage writes it: entries as real mails leave them, under other keys, into the changelog of the
stage. Then real messages come, and the stage is started once more, with more of them.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec
from confluent_kafka import Producer  # type: ignore[import-untyped]  # it ships no types

from bench.history import settled
from bench.inputs import Entry, acknowledged, along_the_way, keep, kept, producing, put, queue
from bench.jobs import steps, watched
from bench.part import Wanted, broker, elsewhere, main, say
from bench.report import Column, Goal, Report, Row, Table, figure, growth, this_machine
from bench.stopwatch import Stopwatch, most_megabytes
from normalizer.cluster import Cluster
from normalizer.events import Message
from ops.config import Config
from ops.topics import declare
from ops.wiring import stage_topics, stages
from streams._memory import Position
from streams._record import Record
from streams._run import running
from streams._stage import state_topic
from streams._state import END, State
from streams.thread import Thread

LENGTHS = (10_000, 10_000_000)
REMEMBERED, CARRIED = 1000, 2000
"""Messages whose entries the history repeats under other keys, and that each start carries."""
LIMIT_SECONDS = 3600.0


class Grown(msgspec.Struct, frozen=True):
    """One start of the thread stage over a history: until its first record, what each message cost then, and the
    most memory that the process had."""

    ready_seconds: float
    cpu_micros: float
    megabytes: float


Found = Mapping[int, Sequence[tuple[Grown, Grown]]]
"""The first start and the second of each run, by length of the history."""


def measure(wanted: Wanted) -> Report:
    """Every length, the shortest first."""
    machine, lengths = this_machine(), [wanted.items(each, REMEMBERED) for each in LENGTHS]
    with tempfile.TemporaryDirectory() as home, broker() as brokers:
        found = by_history(brokers, lengths, wanted.runs, Path(home))
    return Report(machine, "A long memory of threads", wanted.runs, (table(found),), (goal(found),))


def by_history(brokers: str, lengths: Sequence[int], runs: int, home: Path) -> Found:
    """What each length of history costs."""
    messages, left = elsewhere(partial(prepared, home))
    found: dict[int, list[tuple[Grown, Grown]]] = {each: [] for each in lengths}
    for turn in range(runs):
        for each in lengths:
            cluster = Cluster(brokers=brokers, namespace=f"h{each}.{turn}.", partitions=1)
            found[each].append(grown(cluster, each, messages, left))
            first, second = found[each][-1]
            say(f"run {turn + 1}, {each:,} known: {first}, again {second}")
    return found


def prepared(folder: Path) -> tuple[Path, Path]:
    """Messages for the thread stage, and the entries that `REMEMBERED` of them leave in its memory."""
    messages = along_the_way(2 * CARRIED)[Message.topic]
    stage, state = Thread(Config().threads), State(Thread.tables)
    for offset, entry in enumerate(messages[:REMEMBERED]):
        stage.decide(Record(Message.topic, 0, offset, entry.key, entry.value, entry.headers), state)
        state.accept()
    left = [Entry(key, value, []) for key, value in state.changes.items() if value is not None]
    return keep(messages, folder / "messages"), keep(left, folder / "left")


def grown(cluster: Cluster, history: int, messages: Path, left: Path) -> tuple[Grown, Grown]:
    """The stage over a changelog of that many messages: for the first time, and started again."""
    elsewhere(partial(write_history, cluster, history, left), LIMIT_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for start in (0, CARRIED):
            elsewhere(partial(settled, Path(folder)), LIMIT_SECONDS)
            elsewhere(partial(put_some, cluster, messages, start))
            runs.append(elsewhere(partial(threaded, cluster, Path(folder)), LIMIT_SECONDS))
    return runs[0], runs[1]


def write_history(cluster: Cluster, history: int, left: Path) -> None:
    """The changelog of `history` messages: what `REMEMBERED` of them leave, again and again under other keys."""
    declare(cluster, ["mail"], stage_topics(stages(Config())))
    producer, entries = Producer(producing(cluster) | {"linger.ms": 50}), kept(left)
    topic, position = cluster.named(state_topic(Thread())), msgspec.json.encode(Position(0, 0))
    for copy in range(history // REMEMBERED):
        for entry in entries:
            queue(producer, topic, entry.value, b"%s#%d" % (entry.key, copy), partition=0)
        queue(producer, topic, position, END + Message.topic.encode(), partition=0)
    acknowledged(producer)


def put_some(cluster: Cluster, messages: Path, start: int) -> None:
    """What one start carries onto the stage's input."""
    put(cluster, Message.topic, islice(kept(messages), start, start + CARRIED))


def threaded(cluster: Cluster, folder: Path) -> Grown:
    """Start the stage, carry the messages, stop it."""
    return asyncio.run(_threaded(cluster, folder))


async def _threaded(cluster: Cluster, folder: Path) -> Grown:
    watch = Stopwatch("thread", CARRIED, patience=LIMIT_SECONDS)
    stage = watched(Thread(Config().threads), watch)
    async with running([stage], cluster, folder) as workers:
        started, worker = time.perf_counter(), workers[stage.name]
        async for _ in steps(worker, CARRIED, watch):
            pass
        run = watch.stop()
        return Grown(max(0.0, watch.began - started), run.cpu_micros, most_megabytes())


def table(found: Found) -> Table:
    """Both starts over each length."""
    columns = (
        Column("CPU for each message", "µs"),
        Column("first start", "s"),
        Column("most memory then", "MB"),
        Column("started again", "s"),
        Column("most memory then", "MB"),
    )
    rows = tuple(
        Row(
            f"{history:,} messages known",
            (
                figure([again.cpu_micros for _, again in runs], 1),
                figure([first.ready_seconds for first, _ in runs], 2),
                figure([first.megabytes for first, _ in runs]),
                figure([again.ready_seconds for _, again in runs], 2),
                figure([again.megabytes for _, again in runs]),
            ),
        )
        for history, runs in found.items()
    )
    how = (
        "The thread stage with history, one partition: all of its changelog is read at the first start, and its end when it is "
        f"started again, after RocksDB has merged what it was filled with. The CPU is that of the {CARRIED:,} messages after that."
    )
    return Table(how, columns, rows, drawn=0)


def goal(found: Found) -> Goal:
    """The cost with the longest history against that with the shortest."""
    least, most = min(found), max(found)
    costs = {each: [again.cpu_micros for _, again in runs] for each, runs in found.items()}
    return growth(f"cost of threading a message at {most:,} known against {least:,}", costs[most], costs[least])


if __name__ == "__main__":
    main("threads", measure, runs=1)
