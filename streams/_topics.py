"""The topics of a stage are there, before it starts: a client of Kafka would wait for a missing one for ever."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]  # aiokafka ships no types
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # kafka-python ships no types

from connectors._kafka import client_options
from connectors._kafkalook import look
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Retriable
from streams._stage import Processor, topics_of


async def check_topics(stage: Processor, cluster: Cluster, settings: dict[str, Any]) -> None:
    """Raises `Misconfigured` when a topic is missing or not partitioned like the others, `Retriable` without Kafka."""
    expected = [cluster.named(name) for name in stage.inputs] + [cluster.named(spec.name) for spec in topics_of(stage)]
    found = await _partitions(settings, expected, cluster)
    missing = [name for name in expected if not found.get(name)]
    if missing:
        raise Misconfigured(
            f"the stage {stage.name} needs the topics {', '.join(missing)}, which Kafka does not have: "
            "declare them first"
        )
    if stage.tables and len(set(found.values())) > 1:
        counts = ", ".join(f"{name} has {count}" for name, count in sorted(found.items()))
        raise Misconfigured(
            f"the topics of the stage {stage.name} must have the same number of partitions, and {counts}: "
            "a key would not find its memory"
        )


async def _partitions(settings: dict[str, Any], names: list[str], cluster: Cluster) -> dict[str, int]:
    client = AIOKafkaAdminClient(**settings)
    try:
        await client.start()
        found = await client.describe_topics(names)
    except KafkaError as error:
        brokers = ", ".join(settings["bootstrap_servers"])
        seen = await asyncio.to_thread(look, cluster)
        raise Retriable(f"Kafka does not answer at {brokers} ({error}): is it running?{seen}") from error
    finally:
        await client.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in found}


def topic_id(cluster: Cluster, name: str) -> str:
    """What tells a topic from an earlier one of the same name; "" from a Kafka that has no such ids.

    Blocks; aiokafka does not know ids of topics.
    """
    admin = KafkaAdminClient(**client_options(cluster))
    try:
        (found,) = admin.describe_topics([cluster.named(name)])
    finally:
        admin.close()
    number = str(found.get("topic_id") or "")
    return number if number.strip("0-") else ""
