"""What history costs a stage whose memory is on disk: reading it, coming back to it, and each message after it.

    python -m bench.history --scale 0.01 --results FOLDER    # up to 100,000 ids

For each number of ids that were ever seen: how long it takes to make the copy on disk from the changelog, how long a
restart takes that finds the copy, and what a record that is new costs then (one get, one set, one output), with the
memory of that process, once RocksDB has merged what it was filled with. Each step is a new process. The result goes to ``bench/results/``.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
from confluent_kafka import Producer  # type: ignore[import-untyped]  # it ships no types
from rocksdict import Rdict

from bench.inputs import acknowledged, plain, put, queue
from bench.jobs import COPIED, PLAIN, REMEMBERED_BYTES, Job, Remember, scattered
from bench.part import Wanted, broker, elsewhere, main, say
from bench.report import MEGA, MICRO, Column, Figure, Goal, Report, Row, Table, figure, growth, this_machine
from bench.runtimes import ours
from bench.stopwatch import most_megabytes
from normalizer.cluster import Cluster
from ops.topics import declare
from streams._client import consumer_settings, new_app
from streams._disk import options
from streams._memories import Memories
from streams._stage import state_topic, topics_of

POSITION_EVERY = 500  # ids, as a stage writes one for each batch
PATIENCE_SECONDS = 600.0
LENGTHS, RECORDS = (10_000, 100_000, 1_000_000, 10_000_000), 60_000
STARTS, BEYOND, QUESTIONS = 3, 5000, 20_000
"""How often that many records are measured, how many a stage may take that is to stop after them, and how many ids are asked for
by themselves."""
RESTART_ASKED = 30.0


class Cost(msgspec.Struct, frozen=True):
    """What so many ids cost, in seconds, microseconds of CPU at each start, and megabytes of memory and of disk."""

    made_seconds: float
    restart_seconds: float
    cpu_micros: tuple[float, ...]
    question_micros: float
    megabytes: float
    disk: float


def fill(cluster: Cluster, records: int) -> None:
    """Declare the topics and put on the input what all starts take."""
    declare(cluster, ["mail"], [*topics_of(Remember()), PLAIN, COPIED])
    put(cluster, PLAIN.name, plain(STARTS * (records + BEYOND)))


def remember(cluster: Cluster, ids: int) -> None:
    """Fill the changelog as a stage would have done for so many records."""
    producer = Producer({"bootstrap.servers": cluster.brokers, "acks": "all", "linger.ms": 20})
    changelog, value = cluster.named(state_topic(Remember())), bytes(REMEMBERED_BYTES)
    position = b"\0" + PLAIN.name.encode()
    for number in range(ids):
        partition = number % cluster.partitions
        # Ids in no order, as those of messages are, and none that a record of the bench has.
        key = b"seen\0%s/%d" % (scattered(number), number)
        queue(producer, changelog, value, key, partition)
        if number % (POSITION_EVERY * cluster.partitions) < cluster.partitions or number >= ids - cluster.partitions:
            queue(producer, changelog, b"[0,0]", position, partition)
    acknowledged(producer, PATIENCE_SECONDS)


def restored(cluster: Cluster, folder: Path) -> float:
    """How many seconds it takes until all partitions are remembered."""
    return asyncio.run(_restored(cluster, folder))


async def _restored(cluster: Cluster, folder: Path) -> float:
    memories = Memories(Remember(), cluster, folder)
    memories.settings = consumer_settings(new_app(Remember.name, cluster))
    began = time.perf_counter()
    for partition in range(cluster.partitions):
        await memories.of(partition, 0)
    took = time.perf_counter() - began
    memories.keep_only(())
    return took


def settled(folder: Path) -> None:
    """Merge now what RocksDB would merge in the minutes after it was filled at once, so that nothing is measured of that."""
    for current in folder.rglob("CURRENT"):
        store = Rdict(str(current.parent), options())
        store.compact_range(None, None)
        store.close()


def question(folder: Path) -> float:
    """The CPU microseconds of a question to the copy on disk after an id that is not there, when it has just been opened."""
    store = Rdict(str(next(folder.rglob("CURRENT")).parent), options())
    keys = [b"seen\0" + scattered(number << 40) for number in range(1, QUESTIONS + 1)]
    began = time.process_time()
    there = sum(store.get(key) is not None for key in keys)
    took = time.process_time() - began
    store.close()
    if there:
        raise RuntimeError(f"{there} ids are there that nobody has put there")
    return took / QUESTIONS * MICRO


def worked(cluster: Cluster, folder: Path, records: int) -> tuple[float, float]:
    """The CPU time of a record in microseconds, and the most memory of the process in megabytes."""
    run = ours.run(Job(Remember.name, records, "records after the history"), cluster, folder)
    return run.cpu_micros, most_megabytes()


def cost(brokers: str, ids: int, records: int, turn: int) -> Cost:
    """All of it for one length of history."""
    cluster = Cluster(brokers=brokers, namespace=f"history{ids}.{turn}.")
    elsewhere(partial(fill, cluster, records))
    elsewhere(partial(remember, cluster, ids), PATIENCE_SECONDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = elsewhere(partial(restored, cluster, folder / "state"), PATIENCE_SECONDS)
        elsewhere(partial(settled, folder), PATIENCE_SECONDS)
        again = elsewhere(partial(restored, cluster, folder / "state"), PATIENCE_SECONDS)
        asked = elsewhere(partial(question, folder))
        disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEGA
        cpu, megabytes = zip(
            *(elsewhere(partial(worked, cluster, folder, records)) for _ in range(STARTS)), strict=True
        )
    found = Cost(made, again, cpu, asked, max(megabytes), disk)
    say(f"{ids:,} ids: {found}")
    return found


def measure(wanted: Wanted) -> Report:
    """Every length of history, the shortest first."""
    machine = this_machine()
    lengths, records = [wanted.items(each, 1) for each in LENGTHS], wanted.items(RECORDS, 1000)
    found: dict[int, list[Cost]] = {each: [] for each in lengths}
    with broker() as brokers:
        for turn in range(wanted.runs):
            for each in lengths:
                found[each].append(cost(brokers, each, records, turn))
    how = (
        f"A stage that remembers ids, on disk, 4 partitions; {STARTS} times {records:,} records of 600 bytes come after the history, each time "
        "after a start. The first start reads all of the changelog, a restart finds the copy on disk, which RocksDB has merged meanwhile."
    )
    rows = tuple(Row(f"{each:,} ids", _cells(each, costs)) for each, costs in found.items())
    return Report(machine, "With a long history", wanted.runs, (Table(how, COLUMNS, rows),), _goals(found))


COLUMNS = (
    Column("CPU for each record", "µs"),
    Column("of it, a question to the disk", "µs"),
    Column("memory of the process", "MB"),
    Column("disk", "MB"),
    Column("first start", "s"),
    Column("ids per second of it"),
    Column("restart", "s"),
)


def _cells(ids: int, costs: Sequence[Cost]) -> tuple[Figure, ...]:
    return (
        figure(_micros(costs), 1),
        figure([each.question_micros for each in costs], 1),
        figure([each.megabytes for each in costs]),
        figure([each.disk for each in costs]),
        figure([each.made_seconds for each in costs], 2),
        figure([ids / each.made_seconds for each in costs]),
        figure([each.restart_seconds for each in costs], 2),
    )


def _goals(found: Mapping[int, Sequence[Cost]]) -> tuple[Goal, ...]:
    least, most = min(found), max(found)
    what = f"cost of a record with {most:,} known ids against {least:,}"
    few, many = (figure([cost.question_micros for cost in found[each]], 1).median for each in (least, most))
    note = (
        f"the question to the copy on disk, whether an id is there, takes {few:g} µs with few and {many:g} µs with many"
    )
    restart = figure([each.restart_seconds for each in found[most]], 2)
    return (
        Goal(f"a restart with {most:,} known ids", restart, RESTART_ASKED, "s", limit=True),
        growth(what, _micros(found[most]), _micros(found[least]), note),
    )


def _micros(costs: Sequence[Cost]) -> list[float]:
    return [micros for cost in costs for micros in cost.cpu_micros]


if __name__ == "__main__":
    main("history", measure, runs=1)
