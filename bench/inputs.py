"""What each stage gets to read: the same real mails as they are on each topic of their way, made once and kept in files.

The way is walked by the stages' own pure functions, so a measurement of one stage waits for no other.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from confluent_kafka import Producer  # type: ignore[import-untyped]  # it ships no types

from bench.mails import raw_mails
from connectors._publisher import raw_record
from normalizer.cluster import Cluster
from normalizer.events import RAW, Message, Routed, Threaded
from normalizer.mail.reading import read
from normalizer.wire import Headers
from ops.config import Config
from streams._outbox import partition_of
from streams._record import Output, Record
from streams._stage import Stage
from streams._state import State
from streams.normalize import Normalize
from streams.route import Route
from streams.thread import Thread

RAW_MAIL = f"{RAW}mail"
FLUSH_SECONDS = 60.0
ANY_PARTITION = -1
"""RD_KAFKA_PARTITION_UA of librdkafka."""
PLAIN_BYTES, PLAIN_KEYS, PLAIN_MAILS = 600, 10_000, 200


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """A record to be put on a topic."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class _NoBlobs:
    """Attachments of the preparation are in nobody's way."""

    def put(self, content: bytes) -> str:
        return f"{len(content)}"


def raw(number: int) -> Iterator[Entry]:
    """Real mails on ``raw.mail``."""
    for record in map(raw_record, raw_mails(number)):
        yield Entry(record.key, record.value, list(record.headers))


def plain(number: int) -> Iterator[Entry]:
    """Records of 600 bytes, cut from mails, for stages that look into none of them."""
    headers = [("ce_id", b"0123456789abcdef0123456789abcdef"), ("ce_type", b"switchboard.bench.v1")]
    text = b"".join(mail.body for mail in raw_mails(PLAIN_MAILS))
    for i in range(number):
        start = i * (PLAIN_BYTES + 1) % (len(text) - PLAIN_BYTES)
        yield Entry(b"key-%d" % (i % PLAIN_KEYS), text[start : start + PLAIN_BYTES], headers)


def along_the_way(number: int) -> dict[str, list[Entry]]:
    """What `number` mails become on the input topic of each stage."""
    config = Config()
    found: dict[str, list[Entry]] = {RAW_MAIL: list(raw(number))}
    stages: Sequence[Stage] = (
        Normalize({"mail": read}, _NoBlobs()),  # type: ignore[arg-type]  # it only puts
        Thread(config.threads),
        Route(config.rules, config.tickets),
    )
    for stage, source, target in zip(
        stages,
        (RAW_MAIL, Message.topic, Threaded.topic),
        (Message.topic, Threaded.topic, Routed.topic),
        strict=True,
    ):
        found[target] = [each for topic, each in _through(stage, source, found[source]) if topic == target]
    return found


def _through(stage: Stage, topic: str, entries: Iterable[Entry]) -> Iterator[tuple[str, Entry]]:
    """What a stage makes of records; what it sends to its own input it reads, too."""
    state, offsets, waiting = State(stage.tables), Counter[int](), deque(entries)
    while waiting:
        entry = waiting.popleft()
        partition = partition_of(entry.key, Cluster().partitions)
        record = Record(topic, partition, offsets[partition], entry.key, entry.value, entry.headers)
        offsets[partition] += 1
        for output in stage.decide(record, state):
            if output.topic == topic:
                waiting.append(_entry(output))
            yield output.topic, _entry(output)
        state.accept()


def _entry(output: Output) -> Entry:
    return Entry(output.key, output.value, list(output.headers))


def keep(entries: Sequence[Entry], path: Path) -> Path:
    """Save records for `kept`."""
    path.write_bytes(msgspec.msgpack.encode(entries))
    return path


def kept(path: Path) -> list[Entry]:
    """The records that `keep` saved."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[Entry])


def producing(cluster: Cluster) -> dict[str, object]:
    """Settings of librdkafka for what may not be lost: every replica in sync has it, once, on the partition of its key."""
    return {
        "bootstrap.servers": cluster.brokers,
        "acks": "all",
        "enable.idempotence": True,
        "compression.type": "lz4",
        "partitioner": "murmur2_random",
    }


def put(cluster: Cluster, topic: str, entries: Iterable[Entry]) -> int:
    """Put records on a topic; returns how many when all are acknowledged."""
    producer, name, found = Producer(producing(cluster) | {"linger.ms": 20}), cluster.named(topic), 0
    for entry in entries:
        queue(producer, name, entry.value, entry.key, headers=entry.headers)
        found += 1
    acknowledged(producer)
    return found


def queue(
    producer: Producer,
    topic: str,
    value: bytes,
    key: bytes | None = None,
    partition: int = ANY_PARTITION,
    headers: Headers = (),
) -> None:
    """Give a record to a producer, when it has room for it; without a partition it goes to that of its key."""
    while True:
        try:
            producer.produce(topic, value, key, partition, headers=list(headers))
        except BufferError:
            producer.poll(0.1)
        else:
            return


def acknowledged(producer: Producer, seconds: float = FLUSH_SECONDS) -> None:
    """Wait until the broker has acknowledged everything. Raises `RuntimeError` when that takes too long."""
    if left := producer.flush(seconds):
        raise RuntimeError(f"{left} records were not acknowledged in {seconds:g} s: is the broker up?")
