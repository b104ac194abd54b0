"""The outbox packs records into batches, agrees with other clients about partitions, and never hides a failure."""

import asyncio
import random
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner as AiokafkaPartitioner  # type: ignore[import-untyped]  # no types
from aiokafka.producer.message_accumulator import BatchBuilder  # type: ignore[import-untyped]  # no types
from kafka.partitioner import murmur2  # type: ignore[import-untyped]  # no types

from streams._outbox import DeliveryFailed, Outbox, partition_of

pytestmark = pytest.mark.slow

BATCH_BYTES = 16 << 10


class Producer:
    """Takes batches as aiokafka's producer does, built by aiokafka's own builder."""

    def __init__(self, partitions: int = 4, error: Exception | None = None) -> None:
        self.partitions = partitions
        self.error = error
        self.sent: list[tuple[str, int, int]] = []

    async def partitions_for(self, topic: str) -> set[int]:
        """The partitions of a topic."""
        assert topic
        return set(range(self.partitions))

    def create_batch(self) -> Any:
        """An empty batch."""
        return BatchBuilder(BATCH_BYTES, 0)

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> asyncio.Future[None]:
        """Note the batch and answer, or fail, at once."""
        self.sent.append((topic, partition, batch.record_count()))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.error is None:
            future.set_result(None)
        else:
            future.set_exception(self.error)
        return future


def _flush(producer: Producer, values: list[bytes], key: bytes = b"k") -> None:
    async def flush() -> None:
        outbox = Outbox(producer)
        for value in values:
            outbox.add("t", key, value, [("h", b"1")])
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
    _flush(producer, [b"x" * 1000] * 50)
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
        outbox = Outbox(producer)
        outbox.add_to("state", 3, b"k", None)
        await outbox.flush()

    asyncio.run(flush())
    assert producer.sent == [("state", 3, 1)]


def test_a_failed_delivery_is_raised() -> None:
    """What the broker did not acknowledge is never taken for delivered."""
    with pytest.raises(DeliveryFailed, match=r"not acknowledged by Kafka: OSError\('gone'\)"):
        _flush(Producer(error=OSError("gone")), [b"x"])
