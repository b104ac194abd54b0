"""What aiokafka has fetched becomes our records: all of them, once, in order, and nothing that was damaged."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

import pytest
from aiokafka import TopicPartition  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.consumer.fetcher import FetchError, FetchResult, PartitionRecords  # type: ignore[import-untyped]
from aiokafka.consumer.subscription_state import SubscriptionState  # type: ignore[import-untyped]  # the same
from aiokafka.errors import CorruptRecordException, TopicAuthorizationFailedError  # type: ignore[import-untyped]
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]  # the same

from normalizer.cluster import Cluster
from streams._fetched import fetched
from streams._packed import Packed
from streams._record import Record

TP = TopicPartition("blue.in", 2)
OTHER = TopicPartition("blue.in", 3)
BARE = Cluster(namespace="blue.").bare


class Shelf:
    """The part of aiokafka's fetcher that keeps what has come and is not taken yet, over its own subscription state."""

    def __init__(self) -> None:
        self._subscriptions = SubscriptionState(loop=asyncio.get_running_loop())
        self._subscriptions.assign_from_user({TP, OTHER})
        self._wait_consume_future = asyncio.get_running_loop().create_future()
        self._records: dict[TopicPartition, Any] = {}
        self._closed = False
        self._waiter = asyncio.get_running_loop().create_future()

    def put(self, tp: TopicPartition, data: bytes, position: int = 0) -> None:
        """A fetch of that partition from `position` on was answered with these batches."""
        assignment = self._subscriptions.subscription.assignment
        assignment.state_value(tp).seek(position)
        source = PartitionRecords(tp, MemoryRecords(data), [], position, None, None, True, 0)
        self._records[tp] = FetchResult(tp, assignment=assignment, partition_records=source, backoff=0.1)

    def position(self, tp: TopicPartition) -> int:
        """The offset that would be fetched next."""
        return int(self._subscriptions.subscription.assignment.state_value(tp).position)

    def _notify(self, future: Any) -> None:
        if not future.done():
            future.set_result(None)

    def _create_fetch_waiter(self) -> Any:
        return self._waiter


def _batch(first: int, count: int) -> bytes:
    """A batch as Kafka keeps it, whose first record has the offset `first`."""
    packed = Packed()
    packed.fill([(b"k", b"value %d" % number, [("h", b"x")]) for number in range(first, first + count)], 0, 5000)
    return first.to_bytes(8, "big") + bytes(packed._build())[8:]


def _records(first: int, count: int) -> list[Record]:
    return [
        Record("in", 2, number, b"k", b"value %d" % number, [("h", b"x")], 5000)
        for number in range(first, first + count)
    ]


async def _taken(shelf: Shelf, most: int = 100, partitions: Sequence[TopicPartition] = (TP, OTHER)) -> Any:
    return await fetched(shelf, partitions, 0, most, BARE)


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test as a function that runs in an event loop of its own, as aiokafka's classes need it."""

    @wraps(test)
    def ran() -> None:
        asyncio.run(test())

    return ran


@in_a_loop
async def test_batches_are_given_whole_until_there_are_enough() -> None:
    """What is left is given at the next call; only then is more of the partition fetched."""
    shelf = Shelf()
    shelf.put(TP, _batch(0, 3) + _batch(3, 3) + _batch(6, 1))
    assert {TP: _records(0, 6)} == await _taken(shelf, most=4)
    assert (shelf.position(TP), TP in shelf._records, shelf._wait_consume_future.done()) == (6, True, False)
    assert {TP: _records(6, 1)} == await _taken(shelf)
    assert (shelf.position(TP), TP in shelf._records, shelf._wait_consume_future.done()) == (7, False, True)
    assert await _taken(shelf) == {}


@in_a_loop
async def test_what_was_taken_or_dropped_leaves_memory_at_once() -> None:
    """It may be a megabyte for each fetch, and Python looks for circles among objects when there are many, not when they are large."""
    shelf = Shelf()
    gc.disable()
    try:
        # Fetched from, position when it is taken, records: all, a part, and none, since somebody went elsewhere.
        for fetched_at, position, taken in ((0, 0, 3), (1, 1, 2), (0, 9, 0)):
            shelf.put(TP, _batch(0, 3), fetched_at)
            kept = weakref.ref(shelf._records[TP]._partition_records)
            shelf._subscriptions.subscription.assignment.state_value(TP).seek(position)
            assert len((await _taken(shelf)).get(TP, ())) == taken
            assert (TP in shelf._records, kept()) == (False, None)
    finally:
        gc.enable()


@in_a_loop
async def test_records_before_the_position_are_left_out() -> None:
    """A batch is stored whole, and a commit may lie in the middle of it."""
    shelf = Shelf()
    shelf.put(TP, _batch(0, 5), position=3)
    assert {TP: _records(3, 2)} == await _taken(shelf)


@in_a_loop
async def test_what_was_fetched_for_another_position_is_dropped() -> None:
    """Somebody went elsewhere in the partition meanwhile: it is fetched anew from there."""
    shelf = Shelf()
    shelf.put(TP, _batch(0, 5))
    shelf._subscriptions.subscription.assignment.state_value(TP).seek(2)
    assert (await _taken(shelf), shelf.position(TP), TP in shelf._records) == ({}, 2, False)


@in_a_loop
async def test_a_partition_that_is_not_asked_for_keeps_what_it_has() -> None:
    """It is paused, and comes later."""
    shelf = Shelf()
    shelf.put(TP, _batch(0, 1))
    assert await _taken(shelf, partitions=(OTHER,)) == {}
    assert {TP: _records(0, 1)} == await _taken(shelf)


@in_a_loop
async def test_a_damaged_batch_is_fetched_again() -> None:
    """Nothing of it is given, nor of those before it, and the position stays where it was."""
    shelf = Shelf()
    damaged = bytearray(_batch(3, 3))
    damaged[-1] ^= 1
    shelf.put(TP, _batch(0, 3) + bytes(damaged))
    with pytest.raises(CorruptRecordException, match="has another checksum than its own"):
        await _taken(shelf)
    assert (shelf.position(TP), TP in shelf._records) == (0, False)


@in_a_loop
async def test_an_error_waits_until_nothing_is_lost_by_it() -> None:
    """Records that came before it are given first."""
    shelf = Shelf()
    shelf.put(TP, _batch(0, 1))
    shelf._records[OTHER] = FetchError(error=TopicAuthorizationFailedError("blue.in"), backoff=0.1)
    assert {TP: _records(0, 1)} == await _taken(shelf)
    with pytest.raises(TopicAuthorizationFailedError):
        await _taken(shelf)
    assert shelf._records == {}


@in_a_loop
async def test_news_end_the_wait() -> None:
    """What comes while nothing is there is given as soon as the fetcher tells of it."""
    shelf = Shelf()
    waiting = asyncio.create_task(fetched(shelf, (TP,), 60, 100, BARE))
    await asyncio.sleep(0)
    shelf.put(TP, _batch(0, 1))
    shelf._waiter.set_result(None)
    assert {TP: _records(0, 1)} == await waiting
