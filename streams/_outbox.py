"""Everything that a batch writes, packed per partition and delivered before anything is committed.

Delivery: `flush` returns when every record is acknowledged by all replicas in sync, and raises when one is not.
Records of one partition keep their order.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from aiokafka.partitioner import murmur2  # type: ignore[import-untyped]  # aiokafka ships no types

from normalizer.wire import Headers

MAX_RECORD_BYTES = 1_000_000
"""The largest record that is sent: under the broker's default limit (message.max.bytes, 1,048,588)."""

Entry = tuple[bytes, bytes | None, list[tuple[str, bytes]]]


class DeliveryFailed(Exception):
    """The broker did not acknowledge a record; the batch that gave it must come again."""


@lru_cache(maxsize=1 << 16)
def hashed(key: bytes) -> int:
    """The positive murmur2 hash of a key, by which all Kafka clients spread keys over partitions."""
    return int(murmur2(key)) & 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: the same that the Java client and kafka-python choose."""
    return hashed(key) % partitions


class Outbox:
    """The records of one batch on their way out. `producer` is an aiokafka producer; topics are full names."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._by_key: dict[str, list[Entry]] = defaultdict(list)
        self._by_partition: dict[tuple[str, int], list[Entry]] = defaultdict(list)

    def add(self, topic: str, key: bytes, value: bytes, headers: Headers = ()) -> None:
        """Write a record to the partition of its key."""
        self._by_key[topic].append((key, value, list(headers)))

    def add_to(self, topic: str, partition: int, key: bytes, value: bytes | None) -> None:
        """Write a record to a partition; None deletes the key in a compacted topic."""
        self._by_partition[topic, partition].append((key, value, []))

    async def flush(self) -> None:
        """Deliver everything. Raises `DeliveryFailed` when not every record was acknowledged."""
        await self._spread()
        futures = [
            future
            for (topic, partition), entries in self._by_partition.items()
            for future in await self._send(topic, partition, entries)
        ]
        self._by_partition.clear()
        answers = await asyncio.gather(*futures, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise DeliveryFailed(f"a batch of records was not acknowledged by Kafka: {answer!r}") from answer

    async def _spread(self) -> None:
        for topic, entries in self._by_key.items():
            count = len(await self._producer.partitions_for(topic))
            for entry in entries:
                self._by_partition[topic, partition_of(entry[0], count)].append(entry)
        self._by_key.clear()

    async def _send(self, topic: str, partition: int, entries: Sequence[Entry]) -> list[asyncio.Future[Any]]:
        futures = []
        batch = self._producer.create_batch()
        for key, value, headers in entries:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                futures.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                batch.append(timestamp=None, key=key, value=value, headers=headers)
        futures.append(await self._producer.send_batch(batch, topic, partition=partition))
        return futures
