"""The topics: made before anything else, and compared with what is really there.

`declare` makes what is missing and never changes what exists; `drift` tells what differs and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # kafka-python ships no types
from kafka.admin import ConfigResource, ConfigResourceType  # type: ignore[import-untyped]  # the same
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code  # type: ignore[import-untyped]  # the same

from connectors._kafka import client_options
from connectors._kafkalook import look
from normalizer.cluster import TOPICS, Cluster, TopicSpec, raw_topic
from normalizer.errors import Misconfigured, Retriable
from ops.retention import asked, kept, segment_hours

HOUR_MS = 3_600_000
CONNECT_MS = 5_000
_FIXED = tuple(spec.name for spec in TOPICS if spec.partitions)  # their number is no setting


class Difference(msgspec.Struct, frozen=True):
    """One way in which a topic is not as it must be. `setting` is ``topic`` when it is not there at all."""

    topic: str
    setting: str
    actual: str
    expected: str
    remedy: str


def wanted(cluster: Cluster, channels: Sequence[str], extra: Sequence[TopicSpec] = ()) -> dict[str, dict[str, Any]]:
    """Every topic's name on the cluster, and how it must be, in the words of `KafkaAdminClient.create_topics`."""
    specs = kept(cluster, [*TOPICS, *map(raw_topic, channels), *extra])
    return {
        cluster.named(spec.name): {
            "num_partitions": spec.partitions or cluster.partitions,
            "replication_factor": cluster.replication,
            "configs": _configs(spec, cluster),
        }
        for spec in specs
    }


def declare(cluster: Cluster, channels: Sequence[str], extra: Sequence[TopicSpec] = ()) -> list[str]:
    """Make the topics that are missing and wait until they take records; returns the names of those made here.

    Safe to run twice, and by several processes at once. Raises `Retriable` when Kafka does not answer and
    `Misconfigured` when it refuses a topic.
    """
    topics = wanted(cluster, channels, extra)
    with _admin(cluster) as admin:
        present = set(admin.list_topics())
        missing = {name: topic for name, topic in topics.items() if name not in present}
        if not missing:
            return []
        results = admin.create_topics(missing, raise_errors=False)["topics"]
        made = [result["name"] for result in results if _made(result)]
        admin.wait_for_topics(list(missing))
        return made


def remove(cluster: Cluster) -> list[str]:
    """Take away every topic of a namespace, with what is in it; returns their names.

    Raises `Retriable` when Kafka does not answer. Never called without a namespace: that would be all of Kafka.
    """
    if not cluster.namespace:
        raise Misconfigured("the topics of all of Kafka are not removed: name a namespace")
    with _admin(cluster) as admin:
        found = sorted(name for name in admin.list_topics() if name.startswith(cluster.namespace))
        if found:
            admin.delete_topics(found)
        return found


def drift(cluster: Cluster, channels: Sequence[str], extra: Sequence[TopicSpec] = ()) -> list[Difference]:
    """How the topics on the cluster differ from what `declare` would make; [] when they do not.

    Settings that we do not name are not compared: they are the operator's. Raises `Retriable` when Kafka
    does not answer.
    """
    topics = wanted(cluster, channels, extra)
    with _admin(cluster) as admin:
        present = {topic["name"]: topic for topic in admin.describe_topics() if topic["name"] in topics}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in present]
        described = admin.describe_configs(resources, config_filter="all") if resources else {}
    settings = described.get("topic", {})
    return [
        difference
        for name, expected in topics.items()
        for difference in _compare(name, expected, present.get(name), settings.get(name, {}))
    ]


def _configs(spec: TopicSpec, cluster: Cluster) -> dict[str, str]:
    configs = {"cleanup.policy": "compact" if spec.compacted else "delete"}
    if asked(cluster, spec.name) is not None:
        # A record stays as long as the segment it is in: short ones, so that it really goes when it was said to.
        configs["segment.ms"] = str(segment_hours(cluster, spec) * HOUR_MS)
    if spec.compacted:
        # Small segments and an eager cleaner: what is read back whole at each start stays short.
        configs |= {"segment.ms": str(HOUR_MS), "segment.bytes": str(16 << 20), "min.cleanable.dirty.ratio": "0.1"}
    if spec.retention_hours is not None:
        configs["retention.ms"] = str(spec.retention_hours * HOUR_MS)
    return configs | {"min.insync.replicas": str(cluster.min_insync_replicas)}


def _compare(
    name: str, expected: dict[str, Any], actual: dict[str, Any] | None, settings: dict[str, Any]
) -> Iterator[Difference]:
    if actual is None:
        yield Difference(name, "topic", "missing", "present", "run `switchboard topics declare`.")
        return
    partitions = actual["partitions"]
    count, needed = len(partitions), expected["num_partitions"]
    if count != needed:
        remedy = (
            "stop the processes that use it, delete it, and run `switchboard topics declare`."
            if name.endswith(_FIXED)
            else f"set `kafka.partitions` to {count}: another number would part keys from what stages remember of them."
        )
        yield Difference(name, "partitions", str(count), str(needed), remedy)
    replicas = min((len(partition["replica_nodes"]) for partition in partitions), default=0)
    if replicas != expected["replication_factor"]:
        remedy = "move it with `kafka-reassign-partitions`, or change `kafka.replication`."
        yield Difference(name, "replication", str(replicas), str(expected["replication_factor"]), remedy)
    for setting, value in expected["configs"].items():
        found = settings.get(setting, {}).get("value")
        if found != value:
            remedy = f"run `kafka-configs --alter --topic {name} --add-config {setting}={value}`."
            yield Difference(name, setting, str(found), value, remedy)


def _made(result: dict[str, Any]) -> bool:
    error = for_code(result["error_code"])
    if error is TopicAlreadyExistsError:  # another process was quicker
        return False
    if result["error_code"]:
        why = result.get("error_message") or error.__name__
        message = f"Kafka refused the topic {result['name']}: {why}. Check `kafka.replication` and the topic rights."
        raise (Retriable if getattr(error, "retriable", False) else Misconfigured)(message)
    return True


@contextmanager
def _admin(cluster: Cluster) -> Iterator[Any]:
    try:
        admin = KafkaAdminClient(**client_options(cluster), bootstrap_timeout_ms=CONNECT_MS)
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        raise Retriable(
            f"Kafka at {cluster.brokers} did not answer: {type(error).__name__} {error}. Start it with "
            f"`switchboard engine up`, or check `kafka.brokers` and its security settings.{look(cluster)}"
        ) from error
