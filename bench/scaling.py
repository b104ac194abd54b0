"""What a message costs when there is history in the thread stage's memory, with more rules, topics, partitions and accounts.

    python -m bench.scaling                    # up to a million messages of history

History is written as the stage writes it: entries as real mails leave them, under other keys, into the changelog
of the stage. Then real messages come, and the stage is started once more. The ticket store: `bench.stored`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Producer  # type: ignore[import-untyped]  # it ships no types

from bench.accounts import by_mailboxes
from bench.history import settled
from bench.inputs import Entry, acknowledged, along_the_way, keep, kept, plain, producing, put, queue
from bench.jobs import COPIED, Copy, steps, watched
from bench.part import Wanted, broker, elsewhere, main, say
from bench.report import MICRO, Column, Goal, Report, Row, Table, figure, growth, share, this_machine
from bench.shown import number as number_of
from bench.stopwatch import Stopwatch, most_megabytes
from normalizer.cluster import Cluster, TopicSpec
from normalizer.events import Message, Threaded
from normalizer.policy import Rule
from ops.config import Config
from ops.topics import declare
from ops.wiring import stage_topics, stages
from streams._memory import Position
from streams._record import Record
from streams._run import running
from streams._stage import state_topic
from streams._state import END, State
from streams.route import Route
from streams.thread import Thread

HISTORIES = (10_000, 100_000, 1_000_000)
ACCOUNTS = (1, 10, 100, 300)
RULES = (0, 100, 1000)
WIDTHS = ((1, 4), (12, 4), (1, 48), (12, 12))
"""Topics, as channels have them, and partitions of each."""
RULED, WIDE = 300, 24_000
MAILS = 1200
LIMIT_SECONDS = 400.0


class Grown(msgspec.Struct, frozen=True):
    """One start of the thread stage over a history: until its first record, what each message cost then, and the
    most memory that the process had."""

    ready_seconds: float
    cpu_micros: float
    megabytes: float


def measure(wanted: Wanted) -> Report:
    """Memory of the thread stage, then everything else that can grow."""
    machine = this_machine()
    histories = [wanted.items(each, 1) for each in HISTORIES]
    with tempfile.TemporaryDirectory() as home, broker() as brokers:
        file, left = elsewhere(partial(prepared, Path(home)))
        found: dict[int, list[tuple[Grown, Grown]]] = {each: [] for each in histories}
        for turn in range(wanted.runs):
            for history in histories:
                cluster = Cluster(brokers=brokers, namespace=f"h{history}.{turn}.", partitions=1)
                found[history].append(grown(cluster, history, file, left))
                first, second = found[history][-1]
                say(
                    f"run {turn + 1}, {history:,} known: {first.ready_seconds:.1f} s, again {second.ready_seconds:.1f} s"
                )
        tried = range(wanted.runs)
        say("rules, topics and partitions, mailboxes")
        threaded_file = Path(home) / "threaded"
        ruled = {each: [elsewhere(partial(with_rules, each, threaded_file)) for _ in tried] for each in RULES}
        mailboxes = by_mailboxes(brokers, ACCOUNTS, wanted)
        widths = {each: [elsewhere(partial(wide, brokers, *each)) for _ in tried] for each in WIDTHS}
    tables = (
        _memory_table(found),
        _plain(
            "Rules in CEL, none of which is true, beside the default ones: the pure work of route.",
            "{} rules more",
            ruled,
        ),
        _plain("A stage that copies records of 600 bytes.", "{0[0]} topics of {0[1]} partitions", widths),
        mailboxes,
    )
    return Report(machine, "With history", wanted.runs, tables, _goals(found))


def prepared(folder: Path) -> tuple[Path, Path]:
    """Messages for the thread stage, and the entries that they leave in its memory."""
    made = along_the_way(MAILS)
    stage, state = Thread(Config().threads), State(Thread.tables)
    for offset, entry in enumerate(made[Message.topic]):
        stage.decide(Record(Message.topic, 0, offset, entry.key, entry.value, entry.headers), state)
        state.accept()
    left = [Entry(key, value, []) for key, value in state.changes.items() if value is not None]
    keep(made[Threaded.topic], folder / "threaded")
    return keep(made[Message.topic], folder / "messages"), keep(left, folder / "left")


def grown(cluster: Cluster, history: int, file: Path, left: Path) -> tuple[Grown, Grown]:
    """The stage over a changelog of that many messages: for the first time, and started again."""
    elsewhere(partial(write_history, cluster, history, left), LIMIT_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for start in (0, MAILS // 2):
            elsewhere(partial(settled, Path(folder)), LIMIT_SECONDS)
            elsewhere(partial(put_some, cluster, file, start))
            runs.append(elsewhere(partial(threaded, cluster, Path(folder), MAILS // 2), LIMIT_SECONDS))
    return runs[0], runs[1]


def write_history(cluster: Cluster, history: int, left: Path) -> None:
    """The changelog of `history` messages: what `MAILS` of them leave, again and again under other keys."""
    declare(cluster, ["mail"], stage_topics(stages(Config())))
    producer, entries = Producer(producing(cluster) | {"linger.ms": 50}), kept(left)
    topic, position = cluster.named(state_topic(Thread())), msgspec.json.encode(Position(0, 0))
    for copy in range(max(1, history // MAILS)):
        for entry in entries:
            queue(producer, topic, entry.value, b"%s#%d" % (entry.key, copy), partition=0)
        queue(producer, topic, position, END + Message.topic.encode(), partition=0)
    acknowledged(producer)


def put_some(cluster: Cluster, file: Path, start: int) -> None:
    """Half of the messages onto the stage's input."""
    put(cluster, Message.topic, islice(kept(file), start, start + MAILS // 2))


def threaded(cluster: Cluster, folder: Path, number: int) -> Grown:
    """Start the stage, carry so many messages, stop it."""
    return asyncio.run(_threaded(cluster, folder, number))


async def _threaded(cluster: Cluster, folder: Path, number: int) -> Grown:
    watch = Stopwatch("thread", number, patience=LIMIT_SECONDS)
    stage = watched(Thread(Config().threads), watch)
    async with running([stage], cluster, folder) as workers:
        started, worker = time.perf_counter(), workers[stage.name]
        async for _ in steps(worker, number, watch):
            pass
        run = watch.stop()
        return Grown(max(0.0, watch.began - started), run.cpu_micros, most_megabytes())


def with_rules(number: int, file: Path) -> float:
    """CPU microseconds for each message in the route stage, beside `number` more rules."""
    config = Config()
    more = tuple(Rule(f"rule-{i}", f'message.subject == "nobody writes this {i}"', f"queue-{i}") for i in range(number))
    stage = Route(msgspec.structs.replace(config.rules, queue=(*more, *config.rules.queue)), config.tickets)
    entries, state = kept(file)[:RULED], State(Route.tables)
    began = time.process_time()
    for offset, entry in enumerate(entries):
        stage.decide(Record(Threaded.topic, 0, offset, entry.key, entry.value, entry.headers), state)
        state.accept()
    return (time.process_time() - began) / len(entries) * MICRO


def wide(brokers: str, topics: int, partitions: int) -> float:
    """CPU microseconds for each record of a stage that copies, from so many topics with so many partitions."""
    cluster = Cluster(brokers=brokers, namespace=f"wide{topics}.{partitions}.{time.time_ns()}.", partitions=partitions)
    names = [TopicSpec(f"bench.wide{i}") for i in range(topics)]
    declare(cluster, [], [*names, COPIED])
    number = WIDE // topics
    for name in names:
        put(cluster, name.name, plain(number))
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_wide(cluster, [name.name for name in names], number * topics, Path(folder)))


async def _wide(cluster: Cluster, names: Sequence[str], number: int, folder: Path) -> float:
    watch, copy = Stopwatch("copy", number), Copy()
    copy.inputs = names  # type: ignore[assignment]  # of this one, not of the class
    stage = watched(copy, watch)
    async with running([stage], cluster, folder) as workers:
        async for _ in steps(workers[stage.name], number, watch):
            pass
        return watch.stop().cpu_micros


def _memory_table(found: Mapping[int, Sequence[tuple[Grown, Grown]]]) -> Table:
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
        f"started again, after RocksDB has merged what it was filled with. Each figure over {MAILS // 2} messages. Ten million ids: `bench.history`."
    )
    return Table(how, columns, rows, drawn=0)


def _plain(how: str, what: str, found: Mapping[Any, Sequence[float]]) -> Table:
    rows = tuple(Row(what.format(each), (figure(costs, 1),)) for each, costs in found.items())
    return Table(how, (Column("CPU for each", "µs"),), rows)


def _goals(found: Mapping[int, Sequence[tuple[Grown, Grown]]]) -> tuple[Goal, ...]:
    lengths = sorted(found)
    least, middle, most = lengths[0], lengths[-2:][0], lengths[-1]
    costs = {each: [again.cpu_micros for _, again in known] for each, known in found.items()}
    note = (
        f"it is a step and no slope: {number_of(share(costs[most], costs[middle]).median, '×')} of that at {middle:,}. After a start, what a "
        "message asks for is read from its files, and those of few messages are soon in memory as a whole"
    )
    what = f"cost of threading a message at {most:,} known against {least:,}"
    return (growth(what, costs[most], costs[least], note),)


if __name__ == "__main__":
    main("scaling", measure, runs=2)
