"""The state of a partition, its changelog, and how far in the input it has come.

All tables of a stage share one compacted topic, `state_topic`, partitioned like the inputs. A batch's changes and the
position that they belong to are written together, after its outputs were acknowledged. So the restored state is
always the state after some record, and the records before it are known to be done:
docs/decisions/0003-state-tables-and-outbox.md. Where the entries are on disk, a checkpoint says up to which record of
the changelog they have it, and only what is behind that is read: docs/decisions/0020-state-on-disk.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from aiokafka import TopicPartition  # type: ignore[import-untyped]  # aiokafka ships no types

from streams._backlog import PIECE, Backlog, Spool
from streams._state import END, Entries, InMemory, State

FETCH_BYTES = 4 << 20
_FETCH_WAIT_MS = 500


class Position(msgspec.Struct, frozen=True, array_like=True):
    """How far one input was processed: the next offset, and what was committed when this was written.

    `epoch` grows whenever a partition gets another owner, and `changes` says how many records before this one in the
    changelog belong to it: so a batch can be told that was written by a worker that had lost its partition.
    """

    next: int
    committed: int
    epoch: int = 0
    changes: int = 0


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """What entries on disk are: the state of a changelog before the offset `end`, with the position of each input."""

    end: int = 0
    positions: dict[str, Position] = {}


class Fence(NamedTuple):
    """From `offset` of the changelog on, the partition was ours since the generation `since`: what is of an earlier epoch there
    was written by somebody who had lost it, even where nothing of ours stands before it.
    """

    since: int | None
    offset: int
    epoch: int


class Memory:
    """The state of one partition and the position of each input in it. `since` is whose generation it is.

    `end` is the offset in the changelog at which the next record of ours must land. `outdated` says that the changelog
    has records of a later generation than ours: either we lost the partition, or the group was made anew. Ask Kafka, then
    `succeed` or leave it.
    """

    def __init__(
        self,
        tables: Iterable[str],
        since: int | None = None,
        entries: Entries | None = None,
        checkpoint: Checkpoint | None = None,
        fence: Fence | None = None,
        spool: Spool | None = None,
    ) -> None:
        tables = tuple(tables)
        known = checkpoint or Checkpoint()
        self.since = since
        self.positions = dict(known.positions)
        self.end = self._checkpoint = known.end
        self.outdated = False
        self._newest = self._epoch = max((each.epoch for each in self.positions.values()), default=0)
        self._fence = fence
        self._resumed: set[str] = set()
        self._ours = tuple(name.encode() + END for name in tables)
        self._spool = spool
        self._unplaced, self._placed = Backlog(spool), Backlog(spool)
        self._kept = msgspec.json.encode(known)
        self._stale: set[bytes] = set()
        self._entries = InMemory() if entries is None else entries
        self.state = State(tables, self._entries)

    def apply(self, key: bytes, value: bytes | None, offset: int = 0) -> None:
        """Take in one record of the changelog. Changes count when the position after them has come, and `settle` then."""
        if not key.startswith(END):
            if key.startswith(self._ours):  # or it is of a table that this version of the stage no longer has
                self._unplaced.append((offset, key, value))
            return
        if value is not None:
            position = msgspec.json.decode(value, type=Position)
            if self._fence is not None and offset >= self._fence.offset:
                self._newest = max(self._newest, self._fence.epoch)
            if position.epoch < self._newest:
                self._leave_out(offset - position.changes)
                return
            self._newest = position.epoch
            self.positions[key[1:].decode()] = position
        if self._stale:
            self._stale.difference_update(key for _, key, _ in self._unplaced)
        self._placed.take(self._unplaced)
        if not self._stale:  # else whoever begins at the checkpoint would not know what to write over
            self._checkpoint = offset + 1

    def settle(self) -> Iterator[None]:
        """Put the changes that count where the entries are, a piece at each step, so that others can have their turn.

        Compaction leaves one position behind millions of changes. While they go to disk in pieces, the checkpoint there stays
        that of before: whoever begins at it comes by all of them again.
        """
        placed, changes = self._placed, self.state.changes
        while placed:
            while placed and len(changes) < PIECE:
                changes.update([(key, value) for _, key, value in placed.pop()])
            if placed:
                self.state.keep(self._kept)
            elif len(changes) >= PIECE:
                self._keep()
            yield

    def _leave_out(self, first: int) -> None:
        """Forget the records from `first` on: somebody wrote them who had lost the partition and did not know it."""
        self._stale |= self._unplaced.cut(first)

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

        What a torn batch had left at the end of the changelog would count by this position, and what was left out would
        count once Kafka compacts. So both are written over with what was there before, or with what this batch made of it.
        """
        changes = self.state.changes
        for key in {key for _, key, _ in self._unplaced} | self._stale:
            if key not in changes:
                changes[key] = self._entries.get(key)
        position = msgspec.structs.replace(position, epoch=self._epoch, changes=len(changes))
        self.positions[topic] = position
        return [*changes.items(), (END + topic.encode(), msgspec.json.encode(position))]

    @property
    def fence(self) -> Fence:
        """What must hold for whoever reads the changelog again as long as the partition is ours."""
        return self._fence or Fence(self.since, self.end, self._epoch)

    def keep(self, end: int) -> None:
        """The changelog has the changes of the batch, and ends at `end`: they are what is remembered from now on."""
        self._unplaced.clear()
        self._stale.clear()
        self._newest = self._epoch
        self.end = self._checkpoint = end
        self._keep()

    def restored(self, end: int) -> None:
        """The changelog was read to its end."""
        for _ in self.settle():
            pass
        self.end = end
        self._epoch = max(self._newest, self.since or 0)
        self.outdated = self.since is not None and self.since < self._newest
        self._keep()

    def succeed(self) -> None:
        """The partition is ours although its records are of a later generation: count on from there."""
        self._epoch = self._newest + 1
        self.outdated = False

    def _keep(self) -> None:
        self._kept = msgspec.json.encode(Checkpoint(self._checkpoint, self.positions))
        self.state.keep(self._kept)

    def close(self, *, entirely: bool = False) -> None:
        """Let go of the entries; `entirely` so that the next one has to read the whole changelog."""
        self._entries.close(entirely=entirely)
        if self._spool is not None:
            self._spool.close()


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
        fetched = await consumer.getmany(source, timeout_ms=_FETCH_WAIT_MS, max_records=PIECE)
        found = fetched.get(source, ())
        for record in found:
            memory.apply(record.key, record.value, record.offset)
        count += len(found)
        await asyncio.sleep(0)  # with records at hand aiokafka would wait for nothing
        for _ in memory.settle():
            await asyncio.sleep(0)
    memory.restored(end)
    return count
