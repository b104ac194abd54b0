"""Is the ledger exact, and how much memory does its stage take? On real Kafka, the stage in a process of its own.

    python -m bench.ledger --records 1000000

Raw records go to their topic and their fates to theirs, with repeats, records of several messages, fates out of order, whole
batches that come again, dead letters that are mended later, replays that say something else, and some records
that never have their fate. Then the stage reads all of it, and `switchboard ledger` must count every record right and
name exactly those. Exit status 1 when it does not, or when the stage takes more than 300 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
from confluent_kafka import Producer  # type: ignore[import-untyped]  # this version ships no types
from kafka import KafkaAdminClient, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # as above

from bench.ledger_fates import RAW_TOPIC, Story, Truth
from bench.report import RESULTS, Machine, this_machine
from bench.stopwatch import PATIENCE_SECONDS
from normalizer.cluster import Cluster
from normalizer.errors import SwitchboardError
from normalizer.events import RAW, Fate
from normalizer.wire import Headers
from ops.engine.kafka import Engine
from ops.ledger import Account, take
from ops.topics import declare
from streams._fate import told
from streams._outbox import partition_of
from streams._record import Record
from streams._run import running
from streams._stage import topics_of
from streams.ledger import Ledger

MOST_MB = 300
MISSING = 137
SEED = 20261125
LOOK_SECONDS = 0.1
_CAUSE = Record(RAW_TOPIC, 0, 0, None, b"")
_QUEUE = 50_000  # records that wait in the producer


class Work(msgspec.Struct, frozen=True):
    """What the stage's process took: wall and CPU seconds for all fates, and the most memory it ever had."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


class LedgerReport(msgspec.Struct, frozen=True):
    """What was found. `exact` is whether every count is right and exactly the missing ones are named."""

    machine: Machine
    records: int
    fates: int
    missing: int
    exact: bool
    stage: Work
    fates_per_second: int
    fates_per_cpu_second: int
    command_seconds: float
    most_mb: int = MOST_MB


def fill(cluster: Cluster, story: Story) -> Truth:
    """Put the raw records and their fates on their topics; gives what is true of them."""
    declare(cluster, ["mail"], topics_of(Ledger()))
    producer = Producer({"bootstrap.servers": cluster.brokers, "enable.idempotence": True, "compression.type": "lz4"})
    raw, fates = cluster.named(RAW_TOPIC), cluster.named(Fate.topic)
    for number in range(story.records):
        _send(producer, raw, number % story.partitions, b"mail")
    for fate in story.fates():
        output = told(fate, _CAUSE)
        _send(producer, fates, partition_of(output.key, cluster.partitions), output.value, output.key, output.headers)
    if left := producer.flush(PATIENCE_SECONDS):
        raise RuntimeError(f"{left} records were not acknowledged in {PATIENCE_SECONDS:g} s: is the broker up?")
    return story.truth


def _send(
    producer: Producer, topic: str, partition: int, value: bytes, key: bytes | None = None, headers: Headers = ()
) -> None:
    while len(producer) > _QUEUE:
        producer.poll(0.1)
    producer.produce(topic, value, key, partition, headers=list(headers))
    producer.poll(0)


def _all_is_read(cluster: Cluster, story: Story) -> None:
    """Normalize has done every raw record: whatever has no fate is missing."""
    sizes = {n: len(range(n, story.records, story.partitions)) for n in range(story.partitions)}
    places = {TopicPartition(cluster.named(RAW_TOPIC), n): OffsetAndMetadata(size, "", -1) for n, size in sizes.items()}
    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    admin.alter_group_offsets(cluster.named("normalize"), places)
    admin.close()


def add_up(cluster: Cluster, fates: int) -> Work:
    """Run the stage until it has done all fates. To be called in a process of its own, whose memory it tells."""
    return asyncio.run(_add_up(cluster, fates))


async def _add_up(cluster: Cluster, fates: int) -> Work:
    async with running([Ledger()], cluster) as workers:
        worker = workers[Ledger.name]
        wall, cpu = time.perf_counter(), time.process_time()
        moved, done = wall, -1
        while worker.progress.records < fates:
            if worker.failed.done():
                worker.failed.result()
            if worker.progress.records != done:
                moved, done = time.perf_counter(), worker.progress.records
            elif time.perf_counter() - moved > PATIENCE_SECONDS:
                raise TimeoutError(f"{done:,} of {fates:,} fates, and no step in {PATIENCE_SECONDS:g} s")
            await asyncio.sleep(LOOK_SECONDS)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Work(round(wall, 1), round(cpu, 1), round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1))


def is_exact(account: Account, truth: Truth, records: int) -> bool:
    """Whether the account is the truth."""
    counts = {outcome: getattr(account, outcome) for outcome in truth.counts}
    named = set(account.missing) == truth.missing and account.missing_total == len(truth.missing)
    return counts == truth.counts and named and (account.accepted, account.in_flight) == (records, 0)


def measure(cluster: Cluster, records: int, machine: Machine) -> LedgerReport:
    """Fill the topics, run the stage, ask the command's question, and compare."""
    _say(f"putting {records:,} records and their fates on the topics")
    story = Story(records, cluster.partitions, min(MISSING, records // 10), SEED)
    truth = fill(cluster, story)
    _say(f"adding up {truth.fates:,} fates")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        work = pool.submit(add_up, cluster, truth.fates).result()
    _all_is_read(cluster, story)
    began = time.perf_counter()
    [account] = take(cluster, [RAW_TOPIC.removeprefix(RAW)])
    return LedgerReport(
        machine=machine,
        records=records,
        fates=truth.fates,
        missing=len(truth.missing),
        exact=is_exact(account, truth, records),
        stage=work,
        fates_per_second=round(truth.fates / work.seconds),
        fates_per_cpu_second=round(truth.fates / work.cpu_seconds),
        command_seconds=round(time.perf_counter() - began, 2),
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="raw records (1,000,000)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON")
    wanted = parser.parse_args()
    machine = this_machine()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Engine(Path(folder), port=0) as engine:
            found = measure(Cluster(brokers=engine.brokers, namespace="ledger."), wanted.records, machine)
    except SwitchboardError as error:
        sys.exit(f"bench: {error}")
    wanted.results.mkdir(exist_ok=True)
    (wanted.results / "ledger.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    _say(msgspec.json.encode(found).decode())
    if not found.exact or found.stage.peak_mb > MOST_MB:
        sys.exit(f"bench: exact: {found.exact}, {found.stage.peak_mb:g} MB of at most {MOST_MB}")


if __name__ == "__main__":
    main()
