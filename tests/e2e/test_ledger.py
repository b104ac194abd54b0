"""The ledger stage and the command on a real Kafka: raw records and fates as they stand on topics."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition  # type: ignore[import-untyped]  # no types
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # as above

from normalizer.cluster import Cluster
from normalizer.events import Fate, Origin, Outcome
from ops.ledger import take
from streams._fate import told
from streams._record import Record
from streams._stage import topics_of
from streams.ledger import Ledger
from tests.e2e.stage_topics import work_through
from tests.servers.switchboard import BIN, Switchboard, environment
from tests.unit.streams.samples import NOW

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]
CAUSE = Record("raw.mail", 0, 0, None, b"")
Outcomes = dict[int, Outcome]


@pytest.fixture
def tell(cluster: Cluster, topics: Callable[..., list[str]]) -> Callable[..., None]:
    """Puts ten raw mails into partition 1, and tells fates of some of them, under their own or under old keys."""
    topics("mail", extra=topics_of(Ledger()))

    def telling(outcomes: Outcomes, *, old_keys: bool = False) -> None:
        outputs = [
            told(Fate(origin=Origin("raw.mail", 1, offset), outcome=outcome, at=NOW, stage="route"), CAUSE)
            for offset, outcome in outcomes.items()
        ]
        keys = [f"raw.mail/1/{offset}/0".encode() if old_keys else b"raw.mail/1" for offset in outcomes]
        _write(
            cluster,
            ((cluster.named("fates"), key, o.value, list(o.headers)) for key, o in zip(keys, outputs, strict=True)),
        )

    producer = KafkaProducer(bootstrap_servers=cluster.brokers)
    for number in range(10):
        producer.send(cluster.named("raw.mail"), b"%d" % number, partition=1)
    producer.close()
    return telling


def _write(cluster: Cluster, records: Iterable[tuple[str, bytes, bytes, list[tuple[str, bytes]]]]) -> None:
    producer = KafkaProducer(bootstrap_servers=cluster.brokers)
    for topic, key, value, headers in records:
        producer.send(topic, key=key, value=value, headers=headers)
    producer.close()


def test_fates_of_an_older_version_are_counted_once(cluster: Cluster, tell: Callable[..., None]) -> None:
    """They are spread over the partitions and are brought together; those that are told anew are no others."""
    tell(dict.fromkeys(range(8), "routed"), old_keys=True)
    tell({0: "routed", 8: "duplicate", 9: "dead_lettered"})
    work_through(Ledger(), cluster, 8 + 3 + 8)
    [account] = take(cluster, ["mail"])
    assert (account.accepted, account.routed, account.duplicate, account.dead_lettered) == (10, 8, 1, 1)


def test_the_memory_goes_on_after_a_restart(cluster: Cluster, tell: Callable[..., None]) -> None:
    """A stage that starts again knows what is settled, and that a dead letter may give way."""
    tell({0: "routed", 1: "dead_lettered", 5: "routed"})
    work_through(Ledger(), cluster, 3)
    tell({0: "suppressed", 1: "routed", 2: "routed"})
    work_through(Ledger(), cluster, 3)
    [account] = take(cluster, ["mail"])
    assert (account.routed, account.dead_lettered, account.suppressed, account.in_flight) == (4, 0, 0, 6)


def test_what_has_no_fate_for_too_long_is_late(cluster: Cluster, tell: Callable[..., None]) -> None:
    """By the time at which Kafka took it; within the limit it is in flight."""
    tell({0: "routed", 2: "routed"})
    work_through(Ledger(), cluster, 2)
    [now], [later] = take(cluster, ["mail"], timedelta(0)), take(cluster, ["mail"], timedelta(hours=1))
    assert (now.late_total, now.late[:2], now.in_flight) == (8, ("raw.mail/1/1", "raw.mail/1/3"), 8)
    assert (later.late_total, later.adds_up) == (0, True)


def test_watching_goes_on_until_something_is_missing(
    cluster: Cluster, tell: Callable[..., None], tmp_path: Path
) -> None:
    """A line whenever something has changed; then status 1 and the names."""
    tell(dict.fromkeys(range(9), "routed"))
    seen = tmp_path / "seen"
    with Switchboard(tmp_path, cluster, "") as board, seen.open("wb") as out:
        command: list[str | Path] = [BIN, "--config", board.config, "ledger", "--watch", "--late", "1h"]
        watch = subprocess.Popen(command, stdout=out, env=environment(tmp_path))
        board.wait(lambda: "accepted 10, in flight 10\n" in seen.read_text())
        board.start("stage", "ledger")
        board.wait(lambda: "accepted 10, in flight 1\n" in seen.read_text())
        _skip_the_rest(cluster)
        assert watch.wait(60) == 1
    assert seen.read_text().splitlines()[-2:] == ["accepted 10, in flight 0, missing 1", "missing raw.mail/1/9"]


def _skip_the_rest(cluster: Cluster) -> None:
    """Normalize says that it has done all ten: what has no fate now will never have one."""
    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    place = TopicPartition(cluster.named("raw.mail"), 1)
    admin.alter_group_offsets(cluster.named("normalize"), {place: OffsetAndMetadata(10, "", -1)})
    admin.close()
