"""Polled accounts shared out among edge processes by Kafka's consumer-group protocol, one owner for each at a time.

An account falls into a partition of the topic ``edge.accounts`` by a hash of its name; who owns the partition polls the
account. What is guaranteed:

- An account moves from a process that answers only after that process has finished: its sources are told to stop, publish and save
  the page in hand, and end; then the partition is given up. One that does not end within `_FINISH` seconds (a vendor that
  hangs) is given up all the same, a little before Kafka would take it (`REBALANCE`), and can publish and save nothing from then on.
- The next owner starts from the last position that was saved: it reads the cursors after it was given the account.
- A process that dies, is paused, or is cut off loses its accounts after `SESSION` seconds. It notices by itself, without
  asking anybody: it holds a lease, which each answer of Kafka prolongs to a time that is earlier than that at which Kafka gives
  its accounts away. After that time it publishes nothing, saves nothing and ends its sources, and begins them anew
  when Kafka has confirmed that it is a member.
- What cannot be avoided: a request to a vendor, or a page on its way to Kafka, in which a process is caught when it is paused; and
  the second until Kafka answers, where a virtual machine is paused together with its clock. Then a page may come twice, and a
  position may be saved that is older than that of the next owner, and stand until that has its next item. Both repeat
  deliveries, which downstream knows by their ids, and skip none.
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable, Set
from typing import Protocol

from connectors._membership import REBALANCE, SESSION, Holder
from connectors._sources import Sources

_log = logging.getLogger(__name__)

_LEASE = SESSION - 3.0  # seconds that an answer of Kafka is good for
_FINISH = REBALANCE - 15.0
_CONFIRM = 1.0
_TICK = 0.05


def partition_of(account: str, partitions: int) -> int:
    """The partition that an account falls into: the same in every process and for ever."""
    return zlib.crc32(account.encode()) % partitions


def since_boot() -> float:
    """Seconds, with those in which the machine slept where it can tell: others have not waited for it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Member(Protocol):
    """A membership in the group that shares out partitions (`_membership.Membership`)."""

    partitions: int
    problem: str

    def start(self, holder: Holder) -> None:
        """Join, soon; `holder` is told what that gives."""
        ...

    def close(self, seconds: float) -> None:
        """Give up everything."""
        ...

    def confirmed(self, partition: int) -> bool | None:
        """Whether we are still the member that we were; None when that cannot be told now."""
        ...


class Shares:
    """Which accounts this process has, as a `member`. `taken_over` is called before any account is begun."""

    def __init__(self, member: Member, taken_over: Callable[[], None], clock: Callable[[], float] = since_boot) -> None:
        self._membership = member
        self._taken_over = taken_over
        self._clock = clock
        self._lock = threading.Lock()  # of what the client's thread and the keeper's both change
        self._granted: set[int] = set()
        self._leaving: list[tuple[set[int], Callable[[], None]]] = []
        self._held: dict[str, float] = {}  # what runs here; the time when it must have ended, once it was asked to
        self._fenced: frozenset[str] = frozenset()  # of those, what may no longer be heard of
        self._until = 0.0
        self._confirm_at = 0.0
        self._closed = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="shares", daemon=True)

    def start(self, sources: Sources) -> None:
        """Join the group, and begin and end accounts as they are given and taken."""
        self._sources = sources
        self._keeper.start()
        self._membership.start(self)

    def close(self) -> None:
        """Leave the group. The sources have ended, so that others may begin at once."""
        self._membership.close(SESSION)
        self._closed.set()
        self._keeper.join(SESSION)

    def problems(self) -> list[str]:
        """Why nothing is shared out now."""
        return [self._membership.problem] if self._membership.problem else []

    def ours(self, account: str) -> bool:
        """Whether an account that was begun here may be heard of, at this moment."""
        return self._clock() < self._until and account in self._held and account not in self._fenced

    def granted(self, partitions: Set[int]) -> None:
        """Kafka gives us more."""
        with self._lock:
            self._granted |= partitions
            self._confirm_at = 0.0

    def revoked(self, partitions: Set[int], done: Callable[[], None]) -> None:
        """Kafka takes some; it waits until `done`."""
        with self._lock:
            self._granted -= partitions
            self._leaving.append((set(partitions), done))

    def lost(self) -> None:
        """Kafka has taken all."""
        with self._lock:
            self._granted.clear()
            self._until = 0.0

    def _keep(self) -> None:
        while not self._closed.wait(_TICK):
            try:
                self._tick()
            except Exception:  # noqa: BLE001 - without this thread the lease ends and nothing is read, for ever
                _log.exception("the accounts that this process has could not be looked after, which is a bug")

    def _tick(self) -> None:
        lapsed = self._clock() >= self._until
        self._confirm(lapsed=lapsed)
        with self._lock:
            granted = set() if lapsed else set(self._granted)
        wanted = {each for each in self._sources.accounts if self._partition(each) in granted}
        if lapsed:
            self._fenced = frozenset(self._held)
        self._end({each for each, asked in self._held.items() if asked or each not in wanted})
        self._begin(wanted - self._held.keys())
        self._give_up()

    def _confirm(self, *, lapsed: bool) -> None:
        """Prolong the lease, if Kafka counts us as a member. One that has run out is not prolonged but begun anew."""
        now = self._clock()
        with self._lock:
            partition = next(iter(self._granted), None)
            if partition is None or now < self._confirm_at:
                return
            self._confirm_at = now + _CONFIRM
        answer = self._membership.confirmed(partition)
        with self._lock:
            in_time = lapsed or self._clock() < self._until - _TICK
            if answer and in_time and self._granted:
                self._until = now + _LEASE  # counted from the question, since Kafka counts from later
            elif answer is False:
                self._until = 0.0

    def _begin(self, accounts: Set[str]) -> None:
        if accounts:
            self._taken_over()
        for account in sorted(accounts):
            self._held[account] = 0.0
            self._sources.begin(account, lambda account=account: self.ours(account))  # type: ignore[misc]  # bound at once

    def _end(self, accounts: Set[str]) -> None:
        now = self._clock()
        for account in sorted(accounts):
            if not self._held[account]:
                self._held[account] = now + _FINISH
                self._sources.end(account)
            if self._sources.ended(account):
                del self._held[account]
                self._fenced -= {account}
            elif now > self._held[account] and account not in self._fenced:
                self._fenced |= {account}
                _log.warning(
                    "%s did not stop in %g s and goes to another process: what it still reads is dropped",
                    account,
                    _FINISH,
                )

    def _give_up(self) -> None:
        """Tell Kafka of what was to be given up and has ended."""
        busy = {self._partition(account) for account in self._held.keys() - self._fenced}
        with self._lock:
            ready = [each for each in self._leaving if not each[0] & busy]
            self._leaving = [each for each in self._leaving if each[0] & busy]
        for _, done in ready:
            done()

    def _partition(self, account: str) -> int:
        return partition_of(account, max(1, self._membership.partitions))
