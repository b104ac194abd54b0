"""One stage at work: its Faust app, its agent, its memory, its outbox."""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, cast

from faust.types import TP

from normalizer.cluster import Cluster
from streams._batch import Offsets, Progress, StageFailed, decide, write
from streams._breaker import Breaker, Tripped, report, waits
from streams._client import App, consumer_settings, new_app
from streams._memories import Memories
from streams._memory import Memory, Position
from streams._outbox import Outbox
from streams._record import Output
from streams._stage import Processor, Stage, Writer, state_topic
from streams._topics import check_topics
from streams._transport import Consumer
from streams._waiting import Batch, Round

STOP_SECONDS = 15.0

log = logging.getLogger(__name__)


class _Work(NamedTuple):
    """What a stage decides on of one partition: the records that are not in its memory yet."""

    tp: TP
    fresh: Batch
    memory: Memory


class Worker:
    """Runs one stage until it is stopped or fails. `failed` ends with the error of a stage that must stop."""

    def __init__(self, stage: Processor, cluster: Cluster, folder: Path | None = None) -> None:
        self.stage = stage
        self.cluster = cluster
        self.progress = Progress(self._offsets)
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._going = asyncio.Event()
        self._going.set()
        self._began = float("-inf")
        self._memories = Memories(stage, cluster, folder)
        self._breaker = Breaker(stage.name, stage.breaker)
        self._held: set[TP] = set()
        self._app: App = new_app(stage.name, cluster)
        self._watch: asyncio.Task[None] | None = None
        topic = self._app.topic(*map(cluster.named, stage.inputs), value_serializer="raw", acks=False)
        self._app.agent(topic, name=cluster.named(stage.name), concurrency=1)(self._agent)

    @property
    def _consumer(self) -> Consumer:
        return cast("Consumer", self._app.consumer)

    async def start(self) -> None:
        """Open the stage, join the group, and return when its partitions are assigned."""
        await check_topics(self.stage, self.cluster, consumer_settings(self._app))
        await asyncio.to_thread(self.stage.open)
        self._memories.settings = consumer_settings(self._app)
        self._app.on_partitions_assigned.connect(self._release, weak=False)
        await self._app.start()
        self._watch = asyncio.create_task(self._watch_app())

    async def stop(self) -> None:
        """Finish and commit the round in hand, leave the group, close the stage; at most `STOP_SECONDS` each."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                if self._app.started and not self._app.crashed:
                    await self._consumer.finish()
        except Exception as error:  # noqa: BLE001 - what was not committed comes again
            log.warning("the stage %s could not finish its round: %r; it comes again", self.stage.name, error)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._app.stop()
        except Exception as error:  # noqa: BLE001 - the broker notices by itself that we are gone
            log.warning("the stage %s could not leave its group: %r", self.stage.name, error)
        if self._watch is not None:
            self._watch.cancel()
        self._memories.keep_only(())
        if self.failed.done():
            self.failed.exception()  # it was logged; asyncio would complain that nobody asked
        await asyncio.to_thread(self.stage.close)

    def pause(self) -> None:
        """Begin no round until `resume`. The partitions are kept."""
        self._going.clear()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._going.set()

    async def _watch_app(self) -> None:
        await self._app.wait()
        if self._app.crashed:
            self._fail(StageFailed(f"the stage {self.stage.name} lost its Kafka client: {self._app.crash_reason!r}"))

    def _fail(self, error: Exception) -> None:
        if not self.failed.done():
            log.error("the stage %s stops, and its round is given back: %s", self.stage.name, error)
            self.failed.set_exception(error)

    async def _agent(self, stream: Any) -> None:
        async for _ in stream.events():
            while await self._next():
                pass

    async def _next(self) -> bool:
        """Work on what waits; False when nothing does."""
        await self._going.wait()
        await self._gather()
        try:
            return await self._consumer.work(self._process)
        except Exception as error:  # noqa: BLE001 - Faust would go on with the next message
            self._fail(error)
            return await asyncio.Event().wait()

    async def _gather(self) -> None:
        """Let less than a round wait when the stage is in no hurry: what comes meanwhile shares the cost of it.

        They are not in hand yet, so a rebalance or a stop need not wait for them.
        """
        if self.stage.pace:
            await self._consumer.gather(self._began + self.stage.pace - time.monotonic())
        self._began = time.monotonic()

    async def _process(self, taken: Round) -> None:
        began = time.perf_counter()
        try:
            await self._apply(taken)
        except Tripped:
            await self._insist(dict(taken))
        self._count(taken, time.perf_counter() - began)

    async def _insist(self, left: dict[TP, Batch]) -> None:
        """Write each batch alone: the one that trips the breaker is tried again after waits, the others go through."""
        for pause in waits():
            for tp, batch in list(left.items()):
                try:
                    await self._apply({tp: batch})
                except Tripped as tripped:
                    await self._hold(tp, str(tripped))
                    continue
                del left[tp]
                if tp in self._held:
                    await self._hold(tp, "")
            if not left:
                return
            await asyncio.sleep(pause)

    async def _hold(self, tp: TP, why: str) -> None:
        """Say why a batch is held, or with "" that it went through."""
        if why:
            log.error("%s", why)
            self._held.add(tp)
        else:
            log.warning("the stage %s goes on with %s/%d", self.stage.name, tp.topic, tp.partition)
            self._held.discard(tp)
        if why or not self._held:
            self.progress.waiting = why
        outbox = self._outbox()
        await self._post(outbox, [report(self.stage.name, self.cluster.bare(tp.topic), tp.partition, why)])
        await outbox.flush()

    async def _apply(self, taken: Round) -> None:
        try:
            if isinstance(self.stage, Writer):
                await self._write(self.stage, taken)
            else:
                await self._decide(cast("Stage", self.stage), taken)
        except BaseException:
            for tp in taken:  # what is in memory may be ahead of what was written
                self._memories.forget(tp.partition)
            raise
        self._consumer.finished(taken)

    async def _write(self, stage: Writer, taken: Round) -> None:
        outbox = self._outbox()
        records = list(chain.from_iterable(taken.values()))
        await self._post(outbox, await write(stage, records, self.progress, self._breaker))
        await outbox.flush()

    async def _decide(self, stage: Stage, taken: Round) -> None:
        await self._memories.prepare({tp.partition: self._consumer.owned_since(tp) for tp in taken})
        works = [work for tp, batch in taken.items() if (work := await self._work(tp, batch)).fresh]
        if not works:
            return
        outbox = self._outbox()
        parts = [(work.fresh, work.memory.state) for work in works]
        await self._post(outbox, await decide(stage, parts, self.progress, self._breaker))
        await outbox.flush()
        if not stage.tables:
            return
        await self._consumer.confirm()
        changelog = state_topic(stage)
        for tp, fresh, memory in works:
            position = Position(fresh[-1].offset + 1, self._consumer.committed(tp))
            outbox.add_to(changelog, tp.partition, memory.changes(fresh[0].topic, position))
        written = await outbox.flush()
        for tp, _, _ in works:
            self._memories.keep(tp.partition, written[changelog, tp.partition])

    async def _work(self, tp: TP, batch: Batch) -> _Work:
        memory = await self._memories.of(tp.partition, self._consumer.owned_since(tp))
        if memory.outdated:
            await self._consumer.confirm(after=0.0)
            memory.succeed()
        done = memory.done(batch[0].topic, batch[0].offset)
        fresh = batch if done <= batch[0].offset else [record for record in batch if record.offset >= done]
        self.progress.skipped += len(batch) - len(fresh)
        return _Work(tp, fresh, memory)

    def _outbox(self) -> Outbox:
        producer = cast("Any", self._app.producer)._ensure_producer()  # noqa: SLF001 - Faust's send is per record
        return Outbox(producer, self.cluster.named)

    async def _post(self, outbox: Outbox, outputs: list[Output]) -> None:
        await outbox.add(outputs)
        self.progress.outputs += len(outputs)

    async def _release(self, *sent: Any, **_: Any) -> None:
        assigned: set[TP] = sent[-1]
        self._memories.keep_only(tp.partition for tp in assigned)

    def _count(self, taken: Round, seconds: float) -> None:
        progress = self.progress
        progress.records += sum(map(len, taken.values()))
        progress.batches += 1
        progress.last_batch_at = time.time()
        progress.last_batch_seconds = seconds

    def _offsets(self) -> Offsets:
        if not self._app.started or self._app.should_stop:
            return {}
        return {(self.cluster.bare(tp.topic), tp.partition): each for tp, each in self._consumer.offsets().items()}
