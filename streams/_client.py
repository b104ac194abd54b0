"""How Faust and aiokafka are told about the Kafka of a `Cluster`, and what we want of them."""

from __future__ import annotations

from typing import Any

import faust
from faust.types.auth import CredentialsArg
from yarl import URL

from connectors._kafkalook import tls_context
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from streams._packed import BATCH_BYTES

POLL_RECORDS = 2000
PARTITION_FETCH_BYTES = 2 << 20


class App(faust.App):
    """A Faust app that keeps nothing on disk. `cluster` is what its names belong to."""

    cluster: Cluster

    def _create_directories(self) -> None:
        return


def new_app(name: str, cluster: Cluster) -> App:
    """The Faust app of a stage: its own consumer group, no web server, no topics of its own."""
    app = App(
        cluster.named(name),
        broker=[URL(f"batched://{broker.strip()}") for broker in cluster.brokers.split(",")],
        broker_credentials=credentials(cluster),
        autodiscover=False,
        web_enabled=False,
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        # Faust would wait without a bound; `Consumer.finish` waits instead.
        stream_wait_empty=False,
        broker_max_poll_records=POLL_RECORDS,
        consumer_max_fetch_size=PARTITION_FETCH_BYTES,
        broker_commit_interval=1.0,
        # A worker that died is noticed after this; Faust's minute would be a minute of silence.
        broker_session_timeout=12.0,
        broker_heartbeat_interval=3.0,
        broker_rebalance_timeout=30.0,
        broker_request_timeout=40.0,
        producer_acks=-1,
        producer_linger=0,
        producer_max_batch_size=BATCH_BYTES,
        # How long Kafka may be away in the middle of a batch before the stage gives up and its process stops.
        producer_request_timeout=60.0,
        producer_compression_type="lz4",
    )
    app.cluster = cluster
    return app


def credentials(cluster: Cluster) -> CredentialsArg | None:
    """What Faust needs to log in; None for a plain connection. Raises `Misconfigured`."""
    match cluster.security_protocol:
        case "PLAINTEXT":
            return None
        case "SSL":
            return faust.SSLCredentials(context=tls_context(cluster))
        case "SASL_PLAINTEXT" | "SASL_SSL":
            return faust.SASLCredentials(
                username=cluster.username,
                password=cluster.password,
                mechanism=cluster.sasl_mechanism or "PLAIN",
                ssl_context=tls_context(cluster) if cluster.security_protocol == "SASL_SSL" else None,
            )
        case other:
            raise Misconfigured(
                f"security_protocol is {other!r}: it must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
            )


def consumer_settings(app: App) -> dict[str, Any]:
    """What an aiokafka client needs to reach the same Kafka."""
    from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth, server_list

    return {
        "bootstrap_servers": server_list(app.conf.broker, 9092),
        **credentials_to_aiokafka_auth(app.conf.broker_credentials, None),
    }
