"""What the benchmark of the ledger tells it: fates of every kind, repeated, out of order, some never told; and what is true."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from normalizer.events import Fate, Origin, Outcome

RAW_TOPIC = "raw.mail"
WINDOW = 20_000  # fates within which the order is lost
LATER = 1_000_000  # records after which at the latest a dead letter is mended: the ledger knows those of two million in each partition
_AGAIN = 500  # fates that come again at once, as a batch does after a crash
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_OUTCOMES: tuple[Outcome, ...] = ("routed", "duplicate", "suppressed", "dead_lettered")
_WEIGHTS = (80, 8, 10, 2)
_WORST: tuple[Outcome, ...] = ("dead_lettered", "routed", "duplicate", "suppressed")


class Truth(msgspec.Struct):
    """What a right ledger says in the end."""

    counts: dict[Outcome, int]
    missing: set[str]
    fates: int = 0


class Story:
    """The fates of `records` raw records in so many partitions, of which `missing` never have all of theirs."""

    def __init__(self, records: int, partitions: int, missing: int, seed: int) -> None:
        self.records, self.partitions = records, partitions
        self._random = random.Random(seed)
        self._lost = set(self._random.sample(range(records), missing))
        self.truth = Truth(dict.fromkeys(_OUTCOMES, 0), set())

    def fates(self) -> Iterator[Fate]:
        """All of them, in the order in which they are told; the truth is whole after the last."""
        window: list[Fate] = []
        later: list[Fate] = []
        for number in range(self.records):
            window += self._told(number, later)
            if len(window) >= WINDOW:
                yield from self._shuffled(window)
                window = []
            if number % LATER == LATER - 1:
                yield from self._shuffled(window)
                yield from self._shuffled(later)
                window, later = [], []
        yield from self._shuffled(window)
        yield from self._shuffled(later)

    def _told(self, number: int, later: list[Fate]) -> Sequence[Fate]:
        chance = self._random.random
        origin = Origin(RAW_TOPIC, number % self.partitions, number // self.partitions)
        items = self._random.choice((2, 3, 4)) if chance() < 0.03 else 1
        fates = [self._fate(origin, item, items) for item in range(items)]
        if number in self._lost:
            self.truth.missing.add(str(origin))
            return fates[1:]  # one of its messages was lost
        outcomes = [fate.outcome for fate in fates]
        if "dead_lettered" in outcomes and chance() < 0.3:  # read again with better code, much later
            later += [msgspec.structs.replace(fate, outcome="routed", reason="") for fate in fates]
            outcomes = ["routed" if outcome == "dead_lettered" else outcome for outcome in outcomes]
        elif "dead_lettered" not in outcomes and chance() < 0.02:  # replayed by code that says something else
            later += [msgspec.structs.replace(fate, outcome="suppressed", reason="late") for fate in fates]
        self.truth.counts[min(outcomes, key=_WORST.index)] += 1
        if chance() < 0.05:
            fates += fates
        return fates

    def _fate(self, origin: Origin, item: int, items: int) -> Fate:
        [outcome] = self._random.choices(_OUTCOMES, _WEIGHTS)
        reason = "" if outcome in {"routed", "duplicate"} else f"reason-{self._random.randrange(12)}"
        return Fate(origin=origin, outcome=outcome, at=_AT, item=item, items=items, stage="route", reason=reason)

    def _shuffled(self, fates: list[Fate]) -> Iterator[Fate]:
        self._random.shuffle(fates)
        for start in range(0, len(fates), _AGAIN):
            batch = fates[start : start + _AGAIN]
            again = 2 if self._random.random() < 0.05 else 1
            self.truth.fates += again * len(batch)
            for _ in range(again):
                yield from batch
