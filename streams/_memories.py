"""The memories of a worker's partitions: restored when their first batch comes, let go when they move."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]  # aiokafka ships no types

from normalizer.cluster import Cluster
from streams._backlog import Spool
from streams._disk import OnDisk
from streams._memory import FETCH_BYTES, Fence, Memory, ends, restore
from streams._stage import Processor, state_topic
from streams._state import StoreBroken
from streams._topics import topic_id

log = logging.getLogger(__name__)


class Memories:
    """What a stage remembers, by partition: on disk below `folder`, else in memory.

    `settings` are what an aiokafka client needs to reach the Kafka.
    """

    def __init__(self, stage: Processor, cluster: Cluster, folder: Path | None) -> None:
        self.settings: dict[str, Any] = {}
        self._stage = stage
        self._cluster = cluster
        self._folder = folder / cluster.named(stage.name) if folder and stage.tables else None
        self._topic_id: str | None = None
        self._found: dict[int, Memory] = {}
        self._fences: dict[int, Fence] = {}

    async def prepare(self, wanted: Mapping[int, int | None]) -> None:
        """Restore at once what `of` would restore one after the other: `wanted` says since when each partition is ours.

        Time that passes between a restore and the first write is time in which somebody else may still write.
        """
        if missing := [each for each in wanted.items() if self._known(*each) is None]:
            await asyncio.gather(*(self.of(partition, since) for partition, since in missing))

    async def of(self, partition: int, since: int | None) -> Memory:
        """The memory of a partition that this worker has without a break since a generation of its group."""
        memory = self._known(partition, since)
        if memory is None:
            self.forget(partition)
            memory = await self._restored(partition, since) if self._stage.tables else Memory((), since)
            self._found[partition] = memory
        return memory

    def _known(self, partition: int, since: int | None) -> Memory | None:
        memory = self._found.get(partition)
        return memory if memory is not None and memory.since == since else None

    def keep(self, partition: int, written: Sequence[range]) -> None:
        """The changelog has a batch's changes, at these offsets: they are what is remembered from now on.

        When they do not follow what was known of the changelog, somebody else wrote there: a worker that was thrown
        out of its group and did not notice. Then all of it is read again before the next batch.
        """
        memory = self._found[partition]
        end = memory.end
        for offsets in written:
            if offsets.start != end:
                log.warning(
                    "somebody else wrote to the memory of partition %d of the stage %s (a worker that had lost it?): "
                    "it is read again",
                    partition,
                    self._stage.name,
                )
                self._fences[partition] = memory.fence
                self.forget(partition, entirely=True)
                return
            end = offsets.stop
        try:
            memory.keep(end)
        except StoreBroken as error:
            self._without_disk(error)
            self.forget(partition)

    def forget(self, partition: int, *, entirely: bool = False) -> None:
        """Let go of a partition's memory; `entirely` with what is on disk."""
        memory = self._found.pop(partition, None)
        if memory is not None:
            memory.close(entirely=entirely)

    def keep_only(self, partitions: Iterable[int]) -> None:
        """Let go of the memories of all other partitions, so that another worker of this machine can have them."""
        for partition in self._found.keys() - set(partitions):
            self.forget(partition)

    async def _restored(self, partition: int, since: int | None) -> Memory:
        began = time.perf_counter()
        consumer = AIOKafkaConsumer(
            **self.settings,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        await consumer.start()
        try:
            memory, count = await self._read(consumer, partition, since)
        finally:
            await consumer.stop()
        took = time.perf_counter() - began
        log.info(
            "the stage %s has its memory of partition %d again, with %d records of the changelog (%.2f s)",
            self._stage.name,
            partition,
            count,
            took,
        )
        return memory

    async def _read(self, consumer: Any, partition: int, since: int | None) -> tuple[Memory, int]:
        changelog = self._cluster.named(state_topic(self._stage))
        begin, end = await ends(consumer, changelog, partition)
        known = self._fences.get(partition)
        fence = known if known is not None and known.since == since else None
        if self._folder is not None:
            memory = None
            try:
                memory = await self._from_disk(self._folder / str(partition), since, begin, end, fence)
                return memory, await restore(consumer, changelog, partition, memory, end)
            except StoreBroken as error:
                self._without_disk(error)
                if memory is not None:
                    memory.close()
            except BaseException:  # the partition goes, or Kafka does: the folder is free again
                if memory is not None:
                    memory.close()
                raise
        memory = Memory(self._stage.tables, since, fence=fence)
        return memory, await restore(consumer, changelog, partition, memory, end)

    async def _from_disk(self, folder: Path, since: int | None, begin: int, end: int, fence: Fence | None) -> Memory:
        if self._topic_id is None:
            self._topic_id = await asyncio.to_thread(topic_id, self._cluster, state_topic(self._stage))
        if not self._topic_id:
            raise StoreBroken("this Kafka gives topics no ids, so nobody can tell what a folder is of")
        entries = await asyncio.to_thread(OnDisk, folder, f"{self._topic_id}/{','.join(self._stage.tables)}")
        checkpoint = entries.checkpoint
        if not begin <= checkpoint.end <= end:
            checkpoint = entries.emptied()
        return Memory(self._stage.tables, since, entries, checkpoint, fence, Spool(folder.parent))

    def _without_disk(self, error: StoreBroken) -> None:
        log.warning("the stage %s remembers without its disk: %s", self._stage.name, error)
