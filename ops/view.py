"""Looking at Kafka without taking part: offsets, groups and records, for the commands that only report."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.errors import (  # type: ignore[import-untyped]  # as above
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
)

from connectors._kafka import client_options
from connectors._kafkalook import listens, look
from normalizer.cluster import Cluster
from normalizer.errors import Retriable
from ops.engine.whereabouts import running_brokers

_LISTEN_SECONDS = 3.0  # people wait for what only looks: where nobody listens, the client's patience would be lost
_SECONDS = 60.0
_GROUPS_SECONDS = 20.0
_NO_COORDINATOR_YET = (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError)


class Place(NamedTuple):
    """A partition of a topic; the topic's name has no namespace."""

    topic: str
    partition: int


class View:
    """A reader of one cluster that joins no group and commits nothing. Use it in a ``with`` block."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        options = client_options(cluster)
        if not listens(cluster, _LISTEN_SECONDS):
            raise self._away("nobody listens there")
        with self._answering():
            self._consumer = KafkaConsumer(**options, enable_auto_commit=False, bootstrap_timeout_ms=10_000)
            self._admin = KafkaAdminClient(**options, bootstrap_timeout_ms=10_000)

    def __enter__(self) -> View:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()
        self._admin.close()

    def topics(self) -> set[str]:
        """The topics that there are in this namespace."""
        with self._answering():
            names = self._consumer.topics()
        return {self._cluster.bare(name) for name in names if name.startswith(self._cluster.namespace)}

    def spans(self, topics: Iterable[str]) -> dict[Place, tuple[int, int]]:
        """The first offset that is still there and the next to be written, of each partition of `topics`."""
        places = [place for topic in topics for place in self._places(topic)]
        found = {place: self._native(place) for place in places}
        with self._answering():
            starts = self._consumer.beginning_offsets(list(found.values()))
            ends = self._consumer.end_offsets(list(found.values()))
        return {place: (starts[native], ends[native]) for place, native in found.items()}

    def offsets_at(self, topics: Iterable[str], at: datetime) -> dict[Place, int]:
        """The first offset of each partition of `topics` that was written at `at` or later; its end when none was."""
        found = {place: end for place, (_, end) in self.spans(topics).items()}
        natives = {place: self._native(place) for place in found}
        with self._answering():
            later = self._consumer.offsets_for_times(dict.fromkeys(natives.values(), int(at.timestamp() * 1000)))
        return {p: later[n].offset if later.get(natives[p]) else found[p] for p, n in natives.items()}

    def committed(self, group: str) -> dict[Place, int]:
        """How far a group has committed, by partition; partitions where it never did are absent."""
        name = self._cluster.named(group)
        with self._answering():
            offsets = self._group_offsets(name).get(name, {})
        return {Place(self._cluster.bare(tp.topic), tp.partition): data.offset for tp, data in offsets.items()}

    def _group_offsets(self, name: str) -> dict[str, dict[Any, Any]]:
        # The first to ask a Kafka that has no group yet makes it create its topic for them, which takes a moment.
        deadline = time.monotonic() + _GROUPS_SECONDS
        while True:
            try:
                found: dict[str, dict[Any, Any]] = self._admin.list_group_offsets([name])
            except _NO_COORDINATOR_YET:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return found

    def lag(self, group: str, topics: Iterable[str]) -> dict[Place, int]:
        """How many records of `topics` a group has not finished, by partition."""
        committed = self.committed(group)
        return {
            place: max(0, end - max(start, committed.get(place, start)))
            for place, (start, end) in self.spans(topics).items()
        }

    def records(self, topic: str, since: Mapping[Place, int] | None = None) -> Iterator[Any]:
        """Every record of a topic up to the end it has now, partition by partition in order.

        With `since`, only those from these offsets on; partitions that it does not name are read whole.
        """
        places = self._places(topic)
        if not places:
            return
        natives = [self._native(place) for place in places]
        with self._answering():
            self._consumer.assign(natives)
            self._consumer.seek_to_beginning(*natives)
            for place, native in zip(places, natives, strict=True):
                if since and place in since:
                    self._consumer.seek(native, since[place])
            ends = self._consumer.end_offsets(natives)
        yield from self._until(ends)

    def record(self, place: Place, offset: int) -> Any | None:
        """One record, None when it is no longer there."""
        native = self._native(place)
        with self._answering():
            self._consumer.assign([native])
            self._consumer.seek(native, offset)
            ends = self._consumer.end_offsets([native])
        if offset >= ends[native]:
            return None
        found = next(self._until(ends), None)
        return found if found is not None and found.offset == offset else None

    def _until(self, ends: dict[Any, int]) -> Iterator[Any]:
        deadline = time.monotonic() + _SECONDS
        while True:
            with self._answering():
                if all(self._consumer.position(place) >= end for place, end in ends.items()):
                    return
                found = self._consumer.poll(timeout_ms=200, max_records=5000)
            if found:
                deadline = time.monotonic() + _SECONDS
            elif time.monotonic() > deadline:
                raise Retriable(f"Kafka at {self._cluster.brokers} gave no record for {_SECONDS:.0f} s: try again")
            for batch in found.values():
                yield from batch

    def _places(self, topic: str) -> list[Place]:
        with self._answering():
            numbers = self._consumer.partitions_for_topic(self._cluster.named(topic)) or ()
        return [Place(topic, number) for number in sorted(numbers)]

    def _native(self, place: Place) -> Any:
        return TopicPartition(self._cluster.named(place.topic), place.partition)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise self._away(type(error).__name__) from error

    def _away(self, why: str) -> Retriable:
        brokers = self._cluster.brokers
        if brokers == running_brokers():
            remedy = "it is the local engine, and still starts or hangs: look at `switchboard engine status`"
        else:
            remedy = (
                "check that it runs, and the address in --broker or kafka.brokers; "
                "with neither, the local engine is used, which `switchboard engine up` starts"
            )
        return Retriable(f"Kafka at {brokers} does not answer ({why}): {remedy}{look(self._cluster)}")
