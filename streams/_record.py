"""What a stage takes from Kafka and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from normalizer.events import Event
from normalizer.wire import Headers, encode, header, headers

RECORD_OVERHEAD = 64
"""Bytes that Kafka adds to key, value and headers of one record, rounded up."""

HEADER_OVERHEAD = 4
"""The same for one header."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One Kafka record. `topic` has no namespace; `timestamp` is in milliseconds since 1970, UTC."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = 0

    @property
    def at(self) -> datetime:
        """When the record was written."""
        return datetime.fromtimestamp(self.timestamp / 1000, UTC)

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    def __repr__(self) -> str:
        """Names the record and shows nothing of what is in it: a customer wrote it."""
        return f"Record({self}, {len(self.value)} bytes)"


class Output(msgspec.Struct, frozen=True, gc=False):
    """One record to be written. `topic` has no namespace; the key alone decides the partition.

    `blobs` are contents that must be stored before this record may be sent (see `Stage.keep`).
    """

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()
    blobs: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes this takes in a batch, rounded up."""
        size = RECORD_OVERHEAD + len(self.key) + len(self.value) + HEADER_OVERHEAD * len(self.headers)
        for name, content in self.headers:
            size += len(name) + len(content)
        return size


def emit(
    event: Event,
    key: str,
    *,
    source: str,
    ce_id: str,
    cause: Record | None = None,
    blobs: tuple[bytes, ...] = (),
) -> Output:
    """The record of `event` on its own topic.

    `source` is the name of the stage and `ce_id` names the event there: equal for every replay. The trace of
    the record that caused it goes on (`traceparent`). The header ``ce_time`` is the only part that is not
    the same at a replay.
    """
    return Output(
        event.topic,
        key.encode(),
        encode(event),
        headers(
            event,
            ce_id=ce_id,
            source=source,
            time=datetime.now(UTC),
            traceparent=None if cause is None else header(cause.headers, "traceparent"),
        ),
        blobs,
    )
