"""A stage in FastStream over its Confluent broker: a batch subscriber, acknowledged when its handler has returned.

FastStream has no state: tables are dictionaries and a changelog, as in the bare loop. The sends of a batch are
awaited together.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from faststream import AckPolicy
from faststream.confluent import KafkaBroker, KafkaMessage

from bench.jobs import INPUTS, Job, made, watched
from bench.runtimes.bare import record
from bench.runtimes.work import BATCH, CHANGES, Work
from bench.stopwatch import LOOK_SECONDS, Run, Stopwatch
from normalizer.cluster import Cluster


def run(job: Job, cluster: Cluster, folder: Path) -> Run:
    """Carry the records of a job, until the outputs of the last one are acknowledged."""
    watch = Stopwatch(job.what, job.number)
    return asyncio.run(_run(job, Work(watched(made(job.stage, folder), watch)), cluster, watch))


async def _run(job: Job, work: Work, cluster: Cluster, watch: Stopwatch) -> Run:
    broker = KafkaBroker(
        cluster.brokers,
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        partitioner="murmur2_random",
        allow_auto_create_topics=False,
        logger=None,
    )
    topic = INPUTS[job.stage]
    done = 0

    async def handle(message: KafkaMessage) -> None:
        nonlocal done
        batch = cast("tuple[Any, ...]", message.raw_message)
        sent = [
            await broker.publish(
                output.value,
                cluster.named(output.topic),
                key=output.key,
                headers={name: value.decode() for name, value in output.headers},
                no_confirm=True,
            )
            for output in work.done([record(topic, each) for each in batch])
        ]
        sent += [
            await broker.publish(value, cluster.named(CHANGES.name), key=key, no_confirm=True)
            for key, value in work.changes()
        ]
        await asyncio.gather(*cast("list[asyncio.Future[Any]]", sent))
        done += len(batch)

    broker.subscriber(
        cluster.named(topic),
        group_id=cluster.named("faststream"),
        auto_offset_reset="earliest",
        batch=True,
        max_records=BATCH,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )(handle)
    async with broker:
        await broker.start()
        while done < job.number:
            watch.at(done)
            await asyncio.sleep(LOOK_SECONDS)
        run = watch.stop()
    work.close()
    return run
