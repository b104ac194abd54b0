"""What was fetched of all partitions and is not in hand yet. A stage takes of it a round at a time.

A round pays once for what does not depend on how many records it has: its turn in the event loop, its requests to Kafka.
So while a stage is busy, what comes meanwhile grows into the next round, and the more there is to do, the less each costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from faust.types import TP

from streams._record import RECORD_OVERHEAD, Record

ROUND_RECORDS = 500
ROUND_BYTES = 4 << 20

Batch = Sequence[Record]
"""Records of one partition, in order."""

Round = Mapping[TP, Batch]
"""Batches that are worked on and written together."""


class Waiting:
    """Records by partition, in the order in which they came. `count` says how many there are."""

    def __init__(self) -> None:
        self._found: dict[TP, Batch] = {}
        self.count = 0

    def put(self, tp: TP, batch: Batch) -> None:
        """Add what was fetched of a partition behind what waits of it."""
        waiting = self._found.get(tp)
        self._found[tp] = [*waiting, *batch] if waiting else batch
        self.count += len(batch)

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
            found = self._found.pop(tp)
            fit, size = _fitting(found, records, room if taken else max(room, _size(found[0])))
            if fit:
                taken[tp] = found[:fit]
                numbers.add(tp.partition)
            records -= fit
            room -= size
            if fit < len(found):
                self._found[tp] = found[fit:]
                break
        self.count -= ROUND_RECORDS - records
        return taken

    def clear(self) -> None:
        """Let go of everything: it will be fetched again, by whoever has the partitions then."""
        self._found.clear()
        self.count = 0


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
