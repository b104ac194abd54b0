"""What `switchboard up` shows while it runs: one sample of everything, taken in a thread (`_picture` draws it)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from normalizer.cluster import Cluster
from normalizer.errors import SwitchboardError
from normalizer.events import Health, Ticket
from ops import channels
from ops.cli.ledger import line as ledger_line
from ops.ledger import Account, Ledger
from ops.status import stage_status
from sinks._tickets import Tickets
from streams._run import Workers
from streams._stage import Processor

_LATEST = 8


class Count(msgspec.Struct, frozen=True):
    """A stage's counters since it started. `dead_letters` is None where it runs in processes that nobody can ask."""

    name: str
    records: int
    lag: int
    dead_letters: int | None = None
    waiting: str = ""


class StageRate(msgspec.Struct, frozen=True):
    """A stage's counters, and records a second since the last sample."""

    count: Count
    rate: float


class Sample(msgspec.Struct, frozen=True):
    """Everything at one moment. `problem` says why a part could not be looked at."""

    sources: tuple[Health, ...]
    stages: tuple[StageRate, ...]
    ledger: tuple[Account, ...]
    tickets: tuple[Ticket, ...]
    openings: Mapping[str, str] = {}
    problem: str = ""


class Sampler:
    """Looks at a running Switchboard. `sample` blocks: call it in a thread."""

    def __init__(
        self,
        cluster: Cluster,
        store: str,
        health: Callable[[], Sequence[Health]],
        counts: Callable[[], Sequence[Count]],
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._health = health
        self._counts = counts
        self._last: dict[str, tuple[float, int]] = {}
        self._ledger: Ledger | None = None

    def sample(self) -> Sample:
        """How everything is now. What cannot be reached for a moment is said, and is no error."""
        stages: tuple[StageRate, ...] = ()
        try:
            stages = tuple(self._rate(count) for count in self._counts())
            self._ledger = self._ledger or Ledger(self._cluster, channels.names())
            accounts = tuple(account for account in self._ledger.take() if account.accepted)
            with Tickets(self._store) as store:
                latest = tuple(store.list_tickets(limit=_LATEST))
                openings = store.openings(latest)
        except SwitchboardError as error:
            return Sample(tuple(self._health()), stages, (), (), problem=str(error))
        return Sample(tuple(self._health()), stages, accounts, latest, openings)

    def _rate(self, count: Count) -> StageRate:
        now = time.monotonic()
        before, records = self._last.get(count.name, (now - 1, count.records))
        self._last[count.name] = (now, count.records)
        return StageRate(count, (count.records - records) / max(now - before, 1e-3))


def counted_here(workers: Workers) -> list[Count]:
    """The stages of this process."""
    found = {name: worker.progress for name, worker in workers.items()}
    return [Count(name, each.records, each.lag, each.dead_letters, each.waiting) for name, each in found.items()]


class CountedByKafka:
    """The stages of other processes, by what their groups have committed since the first look. Call it in a thread."""

    def __init__(self, cluster: Cluster, stages: Sequence[Processor]) -> None:
        self._cluster = cluster
        self._stages = stages
        self._first: dict[str, int] = {}

    def __call__(self) -> list[Count]:
        """All of them. Raises `Retriable` when Kafka does not answer."""
        found = stage_status(self._cluster, self._stages)
        return [Count(each.name, each.done - self._first.setdefault(each.name, each.done), each.lag) for each in found]


def line(sample: Sample) -> str:
    """A sample in one line, for logs and pipes."""
    return ledger_line(sample.ledger)
