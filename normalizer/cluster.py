"""Where Kafka is, who we are there, and how our names look there."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from normalizer.events import RAW, Balance, Cursor, Fate, Health, Message, Routed, Signal, StatusChange, Threaded
from normalizer.secret import Secret


class Cluster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Kafka that a process talks to.

    `brokers` is ``host:port[,host:port…]``. `namespace` is put before every topic and group name, so that
    several Switchboards can share one Kafka; "" in production. `partitions`, `replication` and
    `min_insync_replicas` are those of the topics that we declare. `security_protocol` and the rest mean what they
    mean to every Kafka client: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL; files are PEM. `retention_days` says for
    how many days records are kept, by topic, where it is not the usual: ``raw`` is for all raw topics, ``"raw.mail"`` for one.
    """

    brokers: str = "127.0.0.1:9092"
    namespace: str = ""
    partitions: int = 4
    replication: int = 1
    min_insync_replicas: int = 1
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    username: str = ""
    password: Secret = ""
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""
    retention_days: dict[str, Annotated[float, Meta(gt=0, le=3650)]] = {}

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
    """How a topic must be. `retention_hours` is None for compacted topics, which keep the last of each key.

    `partitions` is None for topics that have as many as the cluster's setting says.
    """

    name: str
    retention_hours: int | None = None
    compacted: bool = False
    partitions: int | None = None


DAY = 24

DEAD_LETTERS = "dead.letters"
"""The records that a stage could not process, with their original bytes; there is no event of their own."""

ACCOUNTS = "edge.accounts"
"""No records: its partitions are what edge processes share out, each with the polled accounts that fall into it."""

TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(Message.topic, 7 * DAY),
    TopicSpec(Threaded.topic, 7 * DAY),
    TopicSpec(Routed.topic, 30 * DAY),
    TopicSpec(StatusChange.topic, 30 * DAY),
    TopicSpec(Signal.topic, 30 * DAY),
    TopicSpec(DEAD_LETTERS, 90 * DAY),
    # A raw record may stay as long as the segment it is in, a week more: its fate must be there until then.
    TopicSpec(Fate.topic, 45 * DAY),
    TopicSpec(Balance.topic, compacted=True),
    TopicSpec(Cursor.topic, compacted=True),
    TopicSpec(Health.topic, compacted=True),
    TopicSpec(ACCOUNTS, DAY, partitions=48),
)


def raw_topic(channel: str) -> TopicSpec:
    """The raw topic of a channel: kept long enough to replay a month through better code."""
    return TopicSpec(RAW + channel, 30 * DAY)
