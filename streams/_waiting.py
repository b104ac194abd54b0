"""What was fetched of all partitions and is not in hand yet. A stage takes of it a round at a time.

A round pays once for what does not depend on how many records it has: its turn in the event loop, its requests to Kafka.
So while a stage is busy, what comes meanwhile grows into the next round, and the more there is to do, the less each costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from faust.types import TP

from streams._record import RECORD_OVERHEAD, Record

ROUND_RECORDS = 2000
ROUND_BYTES = 2 << 20

Batch = Sequence[Record]
"""Records of one partition, in order."""

Round = Mapping[TP, Batch]
"""Batches that are worked on and written together."""


class Waiting:
    """Records by partition, in the order in which they came. `count` says how many there are."""

    def __init__(self) -> None:
        self._found: dict[TP, tuple[Batch, int]] = {}
        self._bytes = 0
        self.count = 0

    @property
    def is_enough(self) -> bool:
        """Whether a whole round waits, so that nothing more need be fetched for now."""
        return self.count >= ROUND_RECORDS or self._bytes >= ROUND_BYTES

    def put(self, tp: TP, batch: Batch) -> None:
        """Add what was fetched of a partition behind what waits of it."""
        size = sum([_size(record) for record in batch])
        self.count += len(batch)
        self._bytes += size
        if tp in self._found:
            before, its = self._found[tp]
            batch, size = [*before, *batch], its + size
        self._found[tp] = batch, size

    def take(self) -> Round:
        """The next round: at most `ROUND_RECORDS` and, unless one alone is larger, `ROUND_BYTES`; empty when nothing waits.

        Who had to leave something has it at the end of the line. Two topics never come with the same number of a
        partition: they share a memory, and its changes must belong to the position in one of them.
        """
        taken: dict[TP, Batch] = {}
        numbers: set[int] = set()
        records, room = ROUND_RECORDS, ROUND_BYTES
        for tp in list(self._found):
            if tp.partition in numbers:
                continue
            found, whole = self._found.pop(tp)
            if len(found) <= records and whole <= room:
                fit, size = len(found), whole
            else:
                fit, size = _fitting(found, records, room if taken else max(room, _size(found[0])))
            if fit:
                taken[tp] = found[:fit]
                numbers.add(tp.partition)
            records -= fit
            room -= size
            if fit < len(found):
                self._found[tp] = found[fit:], whole - size
                break
        self.count -= ROUND_RECORDS - records
        self._bytes -= ROUND_BYTES - room
        return taken

    def clear(self) -> None:
        """Let go of everything: it will be fetched again, by whoever has the partitions then."""
        self._found.clear()
        self.count = self._bytes = 0


def _fitting(found: Batch, most: int, room: int) -> tuple[int, int]:
    """How many of the first records fit, and the bytes that they take."""
    taken = 0
    for count, record in enumerate(found[:most]):
        size = _size(record)
        if taken + size > room:
            return count, taken
        taken += size
    return min(len(found), most), taken


def _size(record: Record) -> int:
    return RECORD_OVERHEAD + len(record.value) + len(record.key or b"")
