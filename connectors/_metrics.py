"""``/metrics``: how the sources of this process are doing, for Prometheus.

The text format is that of https://prometheus.io/docs/instrumenting/exposition_formats/. Counters are those of this process
and begin at 0 with it. Where many processes serve the doors of an account, sum over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import get_args

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors._bearer import Bearer
from connectors._status import State
from normalizer.events import Health


def metrics_route(collector: Collector, bearer: Bearer) -> BaseRoute:
    """The route, over what `collector` finds when it is asked, for whom `bearer` knows."""
    registry = CollectorRegistry()
    registry.register(collector)

    def metrics(request: Request) -> Response:  # in a thread: a collector may have to ask elsewhere
        bearer.demand(request)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", metrics)


class OfProcess(Collector):
    """The sources of this process."""

    def __init__(self, health: Callable[[], Sequence[Health]]) -> None:
        self._health = health

    def describe(self) -> Iterator[Metric]:
        """Nothing: the health is not looked at before somebody asks."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """A family for each fact, with a sample for each source."""
        sources, now = self._health(), datetime.now(UTC)
        received = CounterMetricFamily("switchboard_received", "Deliveries that Kafka has.", labels=["source"])
        errors = CounterMetricFamily("switchboard_errors", "Failures of a source.", labels=["source"])
        heard = _gauge("switchboard_seconds_since_received", "Since the last delivery.")
        looked = _gauge("switchboard_seconds_since_looked", "Since the last good look, with news or without.")
        behind = _gauge("switchboard_behind", "Items that the source still holds, where it can say.")
        state = GaugeMetricFamily("switchboard_state", "1 for the state that it is in.", labels=["source", "state"])
        for each in sources:
            received.add_metric([each.name], each.received)
            errors.add_metric([each.name], each.errors)
            if each.last_received_at:
                heard.add_metric([each.name], (now - each.last_received_at).total_seconds())
            if each.looked_at:
                looked.add_metric([each.name], (now - each.looked_at).total_seconds())
            if each.behind is not None:
                behind.add_metric([each.name], each.behind)
            for name in get_args(State):
                state.add_metric([each.name, name], float(each.state == name))
        yield from (received, errors, heard, looked, behind, state)


def _gauge(name: str, about: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, labels=["source"])
