"""Topics are made up front, by whoever comes first, and what differs from the declaration is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # kafka-python ships no types
from kafka.admin import ConfigResource, ConfigResourceType  # type: ignore[import-untyped]  # the same

from normalizer.cluster import ACCOUNTS, TOPICS, Cluster, TopicSpec
from normalizer.errors import Misconfigured, Retriable
from ops.engine.java import free_ports
from ops.topics import Difference, declare, drift

pytestmark = pytest.mark.engine


def with_admin(cluster: Cluster, method: str, *arguments: Any) -> Any:
    """Call one method of Kafka's admin client."""
    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    try:
        return getattr(admin, method)(*arguments)
    finally:
        admin.close()


def test_declaring_makes_every_topic_once(cluster: Cluster) -> None:
    """The first call makes them all and says so; the second has nothing to do; then nothing differs."""
    extra = [TopicSpec("thread-table-changelog", compacted=True)]
    made = declare(cluster, ["mail", "webform"], extra)
    names = [spec.name for spec in TOPICS] + ["raw.mail", "raw.webform", "thread-table-changelog"]
    assert sorted(map(cluster.named, names)) == sorted(made)
    assert declare(cluster, ["mail", "webform"], extra) == []
    assert drift(cluster, ["mail", "webform"], extra) == []


def test_many_may_declare_at_once(cluster: Cluster) -> None:
    """Each topic is made by exactly one of them, and all return only when it is there."""
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: declare(cluster, ["mail"]), range(4)))
    names = [name for names in made for name in names]
    assert len(TOPICS) + 1 == len(names) == len(set(names))
    assert drift(cluster, ["mail"]) == []


def test_a_new_channel_adds_its_topic_only(cluster: Cluster) -> None:
    """What exists is left alone."""
    declare(cluster, ["mail"])
    assert [cluster.named("raw.sms")] == declare(cluster, ["mail", "sms"])


def test_compacted_topics_keep_the_last_of_each_key(cluster: Cluster) -> None:
    """The others forget after their time."""
    declare(cluster, ["mail"])
    resources = [ConfigResource(ConfigResourceType.TOPIC, cluster.named(name)) for name in ("cursors", "raw.mail")]
    found = with_admin(cluster, "describe_configs", resources)["topic"]
    assert found[cluster.named("cursors")]["cleanup.policy"]["value"] == "compact"
    assert str(30 * 24 * 3_600_000) == found[cluster.named("raw.mail")]["retention.ms"]["value"]


def test_a_missing_topic_is_told(cluster: Cluster) -> None:
    """With the command that makes it."""
    declare(cluster, ["mail"])
    missing = cluster.named("raw.sms")
    remedy = "run `switchboard topics declare`."
    assert [Difference(missing, "topic", "missing", "present", remedy)] == drift(cluster, ["mail", "sms"])


def test_changed_settings_are_told(cluster: Cluster) -> None:
    """What is, what should be, and the command that mends it; settings that are not ours are not compared."""
    declare(cluster, ["mail"])
    name = cluster.named("fates")
    changes = {"retention.ms": "1000", "cleanup.policy": "compact", "segment.ms": "5000"}
    with_admin(cluster, "alter_configs", [ConfigResource(ConfigResourceType.TOPIC, name, changes)])
    while not (differences := drift(cluster, ["mail"])):  # a broker learns of a change a moment later
        pass
    hours = str(45 * 24 * 3_600_000)
    assert {("retention.ms", "1000", hours), ("cleanup.policy", "compact", "delete")} == {
        (difference.setting, difference.actual, difference.expected) for difference in differences
    }
    assert all(f"--topic {name} --add-config" in difference.remedy for difference in differences)


@pytest.mark.parametrize("partitions", [8, 2])
def test_another_number_of_partitions_is_told(cluster: Cluster, partitions: int) -> None:
    """The setting must follow the topics: stages find their memory by the partition of a key."""
    declare(cluster, ["mail"])
    differences = drift(msgspec.structs.replace(cluster, partitions=partitions), ["mail"])
    assert [spec.name for spec in TOPICS if spec.partitions] == [ACCOUNTS]  # its number is no setting
    assert len(TOPICS) == len(differences)
    assert {("partitions", "4", str(partitions), True)} == {
        (difference.setting, difference.actual, difference.expected, "`kafka.partitions` to 4" in difference.remedy)
        for difference in differences
    }


def test_another_number_of_partitions_to_share_out_is_told(cluster: Cluster) -> None:
    """No setting would mend it."""
    topic = {"num_partitions": 3, "replication_factor": 1, "configs": {"retention.ms": str(24 * 3_600_000)}}
    with_admin(cluster, "create_topics", {cluster.named(ACCOUNTS): topic})
    declare(cluster, ["mail"])
    found = next(each for each in drift(cluster, ["mail"]) if each.setting == "partitions")
    assert (found.topic, found.actual, found.expected) == (cluster.named(ACCOUNTS), "3", "48")
    assert found.remedy.startswith("stop the processes that use it, delete it, and run")


def test_another_replication_is_told(cluster: Cluster) -> None:
    """Fewer copies than declared are a risk that somebody must know of."""
    declare(cluster, ["mail"])
    differences = drift(msgspec.structs.replace(cluster, replication=3), ["mail"])
    assert {("replication", "1", "3")} == {(one.setting, one.actual, one.expected) for one in differences}


def test_a_replication_that_the_cluster_cannot_give_is_refused(cluster: Cluster) -> None:
    """The message names the topic, Kafka's reason and the setting."""
    impossible = msgspec.structs.replace(cluster, replication=3)
    with pytest.raises(Misconfigured, match=r"refused the topic .*messages\.normalized.*`kafka\.replication`"):
        declare(impossible, ["mail"])


def test_a_kafka_that_does_not_answer_is_worth_a_retry() -> None:
    """The message names the address and how to start one."""
    cluster = Cluster(brokers=f"127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(Retriable, match=rf"Kafka at {cluster.brokers} did not answer.*`switchboard engine up`"):
        declare(cluster, ["mail"])
