"""The servers of the suite: started once, when the first test asks, and stopped at the end."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from normalizer.cluster import Cluster
from ops.engine.kafka import Engine


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
