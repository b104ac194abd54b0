"""How everything is doing: the sources by what they report, the stages by what Kafka knows of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from normalizer.cluster import Cluster
from normalizer.events import Event, Health
from normalizer.wire import decode
from ops.view import View
from streams._breaker import LONGEST_WAIT_SECONDS, REPORTS
from streams._stage import Processor

E = TypeVar("E", bound=Event)
_REPEATED = timedelta(seconds=LONGEST_WAIT_SECONDS)


class StageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A stage's consumer group: `lag` records wait, `done` were committed. `never_ran` when it has no offsets.

    `paused` is why it sets nothing more aside and holds its batch, "" while it does not.
    """

    name: str
    lag: int
    done: int
    never_ran: bool
    paused: str = ""


def stage_status(cluster: Cluster, stages: Sequence[Processor]) -> list[StageStatus]:
    """Every stage, in the given order. Raises `Retriable` when Kafka does not answer."""
    with View(cluster) as view:
        existing = view.topics()
        paused = _paused(last_of(view, Health), datetime.now(UTC))
        found = []
        for stage in stages:
            committed = view.committed(stage.name)
            lag = view.lag(stage.name, [topic for topic in stage.inputs if topic in existing])
            found.append(
                StageStatus(
                    name=stage.name,
                    lag=sum(lag.values()),
                    done=sum(committed.values()),
                    never_ran=not committed,
                    paused=paused.get(stage.name, ""),
                )
            )
        return found


def source_health(cluster: Cluster) -> list[Health]:
    """The last report of every source, by name."""
    with View(cluster) as view:
        sources = (health for health in last_of(view, Health) if not health.name.startswith(REPORTS))
        return sorted(sources, key=lambda health: health.name)


def _paused(reports: Sequence[Health], now: datetime) -> dict[str, str]:
    """Why stages are paused. A report that is not repeated in time is of a process that has ended."""
    held = (each for each in reports if each.name.startswith(REPORTS) and each.state == "failing")
    return {each.name.split("/")[1]: each.detail for each in held if now - each.at < 2 * _REPEATED}


def last_of(view: View, event: type[E]) -> list[E]:
    """The last event of each key of a compacted topic; only these are read, however many stand before them."""
    last: dict[bytes, Any] = {}
    if event.topic in view.topics():
        for record in view.records(event.topic):
            last[record.key] = record
    return [decode(event, record.value, record.headers) for record in last.values() if record.value is not None]
