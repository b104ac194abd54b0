"""The state of a partition, its changelog, and how far in the input it has come.

All tables of a stage share one compacted topic, `state_topic`, partitioned like the inputs. A batch's changes and the
position that they belong to are written together, after its outputs were acknowledged. So the restored state is
always the state after some record, and the records before it are known to be done:
docs/decisions/0003-state-tables-and-outbox.md. Where the entries are on disk, a checkpoint says up to which record of
the changelog they have it, and only what is behind that is read: docs/decisions/0020-state-on-disk.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from aiokafka import TopicPartition  # type: ignore[import-untyped]  # aiokafka ships no types

from streams._state import END, Changes, Entries, InMemory, State

FETCH_BYTES = 4 << 20
_FETCH_WAIT_MS = 500
_AT_ONCE = 20_000  # changes of a changelog that are put where the entries are at a time


class Position(msgspec.Struct, frozen=True, array_like=True):
    """How far one input was processed: the next offset, and what was committed when this was written."""

    next: int
    committed: int


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """What entries on disk are: the state of a changelog before the offset `end`, with the position of each input."""

    end: int = 0
    positions: dict[str, Position] = {}


class Memory:
    """The state of one partition and the position of each input in it. `since` is whose generation it is.

    `end` is the offset in the changelog at which the next record of ours must land.
    """

    def __init__(
        self,
        tables: Iterable[str],
        since: int | None = None,
        entries: Entries | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        tables = tuple(tables)
        known = checkpoint or Checkpoint()
        self.since = since
        self.positions = dict(known.positions)
        self.end = self._checkpoint = known.end
        self._resumed: set[str] = set()
        self._ours = tuple(name.encode() + END for name in tables)
        self._unplaced: Changes = {}
        self._entries = InMemory() if entries is None else entries
        self.state = State(tables, self._entries)

    def apply(self, key: bytes, value: bytes | None, offset: int = 0) -> None:
        """Take in one record of the changelog. Changes count when the position after them has come."""
        if not key.startswith(END):
            if key.startswith(self._ours):  # or it is of a table that this version of the stage no longer has
                self._unplaced[key] = value
            return
        self.state.changes.update(self._unplaced)
        self._unplaced.clear()
        if value is not None:
            self.positions[key[1:].decode()] = msgspec.json.decode(value, type=Position)
        self._checkpoint = offset + 1
        if len(self.state.changes) >= _AT_ONCE:
            self._keep()

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

    def changes(self, topic: str, position: Position) -> list[tuple[bytes, bytes | None]]:
        """The changelog of a batch of `topic`: what changed since `keep`, and the position at the end.

        What a torn batch had left at the end of the changelog would count by this position. So it is written over
        with what was there before, or with what this batch made of it.
        """
        changes = self.state.changes
        for key in self._unplaced.keys() - changes.keys():
            changes[key] = self._entries.get(key)
        self.positions[topic] = position
        return [*changes.items(), (END + topic.encode(), msgspec.json.encode(position))]

    def keep(self, end: int) -> None:
        """The changelog has the changes of the batch, and ends at `end`: they are what is remembered from now on."""
        self._unplaced.clear()
        self.end = self._checkpoint = end
        self._keep()

    def restored(self, end: int) -> None:
        """The changelog was read to its end."""
        self.end = end
        self._keep()

    def _keep(self) -> None:
        self.state.keep(msgspec.json.encode(Checkpoint(self._checkpoint, self.positions)))

    def close(self, *, entirely: bool = False) -> None:
        """Let go of the entries; `entirely` so that the next one has to read the whole changelog."""
        self._entries.close(entirely=entirely)


async def ends(consumer: Any, topic: str, partition: int) -> tuple[int, int]:
    """Where a changelog begins and ends; it is what `consumer`, which has no group, reads from now on."""
    source = TopicPartition(topic, partition)
    consumer.assign([source])
    return (await consumer.beginning_offsets([source]))[source], (await consumer.end_offsets([source]))[source]


async def restore(consumer: Any, topic: str, partition: int, memory: Memory, end: int) -> int:
    """Read into `memory` what a changelog has from there to `end`; returns how many records that were."""
    source = TopicPartition(topic, partition)
    consumer.seek(source, memory.end)
    count = 0
    while await consumer.position(source) < end:
        found = (await consumer.getmany(source, timeout_ms=_FETCH_WAIT_MS)).get(source, ())
        for record in found:
            memory.apply(record.key, record.value, record.offset)
        count += len(found)
    memory.restored(end)
    return count
