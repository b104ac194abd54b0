"""Is the ledger exact, what does a fate cost when it has counted ten million, and how much memory does its stage take?

    python -m bench.ledger                       # ten million records: it is no part of `make bench`
    python -m bench.ledger --scale 0.01 --results FOLDER

Raw records go to their topic and their fates to theirs, with repeats, records of several messages, fates out of order, whole
batches that come again, dead letters that are mended later, replays that say something else, and some records
that never have their fate. Then the stage reads all of it, on real Kafka and in a process of its own, and `switchboard ledger`
must count every record right and name exactly those; otherwise there are no figures.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import psutil
from confluent_kafka import Producer  # type: ignore[import-untyped]  # this version ships no types
from kafka import KafkaAdminClient, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # as above

from bench.inputs import acknowledged, producing, queue
from bench.jobs import steps
from bench.ledger_fates import RAW_TOPIC, Story, Truth
from bench.part import Wanted, broker, elsewhere, main, say
from bench.report import MEGA, MICRO, Column, Goal, Report, Row, Table, figure, growth, this_machine
from bench.stopwatch import Stopwatch
from normalizer.cluster import Cluster
from normalizer.events import RAW, Fate
from ops.ledger import Account, take
from ops.topics import declare
from streams._fate import told
from streams._outbox import partition_of
from streams._record import Record
from streams._run import running
from streams._stage import topics_of
from streams.ledger import Ledger

RECORDS = 10_000_000
COUNTED = (0.001, 0.01, 0.1, 1.0)
"""Shares of all fates: what one costs is measured over the second half of each."""
MOST_MB = 300.0
LIMIT_SECONDS = 3600.0
MISSING = 137
SEED = 20261125
_CAUSE = Record(RAW_TOPIC, 0, 0, None, b"")


class Look(msgspec.Struct, frozen=True):
    """How far the stage was at some time: fates that it had counted, CPU-seconds and megabytes that it had taken."""

    fates: int
    cpu_seconds: float
    megabytes: float


def fill(cluster: Cluster, story: Story) -> Truth:
    """Put the raw records and their fates on their topics; gives what is true of them."""
    declare(cluster, ["mail"], topics_of(Ledger()))
    producer = Producer(producing(cluster) | {"linger.ms": 20})
    raw, fates = cluster.named(RAW_TOPIC), cluster.named(Fate.topic)
    for number in range(story.records):
        queue(producer, raw, b"mail", partition=number % story.partitions)
    for fate in story.fates():
        output = told(fate, _CAUSE)
        queue(producer, fates, output.value, output.key, partition_of(output.key, cluster.partitions), output.headers)
    acknowledged(producer)
    return story.truth


def _all_is_read(cluster: Cluster, story: Story) -> None:
    """Normalize has done every raw record: whatever has no fate is missing."""
    sizes = {n: len(range(n, story.records, story.partitions)) for n in range(story.partitions)}
    places = {TopicPartition(cluster.named(RAW_TOPIC), n): OffsetAndMetadata(size, "", -1) for n, size in sizes.items()}
    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    admin.alter_group_offsets(cluster.named("normalize"), places)
    admin.close()


def add_up(cluster: Cluster, fates: int, state: Path) -> list[Look]:
    """Run the stage until it has done all fates, its tables on disk as everywhere; gives how it went. In a process of
    its own, whose memory it tells."""
    return asyncio.run(_add_up(cluster, fates, state))


async def _add_up(cluster: Cluster, fates: int, state: Path) -> list[Look]:
    looks: list[Look] = []
    process, watch = psutil.Process(), Stopwatch("fates", fates)
    async with running([Ledger()], cluster, state) as workers:
        watch.begin()
        async for done in steps(workers[Ledger.name], fates, watch):
            if not looks or done > looks[-1].fates:
                looks.append(Look(done, time.process_time(), process.memory_info().rss / MEGA))
    return looks


def is_exact(account: Account, truth: Truth, records: int) -> bool:
    """Whether the account is the truth."""
    counts = {outcome: getattr(account, outcome) for outcome in truth.counts}
    named = set(account.missing) == truth.missing and account.missing_total == len(truth.missing)
    return counts == truth.counts and named and (account.accepted, account.in_flight) == (records, 0)


def counted(cluster: Cluster, records: int) -> list[Look]:
    """Fill the topics, run the stage, ask the command's question, and compare. Raises `RuntimeError` when it is wrong."""
    say(f"putting {records:,} records and their fates on the topics")
    story = Story(records, cluster.partitions, min(MISSING, records // 10), SEED)
    truth = fill(cluster, story)
    say(f"adding up {truth.fates:,} fates")
    with tempfile.TemporaryDirectory() as state:
        looks = elsewhere(partial(add_up, cluster, truth.fates, Path(state)), LIMIT_SECONDS)
    _all_is_read(cluster, story)
    [account] = take(cluster, [RAW_TOPIC.removeprefix(RAW)])
    if not is_exact(account, truth, records):
        raise RuntimeError(f"the ledger says {account}, and true is {truth}")
    return looks


def cost(looks: Sequence[Look], fates: float) -> float:
    """CPU microseconds of a fate, over the second half of so many."""
    begin = next(look for look in looks if look.fates >= fates / 2)
    end = next((look for look in looks if look.fates >= fates and look is not begin), looks[-1])
    return (end.cpu_seconds - begin.cpu_seconds) / (end.fates - begin.fates) * MICRO


def measure(wanted: Wanted) -> Report:
    """All lengths in one go, since what was counted stays counted."""
    machine, records, runs = this_machine(), wanted.items(RECORDS, 1000), []
    for turn in range(wanted.runs):
        with broker() as brokers:
            runs.append(counted(Cluster(brokers=brokers, namespace=f"ledger{turn}."), records))
    total = runs[0][-1].fates
    costs = {share: [cost(looks, share * total) for looks in runs] for share in COUNTED}
    rows = [
        Row(f"up to {round(share * total):,} fates", (figure(found, 1), figure(_peaks(runs, share * total))))
        for share, found in costs.items()
    ]
    how = (
        f"The ledger stage over the fates of {records:,} raw records, in a process of its own, its tables on disk. It counted every record right, and "
        f"named exactly the {min(MISSING, records // 10)} whose fate was never told."
    )
    columns = (Column("CPU for each fate, over the second half", "µs"), Column("memory of the process", "MB"))
    least, most = COUNTED[0], COUNTED[-1]
    what = f"cost of a fate after {total:,} against {round(least * total):,}"
    memory = figure(_peaks(runs, total))
    goals = (
        growth(what, costs[most], costs[least]),
        Goal(f"memory of the ledger after {records:,} records", memory, MOST_MB, "MB", limit=True),
    )
    return Report(machine, "A long ledger", wanted.runs, (Table(how, columns, tuple(rows)),), goals)


def _peaks(runs: Sequence[Sequence[Look]], fates: float) -> list[float]:
    return [max(look.megabytes for look in looks if look.fates <= fates) for looks in runs]


if __name__ == "__main__":
    main("ledger", measure, runs=1)
