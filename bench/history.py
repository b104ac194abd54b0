"""What history costs a stage whose memory is on disk: reading it, coming back to it, and each message after it.

    python -m bench.history --ids 10000 1000000 10000000

For each number of ids that were ever seen: how long it takes to make the copy on disk from the changelog, how long a
restart takes that finds the copy, and what a record that is new costs then (one get, one set, one output), with the
memory of that process. Each step is a new process. The result goes to ``bench/results/``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import msgspec
from confluent_kafka import Producer  # type: ignore[import-untyped]  # it ships no types

from bench.inputs import plain, put
from bench.jobs import COPIED, PLAIN, REMEMBERED_BYTES, Job, Remember
from bench.part import broker, elsewhere, say
from bench.report import RESULTS, Machine, this_machine
from bench.runtimes import ours
from normalizer.cluster import Cluster
from normalizer.errors import SwitchboardError
from ops.topics import declare
from streams._client import consumer_settings, new_app
from streams._memories import Memories
from streams._stage import state_topic, topics_of

POSITION_EVERY = 500  # ids, as a stage writes one for each batch
PATIENCE_SECONDS = 600.0


class Cost(msgspec.Struct, frozen=True):
    """What so many ids cost, in seconds, microseconds of CPU and megabytes."""

    ids: int
    made_seconds: float
    restart_seconds: float
    cpu_per_record: float
    megabytes: float


class History(msgspec.Struct, frozen=True):
    """The outcome: a cost for each length of history."""

    machine: Machine
    records: int
    costs: tuple[Cost, ...]


def fill(cluster: Cluster, records: int) -> None:
    """Declare the topics and put `records` on the input."""
    declare(cluster, ["mail"], [*topics_of(Remember()), PLAIN, COPIED])
    put(cluster, PLAIN.name, plain(records))


def remember(cluster: Cluster, ids: int) -> None:
    """Fill the changelog as a stage would have done for so many records."""
    producer = Producer({"bootstrap.servers": cluster.brokers, "acks": "all", "linger.ms": 20})
    changelog, value = cluster.named(state_topic(Remember())), bytes(REMEMBERED_BYTES)
    position = b"\0" + PLAIN.name.encode()
    for number in range(ids):
        partition = number % cluster.partitions
        # Ids in no order, as those of messages are; they begin with what no record of the bench has.
        key = b"seen\0%016x/%d" % (number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF, number)
        producer.produce(changelog, value, key, partition=partition)
        if number % (POSITION_EVERY * cluster.partitions) < cluster.partitions or number >= ids - cluster.partitions:
            producer.produce(changelog, b"[0,0]", position, partition=partition)
        if number % 10_000 == 0:
            producer.poll(0)
            while len(producer) > 50_000:
                producer.poll(0.05)
    if left := producer.flush(PATIENCE_SECONDS):
        raise RuntimeError(f"{left} records were not acknowledged in {PATIENCE_SECONDS:g} s: is the broker up?")


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


def worked(cluster: Cluster, folder: Path, records: int) -> tuple[float, float]:
    """The CPU time of a record in microseconds, and the most memory of the process in megabytes."""
    run = ours.run(Job(Remember.name, records, "records after the history"), cluster, folder)
    return 1e6 / run.per_cpu_second, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(brokers: str, ids: int, records: int) -> Cost:
    """All of it for one length of history."""
    cluster = Cluster(brokers=brokers, namespace=f"history{ids}.")
    elsewhere(partial(fill, cluster, records))
    elsewhere(partial(remember, cluster, ids), PATIENCE_SECONDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, again = (elsewhere(partial(restored, cluster, folder / "state"), PATIENCE_SECONDS) for _ in range(2))
        cpu, megabytes = elsewhere(partial(worked, cluster, folder, records))
    say(f"{ids:,} ids: made in {made:.1f} s, restart {again:.2f} s, {cpu:.1f} µs a record, {megabytes:,.0f} MB")
    return Cost(ids, round(made, 2), round(again, 2), round(cpu, 1), round(megabytes))


def main() -> None:
    """Measure, and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--ids", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--records", type=int, default=200_000, help="that come after the history (200,000)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON")
    wanted = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    machine = this_machine()
    try:
        with broker() as brokers:
            costs = tuple(measure(brokers, ids, wanted.records) for ids in wanted.ids)
    except SwitchboardError as error:
        sys.exit(f"bench: {error}")
    found = History(machine, wanted.records, costs)
    (wanted.results / "history.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


if __name__ == "__main__":
    main()
