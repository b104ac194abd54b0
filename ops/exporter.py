"""What Prometheus is told of a whole installation by one process: every source, every stage, the ledger.

Nothing of it is counted here: it is what the topics, the consumer groups and the reports say when somebody asks, so
the exporter may stop, start and run twice as it likes. Sources that have doors also tell their own counters, at their
own ``/metrics``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connectors._status import State
from normalizer.cluster import Cluster
from ops.ledger import OUTCOMES, Account, take
from ops.sources import Source, look
from ops.status import StageStatus, stage_status
from streams._stage import Processor

STATES = (*get_args(State), "silent", "never ran")


class Seen(msgspec.Struct, frozen=True):
    """Everything at one moment."""

    at: datetime
    sources: Sequence[Source]
    stages: Sequence[StageStatus]
    ledger: Sequence[Account]


def seen(
    cluster: Cluster, accounts: Mapping[str, Collection[str]], stages: Sequence[Processor], late: timedelta
) -> Seen:
    """Look at a cluster. `accounts` are those of the configuration, by channel. Raises `Retriable` without Kafka."""
    now = datetime.now(UTC)
    return Seen(now, look(cluster, accounts, now), stage_status(cluster, stages), take(cluster, accounts, late))


class Installation(Collector):
    """Looks when it is asked, one at a time."""

    def __init__(self, looking: Callable[[], Seen]) -> None:
        self._looking = looking
        self._one_at_a_time = threading.Lock()

    def describe(self) -> Iterator[Metric]:
        """Nothing: nobody is asked before somebody asks."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """A family for each fact."""
        with self._one_at_a_time:
            found = self._looking()
        yield from _of_sources(found.sources, found.at)
        yield from _of_stages(found.stages)
        yield from _of_ledger(found.ledger)


def _of_sources(sources: Sequence[Source], now: datetime) -> Iterator[Metric]:
    state = _gauge("source_state", "1 for the state that it is in.", "source", "state")
    looked = _gauge("source_seconds_since_looked", "Since the last good look, with news or without.", "source")
    heard = _gauge("source_seconds_since_received", "Since the last delivery.", "source")
    behind = _gauge("source_behind", "Items that the source still holds, where it can say.", "source")
    warned = _gauge("source_warning", "1 when something will need a person soon.", "source")
    for each in sources:
        for name in STATES:
            state.add_metric([each.name, name], float(each.state == name))
        if each.looked_at:
            looked.add_metric([each.name], (now - each.looked_at).total_seconds())
        if each.last_received_at:
            heard.add_metric([each.name], (now - each.last_received_at).total_seconds())
        if each.behind is not None:
            behind.add_metric([each.name], each.behind)
        warned.add_metric([each.name], float(bool(each.warning)))
    yield from (state, looked, heard, behind, warned)


def _of_stages(stages: Sequence[StageStatus]) -> Iterator[Metric]:
    lag = _gauge("stage_lag", "Records that the stage has not finished.", "stage")
    done = _gauge("stage_done", "Records that the stage has committed.", "stage")
    held = _gauge("stage_paused", "1 while it holds a batch: too much of it would be set aside.", "stage")
    for each in stages:
        lag.add_metric([each.name], each.lag)
        done.add_metric([each.name], each.done)
        held.add_metric([each.name], float(bool(each.paused)))
    yield from (lag, done, held)


def _of_ledger(ledger: Sequence[Account]) -> Iterator[Metric]:
    accepted = _gauge("ledger_accepted", "Raw records, since the first.", "channel")
    fates = _gauge("ledger_fates", "What became of them.", "channel", "outcome")
    flying = _gauge("ledger_in_flight", "Those without a fate that are on their way.", "channel")
    missing = _gauge("ledger_missing", "Those without a fate that nobody works at: they were lost.", "channel")
    late = _gauge("ledger_late", "Those without a fate for longer than the limit.", "channel")
    for each in ledger:
        accepted.add_metric([each.channel], each.accepted)
        for outcome in OUTCOMES:
            fates.add_metric([each.channel, outcome], getattr(each, outcome))
        flying.add_metric([each.channel], each.in_flight)
        missing.add_metric([each.channel], each.missing_total)
        late.add_metric([each.channel], each.late_total)
    yield from (accepted, fates, flying, missing, late)


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"switchboard_{name}", about, labels=labels)
