"""Faust and aiokafka are told how to reach Kafka, and a wrong setting is named."""

import asyncio
import socket
from pathlib import Path

import faust
import pytest

from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Retriable
from streams._client import consumer_settings, credentials, new_app
from streams._record import Output, Record
from streams._stage import Stage, topics_of
from streams._state import State
from streams._topics import check_topics


class Idle(Stage):
    """Does nothing."""

    name = "idle"
    inputs = ("in",)

    def decide(self, record: Record, state: State) -> list[Output]:  # noqa: ARG002 - it does nothing
        """Give nothing."""
        return []


def test_an_app_is_named_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group carries the namespace; no web server, no folder, no topic of its own."""
    monkeypatch.chdir(tmp_path)
    app = new_app("idle", Cluster(brokers="a:1,b:2", namespace="blue."))
    asyncio.run(app.on_first_start())
    assert app.conf.id == "blue.idle"
    assert (app.conf.web_enabled, app.conf.topic_allow_declare, app.conf.table_standby_replicas) == (False, False, 0)
    assert list(tmp_path.iterdir()) == []
    assert consumer_settings(app)["bootstrap_servers"] == ["a:1", "b:2"]
    assert type(app.transport).__name__ == "Transport"
    assert type(app.transport).__module__ == "streams._transport"


def test_the_login_goes_to_every_client() -> None:
    """SASL settings reach Faust and aiokafka."""
    cluster = Cluster(
        security_protocol="SASL_PLAINTEXT", sasl_mechanism="SCRAM-SHA-512", username="ada", password="pass"
    )
    assert isinstance(credentials(cluster), faust.SASLCredentials)
    settings = consumer_settings(new_app("idle", cluster))
    assert (
        settings["security_protocol"],
        settings["sasl_mechanism"],
        settings["sasl_plain_username"],
        settings["sasl_plain_password"],
    ) == ("SASL_PLAINTEXT", "SCRAM-SHA-512", "ada", "pass")


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_tls_verifies_the_broker(protocol: str) -> None:
    """A TLS connection checks the broker's certificate."""
    settings = consumer_settings(new_app("idle", Cluster(security_protocol=protocol, username="a", password="b")))
    assert protocol == settings["security_protocol"]
    assert settings["ssl_context"].check_hostname


def test_a_wrong_protocol_is_named() -> None:
    """The message names the setting, the value and what it may be."""
    with pytest.raises(Misconfigured, match="security_protocol is 'TLS': it must be PLAINTEXT, SSL"):
        credentials(Cluster(security_protocol="TLS"))


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    """The message names the settings to look at."""
    with pytest.raises(
        Misconfigured, match=r"TLS files .* look at kafka.ssl_cafile, kafka.ssl_certfile and kafka.ssl_keyfile"
    ):
        credentials(Cluster(security_protocol="SSL", ssl_cafile=str(tmp_path / "none.pem")))


def test_kafka_that_does_not_answer_is_named() -> None:
    """A stage that cannot reach Kafka says where it looked."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        broker = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(Retriable, match=f"Kafka does not answer at {broker}"):
            asyncio.run(check_topics(Idle(), Cluster(brokers=broker), {"bootstrap_servers": [broker]}))


def test_only_a_stage_with_tables_has_a_topic_of_its_own() -> None:
    """One compacted topic holds all tables of a stage."""

    class Remembering(Idle):
        tables = ("a", "b")

    assert topics_of(Idle()) == ()
    assert [(spec.name, spec.compacted) for spec in topics_of(Remembering())] == [("idle.state", True)]
