"""The edge's side of Kafka, in memory: for trying a connector and for proving what a crash does to it.

Faults are values that are set before, never chance: ``fail_next("half-published", Crash())``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from connectors._cursors import cursor_key
from normalizer.events import RawEvent

Step = Literal["publish", "half-published", "published", "save", "saved"]
"""When a fault strikes: before the broker has anything, when it has half of a page, when it has all and the
caller does not know, before the position is saved, when it is and the caller does not know."""


class Crash(BaseException):
    """The process dies here: no handler of ours may catch it."""


class MemoryKafka:
    """Raw events and positions that outlive an edge; what `Edge` takes as its publisher and as its positions."""

    def __init__(self) -> None:
        self.events: list[RawEvent] = []
        self.positions: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._faults: dict[Step, BaseException] = {}
        self._open = asyncio.Event()
        self._open.set()

    def fail_next(self, step: Step, error: BaseException) -> None:
        """Raise `error` the next time that `step` is reached, once."""
        self._faults[step] = error

    def hold(self) -> None:
        """Let `accept` wait from now on, as for a broker that is slow to acknowledge."""
        self._open.clear()

    def resume(self) -> None:
        """Acknowledge what has been held."""
        self._open.set()

    def publish(self, events: Sequence[RawEvent]) -> None:
        """Keep the events."""
        self._reach("publish")
        half = len(events) // 2
        with self._lock:
            self.events.extend(events[:half])
        self._reach("half-published")
        with self._lock:
            self.events.extend(events[half:])
        self._reach("published")

    async def accept(self, events: Sequence[RawEvent]) -> None:
        """Keep the events, once nothing holds them."""
        await self._open.wait()
        self.publish(events)

    def load(self, channel: str, account: str, source: str) -> bytes | None:
        """The position saved last."""
        return self.positions.get(cursor_key(channel, account, source))

    def save(self, channel: str, account: str, source: str, position: Any) -> None:
        """Keep a position."""
        self._reach("save")
        self.positions[cursor_key(channel, account, source)] = msgspec.json.encode(position)
        self._reach("saved")

    def _reach(self, step: Step) -> None:
        if (error := self._faults.pop(step, None)) is not None:
            raise error
