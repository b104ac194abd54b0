"""The proof that nothing was lost: accepted = routed + duplicate + suppressed + dead-lettered + in flight.

What was accepted is counted by the offsets of the raw topics, which no stage can change, and what became of it by
the fates. A record without a fate is *in flight* while some stage before its fate still has work, and *missing*
when none has: then it was lost, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

import msgspec

from normalizer.cluster import Cluster
from normalizer.events import RAW, Fate, Message, Origin, Outcome, StatusChange, Threaded
from normalizer.wire import decode
from ops.view import Place, View

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_CODES = {outcome: code for code, outcome in enumerate(OUTCOMES, 1)}
# A record of several messages is told by the worst of them: what needs a person, then what reached one.
_WORST: tuple[Outcome, ...] = ("dead_lettered", "routed", "duplicate", "suppressed")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the records of one channel. `reasons` counts them by outcome and reason."""

    channel: str
    accepted: int
    routed: int
    duplicate: int
    suppressed: int
    dead_lettered: int
    in_flight: int
    missing: tuple[str, ...] = ()
    reasons: dict[str, int] = {}

    @property
    def adds_up(self) -> bool:
        """Whether every accepted record has a fate or is on its way to one."""
        found = self.routed + self.duplicate + self.suppressed + self.dead_lettered + self.in_flight
        return self.accepted == found and not self.missing


class Tally:
    """Fates by raw record, a byte for each: a million records take a megabyte."""

    def __init__(self, spans: Mapping[Place, tuple[int, int]]) -> None:
        self.spans: dict[Place, tuple[int, int]] = {}
        self._codes: dict[Place, bytearray] = {}
        self._parts: dict[tuple[Place, int], dict[int, Outcome]] = {}
        self._reasons: dict[tuple[Place, int], str] = {}
        self.grow(spans)

    def grow(self, spans: Mapping[Place, tuple[int, int]]) -> None:
        """Count up to these ends from now on. What was counted stays, even when the topic has let go of it."""
        for place, (start, end) in spans.items():
            start = self.spans.get(place, (start, end))[0]
            self.spans[place] = (start, end)
            codes = self._codes.setdefault(place, bytearray())
            codes.extend(bytes(max(0, end - start - len(codes))))

    def add(self, fate: Fate) -> None:
        """Take in one fate; of several for the same message the last stands."""
        place, offset = Place(fate.origin.topic, fate.origin.partition), fate.origin.offset
        if place not in self._codes:
            return
        start, codes = self.spans[place][0], self._codes[place]
        if offset < start:
            return
        # A record may find its fate before it is counted: then its fate waits for it.
        codes.extend(bytes(max(0, offset + 1 - start - len(codes))))
        outcome: Outcome | None = fate.outcome
        if fate.items > 1:
            parts = self._parts.setdefault((place, offset), {})
            parts[fate.item] = fate.outcome
            settled = len(parts) == fate.items
            outcome = next(worst for worst in _WORST if worst in parts.values()) if settled else None
        codes[offset - start] = _CODES[outcome] if outcome else 0
        if outcome and outcome != "routed":
            # "of <id> from <origin>" names one duplicate; the count is of the rule, not of the instance
            self._reasons[place, offset] = fate.reason.partition(" ")[0] if outcome != "duplicate" else ""

    def close(self, channel: str, read: Mapping[Place, int], drained: bool) -> Account:
        """The account of a channel. `read` is how far the normalize stage has committed each partition."""
        counts = dict.fromkeys(OUTCOMES, 0)
        accepted = in_flight = 0
        missing: list[str] = []
        for place in sorted(p for p in self.spans if p.topic == RAW + channel):
            start, end = self.spans[place]
            codes, size = self._codes[place], end - start
            accepted += size
            for outcome in OUTCOMES:
                counts[outcome] += codes.count(_CODES[outcome], 0, size)
            open_below = codes.count(0, 0, min(size, max(0, read.get(place, start) - start))) if drained else 0
            in_flight += codes.count(0, 0, size) - open_below
            missing += _named(place, start, codes, open_below)
        return Account(
            channel=channel,
            accepted=accepted,
            routed=counts["routed"],
            duplicate=counts["duplicate"],
            suppressed=counts["suppressed"],
            dead_lettered=counts["dead_lettered"],
            in_flight=in_flight,
            missing=tuple(missing),
            reasons=self._by_reason(channel),
        )

    def _by_reason(self, channel: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for (place, offset), reason in sorted(self._reasons.items()):
            code = self._codes[place][offset - self.spans[place][0]]
            if place.topic == RAW + channel and code and OUTCOMES[code - 1] != "routed":
                name = f"{OUTCOMES[code - 1]}: {reason}" if reason else OUTCOMES[code - 1]
                found[name] = found.get(name, 0) + 1
        return found


def _named(place: Place, start: int, codes: bytearray, count: int) -> Iterable[str]:
    at = -1
    for _ in range(count):
        at = codes.index(0, at + 1)
        yield str(Origin(place.topic, place.partition, start + at))


class Ledger:
    """The ledger of a running Switchboard, which can be taken again and again: each time only what is new is read.

    The order of the steps is what makes it a proof: first the end of what was accepted, then each stage's lag from
    the first to the last, then the fates. When no stage had work left, the fates of all that was counted exist.
    """

    def __init__(self, cluster: Cluster, channels: Iterable[str]) -> None:
        self._view = View(cluster)
        self._channels = tuple(channels)
        self._tally = Tally({})
        self._read: dict[Place, int] = {}

    def close(self) -> None:
        """Let go of the connections."""
        self._view.close()

    def take(self) -> list[Account]:
        """The account of each channel, as of now. Raises `Retriable` when Kafka does not answer."""
        existing = self._view.topics()
        names = [channel for channel in self._channels if RAW + channel in existing]
        self._tally.grow(self._view.spans(RAW + channel for channel in names))
        read = self._view.committed("normalize")
        behind = [
            self._view.lag("thread", [Message.topic]),
            self._view.lag("route", [Threaded.topic, StatusChange.topic]),
        ]
        drained = not any(lag for stage in behind for lag in stage.values())
        for record in self._view.records(Fate.topic, self._read):
            self._tally.add(decode(Fate, record.value, record.headers))
            self._read[Place(Fate.topic, record.partition)] = record.offset + 1
        return [self._tally.close(name, read, drained) for name in names]


def take(cluster: Cluster, channels: Iterable[str]) -> list[Account]:
    """The ledger as of now, once."""
    ledger = Ledger(cluster, channels)
    try:
        return ledger.take()
    finally:
        ledger.close()
