"""The whole way in this process: connectors at an edge with its doors, every stage, a ticket store; on a real Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import msgspec

from connectors._edge import Edge, edge_on
from connectors._http import HttpServer
from normalizer.cluster import Cluster
from ops import wiring
from ops.config import BlobSettings, Config, Store
from ops.ledger import Account, Ledger
from sinks._tickets import History, Tickets
from streams._run import run
from tests.servers.topic import records


class Whole(msgspec.Struct):
    """A Switchboard that runs. `door` is where its HTTP doors are."""

    cluster: Cluster
    config: Config
    edge: Edge
    door: str

    def tickets(self) -> list[History]:
        """Every ticket with its messages, in the order in which they were opened."""
        with Tickets(self.config.store.where) as store:
            found = sorted(store.list_tickets(limit=1000), key=lambda ticket: (ticket.opened_at, ticket.id))
            return [store.ticket(ticket.id) for ticket in found]

    def settled(self, accepted: int, seconds: float = 60.0) -> dict[str, Account]:
        """The ledger by channel, once so many raw records have come in and each has its fate."""

        def done() -> bool:
            found = self.ledger().values()
            return sum(a.accepted for a in found) >= accepted and not any(a.in_flight or a.missing for a in found)

        self.wait(done, seconds)
        return self.ledger()

    def ledger(self) -> dict[str, Account]:
        """The ledger of now, by channel."""
        accounts = Ledger(self.cluster, self.config.channel_names).take()
        return {account.channel: account for account in accounts}

    def records(self, topic: str) -> list[Any]:
        """Every record on a topic."""
        return list(records(self.cluster, topic))

    def wait(self, what: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something is so; says how the sources are when it never is."""
        deadline = time.monotonic() + seconds
        while not what():
            health = [(each.name, each.state, each.detail) for each in self.edge.health()]
            assert time.monotonic() < deadline, f"not in {seconds} s: {health} {self.ledger()}"
            time.sleep(0.1)


@contextmanager
def whole(
    cluster: Cluster, folder: Path, channels: dict[str, dict[str, dict[str, Any]]], **more: Any
) -> Iterator[Whole]:
    """A Switchboard over these accounts (channel, account, settings). `more` are other parts of its configuration."""
    config = Config(
        kafka=cluster,
        store=Store(path=str(folder / "tickets.db")),
        blobs=BlobSettings(url=(folder / "blobs").as_uri()),
        channels=channels,
        **more,
    )
    wiring.declare_topics(config, cluster)
    edge, publisher = edge_on(cluster, wiring.connectors(config))
    stop, ready = Event(), Event()
    with ThreadPoolExecutor(1) as pool:
        stages = pool.submit(run, wiring.stages(config), cluster, ready=lambda _: ready.set(), stop=stop)
        try:
            while not ready.wait(0.1):
                assert not stages.done(), stages.result()
            with HttpServer(edge.routes(), problems=edge.problems).in_thread() as server:
                edge.start()
                yield Whole(cluster, config, edge, f"http://127.0.0.1:{server.port}")
            edge.stop()
        finally:
            stop.set()
            publisher.close()
            stages.result()
