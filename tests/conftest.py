"""The servers of the suite: started once, when the first test asks, and stopped at the end."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from normalizer.cluster import Cluster
from ops.engine.greenmail import GreenMail
from ops.engine.kafka import Engine
from ops.topics import declare
from tests.servers.dovecot import dovecot as dovecot  # a fixture, made known here
from tests.servers.postgres import PostgresServer

# How long an example takes says more of the machine than of the code.
# The suite tries the same examples each time, so that it says the same of the same code; `make check` looks for new ones.
settings.register_profile("suite", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=15)  # `make check`, many times a day
settings.load_profile("suite")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One real Apache Kafka for the whole suite, on a free port, its data in a folder of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Engine(Path(folder), port=0) as engine:
        yield engine


@pytest.fixture(scope="session")
def brokers(engine: Engine) -> str:
    """Where that Kafka is: ``host:port``."""
    return engine.brokers


@pytest.fixture
def cluster(brokers: str) -> Cluster:
    """That Kafka with a namespace of this test's own, so that no two tests meet."""
    return Cluster(brokers=brokers, namespace=f"t{uuid.uuid4().hex[:8]}.", partitions=4)


@pytest.fixture
def topics(cluster: Cluster) -> Callable[..., list[str]]:
    """Makes the topics of this test: ``topics("mail", "webform", extra=[…])``."""
    return lambda *channels, extra=(): declare(cluster, channels, extra)


@pytest.fixture(scope="session")
def greenmail() -> Iterator[GreenMail]:
    """One real SMTP and IMAP server for the whole suite. A test takes an address of its own: mail to a new
    address makes its mailbox, whose login and password are both the address.
    """
    with tempfile.TemporaryDirectory() as folder, GreenMail(folder=Path(folder)) as greenmail:
        yield greenmail


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real PostgreSQL for the whole suite; a test takes a database of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, PostgresServer(Path(folder)) as server:
        yield server


@pytest.fixture
def store_url(postgres: PostgresServer) -> str:
    """An empty database of this test's own, without a schema."""
    return postgres.url(postgres.database())
