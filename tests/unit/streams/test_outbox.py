"""The outbox packs records into batches, agrees with other clients about partitions, and never hides a failure."""

import asyncio
import random
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner as AiokafkaPartitioner  # type: ignore[import-untyped]  # no types
from aiokafka.record.memory_records import MemoryRecords  # type: ignore[import-untyped]  # no types
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import murmur2  # type: ignore[import-untyped]  # no types

from streams._outbox import DeliveryFailed, Outbox, partition_of
from streams._packed import BATCH_BYTES, Packed
from streams._record import Output

pytestmark = pytest.mark.slow


class Producer:
    """Takes batches as aiokafka's producer does."""

    def __init__(self, partitions: int = 4, error: Exception | None = None) -> None:
        self.partitions = partitions
        self.error = error
        self.sent: list[tuple[str, int, int]] = []
        self.end = 7

    async def partitions_for(self, topic: str) -> set[int]:
        """The partitions of a topic."""
        assert topic
        return set(range(self.partitions))

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> asyncio.Future[Any]:
        """Note the batch and answer, or fail, at once."""
        self.sent.append((topic, partition, batch.record_count()))
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.error is None:
            future.set_result(SimpleNamespace(offset=self.end))
            self.end += batch.record_count()
        else:
            future.set_exception(self.error)
        return future


def _flush(producer: Producer, values: list[bytes], key: bytes = b"k") -> None:
    async def flush() -> None:
        outbox = Outbox(producer, str)
        await outbox.add(Output("t", key, value, [("h", b"1")]) for value in values)
        await outbox.flush()

    asyncio.run(flush())


@pytest.mark.parametrize("partitions", [1, 3, 4, 7, 12, 64])
def test_all_clients_choose_the_same_partition(partitions: int) -> None:
    """20,000 random keys go where aiokafka and kafka-python (and so the Java client) would put them."""
    chance = random.Random(partitions)
    everywhere = list(range(partitions))
    for _ in range(20_000):
        key = chance.randbytes(chance.randint(1, 40))
        ours = partition_of(key, partitions)
        assert ours == AiokafkaPartitioner()(key, everywhere, everywhere)
        assert ours == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_small_records_share_a_batch() -> None:
    """Records of one partition travel together."""
    producer = Producer()
    _flush(producer, [b"x"] * 100)
    assert [("t", partition_of(b"k", 4), 100)] == producer.sent


def test_a_full_batch_is_followed_by_the_next() -> None:
    """What does not fit goes into further batches; no record is lost."""
    producer = Producer()
    _flush(producer, [b"x" * (BATCH_BYTES // 10)] * 50)
    assert len(producer.sent) > 1
    assert sum(count for _, _, count in producer.sent) == 50


def test_a_record_larger_than_a_batch_travels_alone() -> None:
    """A record that fills more than a batch is sent all the same."""
    producer = Producer()
    _flush(producer, [b"a", b"x" * (2 * BATCH_BYTES), b"b"])
    assert [count for _, _, count in producer.sent] == [1, 1, 1]


def test_a_record_for_a_given_partition_goes_there() -> None:
    """The changelog is written to the partition of its input, whatever the key."""
    producer = Producer()

    async def flush() -> None:
        outbox = Outbox(producer, "ns.{}".format)
        outbox.add_to("state", 3, [(b"k", None), (b"other", b"v")])
        assert await outbox.flush() == {("state", 3): [range(7, 9)]}

    asyncio.run(flush())
    assert producer.sent == [("ns.state", 3, 2)]


def test_a_failed_delivery_is_raised() -> None:
    """What the broker did not acknowledge is never taken for delivered."""
    with pytest.raises(DeliveryFailed, match=r"not acknowledged by Kafka: OSError\('gone'\)"):
        _flush(Producer(error=OSError("gone")), [b"x"])


values = st.none() | st.binary(max_size=200) | st.sampled_from([b"the same words again " * 50])
headers = st.lists(st.tuples(st.sampled_from(["a", "ce_id"]), st.binary(max_size=20)), max_size=3)


@given(st.lists(st.tuples(st.binary(max_size=9), values, headers), min_size=1, max_size=20))
def test_what_is_packed_can_be_read(entries: list[tuple[bytes, bytes | None, list[tuple[str, bytes]]]]) -> None:
    """aiokafka's reader finds the same keys, values and headers, whether they were worth compressing or not."""
    batch = Packed()
    assert batch.fill(entries, 0, 1_700_000_000_000) == len(entries)
    batch._set_producer_state(1, 0, 0)
    found = MemoryRecords(bytes(batch._build())).next_batch()
    assert found.validate_crc()
    read = [(record.offset, record.timestamp, record.key, record.value, record.headers) for record in found]
    assert read == [(number, 1_700_000_000_000, *entry) for number, entry in enumerate(entries)]
    assert batch.record_count() == len(entries)


def test_packing_goes_on_where_a_batch_was_full() -> None:
    """Each batch says which entry is the first of the next."""
    entries = [(b"k", b"x" * 400, ()) for _ in range(5)]
    first, second = Packed(1000), Packed(1000)
    assert first.fill(entries, 0, 0) == 2
    assert second.fill(entries, 2, 0) == 4
    assert (first.record_count(), second.record_count()) == (2, 2)
