"""Stages that fail on real Kafka: bugs, what cannot be delivered, destinations that are down, topics that are not there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # no types

from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Rejected, Retriable
from streams._outbox import DeliveryFailed
from streams._record import Output, Record
from streams._run import failure, run, running
from streams._stage import Stage, Writer, topics_of
from streams._state import State
from tests.e2e.stage_process import Count
from tests.e2e.stage_topics import INPUT, OUTPUT, Topics, committed, producing, until, work_through
from tests.servers.topic import records

pytestmark = pytest.mark.engine


def test_a_bug_stops_the_process_and_gives_the_batch_back(
    cluster: Cluster, topics: Topics, caplog: pytest.LogCaptureFixture
) -> None:
    """The exit status is 1, nothing of the batch is committed, and the log names the record and not its contents."""
    topics(extra=topics_of(Count()))
    with producing(cluster) as send:
        send((b"k", b"1"), (b"k", b"bug"), (b"k", b"2"))
    assert run([Count()], cluster) == 1
    assert committed(cluster, "count") == 0
    assert records(cluster, OUTPUT) == []
    assert f"the stage count failed on {INPUT}/" in caplog.text
    assert "secret" not in caplog.text

    class Fixed(Count):
        def decide(self, record: Record, state: State) -> Sequence[Output]:
            return super().decide(Record("t", 0, 0, record.key, record.value.replace(b"bug", b"ok")), state)

    work_through(Fixed(), cluster, 3)
    assert [record.value for record in records(cluster, OUTPUT)] == [b"k 1 1", b"k ok 2", b"k 2 3"]


def test_an_undelivered_output_commits_nothing(cluster: Cluster, topics: Topics) -> None:
    """A record that the broker refuses stops the stage before anything is committed."""

    class Wide(Stage):
        name = "wide"
        inputs = (INPUT,)

        def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - its value is enough
            return (Output("nowhere", b"k", record.value),)

    topics()
    _narrow(cluster, "nowhere", max_bytes=100)
    with producing(cluster) as send:
        send((b"k", b"x" * 5000))

    async def go() -> None:
        async with running([Wide()], cluster) as workers:
            async with asyncio.timeout(30):
                await failure(workers)

    with pytest.raises(DeliveryFailed, match=r"not acknowledged by Kafka: .*MessageSizeTooLarge"):
        asyncio.run(go())
    assert committed(cluster, "wide") == 0


def _narrow(cluster: Cluster, topic: str, max_bytes: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    config = {"max.message.bytes": str(max_bytes)}
    name = cluster.named(topic)
    admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1, "configs": config}})
    while name not in admin.list_topics() or not admin.describe_topics([name])[0]["partitions"]:
        pass
    admin.close()


def test_large_records_travel(cluster: Cluster, topics: Topics) -> None:
    """A record of almost a megabyte passes; one that would become too large for Kafka is a dead letter."""

    class Grow(Stage):
        name = "grow"
        inputs = (INPUT,)

        def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - it remembers nothing
            return (Output(OUTPUT, b"k", record.value * (2 if record.value.startswith(b"y") else 1)),)

    topics()
    with producing(cluster) as send:
        send((b"k", b"x" * 950_000), (b"k", b"y" * 950_000), (b"k", b"z"))
    work_through(Grow(), cluster, 3)
    assert [len(record.value) for record in records(cluster, OUTPUT)] == [950_000, 1]
    (letter,) = records(cluster, "dead.letters")
    assert (len(letter.value), dict(letter.headers)["sb_reason"]) == (950_000, b"output-too-large")


def test_a_writer_waits_for_its_destination_and_writes_each_batch(cluster: Cluster, topics: Topics) -> None:
    """A destination that cannot take anything gets the same batch again; a refused record is a dead letter."""

    class Into(Writer):
        name = "into"
        inputs = (INPUT,)

        def __init__(self) -> None:
            self.calls = 0
            self.written: list[bytes] = []

        def write(self, records: Sequence[Record]) -> Sequence[Sequence[Output] | Rejected]:
            self.calls += 1
            if self.calls < 3:
                raise Retriable("the store is locked: wait", retry_after=0.05)
            self.written += [record.value for record in records if record.value != b"bad"]
            return [Rejected("bad", "refused") if record.value == b"bad" else () for record in records]

    topics()
    with producing(cluster) as send:
        send((b"k", b"1"), (b"k", b"bad"), (b"k", b"2"))
    stage = Into()
    worker = work_through(stage, cluster, 3)
    assert stage.written == [b"1", b"2"]
    assert (worker.progress.waiting, worker.progress.dead_letters) == ("", 1)
    assert [record.value for record in records(cluster, "dead.letters")] == [b"bad"]
    assert committed(cluster, "into") == 3


def test_a_batch_that_never_ends_is_given_back(cluster: Cluster, topics: Topics) -> None:
    """A destination that is down when the partitions must move holds up nobody: another member takes the batch."""

    class Stuck(Writer):
        name = "stuck"
        inputs = (INPUT,)

        def __init__(self, down: bool) -> None:
            self.down = down

        def write(self, records: Sequence[Record]) -> Sequence[Sequence[Output] | Rejected]:
            if self.down:
                raise Retriable("the store is down: start it", retry_after=60)
            return [(Output(OUTPUT, b"k", record.value),) for record in records]

    topics()
    with producing(cluster) as send:
        send((b"k", b"1"), (b"k", b"2"))

    async def go() -> None:
        async with running([Stuck(down=True)], cluster) as first:
            await until(lambda: first["stuck"].progress.waiting)
        async with running([Stuck(down=False)], cluster) as second:
            await until(lambda: second["stuck"].progress.records == 2)

    asyncio.run(go())
    assert [record.value for record in records(cluster, OUTPUT)] == [b"1", b"2"]


def test_a_missing_topic_is_named(cluster: Cluster, topics: Topics) -> None:
    """A stage that lacks its topic says which one, and does not wait for it."""
    topics()
    with pytest.raises(Misconfigured, match=r"stage count needs the topics \S+count.state, which Kafka does not have"):
        run([Count()], cluster)


def test_topics_that_do_not_fit_together_are_named(cluster: Cluster, topics: Topics) -> None:
    """A stage whose memory is not partitioned like its input refuses to start."""
    topics()
    _narrow(cluster, "count.state", max_bytes=1000)
    with pytest.raises(Misconfigured, match=r"must have the same number of partitions, and .*count.state has 1"):
        run([Count()], cluster)
