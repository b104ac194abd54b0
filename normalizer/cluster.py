"""Where Kafka is, who we are there, and how our names look there."""

from __future__ import annotations

import msgspec


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """The Kafka that a process talks to.

    `brokers` is ``host:port[,host:port…]``. `namespace` is put before every topic and group name, so that
    several Switchboards can share one Kafka; "" in production. `security_protocol` and the rest mean what they
    mean to every Kafka client: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL; files are PEM.
    """

    brokers: str = "127.0.0.1:9092"
    namespace: str = ""
    partitions: int = 4
    replication: int = 1
    min_insync_replicas: int = 1
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    username: str = ""
    password: str = ""
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""

    def named(self, name: str) -> str:
        """The name that a topic or group has on this cluster."""
        return self.namespace + name

    def bare(self, name: str) -> str:
        """The inverse of `named`."""
        return name.removeprefix(self.namespace)

    def __repr__(self) -> str:
        """Names the brokers and never a credential."""
        return f"Cluster({self.brokers}, namespace={self.namespace!r}, {self.security_protocol})"


class TopicSpec(msgspec.Struct, frozen=True):
    """How a topic must be. `retention_hours` is None for compacted topics, which keep the last of each key."""

    name: str
    retention_hours: int | None = None
    compacted: bool = False


DAY = 24

TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec("messages.normalized", 7 * DAY),
    TopicSpec("messages.threaded", 7 * DAY),
    TopicSpec("tickets.routed", 30 * DAY),
    TopicSpec("tickets.status", 30 * DAY),
    TopicSpec("dead.letters", 90 * DAY),
    TopicSpec("fates", 30 * DAY),
    TopicSpec("cursors", compacted=True),
    TopicSpec("links", compacted=True),
    TopicSpec("health", compacted=True),
)


def raw_topic(channel: str) -> TopicSpec:
    """The raw topic of a channel: kept long enough to replay a month through better code."""
    return TopicSpec(f"raw.{channel}", 30 * DAY)
