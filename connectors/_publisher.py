"""The way into Kafka: records go in, and the caller goes on only when the broker has them.

Delivery: at least once. `acks=all` with an idempotent producer, so that the client's own retries make no
copies; a caller who is told `Retriable` must publish the same events again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as DeliveryTimeout
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
    RetriableError,
    SaslAuthenticationFailedError,
)

from connectors._kafka import client_options
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import RawEvent
from normalizer.ids import event_id
from normalizer.wire import Headers, raw_headers

MAX_RECORD = 1_000_000
"""The most bytes of key, value and headers in one record; Kafka's default topic takes a little more."""

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
        raw = msgspec.structs.replace(raw, traceparent=f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")
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
        self._producer: KafkaProducer | None = None
        self._known: set[str] = set()
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
            raise self._late(self._delivery_seconds) from error

    def close(self) -> None:
        """Let go of the broker; what was published is there already. Closing twice is harmless."""
        with self._connecting:
            producer, self._producer = self._producer, None
            self._known = set()
        if producer is not None:
            producer.close(timeout=5)

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
                if self._producer is None:
                    self._producer = KafkaProducer(**client_options(self._cluster), **self._options())
                producer = self._producer
            for topic in topics - self._known:
                producer.partitions_for(self._cluster.named(topic))
                self._known.add(topic)
        except KafkaError as error:
            raise self._failure(f"{', '.join(sorted(topics))} cannot be reached", error) from error
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
        delivery = _Delivery(len(records))
        delivery.done.add_done_callback(lambda _: self._release(size))
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

    def _refused(self, delivery: _Delivery, topic: str, error: Exception) -> None:
        delivery.failed(self._failure(f"{topic} has not taken a record", error))

    def _failure(self, what: str, error: Exception) -> Misconfigured | Retriable:
        where = f"{what} at {self._cluster.brokers} ({type(error).__name__})"
        if isinstance(error, _TOO_LARGE):
            return Misconfigured(f"{where}: set its max.message.bytes to {MAX_RECORD + _FRAME} or more")
        if isinstance(error, _WILL_NOT_PASS):
            return Misconfigured(f"{where}: check the user, the password and the rights that the cluster gives it")
        if not isinstance(error, RetriableError):
            self._forget()
        return Retriable(f"{where}: check that Kafka is up and the topic declared; this is tried again", 5)

    def _forget(self) -> None:
        """Use a new client next time: an idempotent producer may not recover from what is not retriable."""
        threading.Thread(target=self.close, name="publisher-close", daemon=True).start()

    def _late(self, seconds: float) -> Retriable:
        return Retriable(
            f"Kafka at {self._cluster.brokers} has not taken a record in {seconds:g} s: check that it is up; "
            "this is tried again",
            retry_after=5,
        )


class _Delivery:
    """Many acknowledgements as one future: done when all are in, failed with the first that failed."""

    def __init__(self, records: int) -> None:
        self.done: Future[None] = Future()
        self.done.set_running_or_notify_cancel()  # nobody can cancel what has been handed to the broker
        self._lock = threading.Lock()
        self._missing = records
        self._error: Exception | None = None

    def arrived(self, _: Any = None) -> None:
        self._count(None)

    def failed(self, error: Exception) -> None:
        self._count(error)

    def _count(self, error: Exception | None) -> None:
        with self._lock:
            self._error = self._error or error
            self._missing -= 1
            last = self._missing == 0
        if not last:
            return
        if self._error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(self._error)
