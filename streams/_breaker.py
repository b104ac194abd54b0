"""When too much of what a stage takes is set aside for one reason, the cause is not in the records.

A bad deploy or a broken schema would empty a topic into the dead letters. So a batch with which one reason passes
its share is not written: the stage keeps it, says why, and decides it again after growing waits (M. Nygard, "Release
It!", circuit breaker). It goes on when the share has fallen, or when an operator lets that reason through. Pure.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from normalizer.events import Health
from streams._record import Output, emit

REPORTS = "stage/"
"""What stands before a stage's name, its topic and partition in the name of its reports."""
FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 60.0
_EXAMPLE_CHARS = 300


class BreakerPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a stage pauses instead of filling the dead letters.

    It does when more than `most` of the last `of` records that a process of it took would be set aside for one reason.
    A handful never does. `let_through` are reasons that are set aside however many there are: name one there, and start
    the stage again, when you have looked at `switchboard status` and want it so.
    """

    most: Annotated[int, Meta(ge=1)] = 100
    of: Annotated[int, Meta(ge=1)] = 500
    let_through: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.most >= self.of:
            raise ValueError(f"most is {self.most} of the last {self.of} records, which can never be passed: lower it")


Letter = tuple[int, str, str]
"""A record that is set aside: which of its batch, the reason, and what was said of it."""


class Tripped(Exception):
    """So many of the last records would be set aside for one reason; their batch must not be written."""

    def __init__(self, stage: str, reason: str, policy: BreakerPolicy, example: str) -> None:
        super().__init__(
            f"the stage {stage} pauses: more than {policy.most} of its last {policy.of} records would be set aside for "
            f"{reason!r} ({example[:_EXAMPLE_CHARS]}). Look for what they have in common: a version or a setting that cannot read them. "
            f"Mend it and start the stage again; if they shall all be dead letters, add {reason!r} to breaker.let_through"
        )
        self.reason = reason


class Breaker:
    """The last records of one stage in one process, as far as they were set aside."""

    def __init__(self, stage: str, policy: BreakerPolicy) -> None:
        self._stage = stage
        self._policy = policy
        self._seen = 0
        self._letters: deque[tuple[int, str]] = deque()

    def take(self, records: int, letters: Sequence[Letter]) -> None:
        """Take in a batch of so many records. Raises `Tripped`, and then nothing was taken in."""
        taken = [(self._seen + at, reason) for at, reason, _ in letters if reason not in self._policy.let_through]
        if taken:
            counts: Counter[str] = Counter()
            window = deque[tuple[int, str]]()
            for at, reason in (*self._letters, *taken):
                counts[reason] += 1
                window.append((at, reason))
                for _, gone in _left(window, at - self._policy.of):
                    counts[gone] -= 1
                if counts[reason] > self._policy.most:
                    raise Tripped(self._stage, reason, self._policy, next(e for _, r, e in letters if r == reason))
            self._letters = window
        self._seen += records
        for _ in _left(self._letters, self._seen - 1 - self._policy.of):
            pass


def _left(window: deque[tuple[int, str]], last: int) -> Iterator[tuple[int, str]]:
    """What falls out of the window: everything up to the record `last`."""
    while window and window[0][0] <= last:
        yield window.popleft()


def report(stage: str, topic: str, partition: int, why: str) -> Output:
    """What `switchboard status` shows: why a stage holds a batch of this partition, or with "" that it has gone on."""
    now = datetime.now(UTC)
    health = Health(
        name=f"{REPORTS}{stage}/{topic}/{partition}", state="failing" if why else "running", at=now, detail=why
    )
    return emit(health, health.name, source=stage, ce_id=f"{health.name}@{now.isoformat()}")


def waits() -> Iterator[float]:
    """Seconds between the probes, for ever."""
    wait = FIRST_WAIT_SECONDS
    while True:
        yield wait
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)
