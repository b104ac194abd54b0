"""How far each source has been read, in the compacted topic ``cursors``: the connectors' only durable state.

Delivery: a saved position has been acknowledged by the broker (`acks=all`). A position is saved after what it
covers has been published, so a crash in between repeats deliveries and never skips one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.errors import KafkaError  # type: ignore[import-untyped]  # as above

from connectors._kafka import client_options
from connectors._publisher import Publisher, Record
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import Cursor
from normalizer.wire import decode, encode, headers

Account = tuple[str, str]
"""Channel and account."""


def cursor_key(channel: str, account: str, source: str) -> str:
    """The record key of a cursor. Only `source` may hold a slash."""
    return f"{channel}/{account}/{source}"


class Cursors:
    """The cursors of `accounts`, read from the topic at the first `load` after `forget` and kept in step by `save`.

    One process at a time may write the cursors of an account; any number of its threads may.
    """

    def __init__(
        self, cluster: Cluster, publisher: Publisher, accounts: Collection[Account], *, seconds: float = 60.0
    ) -> None:
        self._cluster = cluster
        self._publisher = publisher
        self._prefixes = tuple(cursor_key(channel, account, "") for channel, account in accounts)
        self._seconds = seconds
        self._reading = threading.Lock()
        self._positions: dict[str, bytes] | None = None

    def load(self, channel: str, account: str, source: str) -> bytes | None:
        """The JSON of the position saved last, None when there is none.

        Raises `Retriable` when the topic cannot be read to its end now, and `Misconfigured` when it holds
        what this version cannot read.
        """
        return self._loaded().get(cursor_key(channel, account, source))

    def forget(self) -> None:
        """Read the topic again at the next `load`: another process has saved there since."""
        with self._reading:
            self._positions = None

    def save(self, channel: str, account: str, source: str, position: Any) -> None:
        """Return when the broker has the new position. Raises as `Publisher.write` does."""
        encoded = msgspec.json.encode(position)
        at = datetime.now(UTC)
        cursor = Cursor(channel=channel, account=account, source=source, position=msgspec.Raw(encoded), at=at)
        key = cursor_key(channel, account, source)
        head = headers(cursor, ce_id=f"{key}@{at.isoformat()}", source=f"/{channel}/{account}", time=at)
        self._publisher.write([Record(Cursor.topic, key.encode(), encode(cursor), head)])
        self._loaded()[key] = encoded

    def _loaded(self) -> dict[str, bytes]:
        with self._reading:
            if self._positions is None:
                self._positions = _read(self._cluster, self._prefixes, self._seconds)
            return self._positions


def _read(cluster: Cluster, prefixes: tuple[str, ...], seconds: float) -> dict[str, bytes]:
    topic = cluster.named(Cursor.topic)
    positions: dict[str, bytes] = {}
    try:
        consumer = KafkaConsumer(
            **client_options(cluster), enable_auto_commit=False, bootstrap_timeout_ms=int(seconds * 1000)
        )
        try:
            for record in _to_the_end(consumer, topic, time.monotonic() + seconds):
                key = record.key.decode()
                if not key.startswith(prefixes):
                    continue
                if record.value is None:  # a tombstone: an operator wants this source read anew
                    positions.pop(key, None)
                else:
                    positions[key] = bytes(decode(Cursor, record.value, record.headers).position)
        finally:
            consumer.close()
    except KafkaError as error:
        raise Retriable(
            f"the cursors at {cluster.brokers} cannot be read ({type(error).__name__}): "
            "check that Kafka is up; this is tried again"
        ) from error
    except Rejected as error:
        raise Misconfigured(f"a saved cursor cannot be read: {error}") from error
    return positions


def _to_the_end(consumer: KafkaConsumer, topic: str, deadline: float) -> Iterator[Any]:
    """Every record up to the end that the topic has now."""
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    if not partitions:
        raise Retriable(f"the topic {topic} is not declared: run `switchboard up`, or declare the topics first")
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        if time.monotonic() > deadline:
            raise Retriable(f"the topic {topic} could not be read to its end in time: this is tried again")
        for batch in consumer.poll(timeout_ms=200).values():
            yield from batch
