"""The local Kafka keeps what it acknowledged, whatever happens to it, and says clearly what it cannot do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import (  # type: ignore[import-untyped]  # kafka-python ships no types
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    TopicPartition,
)
from kafka.errors import KafkaError  # type: ignore[import-untyped]  # the same

from normalizer.errors import Misconfigured
from ops.engine.jars import Lock, cache_folder
from ops.engine.java import free_ports
from ops.engine.kafka import Engine

pytestmark = pytest.mark.engine


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Engine]:
    """An engine of this test's own, so that it can be maltreated; started."""
    with Engine(tmp_path / "own", port=free_ports(1)[0]) as engine:
        yield engine


def make_topic(engine: Engine, replication: int = 1) -> None:
    """The topic ``t`` with one partition."""
    admin = KafkaAdminClient(bootstrap_servers=engine.brokers)
    admin.create_topics({"t": {"num_partitions": 1, "replication_factor": replication}}, wait_for_metadata=True)
    admin.close()


def produce(engine: Engine, count: int) -> None:
    """Write the numbers up to `count` and wait until they are acknowledged."""
    producer = KafkaProducer(bootstrap_servers=engine.brokers.split(","))
    for future in [producer.send("t", str(number).encode()) for number in range(count)]:
        future.get(60)
    producer.close()


def contents(engine: Engine) -> list[int]:
    """All numbers in the topic."""
    partition = TopicPartition("t", 0)
    consumer = KafkaConsumer(bootstrap_servers=engine.brokers.split(","), auto_offset_reset="earliest")
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    numbers: list[int] = []
    while consumer.position(partition) < end:
        numbers += [int(record.value) for record in consumer.poll(1000).get(partition, ())]
    consumer.close()
    return numbers


def test_data_is_kept_between_starts(own: Engine) -> None:
    """A graceful stop, by another process as well, and another start on another port change nothing."""
    make_topic(own)
    produce(own, 100)
    Engine(own.folder).stop()
    assert not own.status().running
    with Engine(own.folder, port=0) as moved:
        assert own.brokers == moved.brokers
        assert list(range(100)) == contents(moved)


def test_another_process_sees_it(engine: Engine) -> None:
    """The folder is enough to find it: where it is, and how much memory it takes."""
    status = Engine(engine.folder).status()
    assert (True, engine.brokers, 1, engine.folder) == (
        status.running,
        status.brokers,
        len(status.pids),
        status.folder,
    )
    assert 50_000_000 < status.resident_bytes < 1_000_000_000


def test_nothing_acknowledged_is_lost_by_kill_9(own: Engine) -> None:
    """Killed in the middle of writing, it has every acknowledged record after the next start.

    The writer lives on, sends again what was not acknowledged, and no record is there twice.
    """
    make_topic(own)
    acknowledged: list[int] = []
    enough, sent = threading.Event(), 0

    def note(number: int) -> None:
        acknowledged.append(number)
        if len(acknowledged) > 5_000:
            enough.set()

    producer = KafkaProducer(bootstrap_servers=own.brokers)
    while not enough.is_set():
        producer.send("t", str(sent).encode()).add_callback(lambda _, number=sent: note(number))
        sent += 1
    own.kill(1)
    before = set(acknowledged)
    own.start()
    assert set() == before - set(contents(own))
    producer.close(timeout=60)
    assert list(range(sent)) == contents(own)


def test_one_of_three_nodes_may_die(tmp_path: Path) -> None:
    """Records that need two acknowledgements are written without it, and it finds its way back."""
    with Engine(tmp_path, port=0, nodes=3) as engine:
        make_topic(engine, replication=3)
        produce(engine, 10)
        engine.kill(1)
        produce(engine, 10)
        engine.restart(1)
        assert len(engine.status().pids) == 3
        assert 2 * list(range(10)) == contents(engine)


def test_a_running_engine_is_not_started_again(engine: Engine) -> None:
    """The message says where it is."""
    with pytest.raises(Misconfigured, match=rf"runs already \(pid \d+, {engine.brokers}\): use it, or run"):
        Engine(engine.folder).start()


def test_a_taken_port_is_told(engine: Engine, tmp_path: Path) -> None:
    """With who has it, and how to take another."""
    port = int(engine.brokers.rpartition(":")[2])
    with pytest.raises(Misconfigured, match=rf"Port {port} .* taken by java \(pid \d+\): .* --port PORT`"):
        Engine(tmp_path, port=port).start()


def test_a_corrupted_jar_is_refused(engine: Engine, tmp_path: Path) -> None:
    """Nothing is started; the message names the file."""
    jars = tmp_path / "jars"
    jars.mkdir()
    first, *others = Lock.load("kafka").jars
    (jars / first.filename).write_bytes(b"not a jar")
    for jar in others:
        (jars / jar.filename).symlink_to(cache_folder() / jar.filename)
    with pytest.raises(Misconfigured, match=rf"{first.filename} is not the file .* Delete it"):
        Engine(tmp_path / "data", port=0, jars=jars).start()
    assert engine.status().running


@pytest.mark.usefixtures("engine")
def test_a_node_that_dies_while_it_starts_tells_why(tmp_path: Path) -> None:
    """The end of its log is in the message, and nothing is left running."""
    data = tmp_path / "node-1" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=x\n")
    with pytest.raises(Misconfigured, match=r"ended while it started(.|\n)*node.id"):
        Engine(tmp_path, port=0).start()
    assert not Engine(tmp_path).status().running


def test_a_refused_topic_is_not_made_by_writing(engine: Engine) -> None:
    """A typing mistake in a topic's name is an error, not a topic."""
    producer = KafkaProducer(bootstrap_servers=engine.brokers, max_block_ms=1_000)
    with pytest.raises(KafkaError):
        producer.send("mesages.normalised", b"x").get(5)
    producer.close(timeout=1)
    admin = KafkaAdminClient(bootstrap_servers=engine.brokers)
    assert "mesages.normalised" not in admin.list_topics()
    admin.close()
