"""The way into Kafka: records go in, and the caller goes on only when the broker has them.

Delivery: at least once. `acks=all` with an idempotent producer, so that the client's own retries make no
copies; a caller who is told `Retriable` must publish the same events again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as DeliveryTimeout
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import msgspec
from kafka import KafkaProducer  # type: ignore[import-untyped]  # it ships no types
from kafka.errors import (  # type: ignore[import-untyped]  # as above
    AuthorizationError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
)

from connectors._delivery import Delivery
from connectors._kafka import client_options
from connectors._kafkalook import look
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import RawEvent
from normalizer.ids import event_id
from normalizer.wire import Headers, raw_headers

MAX_RECORD = 1_000_000
"""The most bytes of key, value and headers in one record; Kafka's default topic takes a little more."""

_FLUSH_SECONDS = 2
_QUIET_SECONDS = 1  # between a connection that failed and the next try
_FRAME = 100  # bytes of a record batch's own header and of the record's lengths, generously
_WILL_NOT_PASS = (AuthorizationError, SaslAuthenticationFailedError, InvalidTopicError)
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


class Record(NamedTuple):
    """What goes on a topic; `topic` is the bare name, without the cluster's namespace."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers

    @property
    def size(self) -> int:
        """Its bytes in a batch before compression, never less than the truth."""
        headers = sum(len(name) + len(value) + 10 for name, value in self.headers)
        return _FRAME + len(self.key) + len(self.value) + headers


def raw_record(raw: RawEvent) -> Record:
    """The record of a raw event, keyed by the source's thread or else by its own id.

    A delivery that brought no `traceparent` (W3C Trace Context) starts a trace here.
    """
    if raw.traceparent is None:
        token = secrets.token_hex(24)
        raw = msgspec.structs.replace(raw, traceparent=f"00-{token[:32]}-{token[32:]}-01")
    key = raw.key or event_id("raw", raw.channel, raw.account, raw.source_id)
    return Record(raw.topic, key.encode("utf-8", "surrogateescape"), raw.body, raw_headers(raw))


class Publisher:
    """Publishes to one cluster from any number of threads and from asyncio; connects when first used.

    `in_flight` bounds the bytes that the broker has not acknowledged yet: `write` and `publish` wait for
    room, `accept` refuses, so that a slow broker becomes a 503 and not a full memory. `delivery_seconds` is how
    long a blocking call may take, `answer_seconds` how long a door may keep its caller waiting.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        in_flight: int = 32 << 20,
        delivery_seconds: float = 30.0,
        answer_seconds: float = 10.0,
    ) -> None:
        self._cluster = cluster
        self._limit = in_flight
        self._delivery_seconds = delivery_seconds
        self._answer_seconds = answer_seconds
        self._connecting = threading.Lock()
        self._swapping = threading.Lock()  # held for a moment only, so that asyncio may take it
        self._producer: KafkaProducer | None = None
        self._known: set[str] = set()
        self._not_before = 0.0
        self._room = threading.Condition()
        self._in_flight = 0
        # At DEBUG the client logs keys, values and headers: customers' words do not belong in a log.
        logging.getLogger("kafka.producer.kafka").setLevel(logging.INFO)

    def __repr__(self) -> str:
        return f"Publisher({self._cluster!r})"

    def publish(self, events: Sequence[RawEvent]) -> None:
        """Block until the broker has every event. Raises as `write` does."""
        self.write([raw_record(raw) for raw in events])

    async def accept(self, events: Sequence[RawEvent]) -> None:
        """`publish` for asyncio doors; raises `Retriable` at once when too much is in flight already."""
        records = [raw_record(raw) for raw in events]
        if not records:
            return
        self._check(records)
        topics = {record.topic for record in records}
        producer = self._producer if topics <= self._known else None
        if producer is None:
            producer = await asyncio.to_thread(self._ready, topics)  # the only step that may block: once for a topic
        size = sum(record.size for record in records)
        if not self._reserve(size, wait=0):
            raise Retriable(f"{self!r} has {self._in_flight} bytes in flight: the broker is slow", retry_after=5)
        sent = asyncio.wrap_future(self._send(producer, records, size))
        sent.add_done_callback(lambda late: late.cancelled() or late.exception())  # the caller may be gone by then
        try:
            await asyncio.wait_for(asyncio.shield(sent), self._answer_seconds)
        except TimeoutError as error:
            raise self._late(self._answer_seconds) from error

    def write(self, records: Sequence[Record]) -> None:
        """Block until the broker has every record.

        Raises `Rejected` before anything is sent when a record cannot fit, `Retriable` when the broker has
        not acknowledged all (some may be there: write all again), and `Misconfigured` when it never will.
        """
        if not records:
            return
        self._check(records)
        producer = self._ready({record.topic for record in records})
        size = sum(record.size for record in records)
        if not self._reserve(size, wait=self._delivery_seconds):
            raise self._late(self._delivery_seconds)
        try:
            # The producer gives up by itself; the margin only guards against one that does not.
            self._send(producer, records, size).result(self._delivery_seconds + 10)
        except DeliveryTimeout as error:
            self._abandon(producer)
            raise self._late(self._delivery_seconds) from error

    def close(self) -> None:
        """Let go of the broker; what was published is there already. Closing twice is harmless."""
        with self._swapping:
            producer, self._producer, self._known = self._producer, None, set()
        if producer is not None:
            _end(producer)

    def _check(self, records: Iterable[Record]) -> None:
        for record in records:
            if record.size > MAX_RECORD:
                raise Rejected(
                    "record-too-large",
                    f"a record for {record.topic} has {record.size} bytes and {MAX_RECORD} fit: "
                    "put its body into the blob store and publish the reference",
                )

    def _ready(self, topics: set[str]) -> KafkaProducer:
        """The connected client, which knows `topics`, so that sending does not block."""
        try:
            with self._connecting:
                producer = self._producer
                if producer is None:
                    producer = self._connect()
            for topic in topics - self._known:
                producer.partitions_for(self._cluster.named(topic))
                self._known.add(topic)
        except KafkaError as error:
            raise self._failure(f"{', '.join(sorted(topics))} cannot be reached", error, look(self._cluster)) from error
        return producer

    def _connect(self) -> KafkaProducer:
        if (wait := self._not_before - time.monotonic()) > 0:  # hundreds of doors may ask while Kafka is away
            raise Retriable(
                f"Kafka at {self._cluster.brokers} was not there a moment ago: check that it is up; this is tried again",
                retry_after=wait,
            )
        self._not_before = time.monotonic() + self._delivery_seconds / 3 + _QUIET_SECONDS
        producer = KafkaProducer(**client_options(self._cluster), **self._options())
        self._not_before = 0.0
        with self._swapping:
            self._producer, self._known = producer, set()
        return producer

    def _options(self) -> dict[str, Any]:
        milliseconds = int(self._delivery_seconds * 1000)
        return {
            "acks": "all",
            "enable_idempotence": True,
            "compression_type": "lz4",
            "linger_ms": 5,
            "batch_size": 128 << 10,
            "max_request_size": MAX_RECORD + (16 << 10),
            "delivery_timeout_ms": milliseconds,
            "request_timeout_ms": milliseconds // 2,
            "bootstrap_timeout_ms": milliseconds // 3,
            "max_block_ms": milliseconds // 3,
            "allow_auto_create_topics": False,  # topics are declared, with their retention
            "metrics_enabled": False,
        }

    def _reserve(self, size: int, *, wait: float) -> bool:
        with self._room:
            # A single call larger than the bound passes when it is alone.
            if not self._room.wait_for(lambda: self._in_flight == 0 or self._in_flight + size <= self._limit, wait):
                return False
            self._in_flight += size
            return True

    def _release(self, size: int) -> None:
        with self._room:
            self._in_flight -= size
            self._room.notify_all()

    def _send(self, producer: KafkaProducer, records: Sequence[Record], size: int) -> Future[None]:
        delivery = Delivery(len(records))
        delivery.done.add_done_callback(partial(self._ended, producer, size))
        for record in records:
            refused = partial(self._refused, delivery, record.topic)
            try:
                future = producer.send(
                    self._cluster.named(record.topic), record.value, record.key, list(record.headers)
                )
            except (KafkaError, TypeError, ValueError) as error:
                refused(error)
            else:
                future.add_callback(delivery.arrived)
                future.add_errback(refused)
        return delivery.done

    def _refused(self, delivery: Delivery, topic: str, error: Exception) -> None:
        delivery.failed(self._failure(f"{topic} has not taken a record", error))

    def _failure(self, what: str, error: Exception, seen: str = "") -> Misconfigured | Retriable:
        where = f"{what} at {self._cluster.brokers} ({type(error).__name__})"
        if isinstance(error, _TOO_LARGE):
            return Misconfigured(f"{where}: set its max.message.bytes to {MAX_RECORD + _FRAME} or more")
        if isinstance(error, _WILL_NOT_PASS):
            return Misconfigured(f"{where}: check the user, the password and the rights that the cluster gives it")
        return Retriable(f"{where}: check that Kafka is up and the topic declared; this is tried again{seen}", 5)

    def _ended(self, producer: KafkaProducer, size: int, delivery: Future[None]) -> None:
        self._release(size)
        if delivery.exception() is not None:
            self._abandon(producer)

    def _abandon(self, producer: KafkaProducer) -> None:
        """Use a new client from now on, and end this one in a thread; whoever waits for it is told `Retriable`.

        After a record has expired in flight, kafka-python 3.0 sends nothing more to its partition, even when the
        broker is back.
        """
        with self._swapping:
            if self._producer is not producer:
                return  # somebody else has
            self._producer, self._known = None, set()
        threading.Thread(target=_end, args=(producer,), name="publisher-end", daemon=True).start()

    def _late(self, seconds: float) -> Retriable:
        return Retriable(
            f"Kafka at {self._cluster.brokers} has not taken a record in {seconds:g} s: check that it is up; "
            "this is tried again",
            retry_after=5,
        )


def _end(producer: KafkaProducer) -> None:
    with suppress(KafkaError):
        producer.flush(timeout=_FLUSH_SECONDS)
    # close() flushes first and gives up when that fails, and so never ends the thread of a client that is stuck.
    producer._sender.force_close()  # noqa: SLF001 - as above
    with suppress(KafkaError):
        producer.close(timeout=_FLUSH_SECONDS)
