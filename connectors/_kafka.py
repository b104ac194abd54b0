"""How `kafka-python` reaches the Kafka of a `Cluster`: the one place that knows its names for our settings."""

from __future__ import annotations

from typing import Any

from normalizer.cluster import Cluster


def client_options(cluster: Cluster) -> dict[str, Any]:
    """The keyword arguments that every `kafka-python` client of this cluster takes, security included.

    Settings that are "" are left to the client's defaults; SASL without a mechanism is PLAIN, as in the stages. The names are those of the client's documentation:
    https://kafka-python.readthedocs.io/en/master/apidoc/KafkaClient.html
    """
    given = {
        "sasl_mechanism": cluster.sasl_mechanism or ("PLAIN" if cluster.security_protocol.startswith("SASL") else ""),
        "sasl_plain_username": cluster.username,
        "sasl_plain_password": cluster.password,
        "ssl_cafile": cluster.ssl_cafile,
        "ssl_certfile": cluster.ssl_certfile,
        "ssl_keyfile": cluster.ssl_keyfile,
    }
    return {
        "bootstrap_servers": [broker.strip() for broker in cluster.brokers.split(",")],
        "security_protocol": cluster.security_protocol,
    } | {name: value for name, value in given.items() if value}
