"""What a message costs when there is history in the thread stage's memory, with more rules, topics, partitions and accounts.

    python -m bench.scaling                    # up to a million messages of history

Ten million: `bench.threads`, `bench.history`, and for the ticket store `bench.stored`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from bench import threads
from bench.accounts import by_mailboxes
from bench.inputs import along_the_way, keep, kept, plain, put
from bench.jobs import COPIED, Copy, steps, watched
from bench.part import Wanted, broker, elsewhere, main, say
from bench.report import MICRO, Column, Report, Row, Table, figure, this_machine
from bench.stopwatch import Stopwatch
from normalizer.cluster import Cluster, TopicSpec
from normalizer.events import Threaded
from normalizer.policy import Rule
from ops.config import Config
from ops.topics import declare
from streams._record import Record
from streams._run import running
from streams._state import State
from streams.route import Route

HISTORIES = (10_000, 100_000, 1_000_000)
ACCOUNTS = (1, 10, 100, 300)
RULES = (0, 100, 1000)
WIDTHS = ((1, 4), (12, 4), (1, 48), (12, 12))
"""Topics, as channels have them, and partitions of each."""
RULED, WIDE = 300, 24_000


def measure(wanted: Wanted) -> Report:
    """Memory of the thread stage, then everything else that can grow."""
    machine, tried = this_machine(), range(wanted.runs)
    histories = [wanted.items(each, threads.REMEMBERED) for each in HISTORIES]
    with tempfile.TemporaryDirectory() as home, broker() as brokers:
        found = threads.by_history(brokers, histories, wanted.runs, Path(home))
        say("rules, topics and partitions, mailboxes")
        file = elsewhere(partial(threaded_messages, Path(home) / "threaded"))
        ruled = {each: [elsewhere(partial(with_rules, each, file)) for _ in tried] for each in RULES}
        mailboxes = by_mailboxes(brokers, ACCOUNTS, wanted)
        widths = {each: [elsewhere(partial(wide, brokers, *each)) for _ in tried] for each in WIDTHS}
    tables = (
        threads.table(found),
        _plain(
            "Rules in CEL, none of which is true, beside the default ones: the pure work of route.",
            "{} rules more",
            ruled,
        ),
        _plain("A stage that copies records of 600 bytes.", "{0[0]} topics of {0[1]} partitions", widths),
        mailboxes,
    )
    return Report(machine, "With history", wanted.runs, tables, (threads.goal(found),))


def threaded_messages(file: Path) -> Path:
    """Messages for the route stage, in a file."""
    return keep(along_the_way(RULED)[Threaded.topic], file)


def with_rules(number: int, file: Path) -> float:
    """CPU microseconds for each message in the route stage, beside `number` more rules."""
    config = Config()
    more = tuple(Rule(f"rule-{i}", f'message.subject == "nobody writes this {i}"', f"queue-{i}") for i in range(number))
    stage = Route(msgspec.structs.replace(config.rules, queue=(*more, *config.rules.queue)), config.tickets)
    entries, state = kept(file), State(Route.tables)
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


def _plain(how: str, what: str, found: Mapping[Any, Sequence[float]]) -> Table:
    rows = tuple(Row(what.format(each), (figure(costs, 1),)) for each, costs in found.items())
    return Table(how, (Column("CPU for each", "µs"),), rows)


if __name__ == "__main__":
    main("scaling", measure, runs=2)
