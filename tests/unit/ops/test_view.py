"""What a command that only looks says when no Kafka is where it was told to look."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from connectors._kafkalook import listens
from normalizer.cluster import Cluster
from normalizer.errors import Retriable
from ops.engine.java import free_ports
from ops.view import View


def away(number: int = 1) -> Cluster:
    """Addresses where nobody listens."""
    return Cluster(brokers=",".join(f"127.0.0.1:{port}" for port in free_ports(number)))


def test_where_nobody_listens_the_address_is_what_to_look_at() -> None:
    """It was named, so to start another Kafka would not help."""
    cluster = away()
    said = (
        f"Kafka at {cluster.brokers} does not answer (nobody listens there): check that it runs, and the address in --broker or "
        "kafka.brokers; with neither, the local engine is used, which `switchboard engine up` starts"
    )
    with pytest.raises(Retriable, match=f"^{re.escape(said)}$"):
        View(cluster)


@pytest.mark.parametrize("brokers", ["no-such-host.invalid:9092", "127.0.0.1:1,no-such-host.invalid:9092"])
def test_a_name_that_nobody_knows_is_as_good_as_a_refusal(brokers: str) -> None:
    """All of the addresses must be like that."""
    assert not listens(Cluster(brokers=brokers), 0)


@pytest.mark.parametrize("address", ["127.0.0.1:{}", "PLAINTEXT://127.0.0.1:{}", "[127.0.0.1]:{}"])
def test_one_that_takes_connections_is_enough(address: str) -> None:
    """However long it then takes to answer, and however its address is written."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = address.format(server.getsockname()[1])
        assert listens(Cluster(brokers=f"{away().brokers}, {found}"), 0)


def test_an_address_that_is_none_is_left_to_the_client() -> None:
    """It says best what is wrong with it."""
    assert listens(Cluster(brokers="127.0.0.1"), 0)


def test_a_broker_that_still_starts_is_waited_for() -> None:
    """Its port opens after we began to ask."""
    cluster = away()
    asked, opened = threading.Event(), threading.Event()

    def start() -> None:
        asked.wait()
        with socket.create_server(("127.0.0.1", int(cluster.brokers.rpartition(":")[2]))) as server:
            server.accept()
            opened.set()

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    assert not listens(cluster, 0)
    asked.set()
    assert listens(cluster, 60)
    assert opened.wait(60)
