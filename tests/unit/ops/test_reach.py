"""Which Kafka a command talks to."""

from __future__ import annotations

from pathlib import Path

import pytest

from normalizer.cluster import Cluster
from ops.cli._reach import reach
from ops.cli._session import Session


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A configuration that names a Kafka with a login."""
    path = tmp_path / "switchboard.toml"
    path.write_text('[kafka]\nbrokers = "a:1"\nnamespace = "n."\nsecurity_protocol = "SASL_SSL"\npassword = "p"\n')
    return path


def test_the_configuration_names_it(configured: Path) -> None:
    """Without an option it is that of the file."""
    assert reach(Session(configured, "")).brokers == "a:1"


def test_the_option_changes_only_where_it_is(configured: Path) -> None:
    """Login, namespace and partitions stay those of the file."""
    expected = Cluster(brokers="b:2", namespace="n.", security_protocol="SASL_SSL", password="p")
    assert reach(Session(configured, "b:2")) == expected


def test_the_option_needs_no_configuration() -> None:
    """With it alone everything else has its default."""
    assert reach(Session(None, "b:2")) == Cluster(brokers="b:2")
