"""The proof that nothing was lost: accepted = routed + duplicate + suppressed + dead-lettered + in flight.

What was accepted is counted by the offsets of the raw topics, which no stage can change, and what became of it by the
balances of the ledger stage. A record without a fate is *in flight* while some stage still has work, and *missing* when
none has: then it was lost, and is named. It is *late* when it has had no fate for longer than a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec

from normalizer.cluster import Cluster
from normalizer.events import RAW, Balance, Fate, Message, Origin, Outcome, StatusChange, Threaded
from normalizer.wire import decode
from ops.view import Place, View
from streams.ledger import Ledger as Stage

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
NAMED = 10_000
"""How many records of a channel are named at most; all are counted."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the records of one channel, since its first. `reasons` counts them by outcome and reason.

    `missing` and `late` are the names of the first of `missing_total` and `late_total`; what is late is also in flight
    or missing. `expired` had no fate when the topic let go of it. `refused` counts by sink, and was routed.
    """

    channel: str
    accepted: int
    routed: int = 0
    duplicate: int = 0
    suppressed: int = 0
    dead_lettered: int = 0
    in_flight: int = 0
    missing: tuple[str, ...] = ()
    missing_total: int = 0
    late: tuple[str, ...] = ()
    late_total: int = 0
    expired: int = 0
    reasons: dict[str, int] = {}
    refused: dict[str, int] = {}

    @property
    def adds_up(self) -> bool:
        """Whether every accepted record has a fate or is on its way to one."""
        found = self.routed + self.duplicate + self.suppressed + self.dead_lettered + self.in_flight + self.expired
        return self.accepted == found and not self.missing_total


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of the raw partitions of all channels.

    `spans` are the first offset that is still there and the next to be written. Below `read` every record without a
    fate is missing, below `old` it is late.
    """

    spans: Mapping[Place, tuple[int, int]]
    balances: Mapping[Place, Balance] = {}
    read: Mapping[Place, int] = {}
    old: Mapping[Place, int] = {}

    def account(self, channel: str) -> Account:
        """What became of the records of a channel."""
        sums = dict.fromkeys((*OUTCOMES, "accepted", "in_flight", "missing_total", "late_total", "expired"), 0)
        reasons: dict[str, int] = {}
        refused: dict[str, int] = {}
        missing: list[str] = []
        late: list[str] = []
        for place in sorted(place for place in self.spans if place.topic == RAW + channel):
            start, end = self.spans[place]
            found = self.balances.get(place) or Balance(raw=place.topic, partition=place.partition, watermark=0, end=0)
            for outcome in OUTCOMES:
                sums[outcome] += getattr(found, outcome)
            sums["accepted"] += end
            expired = _open(found, start)
            lost = max(_open(found, self.read.get(place, 0)) - expired, 0)
            sums["expired"] += expired
            sums["missing_total"] += lost
            sums["late_total"] += max(_open(found, self.old.get(place, 0)) - expired, 0)
            sums["in_flight"] += max(end - found.settled - expired - lost, 0)
            missing += _named(found, start, self.read.get(place, 0), NAMED - len(missing))
            late += _named(found, start, self.old.get(place, 0), NAMED - len(late))
            _add(reasons, found.reasons)
            _add(refused, found.refused)
        return Account(
            channel=channel,
            missing=tuple(missing),
            late=tuple(late),
            reasons=dict(sorted(reasons.items())),
            refused=dict(sorted(refused.items())),
            **sums,
        )


def _open(balance: Balance, below: int) -> int:
    """How many records below an offset have no fate; of gaps that are too many to be named, only those that are."""
    if below >= balance.end:
        return below - balance.settled
    return sum(max(min(end, below) - first, 0) for first, end in balance.gaps)


def _named(balance: Balance, since: int, below: int, most: int) -> Iterator[str]:
    for first, end in (*balance.gaps, (balance.end, below)):
        for offset in range(max(first, since), min(end, below)):
            if most <= 0:
                return
            most -= 1
            yield str(Origin(balance.raw, balance.partition, offset))


def _add(sums: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        sums[name] = sums.get(name, 0) + count


class Ledger:
    """The ledger of a running Switchboard, which can be taken again and again: each time only what is new is read.

    The order of the steps is what makes it a proof: first how far normalize has come, then the lag of each stage from
    thread to ledger, then the balances. When no stage had work left, the fates of all that normalize had done are in
    them. The ends of the raw topics come last, since what has a fate was accepted before.
    """

    def __init__(self, cluster: Cluster, channels: Iterable[str]) -> None:
        self._view = View(cluster)
        self._channels = tuple(channels)
        self._balances: dict[Place, Balance] = {}
        self._read: dict[Place, int] = {}

    def close(self) -> None:
        """Let go of the connections."""
        self._view.close()

    def take(self, late: timedelta | None = None) -> list[Account]:
        """The account of each channel, as of now. What has had no fate for longer than `late` is named.

        Raises `Retriable` when Kafka does not answer.
        """
        existing = self._view.topics()
        names = [channel for channel in self._channels if RAW + channel in existing]
        topics = [RAW + name for name in names]
        old = {} if late is None else self._view.offsets_at(topics, datetime.now(UTC) - late)
        read = self._view.committed("normalize")
        behind = [
            self._view.lag("thread", [Message.topic]),
            self._view.lag("route", [Threaded.topic, StatusChange.topic]),
            self._view.lag(Stage.name, [Fate.topic]),
        ]
        drained = not any(lag for stage in behind for lag in stage.values())
        for record in self._view.records(Balance.topic, self._read):
            balance = decode(Balance, record.value, record.headers)
            self._balances[Place(balance.raw, balance.partition)] = balance
            self._read[Place(Balance.topic, record.partition)] = record.offset + 1
        spans = self._view.spans(topics)
        moment = Moment(spans=spans, balances=self._balances, read=read if drained else {}, old=old)
        return [moment.account(name) for name in names]


def take(cluster: Cluster, channels: Iterable[str], late: timedelta | None = None) -> list[Account]:
    """The ledger as of now, once."""
    ledger = Ledger(cluster, channels)
    try:
        return ledger.take(late)
    finally:
        ledger.close()
