"""A stage in stock Faust, as its documents have it, made at-least-once in the cheapest way that it has.

Events are not acknowledged by themselves (``noack``): the sends of a batch are awaited together, then its events are
acknowledged. Tables are Faust's, in memory with a changelog; Faust does not wait for that before it commits, so what is
compared with promises more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import faust

from bench.jobs import INPUTS, Job, made, watched
from bench.runtimes.work import BATCH
from bench.stopwatch import LOOK_SECONDS, PATIENCE_SECONDS, Run, Stopwatch
from normalizer.cluster import Cluster
from streams._record import Output, Record
from streams._stage import Stage, Writer
from streams._state import State

STOP_SECONDS = 10.0


class Tables(Mapping[str, Any]):
    """Faust's tables where a stage looks for its own."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._tables = {name: Entries(table) for name, table in tables.items()}

    def __getitem__(self, name: str) -> Entries:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


class Entries:
    """One table of Faust with the questions of ours."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        return cast("bytes | None", self._table.get(key))

    def set(self, key: bytes, value: bytes) -> None:
        """Remember, and write it to the changelog."""
        self._table[key] = value

    def delete(self, key: bytes) -> None:
        """Forget."""
        self._table.pop(key, None)

    def __contains__(self, key: bytes) -> bool:
        return key in self._table


def run(job: Job, cluster: Cluster, folder: Path) -> Run:
    """Carry the records of a job, until the last batch is acknowledged."""
    watch = Stopwatch(job.what, job.number)
    return asyncio.run(_run(job, watched(made(job.stage, folder), watch), cluster, folder, watch))


async def _run(job: Job, stage: Stage | Writer, cluster: Cluster, folder: Path, watch: Stopwatch) -> Run:
    app = faust.App(
        cluster.named("stock"),
        broker=f"kafka://{cluster.brokers}",
        datadir=str(folder),
        autodiscover=False,
        web_enabled=False,
        store="memory://",
        value_serializer="raw",
        topic_partitions=cluster.partitions,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_max_poll_records=BATCH,
        producer_acks=-1,
        producer_linger=0,
        producer_max_batch_size=512 << 10,
        producer_compression_type="lz4",
    )
    raw: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    tables = Tables(
        {name: app.Table(name, partitions=cluster.partitions, schema=faust.Schema(**raw)) for name in stage.tables}
    )
    source = app.topic(cluster.named(INPUTS[job.stage]), **raw)
    outputs: dict[str, Any] = {}
    done = 0
    ended: asyncio.Future[Run] = asyncio.get_running_loop().create_future()

    async def send(output: Output) -> Awaitable[Any]:
        name = cluster.named(output.topic)
        topic = outputs.get(name) or outputs.setdefault(name, app.topic(name, **raw))
        return cast(
            "Awaitable[Any]", await topic.send(key=output.key, value=output.value, headers=list(output.headers))
        )

    async def carry(stream: Any) -> None:
        nonlocal done
        batch: list[Any] = []
        sent: list[Awaitable[Any]] = []
        async for event in stream.noack().events():
            batch.append(event)
            if isinstance(stage, Stage):
                sent += [await send(output) for output in _decided(stage, _record(job, event.message), tables)]
            if len(batch) == BATCH or done + len(batch) >= job.number:
                if isinstance(stage, Writer):
                    await asyncio.to_thread(stage.write, [_record(job, each.message) for each in batch])
                await asyncio.gather(*sent)
                for each in batch:
                    await stream.ack(each)
                done += len(batch)
                batch, sent = [], []
                if done >= job.number and not ended.done():
                    ended.set_result(watch.stop())

    async def noting(stream: Any) -> None:
        try:
            await carry(stream)
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on with the next event
            if not ended.done():
                ended.set_exception(error)

    app.agent(source, name=cluster.named("stock"), concurrency=1)(noting)
    await asyncio.to_thread(stage.open)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await app.start()
        while not ended.done():
            watch.at(done)
            await asyncio.sleep(LOOK_SECONDS)
        return ended.result()
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await app.stop()
        await asyncio.to_thread(stage.close)


def _decided(stage: Stage, record: Record, tables: Tables) -> list[Output]:
    outputs = list(stage.decide(record, cast("State", tables)))
    if blobs := [blob for output in outputs for blob in output.blobs]:
        stage.keep(blobs)
    return outputs


def _record(job: Job, message: Any) -> Record:
    return Record(
        INPUTS[job.stage],
        message.partition,
        message.offset,
        message.key,
        message.value or b"",
        list(message.headers or ()),
        int(message.timestamp * 1000),
    )
