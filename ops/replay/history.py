"""Records of many partitions in the order in which they were written, each partition read by a client of its own.

So no more than one fetch of each is in memory, however long the history is.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.errors import KafkaError  # type: ignore[import-untyped]  # as above

from connectors._kafka import client_options
from normalizer.cluster import Cluster
from normalizer.errors import Retriable
from ops.view import Place
from streams._record import Record

_SECONDS = 60.0
_FETCH_BYTES = 1 << 20


def history(cluster: Cluster, spans: Mapping[Place, tuple[int, int]]) -> Iterator[Record]:
    """The records from the first to before the second offset of each place, by their time.

    Raises `Retriable` when Kafka does not answer, or has given nothing for a minute.
    """
    wanted = sorted((place, span) for place, span in spans.items() if span[0] < span[1])
    return heapq.merge(*(_partition(cluster, place, *span) for place, span in wanted), key=_when)


def _when(record: Record) -> tuple[int, str, int, int]:
    return record.timestamp, record.topic, record.partition, record.offset


def _partition(cluster: Cluster, place: Place, start: int, end: int) -> Iterator[Record]:
    native = TopicPartition(cluster.named(place.topic), place.partition)
    try:
        consumer = KafkaConsumer(
            **client_options(cluster), enable_auto_commit=False, max_partition_fetch_bytes=_FETCH_BYTES
        )
        try:
            consumer.assign([native])
            consumer.seek(native, start)
            for record in _until(consumer, native, end):
                yield Record(
                    place.topic, place.partition, record.offset, record.key, record.value or b"",
                    record.headers, record.timestamp,
                )  # fmt: skip
        finally:
            consumer.close()
    except KafkaError as error:
        raise Retriable(
            f"Kafka at {cluster.brokers} does not answer ({type(error).__name__}): check that it is up, and replay again"
        ) from error


def _until(consumer: Any, native: Any, end: int) -> Iterator[Any]:
    deadline = time.monotonic() + _SECONDS
    while consumer.position(native) < end:
        found = consumer.poll(timeout_ms=200).get(native, ())
        if found:
            deadline = time.monotonic() + _SECONDS
        elif time.monotonic() > deadline:
            raise Retriable(f"Kafka gave no record of {native.topic} for {_SECONDS:.0f} s: replay again")
        for record in found:
            if record.offset >= end:
                return
            yield record
