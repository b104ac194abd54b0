"""What the tests of stages put into Kafka, what they find there, and how they run a stage in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kafka import KafkaConsumer, KafkaProducer, TopicPartition  # type: ignore[import-untyped]  # no types

from normalizer.cluster import Cluster
from streams._run import running
from streams._stage import Stage, Writer
from streams._worker import Worker

INPUT, OUTPUT = "messages.normalized", "messages.threaded"
Topics = Callable[..., list[str]]


@contextmanager
def producing(cluster: Cluster) -> Iterator[Callable[..., None]]:
    """Sends (key, value) pairs to the input, and returns when Kafka has them."""
    producer = KafkaProducer(bootstrap_servers=cluster.brokers, linger_ms=5)

    def send(*pairs: tuple[bytes, bytes], topic: str = INPUT, partition: int | None = None) -> None:
        for key, value in pairs:
            producer.send(cluster.named(topic), key=key, value=value, headers=[("h", b"1")], partition=partition)
        producer.flush()

    yield send
    producer.close()


def committed(cluster: Cluster, group: str, topic: str = INPUT) -> int:
    """The sum of a group's committed offsets."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers, group_id=cluster.named(group), enable_auto_commit=False)
    try:
        parts = [TopicPartition(cluster.named(topic), number) for number in range(cluster.partitions)]
        return sum(consumer.committed(part) or 0 for part in parts)
    finally:
        consumer.close()


async def until(condition: Callable[[], object], worker: Worker | None = None, seconds: float = 30) -> None:
    """Wait for a condition; the error of a stage that failed meanwhile is raised."""
    async with asyncio.timeout(seconds):
        while not condition():
            if worker is not None and worker.failed.done():
                worker.failed.result()
            await asyncio.sleep(0.02)


def work_through(stage: Stage | Writer, cluster: Cluster, records: int) -> Worker:
    """Run a stage until it has processed so many records; returns its worker, stopped."""

    async def go() -> Worker:
        async with running([stage], cluster) as workers:
            worker = workers[stage.name]
            await until(lambda: worker.progress.records >= records, worker)
        return worker

    return asyncio.run(go())
