"""Many destinations on real Kafka: each at its own pace, whatever becomes of the others."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from connectors._publisher import Publisher, Record
from normalizer.cluster import Cluster
from normalizer.events import Routed
from normalizer.wire import encode, headers
from ops import wiring
from ops.config import Config, Store
from ops.status import stage_status
from sinks._tickets import Tickets
from sinks.webhook import event_name
from streams._run import Workers, run
from streams._stage import Processor
from tests.conformance.sink import routed
from tests.servers.endpoint import Endpoint, Taken, serving
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgbG9uZyBlbm91Z2g="


def publish(cluster: Cluster, events: Sequence[Routed]) -> None:
    """Put events on their topic, as the stage `route` does."""
    publisher = Publisher(cluster)
    publisher.write(
        [
            Record(
                event.topic,
                event.ticket.id.encode(),
                encode(event),
                headers(event, ce_id=event_name(event), source="route", time=event.ticket.updated_at),
            )
            for event in events
        ]
    )
    publisher.close()


def delivering(config: Config) -> list[Processor]:
    """The stages that fill something."""
    return [stage for stage in wiring.stages(config) if stage.name.startswith("deliver.")]


@contextlib.contextmanager
def at_work(stages: Sequence[Processor], cluster: Cluster) -> Iterator[Workers]:
    """Stages in this process, as `switchboard run stage all` has them."""
    stop, ready = threading.Event(), threading.Event()
    found: dict[str, Any] = {}

    def started(workers: Workers) -> None:
        found.update(workers)
        ready.set()

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(run, stages, cluster, ready=started, stop=stop)
        try:
            while not ready.wait(0.1):
                assert not going.done(), going.result()
            yield found
            assert not going.done(), going.result()
        finally:
            stop.set()
            going.result()


def until(what: Callable[[], object], seconds: float = 120) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def events(revisions: range, tickets: int = 40) -> list[Routed]:
    """Some revisions of all tickets, in the order in which they happened."""
    return [routed(ticket, revision) for revision in revisions for ticket in range(tickets)]


def revisions(came: Sequence[Taken]) -> Mapping[str, list[int]]:
    """The revisions of each ticket in the order in which they were taken first."""
    found: dict[str, list[int]] = {}
    for each in came:
        ticket, revision = each.revision
        if each.status < 300 and revision not in found.setdefault(ticket, []):
            found[ticket].append(revision)
    return found


def exported(where: Path | str) -> bytes:
    """The whole content of a store."""
    with Tickets(where) as tickets:
        return b"".join(tickets.export())


def test_no_destination_stops_another_and_none_loses_anything(
    tmp_path: Path, cluster: Cluster, postgres: PostgresServer, store_url: str
) -> None:
    """One endpoint is dead, one fails and is slow, PostgreSQL ends in the middle: the others go on, and all end equal."""
    dead, flapping = Endpoint(SECRET), Endpoint(SECRET)
    flapping.seconds, count = 0.01, iter(range(1_000_000))
    flapping.answer = lambda _: Response(status_code=500 if next(count) % 50 == 7 else 204)
    hooks = {
        name: {"kind": "webhook", "url": each.url, "secrets": [SECRET]}
        for name, each in (("dead", dead), ("flap", flapping))
    }
    archive = {"kind": "archive", "url": (tmp_path / "archive").as_uri(), "every_seconds": 0.2}
    config = Config(
        kafka=cluster,
        store=Store(path=str(tmp_path / "tickets.db")),
        sinks={**hooks, "archive": archive, "postgres": {"kind": "postgres", "url": store_url}},
    )
    wiring.declare_topics(config, cluster)
    first, second = events(range(1, 4)), events(range(4, 7))
    with serving(flapping), at_work(delivering(config), cluster) as workers:
        publish(cluster, first)
        until(lambda: workers["deliver.postgres"].progress.records == len(first))
        postgres.stop(at_once=True)
        try:
            publish(cluster, second)
            until(lambda: workers["deliver.sqlite"].progress.records == len(first + second))
            until(lambda: workers["deliver.postgres"].progress.waiting)
            assert workers["deliver.dead"].progress.records == 0
            assert "cannot be reached" in workers["deliver.dead"].progress.waiting
        finally:
            postgres.start()
        with serving(dead):
            for name in ("postgres", "flap", "archive", "dead"):
                until(lambda name=name: workers[f"deliver.{name}"].progress.records == len(first + second))  # type: ignore[misc]
    every = {event.ticket.id: list(range(1, 7)) for event in first}
    assert revisions(flapping.came) == every
    assert revisions(dead.came) == every
    assert exported(store_url) == exported(tmp_path / "tickets.db")
    left = {stage.name: stage.lag for stage in stage_status(cluster, delivering(config))}
    assert left == dict.fromkeys(left, 0)


def test_what_an_endpoint_has_not_taken_waits_in_kafka(tmp_path: Path, cluster: Cluster) -> None:
    """The process ends in the middle; another goes on where it was, in order; what was taken may come again."""
    endpoint = Endpoint(SECRET)
    hook = {"kind": "webhook", "url": endpoint.url, "secrets": [SECRET]}
    config = Config(kafka=cluster, store=Store(path=str(tmp_path / "tickets.db")), sinks={"hook": hook})
    wiring.declare_topics(config, cluster)
    publish(cluster, events(range(1, 5), tickets=10))
    endpoint.answer = lambda post: Response(status_code=503 if post.revision[1] == 3 else 200)
    stages = [stage for stage in delivering(config) if stage.name == "deliver.hook"]
    with serving(endpoint):
        with at_work(stages, cluster) as workers:
            until(lambda: workers["deliver.hook"].progress.waiting)
        endpoint.answer = lambda _: Response(status_code=200)
        with at_work([stage for stage in delivering(config) if stage.name == "deliver.hook"], cluster):
            until(lambda: len(endpoint.taken()) == 40)
    assert set(map(tuple, revisions(endpoint.came).values())) == {(1, 2, 3, 4)}


def test_a_destination_that_is_gone_stops_alone(tmp_path: Path, cluster: Cluster) -> None:
    """It says why; the store goes on."""
    gone = Endpoint(SECRET)
    gone.answer = lambda _: Response(status_code=410)
    hook = {"kind": "webhook", "url": gone.url, "secrets": [SECRET]}
    config = Config(kafka=cluster, store=Store(path=str(tmp_path / "tickets.db")), sinks={"gone": hook})
    wiring.declare_topics(config, cluster)
    with serving(gone), at_work(delivering(config), cluster) as workers:
        publish(cluster, events(range(1, 2)))
        until(lambda: workers["deliver.gone"].progress.waiting)
        assert workers["deliver.gone"].progress.waiting.startswith("stopped: the webhook at http://127.0.0.1:")
        publish(cluster, events(range(2, 4)))
        until(lambda: workers["deliver.sqlite"].progress.records == 120)
    assert next(stage.lag for stage in stage_status(cluster, delivering(config)) if stage.name == "deliver.gone") == 120


def test_a_destination_that_is_away_at_the_start_is_waited_for(
    tmp_path: Path, cluster: Cluster, postgres: PostgresServer, store_url: str
) -> None:
    """The others begin; it gets everything when it is there."""
    further = {"further": {"kind": "sqlite", "path": str(tmp_path / "tickets.db")}}
    config = Config(kafka=cluster, store=Store(url=store_url), sinks=further)
    wiring.declare_topics(config, cluster)
    publish(cluster, events(range(1, 3)))
    postgres.stop()
    try:
        with at_work(delivering(config), cluster) as workers:
            until(lambda: workers["deliver.further"].progress.records == 80)
            assert workers["deliver.postgres"].progress.records == 0
            postgres.start()
            until(lambda: workers["deliver.postgres"].progress.records == 80)
    finally:
        postgres.start()
    assert exported(store_url) == exported(tmp_path / "tickets.db")
