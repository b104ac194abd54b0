"""A stage that remembers on disk, on real Kafka: whatever happens, it remembers what the changelog says."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]  # aiokafka ships no types
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # no types

from normalizer.cluster import Cluster
from streams._disk import OnDisk
from streams._memory import Memory, ends, restore
from streams._run import running
from streams._stage import topics_of
from streams._topics import topic_id
from tests.e2e.stage_process import Count
from tests.e2e.stage_topics import INPUT, OUTPUT, Topics, committed, producing, until
from tests.servers.topic import records, wait

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
RECORDS = 6_000
KEYS = 60


@contextmanager
def _worker(cluster: Cluster, folder: Path, milliseconds: float) -> Iterator[subprocess.Popen[str]]:
    """A worker process that has its partitions, killed at the end."""
    command = [sys.executable, "-m", "tests.e2e.stage_process", cluster.brokers, cluster.namespace]
    with subprocess.Popen(
        [*command, str(milliseconds), str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


async def _restored(cluster: Cluster, partition: int, store: OnDisk | None) -> tuple[Any, Any, int]:
    """What a worker remembers after it has read the changelog, or what is missing on disk; and how much it read."""
    consumer = AIOKafkaConsumer(bootstrap_servers=cluster.brokers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        topic = cluster.named("count.state")
        _, end = await ends(consumer, topic, partition)
        memory = Memory(["counts"], entries=store, checkpoint=store.checkpoint if store else None)
        count = await restore(consumer, topic, partition, memory, end)
        return memory.state.snapshot(), memory.positions, count
    finally:
        await consumer.stop()


def test_killed_again_and_again_it_remembers_what_the_changelog_says(
    cluster: Cluster, topics: Topics, tmp_path: Path
) -> None:
    """``kill -9`` and SIGTERM in the middle: every count is right, and disk and tail are what the changelog is."""
    topics(extra=topics_of(Count()))
    with producing(cluster) as send:
        send(*((b"k%d" % (number % KEYS), b"%d" % number) for number in range(RECORDS)))
    for milliseconds, enough, end in (
        (0.5, 1_000, "kill"),
        (0.5, 2_500, "ask"),
        (0.2, 4_000, "kill"),
        (0, 5_500, "kill"),
    ):
        with _worker(cluster, tmp_path, milliseconds) as worker:
            wait(lambda enough=enough: committed(cluster, "count") > enough)  # type: ignore[misc]
            if end == "ask":
                worker.terminate()
                assert worker.wait(30) == 0
    with _worker(cluster, tmp_path, 0):
        wait(lambda: committed(cluster, "count") == RECORDS)
    expected = {b"k%d %d %d" % (number % KEYS, number, number // KEYS + 1) for number in range(RECORDS)}
    assert {record.value for record in records(cluster, OUTPUT)} == expected
    identity, read = f"{topic_id(cluster, 'count.state')}/counts", 0
    for partition in range(cluster.partitions):
        store = OnDisk(tmp_path / cluster.named("count") / str(partition), identity)
        *whole, count = asyncio.run(_restored(cluster, partition, None))
        *from_disk, tail = asyncio.run(_restored(cluster, partition, store))
        store.close()
        assert from_disk == whole
        read += count - tail
    assert read > 0  # or nothing of it would have been on disk


async def _count(cluster: Cluster, folder: Path | None, *values: bytes) -> None:
    with producing(cluster) as send:
        send(*((b"k", value) for value in values))
    async with running([Count()], cluster, folder) as workers:
        worker = workers["count"]
        await until(lambda: worker.progress.records >= len(values), worker)


def test_only_the_tail_is_read_again(
    cluster: Cluster, topics: Topics, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What another worker, without this folder, wrote in between is read from the changelog, and nothing else."""
    topics(extra=topics_of(Count()))
    caplog.set_level(logging.INFO, "streams")
    asyncio.run(_count(cluster, tmp_path, b"1", b"2"))
    asyncio.run(_count(cluster, None, b"3"))
    caplog.clear()
    asyncio.run(_count(cluster, tmp_path, b"4"))
    assert [record.value for record in records(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2", b"k 3 3", b"k 4 4"]
    # One change and one position in each batch; the first two batches, or the one, are on disk.
    assert "with 2 records of the changelog" in caplog.text


def test_a_changelog_that_was_made_anew_is_not_mixed_with_the_old_one(
    cluster: Cluster, topics: Topics, tmp_path: Path
) -> None:
    """Somebody deleted the topic of the state: the folder of the old one is thrown away."""
    topics(extra=topics_of(Count()))
    asyncio.run(_count(cluster, tmp_path, b"1", b"2"))
    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    admin.delete_topics([cluster.named("count.state")])
    wait(lambda: cluster.named("count.state") not in admin.list_topics())
    admin.close()
    topics(extra=topics_of(Count()))
    asyncio.run(_count(cluster, tmp_path, b"3"))
    assert [record.value for record in records(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2", b"k 3 1"]


def test_a_folder_that_somebody_else_has_is_done_without(
    cluster: Cluster, topics: Topics, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker says so, reads the whole changelog, and works."""
    topics(extra=topics_of(Count()))
    asyncio.run(_count(cluster, tmp_path, b"1"))
    held = [OnDisk(tmp_path / cluster.named("count") / str(number), "other") for number in range(cluster.partitions)]
    try:
        asyncio.run(_count(cluster, tmp_path, b"2"))
    finally:
        for store in held:
            store.close()
    assert [record.value for record in records(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2"]
    assert "the stage count remembers without its disk" in caplog.text
    assert "is another process's" in caplog.text


def test_somebody_else_who_writes_to_the_memory_is_noticed(
    cluster: Cluster, topics: Topics, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that was thrown out of its group may write once more: then the changelog is read again."""

    async def go() -> None:
        async with running([Count()], cluster, tmp_path) as workers:
            worker = workers["count"]
            with producing(cluster) as send:
                send((b"k", b"1"))
                await until(lambda: worker.progress.records == 1, worker)
                (first,) = records(cluster, INPUT)
                late = ((b"counts\0k", b"7"), (b"\0" + INPUT.encode(), b"[1,0]"))
                send(*late, topic="count.state", partition=first.partition)
                send((b"k", b"2"))
                await until(lambda: worker.progress.records == 2, worker)
                send((b"k", b"3"))
                await until(lambda: worker.progress.records == 3, worker)

    topics(extra=topics_of(Count()))
    asyncio.run(go())
    assert "somebody else wrote to the memory of partition" in caplog.text
    assert [record.value for record in records(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2", b"k 3 3"]
