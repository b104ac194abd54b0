"""What aiokafka has fetched, taken over as our own records, a whole batch of Kafka's format at a time.

aiokafka would make two objects of each record, one by one through two generators, to be copied into a third.
It keeps the fetching, the positions and the errors; its fields that are looked at here are private, and pinned with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container

from aiokafka import TopicPartition  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.consumer.fetcher import Fetcher, FetchResult  # type: ignore[import-untyped]  # the same
from aiokafka.errors import CorruptRecordException  # type: ignore[import-untyped]  # the same

from streams._record import Record

Found = dict[TopicPartition, list[Record]]


async def fetched(
    fetcher: Fetcher, partitions: Container[TopicPartition], seconds: float, most: int, bare: Callable[[str], str]
) -> Found:
    """Records of `partitions` as soon as there are any, none when so many `seconds` have passed.

    About `most` of them: a batch of Kafka's is given whole. `bare` takes the namespace off a topic. Raises aiokafka's
    errors; a batch that was damaged on its way is fetched again.
    """
    if fetcher._subscriptions.reassignment_in_progress:  # noqa: SLF001 - see above, as everywhere here
        await fetcher._subscriptions.wait_for_assignment()  # noqa: SLF001
    found = _taken(fetcher, partitions, most, bare)
    if not found:
        waiter = fetcher._create_fetch_waiter()  # noqa: SLF001
        done, _ = await asyncio.wait([waiter], timeout=seconds)
        if not done:
            waiter.cancel()
        elif not fetcher._closed:  # noqa: SLF001
            waiter.result()  # raises what the coordinator has against us
            found = _taken(fetcher, partitions, most, bare)
    return found


def _taken(fetcher: Fetcher, partitions: Container[TopicPartition], most: int, bare: Callable[[str], str]) -> Found:
    found: Found = {}
    for tp, result in list(fetcher._records.items()):  # noqa: SLF001
        if tp not in partitions:
            if not fetcher._subscriptions.is_assigned(tp):  # noqa: SLF001
                del fetcher._records[tp]  # noqa: SLF001
            continue
        if not isinstance(result, FetchResult) and found:
            break  # an error, which is raised when there is nothing to be lost
        try:
            records = _unpacked(result, tp, most, bare) if isinstance(result, FetchResult) else result.check_raise()
        except BaseException:
            _drop(fetcher, tp)
            raise
        if not result.has_more():
            _drop(fetcher, tp)
        if records:
            found[tp] = records
            most -= len(records)
            if most <= 0:
                break
    return found


def _drop(fetcher: Fetcher, tp: TopicPartition) -> None:
    """Let the fetcher ask for more of a partition."""
    del fetcher._records[tp]  # noqa: SLF001
    fetcher._notify(fetcher._wait_consume_future)  # noqa: SLF001


def _unpacked(result: FetchResult, tp: TopicPartition, most: int, bare: Callable[[str], str]) -> list[Record]:
    """The records of the first batches, until there are at least `most`; the partition's position is moved past them."""
    source = result._partition_records  # noqa: SLF001
    # aiokafka's way through the records, which nobody goes here, is a circle: with it a megabyte for each answer of Kafka
    # would stay until Python looks for circles, which it does by the number of objects.
    source._records_iterator = None  # noqa: SLF001
    if not result.check_assignment(tp):
        return []
    topic, partition = bare(tp.topic), tp.partition
    first, batches = source.next_fetch_offset, source._records  # noqa: SLF001
    found: list[Record] = []
    while batches.has_next() and len(found) < most:
        batch = batches.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException(f"a batch of {tp} has another checksum than its own")
        if not batch.is_control_batch:
            found += [
                Record(topic, partition, each.offset, each.key, each.value or b"", each.headers, each.timestamp)
                for each in batch
                if each.offset >= first
            ]
        first = batch.next_offset
    source.next_fetch_offset = first
    result._update_position()  # noqa: SLF001
    if not batches.has_next():
        result._partition_records = None  # noqa: SLF001
    return found
