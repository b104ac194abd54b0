"""What is on a topic, read by a plain client."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # it ships no types

from normalizer.cluster import Cluster


def records(cluster: Cluster, topic: str) -> list[Any]:
    """Every record that the topic has now, by partition and offset."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers, enable_auto_commit=False)
    try:
        name = cluster.named(topic)
        partitions = [TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name))]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found: list[Any] = []
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for batch in consumer.poll(timeout_ms=500).values():
                found.extend(batch)
        return sorted(found, key=lambda record: (record.partition, record.offset))
    finally:
        consumer.close()


def ends(cluster: Cluster, topic: str) -> int:
    """How many records the topic has ever had."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers, enable_auto_commit=False)
    try:
        name = cluster.named(topic)
        partitions = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name)]
        return sum(consumer.end_offsets(partitions).values())
    finally:
        consumer.close()


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Return once something is so; a failure when it is not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it was not so within {seconds:g} s"
        time.sleep(0.05)
