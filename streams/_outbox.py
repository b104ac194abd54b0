"""Everything that a round writes, packed per partition and delivered before anything is committed.

Delivery: `flush` returns when every record is acknowledged by all replicas in sync, and raises when one is not.
Records of one partition keep their order.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from streams._packed import Entry, Packed
from streams._record import Output

MAX_RECORD_BYTES = 1_000_000
"""The largest record that is sent: under the broker's default limit (message.max.bytes, 1,048,588)."""

_SEED, _M, _32 = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF


class DeliveryFailed(Exception):
    """The broker did not acknowledge a record; the round that gave it must come again."""


@lru_cache(maxsize=1 << 16)
def hashed(key: bytes) -> int:
    """The positive murmur2 hash of a key, by which all Kafka clients spread keys over partitions.

    The clients' own go byte by byte, which takes three times as long for a key of 36 bytes.
    """
    length = len(key)
    whole = length & ~3
    found = _SEED ^ length
    for word in struct.unpack_from(f"<{whole >> 2}I", key):
        mixed = word * _M & _32
        found = (found * _M ^ (mixed ^ mixed >> 24) * _M) & _32
    if rest := key[whole:]:
        found = (found ^ int.from_bytes(rest, "little")) * _M & _32
    found = (found ^ found >> 13) * _M & _32
    return (found ^ found >> 15) & 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: the same that the Java client and kafka-python choose."""
    return hashed(key) % partitions


class Outbox:
    """The records of one round on their way out. `producer` is an aiokafka producer; `named` gives topics' full names."""

    def __init__(self, producer: Any, named: Callable[[str], str]) -> None:
        self._producer = producer
        self._named = named
        self._entries: dict[tuple[str, int], list[Entry]] = defaultdict(list)

    async def add(self, outputs: Iterable[Output]) -> None:
        """Write outputs to the partitions of their keys."""
        spread: dict[str, list[list[Entry]]] = {}
        for output in outputs:
            topic = output.topic
            if topic not in spread:
                spread[topic] = await self._partitions(topic)
            partitions = spread[topic]
            partitions[hashed(output.key) % len(partitions)].append((output.key, output.value, output.headers))

    def add_to(self, topic: str, partition: int, changes: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Write keys and values to one partition; None deletes a key in a compacted topic."""
        self._entries[topic, partition].extend((key, value, ()) for key, value in changes)

    async def flush(self) -> dict[tuple[str, int], list[range]]:
        """Deliver everything; returns of each topic and partition the offsets of what was written, a range for each batch.

        Raises `DeliveryFailed` when not every record was acknowledged.
        """
        now = int(time.time() * 1000)
        sent: list[tuple[tuple[str, int], int]] = []
        futures: list[asyncio.Future[Any]] = []
        for place, entries in self._entries.items():
            for batch in _packed(entries, now):
                sent.append((place, batch.record_count()))
                futures.append(await self._send(batch, *place))
        self._entries.clear()
        written: dict[tuple[str, int], list[range]] = defaultdict(list)
        for (place, count), answer in zip(sent, await asyncio.gather(*futures, return_exceptions=True), strict=True):
            if isinstance(answer, BaseException):
                raise DeliveryFailed(f"a batch of records was not acknowledged by Kafka: {answer!r}") from answer
            written[place].append(range(answer.offset, answer.offset + count))
        return written

    async def _partitions(self, topic: str) -> list[list[Entry]]:
        count = len(await self._producer.partitions_for(self._named(topic)))
        return [self._entries[topic, number] for number in range(count)]

    async def _send(self, batch: Packed, topic: str, partition: int) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = await self._producer.send_batch(batch, self._named(topic), partition=partition)
        return future


def _packed(entries: Sequence[Entry], now: int) -> Iterable[Packed]:
    following = 0
    while following < len(entries):
        batch = Packed()
        following = batch.fill(entries, following, now)
        yield batch
