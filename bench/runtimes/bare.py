"""A stage in a bare loop over librdkafka: the yardstick for any runtime.

Outputs and changes of state acknowledged by all replicas in sync, then a commit, for which only the last batch waits. The
state is a dictionary for each partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from confluent_kafka import Consumer, Message, Producer  # type: ignore[import-untyped]  # it ships no types

from bench.inputs import acknowledged, producing
from bench.jobs import INPUTS, Job, made, watched
from bench.runtimes.work import CHANGES, Work
from bench.stopwatch import Run, Stopwatch
from normalizer.cluster import Cluster
from streams._record import Output, Record

BATCH = 500
"""How many records it takes at once: of 100, 500, 1000 and 2000 what costs it least."""


def run(job: Job, cluster: Cluster, folder: Path) -> Run:
    """Carry the records of a job, until the last commit."""
    watch = Stopwatch(job.what, job.number)
    work = Work(watched(made(job.stage, folder), watch))
    topic, producer = INPUTS[job.stage], Producer(producing(cluster))
    group = {"group.id": cluster.named("bare"), "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = Consumer({"bootstrap.servers": cluster.brokers, **group})
    consumer.subscribe([cluster.named(topic)])
    done = 0
    try:
        while done < job.number:
            batch = consumer.consume(BATCH, timeout=0.1)
            if batch:
                outputs = work.done([record(topic, each) for each in batch])
                _write(producer, cluster, outputs, work.changes())
                done += len(batch)
                # By itself librdkafka commits what was taken by the time when it comes to it, and then says that the last has nothing.
                consumer.commit(offsets=consumer.position(consumer.assignment()), asynchronous=done < job.number)
            watch.at(done)
        return watch.stop()
    finally:
        consumer.close()
        work.close()


def record(topic: str, message: Message) -> Record:
    """A message of librdkafka as stages take it."""
    if error := message.error():
        raise RuntimeError(f"the topic {topic} cannot be read: {error}")
    value, headers = message.value() or b"", cast("list[tuple[str, bytes]]", message.headers() or [])
    return Record(
        topic, message.partition() or 0, message.offset() or 0, message.key(), value, headers, message.timestamp()[1]
    )


def _write(
    producer: Producer, cluster: Cluster, outputs: Sequence[Output], changes: Sequence[tuple[bytes, bytes | None]]
) -> None:
    for output in outputs:
        producer.produce(cluster.named(output.topic), output.value, output.key, headers=list(output.headers))
    for key, value in changes:
        producer.produce(cluster.named(CHANGES.name), value, key)
    acknowledged(producer)
