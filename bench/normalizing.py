"""The normalize stage, and a bare confluent-kafka loop that does the same pure work: the limit for any runtime.

Each reads the same raw topic as a group of its own, stores attachments, writes a topic acknowledged by all replicas
in sync, and commits after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from confluent_kafka import Consumer, Message, Producer  # type: ignore[import-untyped]  # this version ships no types

from bench.stopwatch import PATIENCE_SECONDS, Run, Stopwatch
from connectors._blobs import BlobStore
from normalizer.cluster import Cluster, TopicSpec
from normalizer.mail.reading import read
from streams._record import Output, Record
from streams._run import running
from streams._state import State
from streams.normalize import Normalize

BARE_TOPIC = TopicSpec("bare.normalized")
BATCH = 500  # records, as many as a stage takes at once
LOOK_SECONDS = 0.02


def by_stage(cluster: Cluster, folder: Path, number: int, what: str) -> Run:
    """Read `number` raw mails with the stage, in this process; until the last message is acknowledged."""
    watch = Stopwatch(what, number)
    return asyncio.run(_by_stage(cluster, _stage(folder, watch), number, watch))


async def _by_stage(cluster: Cluster, stage: Normalize, number: int, watch: Stopwatch) -> Run:
    async with running([stage], cluster) as workers:
        worker = workers[stage.name]
        while worker.progress.records < number:
            if worker.failed.done():
                worker.failed.result()
            watch.at(worker.progress.records)
            await asyncio.sleep(LOOK_SECONDS)
        run = watch.stop()
        if worker.progress.outputs != number:
            raise RuntimeError(
                f"{number} mails gave {worker.progress.outputs} records: look into dead.letters and fates"
            )
        return run


def by_bare_loop(cluster: Cluster, folder: Path, number: int, what: str) -> Run:
    """Read `number` raw mails with a loop over librdkafka, in this process; until the last commit."""
    watch = Stopwatch(what, number)
    stage = _stage(folder, watch)
    producer = Producer(
        {"bootstrap.servers": cluster.brokers, "acks": "all", "enable.idempotence": True, "compression.type": "lz4"}
    )
    group = {"group.id": cluster.named("bare"), "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = Consumer({"bootstrap.servers": cluster.brokers, **group})
    consumer.subscribe([cluster.named("raw.mail")])
    done = 0
    try:
        while done < number:
            batch = consumer.consume(BATCH, timeout=0.1)
            if batch:
                _write(producer, cluster.named(BARE_TOPIC.name), _decided(stage, [_record(each) for each in batch]))
                consumer.commit(asynchronous=False)
            done += len(batch)
            watch.at(done)
        return watch.stop()
    finally:
        consumer.close()


def _stage(folder: Path, watch: Stopwatch) -> Normalize:
    return Normalize({"mail": watch.started_by(read)}, BlobStore((folder / "blobs").as_uri()))


def _record(message: Message) -> Record:
    if error := message.error():
        raise RuntimeError(f"the bare loop cannot read its topic: {error}")
    value, headers = message.value() or b"", cast("list[tuple[str, bytes]]", message.headers() or [])
    partition, offset = message.partition() or 0, message.offset() or 0
    return Record("raw.mail", partition, offset, message.key(), value, headers, message.timestamp()[1])


def _decided(stage: Normalize, records: Sequence[Record]) -> list[Output]:
    outputs = [output for record in records for output in stage.decide(record, State(()))]
    stage.keep([blob for output in outputs for blob in output.blobs])
    return outputs


def _write(producer: Producer, topic: str, outputs: Sequence[Output]) -> None:
    for output in outputs:
        producer.produce(topic, output.value, output.key, headers=list(output.headers))
    if left := producer.flush(PATIENCE_SECONDS):
        raise RuntimeError(f"{left} records were not acknowledged in {PATIENCE_SECONDS:g} s: is the broker up?")
