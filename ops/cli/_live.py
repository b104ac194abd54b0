"""What `switchboard up` shows while it runs: one sample of everything, taken in a thread, drawn as one picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from normalizer.cluster import Cluster
from normalizer.errors import SwitchboardError
from normalizer.events import Health, Ticket
from ops import channels
from ops.cli._show import table
from ops.cli.ledger import line as ledger_line
from ops.cli.ledger import rendered
from ops.cli.tickets import listing
from ops.ledger import Account, Ledger
from ops.status import stage_status
from sinks._tickets import Tickets
from streams._run import Workers
from streams._stage import Processor

_LATEST = 8
_SOURCES = 20  # more of them would leave no room for the tickets
_COLUMNS = [
    "source", "state", "received#", "a minute#", "behind#", "errors#", "last received", "looked", "note",
]  # fmt: skip
_WORST = ("failing", "waiting", "starting", "running", "stopped")


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


def picture(title: str, sample: Sample) -> RenderableType:
    """A sample as it is shown in a terminal."""
    shown = sample.sources if len(sample.sources) <= _SOURCES else by_account(sample.sources)
    sources = [
        (
            health.name,
            health.state,
            health.received,
            f"{health.rate:.1f}",
            health.behind,
            health.errors,
            health.last_received_at,
            health.looked_at,
            " · ".join(filter(None, (health.warning, health.detail))),
        )
        for health in shown
    ]
    counts = [(each.count, each.rate) for each in sample.stages]
    stages = [(c.name, c.records, f"{rate:.0f}", c.lag, c.dead_letters, c.waiting) for c, rate in counts]
    parts: list[RenderableType] = [
        Text(title, style="bold"),
        Text(),
        table("Sources, since this start", _COLUMNS, sources),
        Text(),
        table(
            "Stages, since this start",
            ["stage", "records#", "a second#", "waiting#", "dead letters#", "detail"],
            stages,
        ),
        Text(),
        rendered(list(sample.ledger)),
        Text(),
        listing(sample.tickets, sample.openings),
    ]
    if sample.problem:
        parts.append(Text(sample.problem, style="yellow"))
    return Group(*parts)


def by_account(sources: Sequence[Health]) -> list[Health]:
    """One report for each account: the worst state of its sources and what that one says, their sums, the oldest look."""
    accounts: dict[str, list[Health]] = {}
    for health in sources:
        accounts.setdefault("/".join(health.name.split("/")[:2]), []).append(health)
    return [_together(name, found) for name, found in accounts.items()]


def _together(name: str, found: Sequence[Health]) -> Health:
    worst = min(found, key=lambda health: _WORST.index(health.state))
    behind = [health.behind for health in found if health.behind is not None]
    return msgspec.structs.replace(
        worst,
        name=name if len(found) == 1 else f"{name} ({len(found)})",
        received=sum(health.received for health in found),
        rate=sum(health.rate for health in found),
        behind=sum(behind) if behind else None,
        errors=sum(health.errors for health in found),
        last_received_at=max(filter(None, (health.last_received_at for health in found)), default=None),
        looked_at=min(filter(None, (health.looked_at for health in found)), default=None),
        warning=next((health.warning for health in found if health.warning), ""),
    )


def line(sample: Sample) -> str:
    """A sample in one line, for logs and pipes."""
    return ledger_line(sample.ledger)
