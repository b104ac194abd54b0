"""What went over the topics since the last look: repeats, the order of revisions, dead letters, and the peer's outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.errors import KafkaError  # type: ignore[import-untyped]  # as above

from bench.chaos.checks import Revisions
from bench.chaos.plan import marks
from normalizer.cluster import DEAD_LETTERS, Cluster
from normalizer.events import RAW, Message, Routed, Threaded
from normalizer.wire import header, versioned_type

TRIES = 4
PEER_OUTPUT = "peer.normalized"


class _Said(msgspec.Struct):
    id: str
    text: str = ""


class _Threaded(msgspec.Struct):
    message: _Said


class _Ticket(msgspec.Struct):
    id: str
    revision: int


class _Routed(msgspec.Struct):
    ticket: _Ticket
    message: _Said | None = None


class Counted(msgspec.Struct):
    """Outputs that were there before, by topic. Each is one more work of a consumer, and harmless by its id."""

    raw: int = 0
    normalized: int = 0
    threaded: int = 0
    routed: int = 0
    peer: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.raw + other.raw,
            self.normalized + other.normalized,
            self.threaded + other.threaded,
            self.routed + other.routed,
            self.peer + other.peer,
        )


class Tape:
    """Reads on from where it was. `marks` and `peer_marks` are what either pipeline has given so far."""

    def __init__(self, cluster: Cluster, channels: Iterable[str]) -> None:
        self._raws = [RAW + channel for channel in channels]
        self._cluster = cluster
        self._positions: dict[Any, int] = {}
        self._seen: dict[str, set[str]] = {}
        self.revisions = Revisions()
        self.letters: Counter[str] = Counter()
        self._letters: set[tuple[str, ...]] = set()
        self.marks: set[str] = set()
        self.peer_marks: set[str] = set()
        self._repeats = Counted()

    @property
    def busiest(self) -> int:
        """The partition of messages.normalized that has had the most records."""
        name = self._cluster.named(Message.topic)
        sizes = {place.partition: offset for place, offset in self._positions.items() if place.topic == name}
        return max(sizes, key=lambda number: sizes[number], default=0)

    def look(self) -> Counted:
        """Read all that is new; how much of it was there before."""
        self._repeats = Counted()
        for left in reversed(range(TRIES)):
            try:
                self._look()
                break
            except KafkaError:
                if not left:
                    raise
        return self._repeats

    def _look(self) -> None:
        consumer = KafkaConsumer(bootstrap_servers=self._cluster.brokers, enable_auto_commit=False)
        try:
            for topic in (*self._raws, Message.topic, Threaded.topic, Routed.topic, DEAD_LETTERS, PEER_OUTPUT):
                self._read(consumer, topic)
        finally:
            consumer.close()

    def _read(self, consumer: Any, topic: str) -> None:
        name = self._cluster.named(topic)
        places = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or ())]
        if not places:
            return
        consumer.assign(places)
        for place in places:
            consumer.seek(place, self._positions.get(place, 0))
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for place, batch in consumer.poll(timeout_ms=500).items():
                for record in batch:
                    self._take(topic, record)
                self._positions[place] = batch[-1].offset + 1

    def _take(self, topic: str, record: Any) -> None:
        try:
            self._understand(topic, record)
        except msgspec.MsgspecError:
            return  # one of the records that were spoiled on purpose

    def _understand(self, topic: str, record: Any) -> None:
        value = record.value or b""
        if topic == DEAD_LETTERS:
            place = tuple(header(record.headers, f"sb_{name}") or "" for name in ("topic", "partition", "offset"))
            if place not in self._letters:
                self._letters.add(place)
                self.letters[place[0]] += 1
        elif topic in self._raws:
            self._count("raw", f"{header(record.headers, 'ce_source')} {header(record.headers, 'ce_id')}")
        elif topic == Message.topic:
            msgspec.json.decode(value, type=_Said)
            self._count("normalized", header(record.headers, "ce_id") or "")
        elif topic == Threaded.topic and header(record.headers, "ce_type") == versioned_type(Threaded):
            said = msgspec.json.decode(value, type=_Threaded).message
            self._count("threaded", said.id)
            self.marks.update(marks(said.text))
        elif topic == Routed.topic:
            routed = msgspec.json.decode(value, type=_Routed)
            cause = routed.message.id if routed.message else ""
            self.revisions.add(routed.ticket.id, routed.ticket.revision, cause)
            self._count("routed", header(record.headers, "ce_id") or "")
        elif topic == PEER_OUTPUT:
            said = msgspec.json.decode(value, type=_Said)
            self._count("peer", said.id)
            self.peer_marks.update(marks(said.text))

    def _count(self, what: str, name: str) -> None:
        seen = self._seen.setdefault(what, set())
        if name in seen:
            setattr(self._repeats, what, getattr(self._repeats, what) + 1)
        seen.add(name)
