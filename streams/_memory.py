"""The state of a partition, its changelog, and how far in the input it has come.

All tables of a stage share one compacted topic, `state_topic`, partitioned like the inputs. A batch's changes and the
position that they belong to are written together, after its outputs were acknowledged. So the restored state is
always the state after some record, and the records before it are known to be done:
docs/decisions/0003-state-tables-and-outbox.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from aiokafka import TopicPartition  # type: ignore[import-untyped]  # aiokafka ships no types

from streams._state import State

_END = b"\0"  # ends a table's name; a key that begins with it holds a position
FETCH_BYTES = 4 << 20
_FETCH_WAIT_MS = 500


class Position(msgspec.Struct, frozen=True, array_like=True):
    """How far one input was processed: the next offset, and what was committed when this was written."""

    next: int
    committed: int


class Memory:
    """The state of one partition and the position of each input in it. `since` is whose generation it is."""

    def __init__(self, tables: Iterable[str], since: int | None = None) -> None:
        self.since = since
        self.positions: dict[str, Position] = {}
        self._resumed: set[str] = set()
        self._data: dict[str, dict[bytes, bytes]] = {name: {} for name in tables}
        self._unplaced: list[tuple[str, bytes, bytes | None]] = []
        self.state = State(self._data, self._data)

    def apply(self, key: bytes, value: bytes | None) -> None:
        """Take in one record of the changelog. Changes count when the position after them has come."""
        name, _, rest = key.partition(_END)
        if name:
            self._unplaced.append((name.decode(), rest, value))
            return
        for table, entry, content in self._unplaced:
            data = self._data.get(table)
            if data is None:
                continue  # a table that this version of the stage no longer has
            if content is None:
                data.pop(entry, None)
            else:
                data[entry] = content
        self._unplaced.clear()
        if value is not None:
            self.positions[rest.decode()] = msgspec.json.decode(value, type=Position)

    def done(self, topic: str, first: int) -> int:
        """The offset before which the records of a batch that starts at `first` are in the state already.

        They were processed and not committed when a worker died or a partition moved. An operator who goes back
        on purpose stops the stage and goes behind what was committed: then everything is processed again.
        """
        position = self.positions.get(topic)
        resumed = topic in self._resumed
        self._resumed.add(topic)
        if position is None or (not resumed and first < position.committed):
            return first
        return max(first, position.next)

    def changes(self, topic: str, position: Position) -> Iterator[tuple[bytes, bytes | None]]:
        """The changelog of a batch of `topic`: what changed since the last call, and the position at the end."""
        for table, entries in self.state.drain().items():
            prefix = table.encode() + _END
            for entry, content in entries.items():
                yield prefix + entry, content
        self.positions[topic] = position
        yield _END + topic.encode(), msgspec.json.encode(position)


async def restore(consumer: Any, topic: str, partition: int, tables: Sequence[str], since: int | None) -> Memory:
    """Read a changelog from its beginning to its present end. `consumer` has no group and starts at the earliest."""
    memory = Memory(tables, since)
    source = TopicPartition(topic, partition)
    consumer.assign([source])
    end = (await consumer.end_offsets([source]))[source]
    while await consumer.position(source) < end:
        found = await consumer.getmany(source, timeout_ms=_FETCH_WAIT_MS)
        for record in found.get(source, ()):
            memory.apply(record.key, record.value)
    return memory
