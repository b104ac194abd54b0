"""The settings of a `Cluster` in the words of `kafka-python`."""

from kafka import KafkaProducer  # type: ignore[import-untyped]  # kafka-python ships no types

from connectors._kafka import client_options
from normalizer.cluster import Cluster


def test_a_plain_cluster_needs_only_its_brokers() -> None:
    """Nothing is said about security where nothing was set."""
    expected = {"bootstrap_servers": ["a:9092", "b:9092"], "security_protocol": "PLAINTEXT"}
    assert expected == client_options(Cluster(brokers="a:9092, b:9092"))


def test_security_is_passed_through() -> None:
    """SASL and TLS settings reach the client under the names that it knows."""
    options = client_options(
        Cluster(
            brokers="k:9093",
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            username="edge",
            password="secret",
            ssl_cafile="ca.pem",
            ssl_certfile="me.pem",
            ssl_keyfile="me.key",
        )
    )
    expected = {
        "bootstrap_servers": ["k:9093"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "edge",
        "sasl_plain_password": "secret",
        "ssl_cafile": "ca.pem",
        "ssl_certfile": "me.pem",
        "ssl_keyfile": "me.key",
    }
    assert expected == options
    assert set() == set(options) - set(KafkaProducer.DEFAULT_CONFIG)


def test_sasl_without_a_mechanism_is_plain() -> None:
    """Connectors and stages log in the same way."""
    assert client_options(Cluster(security_protocol="SASL_SSL"))["sasl_mechanism"] == "PLAIN"
